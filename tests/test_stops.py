"""A forward that stops on the way: what ran is judged, what may only not have run yet is said to be unchecked."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from gnet_audit import patch
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.findings import Edit, Remove, SetFields
from gnet_audit.network import Layer, Mode, Network
from gnet_audit.stops import _pending
from tests.networks import network
from tests.test_compare import PAPER, anonymous, told


def shuffled(whole: Network, seed: int) -> Network:
    """The same network with branches and heads run in another order."""
    random, left, done = Random(seed), list(whole.layers), list[Layer]()
    while left:
        known = {layer.name for layer in done}
        ready = [layer for layer in left if known.issuperset(layer.inputs)]
        done.append(random.choice(ready))
        left.remove(done[-1])
    return replace(whole, layers=tuple(done))


def stopped(whole: Network, length: int) -> Comparison:
    """The paper held against a model of which only the first layers ran."""
    part = replace(whole, layers=whole.layers[:length], outputs=())
    return compare(PAPER, {whole.mode: Found(network=part, complete=False)})


def up_to(slot: str, *edits: Edit) -> Comparison:
    """The paper held against a model with these faults that stops behind a slot."""
    whole = patch.apply(PAPER[Mode.EVAL], edits)
    return stopped(anonymous(whole), whole.positions[slot] + 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", Mode)
def test_nothing_is_told_of_a_right_network_wherever_it_stops(mode: Mode, seed: int) -> None:
    whole = shuffled(anonymous(PAPER[mode]), seed)
    wrong = {length: told(stopped(whole, length)) for length in range(2 + seed, len(whole.layers), 4)}
    assert {length: findings for length, findings in wrong.items() if findings} == {}


def test_an_activation_that_may_not_have_run_yet_is_not_checked() -> None:
    assert [(one.what, one.why) for one in up_to("conv1").unverified] == [
        ("conv1.relu", "the forward stopped before it")
    ]
    assert up_to("conv1.relu").unverified == ()


def test_an_activation_may_yet_come_behind_a_maximum() -> None:
    late = Remove(layers=("conv1.relu",))
    assert told(up_to("pool1", late)) == []
    # behind the normalisation it would be another function
    assert told(up_to("lrn1", late)) == [("GA213", "activation", ("conv1.relu",))]


def test_a_fault_before_the_stop_is_told() -> None:
    kernel = SetFields(layer="inception_3a.5x5", fields=(("kernel", (3, 3)), ("padding", (1, 1, 1, 1))))
    assert told(up_to("inception_3a.pool", kernel)) == [("GA202", "kernel", ("inception_3a.5x5",))]
    gone = Remove(layers=("inception_3a.5x5_reduce.relu",))
    assert told(up_to("inception_3a.5x5", gone)) == [("GA213", "activation", ("inception_3a.5x5_reduce.relu",))]


def test_a_layer_behind_which_two_may_stand_is_pending_once() -> None:
    assert _pending(network("a: conv 1 4\nb: maxpool 2 < a\nc: dropout 0.5 < a", outputs="b")) == {"a", "b", "c"}
    assert _pending(network("a: conv 1 4\nb: avgpool 2 < a", outputs="b")) == {"b"}
