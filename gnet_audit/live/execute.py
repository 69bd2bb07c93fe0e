"""A network as numbers: the ops of the vocabulary over plain torch functions; never calls anybody's module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Identity,
    Input,
    Layer,
    Linear,
    Mean,
    Network,
    Op,
    Pad,
    Pool2d,
    PoolKind,
    Shape,
    Slice,
    Softmax,
    Unknown,
)
from gnet_audit.notation import op_text

Weights: TypeAlias = Mapping[str, Tensor]
"""The tensors of one layer by role: `weight`, `bias`, `running_mean`, `running_var`."""


Order: TypeAlias = tuple[Shape, tuple[int, ...]] | None
"""The shape of a map and the order in which its axes stand (as in `Flatten`); None where they stand as ever."""


class UnknownOpError(Exception):
    """An op that the executor has no function for, and the slot where it stands."""

    def __init__(self, op: str, slot: str) -> None:
        self.op, self.slot = op, slot
        super().__init__(f"{op} at {slot}")


def run(network: Network, weights: Callable[[Layer], Weights], image: Tensor) -> dict[str, Tensor]:
    """The value of every layer for a batch of images (N, C, H, W); dropout uses `keep_mask`."""
    values: dict[str, Tensor] = {}
    orders: dict[str, Order] = {}
    for layer in network.layers:
        if isinstance(layer.op, Input):
            values[layer.name] = image
            continue
        inputs = [values[name] for name in layer.inputs]
        orders[layer.name] = order = order_behind(layer.op, orders.get(layer.inputs[0]) if layer.inputs else None)
        if order and isinstance(layer.op, Dropout) and layer.op.active:
            values[layer.name] = inputs[0] * keep_mask(inputs[0], layer.op.rate, order=order)
            continue
        try:
            values[layer.name] = apply(layer.op, inputs, weights(layer))
        except NotImplementedError:
            raise UnknownOpError(op_text(layer.op), layer.name) from None
    return values


def apply(op: Op, inputs: Sequence[Tensor], weights: Weights) -> Tensor:
    """One op on batches; NotImplementedError for one outside the vocabulary."""
    match op:
        case Concat(axis=axis):
            return torch.cat(list(inputs), dim=axis + 1)
        case Add():
            return sum(inputs[1:], inputs[0])
        case Elementwise():
            return _elementwise(op, inputs, weights)
        case Unknown():
            raise NotImplementedError(op_text(op))
        case _:
            (value,) = inputs
            return _of_one(op, value, weights)


def _of_one(op: Op, x: Tensor, weights: Weights) -> Tensor:
    match op:
        case Conv2d():
            return _convolved(op, x, weights)
        case Linear():
            return F.linear(x.flatten(1), weights["weight"].flatten(1), weights["bias"] if op.bias else None)
        case Pool2d():
            return _pooled(op, x)
        case AdaptivePool2d(kind=kind, output_size=size):
            return F.adaptive_max_pool2d(x, size) if kind is PoolKind.MAX else F.adaptive_avg_pool2d(x, size)
        case LRN():
            return _normalised(op, x)
        case BatchNorm():
            return _batch_normalised(op, x, weights)
        case Activation():
            return _activated(op, x, weights)
        case Dropout(rate=rate, active=active, channels=channels):
            return x * keep_mask(x, rate, channels=channels) if active else x
        case _:
            return _plumbing(op, x)


def _plumbing(op: Op, x: Tensor) -> Tensor:
    match op:
        case Softmax(axis=axis, log=log):
            return F.log_softmax(x, axis + 1) if log else F.softmax(x, axis + 1)
        case Flatten(shape=shape, of=of, order=order):
            if order:
                x = x.reshape(x.shape[0], *of).permute(0, *(axis + 1 for axis in order))
            return x.flatten(1) if shape is None else x.reshape(x.shape[0], *shape)
        case Pad(padding=(top, bottom, left, right), value=value, padding_mode=mode):
            filled = {"value": value} if mode == "constant" else {}
            return F.pad(x, (left, right, top, bottom), mode=mode, **filled)
        case Mean(axes=axes, keepdim=keepdim):
            return x.mean([axis + 1 for axis in axes], keepdim=keepdim)
        case Slice(axis=axis, start=start, stop=stop):
            return x.narrow(axis + 1, start, stop - start)
        case Identity():
            return x
        case _:
            raise NotImplementedError(op_text(op))


def _convolved(op: Conv2d, x: Tensor, weights: Weights) -> Tensor:
    weight, bias = weights["weight"], weights["bias"] if op.bias else None
    top, bottom, left, right = op.padding
    if op.transposed:
        # Its padding is taken away from what it gives; torch knows no uneven one.
        return F.conv_transpose2d(x, weight, bias, op.stride, (top, left), 0, op.groups, op.dilation)
    mode = "constant" if op.padding_mode == "zeros" else op.padding_mode
    padded = F.pad(x, (left, right, top, bottom), mode=mode) if any(op.padding) else x
    return F.conv2d(padded, weight, bias, op.stride, 0, op.dilation, op.groups)


def _pooled(op: Pool2d, x: Tensor) -> Tensor:
    top, bottom, left, right = op.padding
    # Torch pads by half a kernel at most.
    even = (top, left) == (bottom, right) and 2 * top <= op.kernel[0] and 2 * left <= op.kernel[1]
    if op.kind is PoolKind.MAX:
        if not even:
            x = F.pad(x, (left, right, top, bottom), value=float("-inf"))
        return F.max_pool2d(
            x, op.kernel, op.stride, (top, left) if even else 0, dilation=op.dilation, ceil_mode=op.ceil_mode
        )
    if not even and not op.count_include_pad:
        raise NotImplementedError("an average over uneven padding that does not count")
    if not even:
        x = F.pad(x, (left, right, top, bottom))
    return F.avg_pool2d(x, op.kernel, op.stride, (top, left) if even else 0, op.ceil_mode, op.count_include_pad)


def _normalised(op: LRN, x: Tensor) -> Tensor:
    if op.across == "channels":
        return F.local_response_norm(x, op.size, op.alpha, op.beta, op.k)
    mean = F.avg_pool2d(x * x, op.size, stride=1, padding=op.size // 2)
    return x / (op.k + op.alpha * mean) ** op.beta


def _batch_normalised(op: BatchNorm, x: Tensor, weights: Weights) -> Tensor:
    running = (None, None) if op.batch_statistics else (weights["running_mean"], weights["running_var"])
    weight = weights["weight"] if op.affine else None  # a bias alone is possible, and so is a weight alone
    return F.batch_norm(x, running[0], running[1], weight, weights.get("bias"), op.batch_statistics, 0.0, op.eps)


def _activated(op: Activation, x: Tensor, weights: Weights) -> Tensor:
    if op.function == "prelu":
        return F.prelu(x, weights["weight"])
    function = getattr(F, op.function, None) or getattr(torch, op.function, None)
    if function is None:
        raise NotImplementedError(op.function)
    result = function(x, *op.parameters)
    assert isinstance(result, Tensor)
    return result


_ARITHMETIC: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "pow": torch.pow,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "gt": torch.gt,
    "ge": torch.ge,
    "lt": torch.lt,
    "le": torch.le,
    "where": torch.where,
}
_POINTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "square": torch.square,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "exp": torch.exp,
    "abs": torch.abs,
    "neg": torch.neg,
}


def _elementwise(op: Elementwise, inputs: Sequence[Tensor], weights: Weights) -> Tensor:
    if op.function in _POINTWISE and len(inputs) == 1:
        return _POINTWISE[op.function](inputs[0])
    if op.function == "channel_pad":
        before, after = (int(number or 0) for number in op.constants)
        return F.pad(inputs[0], (0, 0, 0, 0, before, after))
    if op.function == "unfold":
        axis, size, step = (int(number or 0) for number in op.constants)
        return inputs[0].unfold(axis + 1, size, step)
    if op.function == "amax":
        return inputs[0].amax([int(axis or 0) + 1 for axis in op.constants])
    if op.function not in _ARITHMETIC:
        raise NotImplementedError(op.function)
    constants = op.constants or (None,) * len(inputs)
    rest = iter(inputs)
    operands = [next(rest) if number is None else inputs[-1].new_tensor(number) for number in constants]
    rank = max(operand.dim() for operand in inputs)
    operands = [one[..., None, None] if one.dim() == 2 and rank == 4 else one for one in operands]
    if weights:
        operands.append(next(iter(weights.values())))
    if len(operands) != (3 if op.function == "where" else 2):
        raise NotImplementedError(op_text(op))
    return _ARITHMETIC[op.function](*operands)


def order_behind(op: Op, before: Order) -> Order:
    """In which order of which map's axes the values stand behind an op that reads values in such an order."""
    match op:
        case Flatten(of=of, order=order) if order:
            if before is None:
                return of, order
            first, axes = before
            composed = tuple(first[axis] for axis in axes) == of
            return (first, tuple(axes[axis] for axis in order)) if composed else None
        case Flatten() | Activation() | Dropout() | Identity():
            return before
        case Elementwise(function=function) if function in _ARITHMETIC or function in _POINTWISE:
            return before
        case _:
            return None


def keep_mask(x: Tensor, rate: float, *, channels: bool = False, order: Order = None) -> Tensor:
    """A dropout mask that depends on the rate and the shape alone, so that both sides of a proof drop the same.

    With an order it is the mask of the map before its axes changed places.
    """
    if rate >= 1:
        return torch.zeros_like(x)
    if order is not None:
        of, axes = order
        plain = keep_mask(x.new_empty(x.shape[0], *of), rate, channels=channels)
        return plain.expand(x.shape[0], *of).permute(0, *(axis + 1 for axis in axes)).reshape(x.shape)
    shape = (*x.shape[:2], 1, 1) if channels and x.dim() == 4 else x.shape
    # In blocks of one flat order: a map and its flattened form are dropped alike.
    generator = torch.Generator("cpu").manual_seed(0x6E657)
    random = torch.rand(prod(shape), generator=generator, dtype=torch.float64, device="cpu")
    return ((random >= rate).to(x.dtype) / (1 - rate)).reshape(shape).to(x.device)
