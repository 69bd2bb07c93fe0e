"""Faults of single layers: every attribute of every kind of op."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import gcd, prod

from gnet_audit.findings import Insert, Remove, SetFields, SetOp
from gnet_audit.mutants.base import Mutant, Site, truth
from gnet_audit.mutants.windows import same_conv, same_pool
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Layer,
    Linear,
    Padding,
    Pair,
    Pool2d,
    PoolKind,
    Weight,
)

OTHERS = (
    Activation(function="leaky_relu", parameters=(0.1,)),
    Activation(function="gelu"),
    Activation(function="relu6"),
    Activation(function="tanh"),
    Activation(function="sigmoid"),
    Activation(function="elu"),
    Activation(function="silu"),
)
MODES = ("reflect", "replicate", "circular")


def layer_faults(site: Site, number: int) -> Iterator[Mutant]:
    """All faults of one layer's attributes; the number of the layer chooses among equals."""
    match site.layer.op:
        case Conv2d() as conv:
            yield from _conv(site, conv, number)
        case Pool2d() as pool:
            yield from _pool(site, pool)
        case LRN() as norm:
            yield from _lrn(site, norm)
        case Linear() as linear:
            yield from _linear(site, linear)
        case Dropout() as dropout:
            yield from _dropout(site, dropout)
        case Activation():
            yield from _activation(site, number)
        case _:
            pass


# --- convolutions -------------------------------------------------------------------------------------


