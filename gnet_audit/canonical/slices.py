"""Channels cut and joined: one wide convolution is several, concatenations in steps are one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from math import prod

from gnet_audit import derive, notation
from gnet_audit.canonical.draft import Draft, Rewrite
from gnet_audit.network import Activation, Add, BatchNorm, Concat, Conv2d, Dropout, Layer, Shape, Slice, Weight


def slices(draft: Draft) -> Iterable[Rewrite]:
    """Channel ranges of a convolution are convolutions of their own; pointwise ops commute with ranges."""
    _rejoined(draft)
    _move_up(draft)
    split: dict[str, list[str]] = {}
    width: dict[str, int] = {}
    for layer in draft.of(Slice):
        source = _cut_only(draft, layer)
        if source is None:
            continue
        if isinstance(source.op, Concat) and source.op.axis == 0:
            _link_part(draft, layer, source)
        elif isinstance(source.op, Conv2d) and source.op.groups == 1 and not source.op.transposed and source.shape:
            width[source.name] = source.op.out_channels
            split.setdefault(source.name, []).append(_narrowed(draft, layer, source))
        _drop_unread(draft, source)
    what = "one wide convolution split by channels"
    return [
        Rewrite(what=what, layers=tuple(names), surplus=width[name] - _read(draft, names))
        for name, names in split.items()
    ]


def _rejoined(draft: Draft) -> None:
    """Ranges that are joined again as they were are the whole."""
    for join in draft.of(Concat):
        cut = [draft.layers[name] for name in join.inputs]
        whole = draft.producer(cut[0])
        if whole is not None and _orders(draft, join):
            ends = [part.op.stop for part in cut if isinstance(part.op, Slice)]
            if ends == sorted(ends) and whole.shape == join.shape:
                draft.put(replace(join, inputs=(whole.name,)))
                draft.splice(join.name)
                for part in cut:
                    draft.remove(part.name)


def _orders(draft: Draft, join: Layer) -> bool:
    """Whether a concatenation only puts the channels of one layer, each of them once, in some order."""
    parts = [draft.layers[name] for name in join.inputs]
    whole = draft.producer(parts[0])
    if whole is None or join.op != Concat() or not whole.shape:
        return False
    spans = sorted((one.op.start, one.op.stop) for one in parts if isinstance(one.op, Slice) and one.op.axis == 0)
    return (
        len(spans) == len(parts) == len(set(spans))
        and all(one.inputs == (whole.name,) and draft.only_feeds(one.name, join.name) for one in parts)
        and all(before[1] == after[0] for before, after in pairwise([(0, 0), *spans, (whole.shape[0], 0)]))
    )


def _read(draft: Draft, parts: Iterable[str]) -> int:
    """How many of a wide convolution's channels its parts read."""
    rows: set[int] = set()
    for name in parts:
        for weight in draft.layers[name].weights if name in draft.layers else ():
            rows |= set(range(*weight.rows)) if weight.rows else set()
    return len(rows)


def _move_up(draft: Draft) -> None:
    """Cut before pointwise ops instead of behind them."""
    pending = [layer.name for layer in draft.of(Slice)]
    while pending:
        layer = draft.layers.get(pending.pop())
        source = _cut_only(draft, layer) if layer is not None else None
        if source is not None and isinstance(source.op, Activation | BatchNorm | Dropout) and source.inputs:
            pending += [_swapped(draft, draft.layers[name], source) for name in dict.fromkeys(draft.users[source.name])]
            _drop_unread(draft, source)


def _cut_only(draft: Draft, layer: Layer) -> Layer | None:
    """What a slice of channels reads, if all its readers are such slices."""
    source = draft.producer(layer) if layer.name in draft.layers else None
    if source is None or draft.is_output(source.name):
        return None
    if len(layer.shape or ()) == 1 and prod((source.shape or ())[1:]) != 1:
        return None  # a range of a flattened map is none of its channels
    users = [draft.layers[name] for name in draft.users[source.name]]
    readers = draft.users[layer.name]
    if len(readers) == 1 and _orders(draft, draft.layers[readers[0]]) and not _is_joined(draft, source):
        return None  # they are no branches: the same channels in another order
    return source if all(isinstance(user.op, Slice) and user.op.axis == 0 for user in users) else None


