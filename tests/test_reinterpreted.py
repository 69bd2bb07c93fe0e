"""Values told by another axis, type or range than they have: never taken for what they look like."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.canonical import canonical
from gnet_audit.network import LRN, Concat, Conv2d, Flatten, Network, Unknown
from tests.live.running import Calls, network

SHAPE = (4, 12, 10)
Form = Callable[[Tensor], Tensor]


def told(form: Form | nn.Module, shape: tuple[int, int, int] = SHAPE) -> Network:
    return canonical(network(form if isinstance(form, nn.Module) else Calls(form), shape)).network


def holds(found: Network, kind: type) -> bool:
    return any(isinstance(layer.op, kind) for layer in found.layers)


class Biased(nn.Module):
    """Three channels of 2×5, and three numbers added: to the channels, or to what a view says are channels."""

    def __init__(self, view: tuple[int, ...]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        self.bias, self.view = nn.Parameter(torch.zeros(3, 1, 1)), view

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return (y.reshape(len(x), *self.view) + self.bias).reshape(y.shape)


@pytest.mark.parametrize(("view", "is_bias"), [((3, 2, 5), True), ((2, 3, 1, 5), False)])
def test_a_bias_is_one_for_each_channel_of_the_map_that_a_convolution_gives(
    view: tuple[int, ...], is_bias: bool
) -> None:
    (conv,) = [layer for layer in told(Biased(view), (3, 2, 5)).layers if isinstance(layer.op, Conv2d)]
    assert isinstance(conv.op, Conv2d)
    assert conv.op.bias is is_bias


@pytest.mark.parametrize(("axis", "joined"), [(1, True), (2, False)])
def test_flattened_maps_one_behind_the_other_are_the_maps_one_behind_the_other(axis: int, joined: bool) -> None:
    def form(x: Tensor) -> Tensor:
        flat = torch.cat([x.flatten(2), (x * 2).flatten(2)], axis)
        return flat.view(len(x), 8, 12, 10) if axis == 1 else flat

    found = told(form)
    assert [layer.op for layer in found.layers if isinstance(layer.op, Concat)] == [Concat(axis=axis - 1)]
    assert holds(found, Flatten) is not joined


def _filled_with_whole_numbers(x: Tensor) -> Tensor:
    both = torch.zeros(len(x), 8, 12, 10).to(torch.int32)
    both[:, 4:] = x * 3
    both[:, :4] = x * 2
    return both.to(x.dtype)


def _cast(x: Tensor) -> Tensor:
    return x.to(torch.int32).to(x.dtype) + 1


def _copied(x: Tensor) -> Tensor:
    return torch.empty(x.shape, dtype=torch.int32).copy_(x).to(x.dtype) + 1


@pytest.mark.parametrize("form", [_filled_with_whole_numbers, _cast, _copied])
def test_what_is_cut_to_whole_numbers_is_not_what_it_was(form: Form) -> None:
    assert holds(told(form), Unknown)


@pytest.mark.parametrize(("width", "is_norm"), [(4, True), (1, False)])
def test_the_window_of_one_channel_for_all_is_no_normalisation(width: int, is_norm: bool) -> None:
    def form(x: Tensor) -> Tensor:
        squares = F.pad(x * x, (0, 0, 0, 0, 2, 2))
        total = sum((squares[:, start : start + width] for start in range(1, 5)), squares[:, :width])
        return x / (1 + 1e-4 * total / 5) ** 0.75

    assert holds(told(form), LRN) is is_norm
