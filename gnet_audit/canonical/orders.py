"""Axes in another order: taken back where that is done again, and a matter of weights in front of a linear layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby, pairwise
from math import prod

from gnet_audit.canonical.draft import Draft, Rewrite
from gnet_audit.network import Activation, CodeOrigin, Concat, Dropout, Flatten, Layer, Linear, Shape
from gnet_audit.notation import op_text


def orders(draft: Draft) -> Iterable[Rewrite]:
    """An order that is taken back, or that only the columns of a linear layer's weights know of, is none."""
    if any(isinstance(layer.op, Flatten) and layer.op.order for layer in draft.of(Flatten)):
        for name in [layer.name for layer in draft.sorted()]:
            _move_down(draft, name)
    for layer in draft.of(Flatten):
        assert isinstance(layer.op, Flatten)
        if not layer.op.order or _undone(draft, layer, layer.op):
            continue
        between, end = _chain(draft, layer)
        if end is not None and isinstance(end.op, Flatten) and (both := _composed(layer.op, end.op)):
            joined = replace(end.op, of=both[0], order=both[1])
            draft.put(replace(end, op=joined))
            _leave_out(draft, layer, between)
            if _is_plain(joined):
                draft.splice(end.name)
        elif end is not None and isinstance(end.op, Linear):
            weights = tuple(
                replace(one, columns=(layer.op.of, layer.op.order)) if one.role == "weight" else one
                for one in end.weights
            )
            draft.put(replace(end, weights=weights))
            _leave_out(draft, layer, between)
            what = f"{op_text(layer.op)}: the same but for the order of the weights' columns"
            where = layer.origin.call if isinstance(layer.origin, CodeOrigin) else None
            yield Rewrite(what=what, layers=(end.name,), where=where)


def _composed(one: Flatten, two: Flatten) -> tuple[Shape, tuple[int, ...]] | None:
    """Two orders, one behind the other, as one of the first shape's axes; of parts of them where the second parts them."""
    sizes = _parted(one.ordered, two.of)
    if sizes is None or not two.order:
        return None
    first, second = _runs(one.ordered, sizes), _runs(two.of, sizes)
    parts = [first[one.order.index(axis)] for axis in range(len(one.of))]
    owner = {part: axis for axis, run in enumerate(parts) for part in run}
    order = [part for axis in two.order for part in second[axis]]
    runs = [(axis, list(run)) for axis, run in groupby(order, key=owner.__getitem__)]
    if all(run == parts[axis] for axis, run in runs):
        single = (axis for axis, run in enumerate(parts) if not run)
        return one.of, (*(axis for axis, _ in runs), *single)
    number = {part: place for place, part in enumerate(part for run in parts for part in run)}
    return tuple(sizes[part] for part in number), tuple(number[part] for part in order)


def _parted(one: Shape, two: Shape) -> Shape | None:
    """The axes of which two shapes of the same values are both made up, those of size 1 left out."""
    ends = sorted({prod(shape[axis:]) for shape in (one, two) for axis in range(len(shape) + 1)})
    fit = prod(one) == prod(two) and not any(after % before for before, after in pairwise(ends))
    return tuple(after // before for before, after in pairwise(ends))[::-1] if fit else None


def _runs(shape: Shape, sizes: Shape) -> list[list[int]]:
    """For each axis of a shape the smaller axes of which it is made up."""
    found: list[list[int]] = []
    place = 0
    for size in shape:
        run: list[int] = []
        while prod(sizes[part] for part in run) < size:
            run.append(place)
            place += 1
        found.append(run)
    return found


def _undone(draft: Draft, layer: Layer, op: Flatten) -> bool:
    """Let whoever of several takes an order back read what was before it; whether nobody is left that reads it."""
    before = draft.layers[layer.inputs[0]]
    readers = [draft.layers[name] for name in draft.users[layer.name]]
    if len(readers) < 2 or before.shape != op.of or layer.shape != op.ordered:
        return False
    for user in readers:
        match user.op:
            case Flatten(of=op.ordered, order=back) if back and user.shape == op.of:
                order = tuple(op.order[axis] for axis in back)
                if _is_plain(replace(user.op, of=op.of, order=order)):
                    draft.put(replace(user, inputs=layer.inputs))
                    draft.splice(user.name)
            case _:
                pass
    if draft.users[layer.name] or draft.is_output(layer.name):
        return False
    draft.remove(layer.name)
    return True


def _is_plain(op: Flatten) -> bool:
    """Whether the values stand in the order in which they were: axes of size 1 may be anywhere."""
    wide = [axis for axis in op.order if op.of[axis] != 1]
    return wide == sorted(wide)


def _chain(draft: Draft, layer: Layer) -> tuple[list[Layer], Layer | None]:
    """What alone reads a layer: ops of each value by itself, one behind the other, and the first that is none."""
    between: list[Layer] = []
    while len(draft.users[layer.name]) == 1 and not draft.is_output(layer.name):
        layer = draft.layers[draft.users[layer.name][0]]
        alone = isinstance(layer.op, Activation) or (isinstance(layer.op, Dropout) and not layer.op.channels)
        if not alone or layer.weights:
            return between, layer
        between.append(layer)
    return between, None


def _leave_out(draft: Draft, layer: Layer, between: Iterable[Layer]) -> None:
    """Take an order out; what lies behind has its values in another order than in the model."""
    shape = draft.layers[layer.inputs[0]].shape
    for one in between:
        draft.changed.add(one.name)
        if one.shape == layer.shape:
            draft.put(replace(draft.layers[one.name], shape=shape))
    draft.splice(layer.name)


def _move_down(draft: Draft, name: str) -> None:
    """Let an order come behind concatenations, and behind ops of each value where that is what several read."""
    layer = draft.layers.get(name)
    if layer is not None and isinstance(layer.op, Concat):
        layer = _join(draft, layer)
    if layer is None or not isinstance(layer.op, Flatten) or not layer.op.order or layer.shape != layer.op.ordered:
        return
    between, end = _chain(draft, layer)
    before, last = draft.layers[layer.inputs[0]], between[-1].name if between else ""
    if not last or before.shape != layer.op.of or draft.is_output(last):
        return
    if end is not None and isinstance(end.op, Flatten | Linear):
        return
    draft.changed |= {layer.name, *(one.name for one in between)}
    draft.redirect(last, layer.name)
    for place, one in enumerate(between):
        draft.put(replace(one, inputs=one.inputs if place else layer.inputs, shape=before.shape))
    draft.put(replace(layer, inputs=(last,)))


def _join(draft: Draft, concat: Layer) -> Layer | None:
    """Maps in another order side by side are the maps side by side, in that order; gives that order."""
    assert isinstance(concat.op, Concat)
    parts = [draft.layers[name] for name in concat.inputs]
    orders = {part.op.order if isinstance(part.op, Flatten) and part.op.ordered == part.shape else () for part in parts}
    if len(orders) != 1 or not all(draft.only_feeds(part.name, concat.name) for part in parts) or not concat.shape:
        return None
    order = orders.pop()
    if not order:
        return None
    shape: Shape = tuple(concat.shape[order.index(axis)] for axis in range(len(order)))
    back = f"{concat.name}'"
    draft.put(replace(concat, name=back, op=Flatten(shape=concat.shape, of=shape, order=order), inputs=(concat.name,)))
    draft.redirect(concat.name, back)
    draft.put(replace(draft.layers[back], inputs=(concat.name,)))
    draft.put(replace(concat, op=Concat(axis=order[concat.op.axis]), shape=shape))
    draft.changed.add(concat.name)
    for part in parts:
        draft.splice(part.name)
    return draft.layers[back]
