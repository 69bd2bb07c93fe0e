"""The same layers in other places or in several steps: moved ones, and one large kernel as several small ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gnet_audit import notation
from gnet_audit.align import Pair
from gnet_audit.attributes import pair_differences
from gnet_audit.differences import Difference, called_apart, constructed_apart, lines_of, locate, renamed, source_of
from gnet_audit.findings import Insert, Remove, SetFields
from gnet_audit.gaps import Added, last_of, local, names, row_of
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Conv2d,
    Dropout,
    Layer,
    Mode,
    Network,
    Pool2d,
    Softmax,
)
from gnet_audit.rules import Severity
from gnet_audit.structure import Unit

# --- one large kernel as several small ones ---------------------------------------------------------------------


def factorised(matched: list[Pair], added: list[Added]) -> Iterator[Difference]:
    """A convolution and its added neighbours that together see the paper's kernel; takes them out of both lists."""
    places: dict[str, list[int]] = {}
    for index, pair in enumerate(matched):
        if pair.expected is not None and isinstance(pair.expected.anchor.op, Conv2d):
            places.setdefault(pair.expected.name, []).append(index)
    gone: set[int] = set()
    for group in added:
        for index in sorted({index for name in (group.after, *group.readers) for index in places.get(name, ())}):
            pair = matched[index]
            one, two = pair.expected, pair.found
            assert one is not None
            assert two is not None
            assert isinstance(one.anchor.op, Conv2d)
            chain = (*group.units, two) if one.name in group.readers else (two, *group.units)
            if not _covers(chain, one.anchor.op):
                continue
            gone.add(id(group))
            last = replace(chain[-1], anchor=replace(chain[-1].anchor, op=_as_one(chain[-1], one.anchor.op)))
            matched[index] = replace(pair, found=last)
            yield _in_steps(one, chain, group.place)
            break
    added[:] = [group for group in added if id(group) not in gone]


def _covers(chain: Sequence[Unit], whole: Conv2d) -> bool:
    convs = [unit.anchor.op for unit in chain if isinstance(unit.anchor.op, Conv2d)]
    if len(convs) != len(chain) or len(convs) < 2:
        return False
    if any(conv.stride != (1, 1) or conv.kernel == (1, 1) for conv in convs):
        return False
    reach = [1 + sum((conv.kernel[axis] - 1) * conv.dilation[axis] for conv in convs) for axis in (0, 1)]
    return tuple(reach) == whole.kernel and whole.stride == (1, 1)


def _as_one(unit: Unit, whole: Conv2d) -> Conv2d:
    op = unit.anchor.op
    assert isinstance(op, Conv2d)
    return replace(op, kernel=whole.kernel, padding=whole.padding, dilation=whole.dilation)


def _in_steps(one: Unit, chain: Sequence[Unit], place: int) -> Difference:
    ops = [unit.anchor.op for unit in chain if isinstance(unit.anchor.op, Conv2d)]
    kernels = [notation.pair_text(op.kernel) for op in ops]
    same = len(set(kernels)) == 1
    number = {2: "two", 3: "three"}.get(len(kernels), str(len(kernels)))
    found = f"{number} {kernels[0]}" if same else " then ".join(kernels)
    assert isinstance(one.anchor.op, Conv2d)
    first = tuple(
        renamed(layer, f"{one.name}+{layer.name}") for unit in chain[:-1] for layer in (unit.anchor, *unit.trail)
    )
    source = one.anchor.inputs[0]
    last = (("kernel", ops[-1].kernel), ("padding", ops[-1].padding), ("dilation", ops[-1].dilation))
    return Difference(
        rule="GA217",
        attribute="kernel",
        slot=one.name,
        expected=notation.pair_text(one.anchor.op.kernel),
        found=found,
        severity=Severity.ERROR,
        source=source_of(one.anchor, "kernel"),
        layer=chain[0].name,
        location=locate(chain[0].anchor, (f"kernel_size={ops[0].kernel[0]}", str(ops[0].kernel[0]))),
        reason="together they see the same patch",
        cure=f"Use one convolution with kernel_size={one.anchor.op.kernel[0]}.",
        edits=(
            Insert(after=source, layers=first, readers=(one.name,), place=place),
            SetFields(layer=one.name, fields=last),
        ),
    )


NEAR = 2
"""A layer may have moved over so many rows of the paper."""

# --- layers that moved ---------------------------------------------------------------------------------------------