def _conv(site: Site, conv: Conv2d, number: int) -> Iterator[Mutant]:
    for width in dict.fromkeys((conv.out_channels // 2, conv.out_channels * 3 // 2, conv.out_channels + 8)):
        yield site.fields("width", "GA201", f"{width} wide", out_channels=width)
    for size in (1, 3, 5, 7):
        if size != conv.kernel[0] and size <= conv.kernel[0] + 4:
            yield site.fields("kernel", "GA202", f"{size}×{size}", kernel=(size, size), padding=_around(size))
    if conv.kernel != (1, 1):
        size = conv.kernel[0]
        half = size // 2
        yield site.fields("kernel", "GA202", f"{size}×1", kernel=(size, 1), padding=(half, half, 0, 0))
    for stride in {1, 2, 3} - {conv.stride[0]}:
        yield site.fields("stride", "GA203", f"stride {stride}", stride=(stride, stride))
    for more in (-1, 1):
        padding = _wider(conv.padding, more)
        if padding is not None:
            yield site.fields("padding", "GA204", f"padding {padding[0]}", padding=padding)
    spread = replace(conv, dilation=(2, 2), padding=_around(2 * conv.kernel[0] - 1))
    yield site.fields(
        "dilation", "GA205", "dilated", dilation=spread.dilation, padding=spread.padding, equal=same_conv(conv, spread)
    )
    for groups in _groups(gcd(site.shape[0], conv.out_channels)):
        yield site.fields("groups", "GA206", f"in {groups} groups", groups=groups)
    yield site.fields("bias", "GA207", "no bias", bias=False)
    other = replace(conv, padding_mode=MODES[number % len(MODES)])
    yield site.fields(
        "padding mode", "GA216", other.padding_mode, padding_mode=other.padding_mode, equal=same_conv(conv, other)
    )
    yield from _batch_norm(site, number)


def _around(size: int) -> Padding:
    half = size // 2
    return half, half, half, half


def _wider(padding: Padding, more: int) -> Padding | None:
    top, bottom, left, right = (value + more for value in padding)
    return (top, bottom, left, right) if min(top, bottom, left, right) >= 0 else None


def _groups(common: int) -> Iterator[int]:
    if common % 2 == 0:
        yield 2
    if common > 2:
        yield common


def _batch_norm(site: Site, number: int) -> Iterator[Mutant]:
    """Behind the layer, behind its activation, or in place of its bias."""
    name = site.layer.name
    relu = next((user for user in site.network.consumers[name]), name)
    fault = truth("GA215", "batch_norm", site.slot)
    before = Insert(after=name, layers=(_norm(name),))
    yield site.mutant("batch norm", "batch norm", (before,), fault)
    if number % 2 == 0:
        yield site.mutant(
            "batch norm", "batch norm behind the activation", (Insert(after=relu, layers=(_norm(name),)),), fault
        )
    else:
        bare = SetFields(layer=name, fields=(("bias", False),))
        yield site.mutant("batch norm", "batch norm for the bias", (before, bare), fault)


def _norm(name: str) -> Layer:
    weights = tuple(Weight(role=role, name=f"{name}.bn.{role}", shape=()) for role in ("running_mean", "running_var"))
    return Layer(name=f"{name}.bn", op=BatchNorm(eps=1e-3), weights=weights)


def _linear(site: Site, linear: Linear) -> Iterator[Mutant]:
    last = site.layer.name in {output.layer for output in site.network.outputs}
    for width in (linear.out_features // 2, linear.out_features + 1):
        fault = truth("GA102", "num_classes", site.slot) if last else truth("GA201", "out_features", site.slot)
        edit = SetFields(layer=site.layer.name, fields=(("out_features", width),))
        yield site.mutant("width", f"{width} wide", (edit,), fault)
    yield site.fields("bias", "GA207", "no bias", bias=False)
    if not last:
        yield from _batch_norm(site, 0)


# --- pools --------------------------------------------------------------------------------------------------


def _pool(site: Site, pool: Pool2d) -> Iterator[Mutant]:
    for family, rule, what, fields in _pool_fields(pool):
        equal = same_pool(pool, replace(pool, **fields), site.shape)  # type: ignore[arg-type]
        edit = SetFields(layer=site.layer.name, fields=tuple(fields.items()))
        fault = truth(rule, next(iter(fields)), site.slot)
        yield site.mutant(family, what, (edit,), fault, equal=equal)
    kind = PoolKind.AVG if pool.kind is PoolKind.MAX else PoolKind.MAX
    yield site.fields("pool kind", "GA208", f"{kind} pool", kind=kind)
    free = AdaptivePool2d(kind=pool.kind, output_size=_size(site))
    yield site.becomes("adaptive pool", "GA214", "adaptive", "adaptive", free, equal=same_pool(pool, free, site.shape))


def _size(site: Site) -> Pair:
    _, height, width = site.layer.shape or (0, 1, 1)
    return height, width


def _pool_fields(pool: Pool2d) -> Iterator[tuple[str, str, str, dict[str, object]]]:
    size, stride = pool.kernel[0], pool.stride[0]
    padded = any(pool.padding)
    for other in sorted({size - 2, size - 1, size + 1, size + 2} - {0}):
        around = _around(other) if padded else pool.padding
        if not padded or other % 2:
            yield "pool kernel", "GA202", f"{other}×{other}", {"kernel": (other, other), "padding": around}
    for other in sorted({1, 2, 3, size} - {stride}):
        yield "pool stride", "GA203", f"stride {other}", {"stride": (other, other)}
    for padding in (_wider(pool.padding, 1), _wider(pool.padding, -1), (0, 1, 0, 1)):
        if padding is not None and padding != pool.padding:
            words = f"padding {' '.join(map(str, dict.fromkeys(padding)))}"
            yield "pool padding", "GA204", words, {"padding": padding}
    if pool.ceil_mode:
        one = {"padding": _around(2), "ceil_mode": False}
        yield "pool padding", "GA204", "padding 1 for the ceil mode", one
    if pool.kind is PoolKind.MAX:
        around = _around(2 * size - 1) if padded else pool.padding
        yield "dilation", "GA205", "dilated", {"dilation": (2, 2), "padding": around}
    yield "ceil mode", "GA209", f"ceil mode {not pool.ceil_mode}", {"ceil_mode": not pool.ceil_mode}
    include = not pool.count_include_pad
    yield "count_include_pad", "GA210", f"count_include_pad {include}", {"count_include_pad": include}


# --- normalisation, dropout, activations ---------------------------------------------------------------------


def _lrn(site: Site, norm: LRN) -> Iterator[Mutant]:
    changes: tuple[tuple[str, object], ...] = (
        ("size", norm.size - 2),
        ("size", norm.size + 2),
        ("alpha", norm.alpha * norm.size),
        ("alpha", norm.alpha / norm.size),
        ("alpha", 1.0),
        ("beta", 0.5),
        ("beta", 1.0),
        ("k", norm.k + 1),
        ("k", 0.5),
        ("across", "space"),
    )
    for name, value in changes:
        edit = SetFields(layer=site.layer.name, fields=((name, value),))
        yield site.mutant("LRN constants", f"{name} {value}", (edit,), truth("GA211", name, site.slot))


def _dropout(site: Site, dropout: Dropout) -> Iterator[Mutant]:
    for rate in sorted({0.0, 0.2, 0.5, round(1 - dropout.rate, 3)} - {dropout.rate}):
        yield site.fields("dropout", "GA212", f"rate {rate}", rate=rate)
    yield site.fields("dropout", "GA309", "never active", active=False)
    only = "it runs in training only" if site.aside else ""
    yield site.fields("dropout", "GA309", "always active", active=True, equal=only)
    single = prod(site.shape[1:]) == 1
    yield site.fields(
        "dropout", "GA218", "whole channels", channels=True, equal="every channel is one value" if single else ""
    )


def _activation(site: Site, number: int) -> Iterator[Mutant]:
    fault = truth("GA213", "activation", site.slot)
    yield site.mutant("activation missing", "missing", (Remove(layers=(site.layer.name,)),), fault)
    for step in (0, 1):
        other = OTHERS[(number + step * 3) % len(OTHERS)]
        edit = SetOp(layer=site.layer.name, op=other)
        yield site.mutant("other activation", other.function, (edit,), fault)
    second = Layer(name=f"{site.layer.name}.tanh", op=Activation(function="tanh"))
    after = Insert(after=site.layer.name, layers=(second,))
    yield site.mutant("other activation", "a tanh behind it", (after,), fault)
