"""The words of the spec language: each op's attributes, and what the value of each may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias, TypeGuard

Value: TypeAlias = bool | int | float | str | tuple[int, ...]

LIMIT = 1_000_000
"""The largest size that a spec may ask for."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]*")
"""An id of a spec, row or head, and the last part of a slot's name."""
ACTIVATIONS = frozenset({
    "celu", "elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu",
    "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh",
})  # fmt: skip
FLAGS = frozenset({"classes", "in_loss", "global"})
"""Attributes that are not the op's own: what a layer is to its network."""
PADDING_MODES = frozenset({"zeros", "reflect", "replicate", "circular"})


class Kind(StrEnum):
    """What an attribute's value may be, in words."""

    SIZE = f"a whole number from 1 to {LIMIT:,}, or a printed cell such as $3x3"
    PAIR = f"a whole number from 1 to {LIMIT:,}, [height, width], or a printed cell such as $3x3"
    SHAPE = "[channels, height, width] or [features]"
    PADDING = 'a whole number, [vertical, horizontal], [top, bottom, left, right], or "same"'
    FLAG = "true or false"
    NUMBER = "a number"
    RATE = "a number from 0 to below 1"
    ACTIVATION = "the name of an activation in torch.nn.functional, such as relu"
    PADDING_MODE = "zeros, reflect, replicate or circular"
    ACROSS = "channels or space"
    MERGE = "concat or add"
    ORDER = "as listed"


FOLLOWED = {"batch_norm": Kind.FLAG, "activation": Kind.ACTIVATION}
"""What may come after a layer with weights or a merge, in this order."""
_WINDOW = {"kernel": Kind.PAIR, "stride": Kind.PAIR, "padding": Kind.PADDING}
_POOL = _WINDOW | {"ceil_mode": Kind.FLAG, "global": Kind.FLAG}

ATTRIBUTES: Mapping[str, Mapping[str, Kind]] = {
    "conv": _WINDOW
    | {"out_channels": Kind.SIZE, "dilation": Kind.PAIR, "groups": Kind.SIZE, "bias": Kind.FLAG}
    | {"padding_mode": Kind.PADDING_MODE, "classes": Kind.FLAG}
    | FOLLOWED,
    "maxpool": _POOL | {"dilation": Kind.PAIR},
    "avgpool": _POOL | {"count_include_pad": Kind.FLAG},
    "adaptive_maxpool": {"output_size": Kind.PAIR},
    "adaptive_avgpool": {"output_size": Kind.PAIR},
    "lrn": {"size": Kind.SIZE, "alpha": Kind.NUMBER, "beta": Kind.NUMBER, "k": Kind.NUMBER, "across": Kind.ACROSS},
    "batch_norm": {"eps": Kind.NUMBER, "momentum": Kind.NUMBER, "affine": Kind.FLAG, "activation": Kind.ACTIVATION},
    "linear": {"out_features": Kind.SIZE, "bias": Kind.FLAG, "classes": Kind.FLAG} | FOLLOWED,
    "dropout": {"rate": Kind.RATE, "channels": Kind.FLAG},
    "activation": {"function": Kind.ACTIVATION},
    "softmax": {"in_loss": Kind.FLAG},
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "conv": ("out_channels", "kernel"),
    "maxpool": ("kernel", "stride"),
    "avgpool": ("kernel", "stride"),
    "adaptive_maxpool": ("output_size",),
    "adaptive_avgpool": ("output_size",),
    "lrn": ("size", "alpha", "beta", "k"),
    "linear": ("out_features",),
    "dropout": ("rate",),
    "activation": ("function",),
}
MERGE: Mapping[str, Kind] = {"merge": Kind.MERGE, "order": Kind.ORDER} | FOLLOWED


def value_of(raw: object, kind: Kind) -> Value | None:
    """A TOML value as the kind asks for it; None where it is another one."""
    match kind:
        case Kind.SIZE:
            return raw if is_cell(raw) or is_size(raw) else None
        case Kind.PAIR:
            return raw if is_cell(raw) else _numbers(raw, lengths=(2,), least=1)
        case Kind.SHAPE:
            return _numbers(raw, lengths=(1, 3), least=1) if isinstance(raw, list) else None
        case Kind.PADDING:
            return "same" if raw == "same" else _padding_of(_numbers(raw, lengths=(2, 4), least=0))
        case Kind.FLAG:
            return raw if isinstance(raw, bool) else None
        case Kind.NUMBER | Kind.RATE:
            return _number_of(raw, below=1 if kind is Kind.RATE else LIMIT)
        case _:
            return raw if isinstance(raw, str) and raw in _words(kind) else None


def _words(kind: Kind) -> frozenset[str]:
    match kind:
        case Kind.ACTIVATION:
            return ACTIVATIONS
        case Kind.PADDING_MODE:
            return PADDING_MODES
        case Kind.ACROSS:
            return frozenset({"channels", "space"})
        case Kind.MERGE:
            return frozenset({"concat", "add"})
        case _:
            return frozenset({"as listed"})


def is_cell(raw: object) -> TypeGuard[str]:
    """Whether a value refers to a printed cell of the row."""
    return isinstance(raw, str) and raw.startswith("$") and len(raw) > 1


def is_size(raw: object, least: int = 1) -> TypeGuard[int]:
    """Whether a value is a whole number that a spec may ask for."""
    return isinstance(raw, int) and not isinstance(raw, bool) and least <= raw <= LIMIT


def _numbers(raw: object, *, lengths: tuple[int, ...], least: int) -> tuple[int, ...] | None:
    """Whole numbers; a single one stands for two."""
    values: list[object] = raw if isinstance(raw, list) else [raw, raw]
    sizes = tuple(value for value in values if is_size(value, least))
    return sizes if len(sizes) == len(values) in lengths else None


def _padding_of(numbers: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if numbers is None or len(numbers) > 2:
        return numbers
    return (numbers[0], numbers[0], numbers[1], numbers[1])


def _number_of(raw: object, *, below: float) -> float | None:
    fits = isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < below
    return raw if fits and isinstance(raw, int | float) else None
