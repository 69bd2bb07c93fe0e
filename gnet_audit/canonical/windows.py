"""Pools written by hand: the mean, or the largest value, of the windows that `unfold` gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.network import Elementwise, Flatten, Identity, Layer, Mean, Pair, Pool2d, PoolKind

IMAGE = 3
"""Axes of a map; those of its windows lie behind them."""


def pools(draft: Draft) -> Iterable[Rewrite]:
    """A mean or maximum over both axes of windows of height and width is a pool without padding that rounds down."""
    for layer in draft.of(Mean, Elementwise):
        found = _pool_at(draft, layer)
        if found is not None:
            op, source = found
            draft.put(replace(layer, op=op, inputs=(source,)))
            prune(draft)
            yield Rewrite(what="pool written by windows", layers=(layer.name,))


def _pool_at(draft: Draft, layer: Layer) -> tuple[Pool2d, str] | None:
    match layer.op:
        case Elementwise(function="div", constants=(None, float() as number)) if number and len(layer.inputs) == 1:
            total, share = _behind(draft, layer), 1 / number
        case Elementwise(function="mul", constants=(None, float() as share) | (float() as share, None)):
            total = _behind(draft, layer)
        case _:
            total, share = layer, 0.0
    taken = _taken(draft, total)
    windows = _windows(draft, taken.source) if taken is not None else None
    if taken is None or windows is None or taken.axes != windows.axes:
        return None
    if (taken.function == "sum") != (total is not layer):
        return None
    if taken.function == "sum" and abs(share * prod(windows.kernel) - 1) > 1e-6:
        return None
    kind = PoolKind.MAX if taken.function == "amax" else PoolKind.AVG
    return Pool2d(kind=kind, kernel=windows.kernel, stride=windows.stride), windows.source


def _behind(draft: Draft, layer: Layer) -> Layer:
    """What a layer reads, whatever passes it on left out."""
    source = draft.layers[layer.inputs[0]]
    while isinstance(source.op, Identity):
        source = draft.layers[source.inputs[0]]
    return source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What is taken of a layer's values over some of its axes."""

    function: str
    axes: frozenset[int]
    source: Layer


def _taken(draft: Draft, layer: Layer) -> _Taken | None:
    """The same taken over one axis after the other is taken over all of them."""
    match layer.op:
        case Mean(axes=axes):
            function = "mean"
        case Elementwise(function="sum" | "amax" as function, constants=constants):
            axes = tuple(int(axis or 0) for axis in constants)
        case _:
            return None
    source = _behind(draft, layer)
    if len(source.shape or ()) - len(axes) != len(layer.shape or ()):
        return None  # axes of size 1 are kept
    first = _taken(draft, source)
    if first is None or first.function != function:
        return _Taken(function=function, axes=frozenset(axes), source=source)
    left = [axis for axis in range(len(first.source.shape or ())) if axis not in first.axes]
    return replace(first, axes=first.axes | {left[axis] for axis in axes})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windows:
    """Windows of a map, and the axes behind the map's own that hold their values."""

    source: str
    kernel: Pair
    stride: Pair
    axes: frozenset[int]


def _windows(draft: Draft, layer: Layer) -> _Windows | None:
    axes = frozenset({IMAGE, IMAGE + 1})
    if isinstance(layer.op, Flatten) and not layer.op.order:
        flat, layer = layer, _behind(draft, layer)
        whole = layer.shape or ()
        if flat.shape != (*whole[:IMAGE], prod(whole[IMAGE:])):
            return None
        axes = frozenset({IMAGE})
    runs: dict[int, Pair] = {}
    while isinstance(layer.op, Elementwise) and layer.op.function == "unfold" and len(runs) < 2:
        axis, size, step = (int(number or 0) for number in layer.op.constants)
        if axis in runs:
            return None
        runs[axis] = size, step
        layer = _behind(draft, layer)
    if runs.keys() != {1, 2} or len(layer.shape or ()) != IMAGE:
        return None
    (high, down), (wide, across) = runs[1], runs[2]
    return _Windows(source=layer.name, kernel=(high, wide), stride=(down, across), axes=axes)
