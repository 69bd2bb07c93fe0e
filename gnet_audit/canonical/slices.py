"""Channels cut and joined: one wide convolution is several, concatenations in steps are one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gnet_audit import derive
from gnet_audit.canonical.draft import Draft, Rewrite
from gnet_audit.network import Activation, BatchNorm, Concat, Conv2d, Dropout, Layer, Shape, Slice


def slices(draft: Draft) -> Iterable[Rewrite]:
    """Channel ranges of a convolution are convolutions of their own; pointwise ops commute with ranges."""
    pending = [layer.name for layer in draft.of(Slice)]
    split: dict[str, list[str]] = {}
    while pending:
        layer = draft.layers.get(pending.pop())
        source = draft.producer(layer) if layer is not None else None
        if layer is None or source is None or not isinstance(layer.op, Slice) or layer.op.axis != 0:
            continue
        users = [draft.layers[name] for name in draft.users[source.name]]
        if draft.is_output(source.name) or not all(isinstance(u.op, Slice) and u.op.axis == 0 for u in users):
            continue
        if isinstance(source.op, Concat) and source.op.axis == 0:
            _link_part(draft, layer, source)
        elif isinstance(source.op, Conv2d) and source.op.groups == 1 and not source.op.transposed:
            split.setdefault(source.name, []).append(_narrowed(draft, layer, source))
        elif isinstance(source.op, Activation | BatchNorm | Dropout) and source.inputs:
            pending.append(_swapped(draft, layer, source))
        if source.name in draft.layers and not draft.users[source.name] and not draft.is_output(source.name):
            draft.remove(source.name)
    return [Rewrite(what="one wide convolution split by channels", layers=tuple(names)) for names in split.values()]


def _link_part(draft: Draft, part: Layer, concat: Layer) -> None:
    op, start = part.op, 0
    for name in concat.inputs:
        width = (draft.layers[name].shape or (0,))[0]
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
    name = name if name not in draft.layers else part.name
    shapes = tuple(draft.layers[source].shape or () for source in wide.inputs)
    shape: Shape = (narrow.out_channels, *(wide.shape or ())[1:])
    draft.put(
        replace(
            wide,
            name=name,
            op=narrow,
            shape=shape,
            params=derive.parameters(narrow, shapes) if wide.params else 0,
            macs=derive.multiply_accumulates(narrow, shapes, shape),
        )
    )
    if name != part.name:
        draft.redirect(part.name, name)
        draft.remove(part.name)
    return name


def _swapped(draft: Draft, part: Layer, pointwise: Layer) -> str:
    """`slice(f(x))` becomes `f(slice(x))`; returns the name of the slice."""
    name = f"{pointwise.name}[{part.name}]"
    draft.put(replace(part, name=f"{part.name}'", inputs=pointwise.inputs))
    draft.put(replace(pointwise, name=name, inputs=(f"{part.name}'",), shape=part.shape))
    draft.redirect(part.name, name)
    draft.remove(part.name)
    return f"{part.name}'"


def concats(draft: Draft) -> Iterable[Rewrite]:
    """A concatenation that only feeds another one is a part of it."""
    for inner in draft.of(Concat):
        users = draft.users[inner.name]
        if len(users) != 1 or draft.is_output(inner.name):
            continue
        outer = draft.layers[users[0]]
        if outer.op == inner.op:
            inputs = tuple(s for name in outer.inputs for s in (inner.inputs if name == inner.name else (name,)))
            draft.put(replace(outer, inputs=inputs))
            draft.remove(inner.name)
            yield Rewrite(what="concatenation in steps", layers=(outer.name,))
