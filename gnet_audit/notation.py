"""Ops and shapes in the paper's own short notation: `conv 7×7/2 pad 3, 64`, `112×112×64`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, assert_never

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
    Linear,
    Mean,
    Op,
    Pad,
    Padding,
    Pair,
    Pool2d,
    PoolKind,
    Shape,
    Slice,
    Softmax,
    Unknown,
)

_Plumbing: TypeAlias = Softmax | Concat | Pad | Mean | Slice | Input | Add | Flatten | Identity
"""What only joins, cuts or reshapes."""
_AXES = ("channels", "height", "width")


def pair_text(pair: Pair) -> str:
    """Height × width: `3×3`."""
    return f"{pair[0]}×{pair[1]}"


def shape_text(shape: Shape) -> str:
    """A shape in the paper's order, height × width × channels: `112×112×64`."""
    return "×".join(map(str, (*shape[1:], *shape[:1]))) if shape else "a single number"


def padding_text(padding: Padding) -> str:
    """`3` all around, `1×2` above and below × left and right, else `top,bottom,left,right`."""
    top, bottom, left, right = padding
    if (top, left) == (bottom, right):
        return str(top) if top == left else pair_text((top, left))
    return ",".join(map(str, padding))


def number_text(value: float) -> str:
    """A constant as short as it can be exact: `1`, `0.75`, `0.0001`."""
    return repr(float(value)).removesuffix(".0")


def field_text(op: Op, name: str) -> str:
    """One field of an op: `5×5`, `2`, `yes`; empty where it has none of that name."""
    match getattr(op, name, None):
        case bool() as value:
            return "yes" if value else "no"
        case int() | float() as value:
            return number_text(value)
        case (int(), int()) as value:
            return pair_text(value) if name == "kernel" else _short(value)
        case (int(), int(), int(), int()) as value:
            return padding_text(value)
        case None:
            return ""
        case value:
            return str(value)


def op_text(op: Op) -> str:
    """One op with what the paper says of it, and whatever is unusual about it."""
    match op:
        case Conv2d():
            return _conv(op)
        case Pool2d():
            return _pool(op)
        case AdaptivePool2d(kind=kind, output_size=size):
            return f"global {kind} pool" if size == (1, 1) else f"adaptive {kind} pool {pair_text(size)}"
        case LRN():
            return _lrn(op)
        case BatchNorm(eps=eps, affine=affine):
            return f"batch norm eps {number_text(eps)}" + _if(not affine, " not affine")
        case Linear(out_features=features, bias=bias):
            return f"linear {features}" + _if(not bias, " no bias")
        case Activation(function=name, parameters=constants) | Elementwise(function=name, constants=constants):
            return _words(name, *(number_text(value) for value in constants if value is not None))
        case Dropout(rate=rate):
            return f"dropout {number_text(rate)}"
        case Unknown(function=name):
            return f"unknown op {name}"
        case _:
            return _plumbing(op)


def _plumbing(op: _Plumbing) -> str:
    match op:
        case Softmax(axis=axis, log=log):
            return _if(log, "log ") + "softmax" + _if(axis != 0, f" over axis {axis}")
        case Concat(axis=axis):
            return "concat" + _if(axis != 0, f" axis {axis}")
        case Pad(padding=padding, value=value, padding_mode=mode):
            filled = f" with {number_text(value)}" if mode == "constant" else f" {mode}"
            return f"pad {padding_text(padding)}" + _if(mode != "constant" or value != 0, filled)
        case Mean(axes=axes):
            return f"mean over axes {_list(axes)}"
        case Slice(axis=axis, start=start, stop=stop):
            return f"slice {start}:{stop} of axis {axis}"
        case Flatten(of=of, order=order) if order:
            names = _AXES if len(of) == len(_AXES) else tuple(f"axis {axis}" for axis in range(len(of)))
            return f"{'flatten' if op.shape is None else 'permute'} {', '.join(names[axis] for axis in order)}"
        case Input() | Add() | Flatten() | Identity():
            return type(op).__name__.lower()
        case _:
            assert_never(op)


def _conv(op: Conv2d) -> str:
    text = _words(
        _if(op.transposed, "transposed"),
        f"conv {pair_text(op.kernel)}" + _if(op.stride != (1, 1), f"/{_short(op.stride)}"),
        _if(any(op.padding), f"pad {padding_text(op.padding)}"),
        _if(op.padding_mode != "zeros", f"{op.padding_mode} padding"),
        _if(op.dilation != (1, 1), f"dilation {_short(op.dilation)}"),
        _if(op.groups != 1, f"groups {op.groups}"),
    )
    return f"{text}, {op.out_channels}" + _if(not op.bias, " no bias")


def _pool(op: Pool2d) -> str:
    return _words(
        f"{op.kind} pool {pair_text(op.kernel)}/{_short(op.stride)}",
        _if(any(op.padding), f"pad {padding_text(op.padding)}"),
        _if(any(op.padding) and op.kind is PoolKind.AVG and not op.count_include_pad, "not counted"),
        _if(op.dilation != (1, 1), f"dilation {_short(op.dilation)}"),
        _if(op.ceil_mode, "ceil"),
    )


def _lrn(op: LRN) -> str:
    size, alpha, beta, k = map(number_text, (op.size, op.alpha, op.beta, op.k))
    return f"LRN size {size} alpha {alpha} beta {beta} k {k}" + _if(op.across != "channels", f" across {op.across}")


def _short(pair: Pair) -> str:
    """One number where both are the same."""
    return str(pair[0]) if pair[0] == pair[1] else pair_text(pair)


def _if(condition: object, text: str) -> str:
    return text if condition else ""


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _list(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))