def moved(
    expected: Network, missing: list[Pair], added: list[Added], beside: Mapping[str, Layer], mode: Mode
) -> list[Difference]:
    """A missing and an added layer that are the same op: it stands elsewhere; takes them out of both lists.

    `beside` holds the model's layer at each slot.
    """
    found: list[Difference] = []
    left: list[Pair] = []
    rows = {row: place for place, row in enumerate(dict.fromkeys(map(row_of, expected.layers)))}
    near: dict[int, list[int]] = {}
    for index, group in enumerate(added):
        near.setdefault(rows[row_of(expected.by_name[group.after])], []).append(index)
    for pair in missing:
        unit = pair.expected
        place = rows[row_of(unit.anchor)] if unit is not None and not pair.region else -NEAR - 1
        indices = sorted(index for row in range(place - NEAR, place + NEAR + 1) for index in near.get(row, ()))
        candidates = (
            (index, other)
            for index in indices
            for other in added[index].units
            if unit and other.name not in added[index].parts and _alike(unit, other)
        )
        index, other = next(candidates, (0, None))
        if unit is None or other is None:
            left.append(pair)
            continue
        own = list(pair_differences(Pair(expected=unit, found=other, reason="the same op at another place"), mode))
        group = added[index]
        order = _in_other_order(expected, unit, other, group, _here(expected, unit, other, group, own))
        neighbour = beside.get(group.after)
        apart = called_apart([other.anchor], neighbour), constructed_apart([other.anchor], neighbour)
        lines = (*(line for line in apart if line), *lines_of(other.anchor))
        found += [replace(order, lines=lines), *own]
        stretch = tuple(None if one is other else one for one in group.stretch)
        added[index] = replace(group, stretch=stretch)
    missing[:] = left
    added[:] = [group for group in added if group.units]
    return found


def _alike(one: Unit, two: Unit) -> bool:
    a, b = one.anchor.op, two.anchor.op
    if isinstance(a, LRN | Dropout | Softmax):
        return type(a) is type(b)
    if isinstance(a, Pool2d | AdaptivePool2d) and isinstance(b, Pool2d | AdaptivePool2d):
        return a.kind == b.kind and (
            a == b or (isinstance(a, Pool2d) and isinstance(b, Pool2d) and a.stride == b.stride)
        )
    return a == b


def _here(expected: Network, unit: Unit, other: Unit, group: Added, own: Sequence[Difference]) -> Insert:
    """The paper's layers where the model has them, but for those that it has not."""
    # They keep the paper's names, so what differs in them can be said as of any other.
    twins = (other.anchor, *other.trail)
    lost = {name for one in own for edit in one.edits if isinstance(edit, Remove) for name in edit.layers}
    layers = tuple(
        replace(layer, inputs=(), of=twins[index].name if index < len(twins) else "")
        for index, layer in enumerate((unit.anchor, *unit.trail))
        if layer.name not in lost
    )
    place = group.place + group.stretch.index(other)
    after = last_of(expected, group.after)
    return Insert(after=after, layers=layers, readers=group.readers, place=place, joins=group.joins)


def _in_other_order(expected: Network, unit: Unit, other: Unit, group: Added, here: Insert) -> Difference:
    previous, following = _previous(expected, unit), expected.consumers[unit.last.name][:1]
    inside = following and row_of(expected.by_name[previous]) != row_of(unit.anchor) and "." in unit.name
    # Inside a module its own slots say it best, and the same in every module.
    wanted = (
        f"before {local(expected, following[0], unit.anchor)}"
        if inside
        else f"after {local(expected, previous, unit.anchor)}"
    )
    return Difference(
        rule="GA303",
        attribute="order",
        slot=unit.name,
        expected=wanted,
        found=f"after {local(expected, group.after, unit.anchor)}",
        severity=Severity.ERROR,
        source=source_of(unit.anchor),
        layer=other.name,
        location=locate(other.anchor),
        reason="the same op, missing here and added there",
        cure=f"Move it behind {_previous(expected, unit)}.",
        edits=(Remove(layers=names(unit)[::-1]), here),
    )


def _previous(expected: Network, unit: Unit) -> str:
    name = unit.anchor.inputs[0] if unit.anchor.inputs else ""
    while name and isinstance(expected.by_name[name].op, Activation):
        name = expected.by_name[name].inputs[0]
    return name


