"""Copies into ranges of a tensor made empty, and constants made alike to what flows from the input."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gnet_audit.network import Concat, Elementwise, Pad, Slice, Unknown
from tests.live.running import Calls, layers, network
from tests.live.test_writes import UNKNOWN, same, steps


def _sliced(x: Tensor) -> Tensor:
    both = x.new_empty(x.shape[0], 8, 12, 10)
    both[:, 4:].copy_(x * 3)
    both[:, :4].copy_(x * 2)
    return both + 1


def _narrowed(x: Tensor) -> Tensor:
    both = torch.empty(x.shape[0], 8, 12, 10)
    both.narrow(1, 4, 4).copy_(x * 3)
    both.narrow(1, 0, 4).copy_(x * 2, non_blocking=True)
    return both + 1


def _split(x: Tensor) -> Tensor:
    both = x.new_zeros(x.shape[0], 8, 12, 10)
    first, second = torch.split(both, 4, 1)
    second.copy_(x * 3)
    first.copy_(x * 2)
    return both + 1


def _mixed(x: Tensor) -> Tensor:
    both = torch.zeros(x.shape[0], 8, 12, 10)
    both[:, 4:] = x * 3
    both[:, :4].copy_(x * 2)
    return both + 1


def _alike(x: Tensor) -> Tensor:
    both = torch.zeros(x.shape[0], 8, 12, 10).to(x)
    both[:, 4:] = x * 3
    both[:, :4] = x * 2
    return both + 1


def _typed(x: Tensor) -> Tensor:
    both = torch.empty(x.shape[0], 8, 12, 10, dtype=torch.float64).type_as(x)
    both[:, 4:] = x * 3
    both[:, :4] = x * 2
    return both + 1


@pytest.mark.parametrize("forward", [_sliced, _narrowed, _split, _mixed, _alike, _typed])
def test_a_copy_into_a_range_is_an_assignment_to_it(forward: Callable[[Tensor], Tensor]) -> None:
    found = layers(forward)
    (joined,) = (layer for layer in found if isinstance(layer.op, Concat))
    # What was written last stands first.
    assert joined.inputs == ("mul#2", "mul")
    assert found[-1].inputs == (joined.name,)
    assert not [layer for layer in found if isinstance(layer.op, Unknown | Slice)]
    assert not network(Calls(forward)).unverified[1:]
    assert same(forward)


def test_a_copy_into_the_middle_of_zeros_is_padding() -> None:
    def forward(x: Tensor) -> Tensor:
        frame = x.new_zeros(x.shape[0], 4, 14, 15)
        frame[:, :, 1:13, 2:12].copy_(x)
        return frame

    assert steps(forward) == [Pad(padding=(1, 1, 2, 3))]
    assert same(forward)


def test_a_range_that_was_read_before_it_was_written_into_stays_a_layer() -> None:
    def forward(x: Tensor) -> Tensor:
        both = x.new_zeros(x.shape[0], 8, 12, 10)
        both[:, :4] = x
        part = both[:, :4]
        twice = part * 2
        part.copy_(x * 3)
        both[:, 4:] = twice
        return both

    found = layers(forward)
    assert [layer.op for layer in found if layer.name == "getitem"] == [Slice(axis=0, start=0, stop=4)]
    assert same(forward)


def _gap(x: Tensor) -> Tensor:
    both = x.new_empty(x.shape[0], 9, 12, 10)
    both[:, 5:].copy_(x)
    both[:, :4].copy_(x)
    return both


def _overlap(x: Tensor) -> Tensor:
    both = x.new_empty(x.shape[0], 7, 12, 10)
    both[:, :4].copy_(x)
    both[:, 3:].copy_(x * 2)
    return both


def _every_second(x: Tensor) -> Tensor:
    both = x.new_zeros(x.shape[0], 8, 12, 10)
    both[:, ::2].copy_(x)
    both[:, :4] = x
    return both


def _spread(x: Tensor) -> Tensor:
    both = x.new_zeros(x.shape[0], 4, 12, 10)
    both[:, :4].copy_(x.mean((2, 3), keepdim=True))
    return both


def _one_image(x: Tensor) -> Tensor:
    both = torch.zeros(2 * x.shape[0], *x.shape[1:])
    both[: x.shape[0]].copy_(x)
    return both[: x.shape[0]]


def _changed_meanwhile(x: Tensor) -> Tensor:
    both = x.new_zeros(x.shape[0], 8, 12, 10)
    both[:, :4].add_(1)
    both[:, 4:].copy_(x)
    return both


def _begun_before(x: Tensor) -> Tensor:
    both = torch.zeros(x.shape[0], 8, 12, 10, dtype=torch.float64)
    both.add_(1)
    both = both.to(x)
    both[:, 4:] = x
    return both


@pytest.mark.parametrize("forward", [_gap, _overlap, _spread, _changed_meanwhile, _begun_before])
def test_a_copy_that_joins_nothing_stays_unknown(forward: Callable[[Tensor], Tensor]) -> None:
    assert UNKNOWN in steps(forward)
    assert [note for note in network(Calls(forward)).unverified if note.why == "unknown op setitem"]


@pytest.mark.parametrize("forward", [_every_second, _one_image])
def test_a_copy_that_is_not_understood_is_told(forward: Callable[[Tensor], Tensor]) -> None:
    found = network(Calls(forward))
    assert found.unverified[1:]
    assert Concat(axis=0) not in [layer.op for layer in found.layers]


def test_a_constant_made_alike_to_the_input_is_no_layer() -> None:
    def forward(x: Tensor) -> Tensor:
        return x * torch.tensor([2.0, 3.0]).to(x).view(1, 2, 1, 1).repeat(1, 2, 1, 1)

    found = layers(forward)
    assert [layer.op for layer in found] == [Unknown(function="mul")]
    assert "mul reads a tensor that is neither input nor parameter" in [
        note.why for note in network(Calls(forward)).unverified
    ]


def test_the_input_made_alike_to_a_constant_is_the_input() -> None:
    found = layers(lambda x: x.to(torch.zeros(1)).type_as(torch.zeros(1)) * 2)
    assert found[-1].op == Elementwise(function="mul", constants=(None, 2.0))
    assert not [layer for layer in found if isinstance(layer.op, Unknown)]
