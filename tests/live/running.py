"""Small models for the tests of the trace, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gnet_audit.live.target import build
from gnet_audit.live.trace import Traced, trace
from gnet_audit.network import Dropout, Layer, Mode, Network, Op, Shape


class Calls(nn.Module):
    """A function as a model; its only parameter is never used."""

    def __init__(self, function: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.function = function
        self.unused = nn.Parameter(torch.empty(1))

    def forward(self, x: Tensor) -> object:
        return self.function(x)


def run(model: object, shape: Shape = (4, 12, 10), mode: Mode = Mode.EVAL, batch: int | None = None) -> Traced:
    """One trace."""
    return trace(build(model), mode, shape, batch)


def network(model: object, shape: Shape = (4, 12, 10), mode: Mode = Mode.EVAL) -> Network:
    """The network of a model that runs."""
    traced = run(model, shape, mode)
    assert not traced.error
    return traced.network


def layers(
    function: Callable[[Tensor], object], shape: Shape = (4, 12, 10), mode: Mode = Mode.EVAL
) -> tuple[Layer, ...]:
    """The layers of a function, the input left out."""
    return network(Calls(function), shape, mode).layers[1:]


def only(function: Callable[[Tensor], object], shape: Shape = (4, 12, 10), mode: Mode = Mode.EVAL) -> Layer:
    """The one layer of a function."""
    (layer,) = layers(function, shape, mode)
    return layer


def op(function: Callable[[Tensor], object], shape: Shape = (4, 12, 10), mode: Mode = Mode.EVAL) -> Op:
    """The op of the one layer of a function."""
    return only(function, shape, mode).op


def active(layer: Layer) -> bool:
    """Whether a dropout layer drops anything."""
    assert isinstance(layer.op, Dropout)
    return layer.op.active