def moved_activations(expected: Network, differences: list[Difference]) -> list[Difference]:
    """An activation missing after one layer and standing after one of the next is in another order."""
    place = expected.positions
    moved = {one.slot: one for one in differences if (one.rule, one.attribute) == ("GA303", "order")}
    extra: dict[int, list[Difference]] = {}
    for one in differences:
        if (one.rule, one.expected) == ("GA302", "none") and one.slot in place:
            extra.setdefault(place[one.slot], []).append(one)
    merged: dict[int, Difference | None] = {}
    for gone in differences:
        if (gone.rule, gone.found) == ("GA213", "none"):
            following = (new for step in (1, 2) for new in extra.get(place[gone.slot] + step, ()))
            new = next((new for new in following if new.found == gone.expected and id(new) not in merged), None)
            if new is None:
                continue
            mover = moved.get(new.slot)
            if mover is not None and mover.found == f"after {_anchor(gone)}":
                # The layer behind which it stands has come in between: that alone is the cause.
                edits = mover.edits + gone.edits + new.edits
                one = replace(mover, found=f"before {gone.slot}", edits=edits)
                merged |= {id(mover): one, id(gone): None, id(new): None}
            else:
                merged |= {id(gone): _reordered(gone, new), id(new): None}
    return [kept for one in differences if (kept := merged.get(id(one), one)) is not None]


def substituted(expected: Network, differences: list[Difference]) -> list[Difference]:
    """Batch normalisation just where the paper's own normalisation is missing stands in its place."""
    norms = {one.slot: one for one in differences if one.rule == "GA215"}
    replaced: dict[str, Difference] = {}
    for gone in differences:
        layer = expected.by_name.get(gone.slot)
        if gone.rule == "GA301" and layer is not None and isinstance(layer.op, LRN):
            norm = norms.get(_before(expected, layer.inputs[0]))
            if norm is not None:
                replaced[norm.slot] = _in_place_of(gone, norm)
    if not replaced or set(replaced) != set(norms):
        # Where other layers have batch normalisation too, these have it for the same reason.
        return differences
    told = {one.slot for one in replaced.values()}
    kept = [one for one in differences if not (one.rule == "GA301" and one.slot in told)]
    return [replaced[one.slot] if one.rule == "GA215" else one for one in kept]


def _before(expected: Network, name: str) -> str:
    """The unit's anchor that a layer belongs to."""
    while isinstance(expected.by_name[name].op, Activation) and expected.by_name[name].inputs:
        name = expected.by_name[name].inputs[0]
    return name


def _in_place_of(gone: Difference, norm: Difference) -> Difference:
    return replace(
        gone,
        rule="GA218",
        attribute="layer",
        found=norm.found.removesuffix(" after the activation"),
        layer=norm.layer,
        location=norm.location,
        lines=(),
        reason="it stands where the paper's normalisation is missing",
        cure=f"Use {gone.expected}.",
        edits=gone.edits + norm.edits,
    )


def _reordered(gone: Difference, new: Difference) -> Difference:
    return replace(
        gone,
        rule="GA303",
        attribute="order",
        expected=f"after {_anchor(gone)}",
        found=f"after {new.slot}",
        layer=new.layer,
        location=new.location,
        lines=new.lines,
        reason="the same op, missing here and added there",
        cure=f"Move it behind {_anchor(gone)}.",
        edits=gone.edits + new.edits,
    )


def _anchor(difference: Difference) -> str:
    """The slot that an activation follows."""
    return difference.slot.rpartition(".")[0]


# --- rows that stand for each other ---------------------------------------------------------------------------------


def exchanged(expected: Network, differences: list[Difference]) -> list[Difference]:
    """Rows of which each has the other's widths in the model, with that said in what is to be done."""
    rows: dict[str, set[tuple[str, str, str]]] = {}
    for one in differences:
        if one.rule == "GA201" and (row := row_of(expected.by_name[one.slot])) != one.slot:
            rows.setdefault(row, set()).add((one.slot.removeprefix(row), one.expected, one.found))
    by_widths = {frozenset(widths): row for row, widths in rows.items()}
    other = {
        row: partner
        for row, widths in rows.items()
        if len(widths) > 1 and (partner := by_widths.get(frozenset((slot, two, one) for slot, one, two in widths)))
    }
    return [
        replace(one, cure=f"{one.cure} {row} and {other[row]} have each other's widths: they may be swapped.")
        if one.rule == "GA201" and (row := row_of(expected.by_name[one.slot])) in other
        else one
        for one in differences
    ]
