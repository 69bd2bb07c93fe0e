"""Equivalent rewritings: they differ from one another, keep the function, and raise no alarm."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from random import Random

import pytest
import torch

from gnet_audit.live import selfproof
from gnet_audit.mutants import Mutant, mutants, mutated
from gnet_audit.mutants.graphs import Graph
from gnet_audit.network import Conv2d, Mode, Network, Weight
from gnet_audit.rewrites import KINDS, rewrites
from gnet_audit.selftest import Case, Ground, Kind, trial
from tests.networks import network

GROUND = selfproof.ground("googlenet")
SMALL = selfproof.shrunk(GROUND, "googlenet")
SAMPLE = 12


def first(ground: Ground, amount: int, seed: int = 5) -> list[Mutant]:
    return list(islice(rewrites(ground.reference[Mode.TRAIN], Random(seed)), amount))


def test_two_hundred_are_all_different_and_use_every_kind() -> None:
    found = first(GROUND, 200)
    assert len({one.edits for one in found}) == 200
    assert all(any(kind in one.id for one in found) for kind in KINDS)


def test_they_are_the_same_for_the_same_seed() -> None:
    assert first(GROUND, 5) == first(GROUND, 5)
    assert first(GROUND, 5) != first(GROUND, 5, seed=6)


def outputs(runner: selfproof.Runner, network: Network) -> dict[str, int]:
    values = runner.run(network, selfproof.own_uses)
    return {output.path: values[output.layer] for output in network.outputs}


@pytest.fixture(scope="module")
def runner() -> selfproof.Runner:
    return selfproof.Runner(SMALL)


@pytest.mark.parametrize("number", range(SAMPLE))
def test_a_rewritten_network_gives_the_same_outputs(number: int, runner: selfproof.Runner) -> None:
    rewritten = first(SMALL, SAMPLE)[number]
    mark = runner.mark
    with torch.no_grad():
        for mode in Mode:
            reference = SMALL.reference[mode]
            one, two = outputs(runner, reference), outputs(runner, mutated(reference, rewritten))
            assert one.keys() == two.keys()
            assert all(runner.error(one[path], two[path]) < 1e-9 for path in one)
    runner.forget(mark)


def test_the_test_above_can_fail(runner: selfproof.Runner) -> None:
    wrong = next(one for one in mutants(SMALL.reference[Mode.TRAIN], SMALL.slots) if one.id == "lrn2: k 2.0")
    with torch.no_grad():
        reference = SMALL.reference[Mode.EVAL]
        one, two = outputs(runner, reference), outputs(runner, mutated(reference, wrong))
        assert all(runner.error(one[path], two[path]) > 1e-9 for path in one)


@pytest.mark.parametrize("number", range(SAMPLE))
def test_no_alarm_is_raised(number: int) -> None:
    case = Case(mutant=first(GROUND, SAMPLE)[number], kind=Kind.REWRITE, seed=number)
    assert trial(GROUND, case).findings == ()


def learning(whole: Network) -> Network:
    """The network with a weight and a bias in each convolution."""
    roles = tuple(Weight(role=role, name=role, shape=()) for role in ("weight", "bias"))
    layers = (replace(one, weights=roles) if isinstance(one.op, Conv2d) else one for one in whole.layers)
    return replace(whole, layers=tuple(layers))


@pytest.mark.parametrize("kind", ["1×1 fused", "concat in steps", "linear as a convolution"])
def test_a_network_without_the_place_for_a_rewriting_is_not_rewritten(kind: str) -> None:
    def found(branch: str, joined: str, flat: str) -> int:
        branches = f"a: conv 1 4 < i\nb: conv 3 4 p1 < i\nc: conv {branch} < i\nj: concat < {joined}"
        graph = Graph(network=learning(network(f"i: conv 3 8 p1\n{branches}\n{flat}\nz: linear 3")), slots={})
        return len(list(KINDS[kind](graph, Random(0))))

    assert found("1 4", "a b c", "f: flatten") == 1
    # One 1×1 convolution, two branches, and a linear layer that no flattened map reaches directly.
    assert found("3 4 p1", "a b", "f: flatten\ng: flatten") == 0
