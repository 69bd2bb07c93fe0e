"""A network's values with random weights, so that two forms of one function can be told from two functions."""

from __future__ import annotations

from math import prod
from zlib import crc32

import torch
from torch import Tensor

from gnet_audit.live import execute
from gnet_audit.network import AdaptivePool2d, Dropout, Elementwise, Input, Layer, Mean, Network, Shape, Weight

BATCH = 2
"""Batch statistics of one value would say nothing."""


def values(network: Network) -> dict[str, Tensor]:
    """The value of every layer, in float64; an error where torch has no such op, or not for such an input."""
    found: dict[str, Tensor] = {}
    with torch.no_grad():
        for layer in network.layers:
            inputs = [found[name] for name in layer.inputs]
            found[layer.name] = _shaped(_applied(layer, inputs), layer.shape)
    return found


def _applied(layer: Layer, inputs: list[Tensor]) -> Tensor:
    if isinstance(layer.op, Input):
        return _random("image", (BATCH, *(layer.shape or ())))
    if layer.shape is not None and len(layer.shape) == 1 and not isinstance(layer.op, AdaptivePool2d | Mean):
        inputs = [value.flatten(1) for value in inputs]  # a canonical form has no views
    if isinstance(layer.op, Dropout):  # what it drops depends on places, which a rewriting may change
        return inputs[0] * (1 + layer.op.rate) if layer.op.active else inputs[0]
    return execute.apply(layer.op, inputs, {weight.role: _tensor(weight, layer) for weight in layer.weights})


def _shaped(value: Tensor, shape: Shape | None) -> Tensor:
    """As the network says that it is: with a height and a width of one, or without."""
    if shape is None or value[0].numel() != prod(shape):
        raise ValueError(f"{tuple(value.shape)} is not {shape}")
    return value.reshape(-1, *shape)


def _tensor(weight: Weight, layer: Layer) -> Tensor:
    whole = _random(weight.name, weight.shape)
    if weight.role == "running_var":
        whole = whole.abs() + 0.5
    part = whole[slice(*weight.rows)] if weight.rows else whole
    rank = len(layer.shape or ()) if isinstance(layer.op, Elementwise) else 1
    return part.reshape(-1, *(1,) * (rank - 1)) if rank > 1 else part


def _random(name: str, shape: Shape) -> Tensor:
    """Numbers that depend on a name alone."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(crc32(name.encode())), dtype=torch.float64)


def same(one: Tensor, two: Tensor) -> bool:
    """Whether two values are equal but for rounding, and for views."""
    return one.numel() == two.numel() and torch.allclose(
        one.flatten(1), two.flatten(1), rtol=1e-9, atol=1e-9, equal_nan=True
    )
