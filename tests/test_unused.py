"""What a model computes and throws away is told, and what it reckons aside is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit import audit
from gnet_audit.network import CodeOrigin, Location, Mode, Unverified
from gnet_audit.unused import thrown_away
from tests.live.running import network as traced
from tests.networks import network

LINE = Location(file="net.py", line=33)


def told(text: str, outputs: str = "") -> list[str]:
    """The layers of a network of which something is told."""
    return [entry.what for entry in thrown_away(network(text, outputs=outputs))]


def test_a_layer_that_nobody_reads_is_told_with_what_it_is_and_its_line() -> None:
    plain = network("a: conv 3 8 p1\np: maxpool 3 /1 p1\nb: conv 1 8 < a\nz: linear 3")
    layers = tuple(replace(one, origin=CodeOrigin(calls=(LINE,))) if one.name == "p" else one for one in plain.layers)
    why = "max pool 3×3/1 pad 1 is computed, but nothing returned is known to depend on it"
    assert list(thrown_away(replace(plain, layers=layers))) == [Unverified(what="p", why=why, where=LINE)]


@pytest.mark.parametrize("op", ["relu", "dropout 0.4", "lrn", "bn", "softmax", "adaptive avg 1", "avgpool 2"])
def test_every_kind_of_layer_is_told(op: str) -> None:
    assert told(f"a: conv 3 8 p1\nd: {op}\nz: linear 3 < a") == ["d"]


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("a: conv 3 8 p1\nd: relu\nz: linear 3", ""),
        ("a: conv 3 8 p1\nd: relu\nz: linear 3 < a", "z d"),
        # A mean that is printed, a map that is kept for later, a sum that is asserted.
        ("a: conv 3 8 p1\nm: mean\nz: linear 3 < a", ""),
        ("a: conv 3 8 p1\nd: relu\nk: identity\nz: linear 3 < a", ""),
        ("a: conv 3 8 p1\nd: softmax\nu: unknown topk\nz: linear 3 < a", ""),
        # A head that is not returned is told as one.
        ("a: conv 3 8 p1\nh: conv 1 4\nr: relu\nz: linear 3 < a", ""),
        ("a: conv 3 8 p1\nh: linear 4\nr: relu\nd: dropout 0.4\nz: linear 3 < a", ""),
    ],
)
def test_what_is_read_returned_or_no_layer_is_not_told(text: str, outputs: str) -> None:
    assert told(text, outputs) == []


def test_of_a_chain_that_is_thrown_away_its_end_is_told() -> None:
    assert told("a: conv 3 8 p1\np: maxpool 2\nr: relu\nz: linear 3 < a") == ["r"]


def test_of_a_forward_that_returned_nothing_nothing_is_told() -> None:
    assert list(thrown_away(replace(network("a: conv 3 8 p1\nd: relu"), outputs=()))) == []


class Around(nn.Module):
    """Something beside the classes' scores, in one mode or in both."""

    def __init__(self, beside: Callable[[Tensor], object], modes: tuple[Mode, ...]) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 4)
        self.beside, self.modes = beside, modes

    def forward(self, x: Tensor) -> Tensor:
        if (Mode.TRAIN if self.training else Mode.EVAL) in self.modes:
            self.beside(x)
        return self.inner(x.mean((2, 3)))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("modes", "told"), [((Mode.EVAL, Mode.TRAIN), 1), ((Mode.TRAIN,), 0), ((Mode.EVAL,), 0), ((), 0)]
)
def test_only_what_both_modes_throw_away_is_told(modes: tuple[Mode, ...], told: int) -> None:
    report = audit(lambda: Around(F.relu, modes), prove=False)
    assert [entry.what for entry in report.unverified if "nothing returned" in entry.why] == ["relu"] * told


@pytest.mark.parametrize("beside", [F.relu_, lambda x: x.relu_()])
def test_an_op_in_place_is_not_thrown_away(beside: Callable[[Tensor], object]) -> None:
    assert list(thrown_away(traced(lambda: Around(beside, (Mode.EVAL,)), (3, 8, 8)))) == []


def test_the_same_in_many_places_is_one_line() -> None:
    def four(x: Tensor) -> None:
        for _ in range(4):
            F.max_pool2d(x, 3, 1, 1)

    report = audit(lambda: Around(four, tuple(Mode)), prove=False)
    (entry,) = (one for one in report.unverified if "nothing returned" in one.why)
    assert entry.what == "max_pool2d and 3 more"
    assert entry.why.startswith("max pool 3×3/1 pad 1 is computed")
