"""The facts of a layer as ops."""

from __future__ import annotations

from collections.abc import Mapping

from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Linear,
    Op,
    Padding,
    Pair,
    Pool2d,
    PoolKind,
    Softmax,
)
from gnet_audit.spec.values import Fact


def merge_of(facts: Mapping[str, Fact]) -> Concat | Add:
    """How a block's branches are joined."""
    return Add() if _text(facts, "merge") == "add" else Concat()


def followers(facts: Mapping[str, Fact], norm: Mapping[str, Fact]) -> tuple[tuple[str, Op], ...]:
    """The batch norm (with the facts `norm`) and the activation that come behind a layer."""
    found: list[tuple[str, Op]] = []
    if _flag(facts, "batch_norm", default=False):
        found.append(("batch_norm", _batch_norm(norm)))
    if "activation" in facts:
        function = _text(facts, "activation")
        found.append((function, Activation(function=function)))
    return tuple(found)


def same_is_clear(facts: Mapping[str, Fact]) -> bool:
    """Whether "same" padding, if asked for, has one meaning: equal at both sides."""
    if "padding" not in facts or facts["padding"].value != "same":
        return True
    kernel, stride, dilation = (_pair(facts, key) for key in ("kernel", "stride", "dilation"))
    extra = [(size - 1) * apart for size, apart in zip(kernel, dilation, strict=True)]
    return all(length % 2 == 0 and (step == 1 or not length) for length, step in zip(extra, stride, strict=True))


def op_of(word: str, facts: Mapping[str, Fact]) -> Op:
    """The op that a word of the language and its facts describe."""
    match word:
        case "conv":
            return _conv(facts)
        case "maxpool":
            return _pool(PoolKind.MAX, facts)
        case "avgpool":
            return _pool(PoolKind.AVG, facts)
        case "adaptive_maxpool":
            return AdaptivePool2d(kind=PoolKind.MAX, output_size=_pair(facts, "output_size"))
        case "adaptive_avgpool":
            return AdaptivePool2d(kind=PoolKind.AVG, output_size=_pair(facts, "output_size"))
        case "lrn":
            alpha, beta, k = (_number(facts, key, 0) for key in ("alpha", "beta", "k"))
            return LRN(
                size=_size(facts, "size"), alpha=alpha, beta=beta, k=k, across=_text(facts, "across", "channels")
            )
        case "batch_norm":
            return _batch_norm(facts)
        case "linear":
            return Linear(out_features=_size(facts, "out_features"), bias=_flag(facts, "bias", default=True))
        case "dropout":
            return Dropout(rate=_number(facts, "rate", 0), channels=_flag(facts, "channels", default=False))
        case "activation":
            return Activation(function=_text(facts, "function"))
        case _:
            return Softmax()


def _conv(facts: Mapping[str, Fact]) -> Conv2d:
    return Conv2d(
        out_channels=_size(facts, "out_channels"),
        kernel=_pair(facts, "kernel"),
        stride=_pair(facts, "stride"),
        padding=_padding(facts),
        dilation=_pair(facts, "dilation"),
        groups=_size(facts, "groups"),
        bias=_flag(facts, "bias", default=True),
        padding_mode=_text(facts, "padding_mode", "zeros"),
    )


def _pool(kind: PoolKind, facts: Mapping[str, Fact]) -> Pool2d:
    return Pool2d(
        kind=kind,
        kernel=_pair(facts, "kernel"),
        stride=_pair(facts, "stride"),
        padding=_padding(facts),
        dilation=_pair(facts, "dilation"),
        ceil_mode=_flag(facts, "ceil_mode", default=False),
        count_include_pad=_flag(facts, "count_include_pad", default=True),
    )


def _batch_norm(facts: Mapping[str, Fact]) -> BatchNorm:
    return BatchNorm(
        eps=_number(facts, "eps", 1e-5),
        affine=_flag(facts, "affine", default=True),
        momentum=_number(facts, "momentum", 0.1),
    )


def _padding(facts: Mapping[str, Fact]) -> Padding:
    value = facts["padding"].value if "padding" in facts else (0, 0, 0, 0)
    if isinstance(value, tuple):
        top, bottom, left, right = value
        return top, bottom, left, right
    kernel, dilation = _pair(facts, "kernel"), _pair(facts, "dilation")
    rows, columns = ((size - 1) * apart // 2 for size, apart in zip(kernel, dilation, strict=True))
    return rows, rows, columns, columns


def _pair(facts: Mapping[str, Fact], key: str) -> Pair:
    value = facts[key].value if key in facts else (1, 1)
    assert isinstance(value, tuple)
    return value[0], value[1]


def _size(facts: Mapping[str, Fact], key: str) -> int:
    value = facts[key].value if key in facts else 1
    assert isinstance(value, int)
    return value


def _number(facts: Mapping[str, Fact], key: str, default: float) -> float:
    value = facts[key].value if key in facts else default
    assert isinstance(value, int | float)
    return value


def _flag(facts: Mapping[str, Fact], key: str, *, default: bool) -> bool:
    return facts[key].value is True if key in facts else default


def _text(facts: Mapping[str, Fact], key: str, default: str = "") -> str:
    return str(facts[key].value) if key in facts else default