def _is_joined(draft: Draft, layer: Layer) -> bool:
    """Whether a layer is a concatenation but for ops of each value."""
    while isinstance(layer.op, Activation | BatchNorm | Dropout) and layer.inputs:
        layer = draft.layers[layer.inputs[0]]
    return isinstance(layer.op, Concat)


def _drop_unread(draft: Draft, source: Layer) -> None:
    if source.name in draft.layers and not draft.users[source.name] and not draft.is_output(source.name):
        draft.remove(source.name)


def _link_part(draft: Draft, part: Layer, concat: Layer) -> None:
    op, start = part.op, 0
    for name in concat.inputs:
        shape = draft.layers[name].shape or (0,)
        width = prod(shape) if len(concat.shape or ()) == 1 else shape[0]
        if isinstance(op, Slice) and (op.start, op.stop) == (start, start + width):
            draft.redirect(part.name, name)
            draft.remove(part.name)
            return
        start += width


def _narrowed(draft: Draft, part: Layer, wide: Layer) -> str:
    op, conv = part.op, wide.op
    assert isinstance(op, Slice)
    assert isinstance(conv, Conv2d)
    narrow = replace(conv, out_channels=op.stop - op.start)
    name = f"{wide.name}[{op.start}:{op.stop}]"
    again = name in draft.layers  # the same range once more, of the same parameters
    name = part.name if again else name
    shapes = tuple(draft.layers[source].shape or () for source in wide.inputs)
    shape: Shape = (narrow.out_channels, *(wide.shape or ())[1:])
    draft.put(
        replace(
            wide,
            name=name,
            op=narrow,
            shape=shape,
            params=derive.parameters(narrow, shapes) if wide.params and not again else 0,
            macs=derive.multiply_accumulates(narrow, shapes, shape),
            weights=_rows(wide.weights, op),
        )
    )
    if name != part.name:
        draft.redirect(part.name, name)
        draft.remove(part.name)
    return name


def _rows(weights: Iterable[Weight], part: Slice) -> tuple[Weight, ...]:
    """The rows of each weight that give a range of the output channels."""
    starts = ((weight, weight.rows[0] if weight.rows else 0) for weight in weights)
    return tuple(replace(weight, rows=(first + part.start, first + part.stop)) for weight, first in starts)


def _swapped(draft: Draft, part: Layer, pointwise: Layer) -> str:
    """`slice(f(x))` becomes `f(slice(x))`; returns the name of the slice."""
    name = f"{pointwise.name}[{part.name}]"
    assert isinstance(part.op, Slice)
    weights = _rows(pointwise.weights, part.op)
    learnt = sum(
        stop - start
        for weight in weights
        if weight.role in {"weight", "bias"}
        for start, stop in [weight.rows or (0, 0)]
    )
    draft.put(replace(part, name=f"{part.name}'", inputs=pointwise.inputs))
    draft.put(
        replace(
            pointwise,
            name=name,
            inputs=(f"{part.name}'",),
            shape=part.shape,
            weights=weights,
            params=learnt if pointwise.params else 0,
        )
    )
    draft.redirect(part.name, name)
    draft.remove(part.name)
    return f"{part.name}'"


def merges(draft: Draft) -> Iterable[Rewrite]:
    """A concatenation (or sum) that only feeds another one is a part of it."""
    for name in [layer.name for layer in draft.of(Concat, Add)]:
        inner = draft.layers[name]
        if len(draft.users[inner.name]) != 1 or draft.is_output(inner.name):
            continue
        outer = draft.layers[draft.users[inner.name][0]]
        if outer.op == inner.op:
            inputs = tuple(s for own in outer.inputs for s in (inner.inputs if own == inner.name else (own,)))
            draft.put(replace(outer, inputs=inputs))
            draft.remove(inner.name)
            yield Rewrite(what=f"{notation.op_text(outer.op)} in steps", layers=(outer.name,))
