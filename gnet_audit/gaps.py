"""Layers that only one side has: missing ones, and added ones with the place where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from gnet_audit import notation
from gnet_audit.align import Pair
from gnet_audit.differences import (
    Difference,
    call_of,
    called_apart,
    constructed_apart,
    idle_before,
    lines_of,
    locate,
    placeholder,
    renamed,
    source_of,
)
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields
from gnet_audit.network import Dropout, Input, Layer, Location, Mode, Network, Softmax, SpecOrigin
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Units that stand together where the paper has nothing."""

    stretch: tuple[Unit | None, ...]
    """In the model's order; None where one of the paper's stands that has moved here."""
    after: str
    readers: tuple[str, ...]
    place: int
    """How many of the model's units come before, of those that are aligned with the same part of the paper."""
    aside: bool = False
    """Whether they stand beside the main path."""
    joins: int | None = None
    """For a whole branch: its position in the model's merge."""
    parts: frozenset[str] = frozenset()
    """The units that are parts of a whole region that the paper has not."""

    @property
    def units(self) -> tuple[Unit, ...]:
        """Those that the paper has not."""
        return tuple(unit for unit in self.stretch if unit is not None)


def names(unit: Unit) -> tuple[str, ...]:
    """All its layers, the anchor first."""
    return (unit.anchor.name, *(layer.name for layer in unit.trail))


def needless(unit: Unit | None) -> bool:
    """Whether the paper's unit may be absent: it is left to the loss, or does nothing in this mode."""
    return unit is not None and (left_to_loss(unit.anchor) or idle(unit))


def left_to_loss(layer: Layer) -> bool:
    """Whether the paper's layer usually is a part of the loss in PyTorch."""
    return isinstance(layer.origin, SpecOrigin) and "in_loss" in dict(layer.origin.attributes)


def idle(unit: Unit) -> bool:
    """Whether a unit is a dropout that drops nothing: out of its mode, or at rate 0."""
    op = unit.anchor.op
    return isinstance(op, Dropout) and not unit.trail and (not op.active or op.rate == 0)


def row_of(layer: Layer) -> str:
    """The paper's row that a layer belongs to."""
    return layer.origin.row if isinstance(layer.origin, SpecOrigin) else ""


def local(expected: Network, name: str, layer: Layer) -> str:
    """A slot as seen from a layer: without the row where both stand in the same one."""
    row = row_of(layer)
    same = name in expected.by_name and row_of(expected.by_name[name]) == row
    return name.removeprefix(f"{row}.") if same else name


def missing(expected: Network, pairs: Sequence[Pair], beside: Mapping[str, Layer]) -> Iterator[Difference]:
    """What the paper has and the model has not, near what the model has there; a whole region at once."""
    regions: dict[str, list[Unit]] = {}
    branches: dict[str, list[Unit]] = {}
    single: list[Unit] = []
    for pair in pairs:
        assert pair.expected is not None
        whole = regions.setdefault(pair.region, []) if pair.region else single
        (branches.setdefault(pair.branch_of, []) if pair.branch_of and not pair.region else whole).append(pair.expected)
    for region, units in regions.items():
        anchor = expected.by_name[region]
        yield _near(expected, beside, _absent(row_of(anchor) or region, _title(anchor), units), units)
    for merge, units in branches.items():
        for unit, gone in zip(units, _branch(merge, units), strict=True):
            yield _near(expected, beside, gone, [unit])
    for unit in single:
        gone = _absent(unit.name, notation.op_text(unit.anchor.op), [unit])
        yield _near(expected, beside, gone, [unit])


def _near(expected: Network, beside: Mapping[str, Layer], gone: Difference, units: Sequence[Unit]) -> Difference:
    """What is missing, at the line where the model has what would read it, else where it has what it would read.

    Where an identity stands in the gap it is the line that made it.
    """
    writer = _next(beside, units[0].anchor.inputs, lambda name: expected.by_name[name].inputs)
    reader = _next(beside, expected.consumers[units[-1].last.name], lambda name: expected.consumers[name])
    layer = reader or writer
    if layer is None:
        return gone
    if reader and (line := placeholder(reader)) and _fills(expected, beside, reader, units[-1].last.name):
        return replace(gone, location=line, beside=layer.name)
    apart = called_apart([reader], writer) if reader and writer else None
    lines = (*([apart] if apart else []), *lines_of(layer))
    return replace(gone, lines=lines, beside=layer.name)


def _fills(expected: Network, beside: Mapping[str, Layer], reader: Layer, name: str) -> bool:
    """Whether what stands idle before a layer stands so only before layers that come behind the missing one."""
    behind, waiting = {name}, [name]
    for one in waiting:
        new = [user for user in expected.consumers[one] if user not in behind]
        behind.update(new)
        waiting += new
    return all(slot in behind for slot, layer in beside.items() if idle_before(layer) == idle_before(reader))


def _next(beside: Mapping[str, Layer], names: Sequence[str], further: Callable[[str], Sequence[str]]) -> Layer | None:
    """The nearest layer in one direction that the model has."""
    seen: dict[str, None] = dict.fromkeys(names)
    waiting = list(seen)
    for name in waiting:
        if name in beside:
            return beside[name]
        waiting += [one for one in further(name) if one not in seen]
        seen |= dict.fromkeys(further(name))
    return None


def _branch(merge: str, units: Sequence[Unit]) -> Iterator[Difference]:
    """A whole branch: its end leaves the merge, else its start would be read there."""
    text = "the branch of " + ", ".join(notation.op_text(unit.anchor.op) for unit in units)
    for unit in units:
        yield _absent(unit.name, text, [unit], cut=merge)


def _title(layer: Layer) -> str:
    return layer.origin.title if isinstance(layer.origin, SpecOrigin) else layer.name


def _absent(slot: str, text: str, units: Sequence[Unit], cut: str = "") -> Difference:
    # From the end, so that what is left always reads something that is still there.
    gone = tuple(name for unit in reversed(units) for name in reversed(names(unit)))
    return Difference(
        rule="GA301",
        attribute="layer",
        slot=slot,
        expected=text,
        found="none",
        severity=Severity.ERROR,
        source=source_of(units[-1].anchor),
        reason="nothing in the model at this place resembles it",
        cure=f"Add {text}.",
        edits=(Remove(layers=gone, cut=cut),),
    )


def groups(pairs: Sequence[Pair]) -> Iterator[Added]:
    """Added units, those at the same place together."""
    kept = [
        (place, pair)
        for place, pair in enumerate(pairs)
        if pair.expected is None and pair.found is not None and not idle(pair.found)
    ]
    for _, group in groupby(kept, key=lambda one: (one[1].after, one[1].readers, one[1].aside, one[1].joins)):
        (place, first), *rest = group
        whole = (first, *(pair for _, pair in rest))
        yield Added(
            stretch=tuple(pair.found for pair in whole),
            after=first.after,
            readers=first.readers,
            place=place,
            aside=first.aside,
            joins=first.joins,
            parts=frozenset(pair.found.name for pair in whole if pair.found and pair.region),
        )


def added(expected: Network, group: Added, names: Mapping[str, str], beside: Mapping[str, Layer]) -> Difference:
    """What the model has and the paper has not, at one place."""
    layers = [layer for unit in group.units for layer in (unit.anchor, *unit.trail)]
    text = ", ".join(dict.fromkeys(notation.op_text(layer.op) for layer in layers))
    weighted = next((layer for layer in layers if layer.weights), layers[0])
    slot = group.after
    rule, attribute, wanted, severity = "GA302", "layer", "none", Severity.ERROR
    if isinstance(layers[0].op, Softmax):
        rule, attribute, wanted, severity = "GA310", "softmax", "in the loss", Severity.WARNING
        text = f"{text} in the model"
    elif slot and slot in expected.by_name and isinstance(expected.by_name[slot].op, Input):
        text = f"a transform of the input ({text})"
    return Difference(
        rule=rule,
        attribute=attribute,
        slot=slot,
        expected=wanted,
        found=text,
        severity=severity,
        source=source_of(expected.by_name[slot]) if slot in expected.by_name else None,
        layer=weighted.name,
        lines=_added_at(layers, constructed_apart(layers, beside.get(group.after)), weighted),
        reason="nothing in the paper at this place resembles it",
        cure=BY_ID[rule].cure,
        edits=_insertion(expected, group, names),
    )


def _added_at(layers: Sequence[Layer], made: Location | None, weighted: Layer) -> tuple[Location, ...]:
    """The line that computes all of it, where it is one of functions alone; else where the whole was made."""
    first, *others = layers
    here = call_of(first)
    alone = here is not None and all(lines_of(layer)[:1] == (here,) for layer in (first, *others))
    return (*([here] if here and alone else []), *([made] if made else []), *lines_of(weighted))


def always_active(group: Added, mode: Mode) -> Iterator[Difference]:
    """Added dropouts that work in eval too."""
    for unit in group.units if mode is Mode.EVAL else ():
        if isinstance(unit.anchor.op, Dropout) and unit.anchor.op.active:
            yield Difference(
                rule="GA309",
                attribute="active",
                slot=group.after,
                expected="inactive in eval",
                found=f"{notation.op_text(unit.anchor.op)} active in eval",
                severity=Severity.ERROR,
                layer=unit.name,
                location=locate(unit.anchor),
                reason="an added dropout",
                cure=BY_ID["GA309"].cure,
                edits=(SetFields(layer=f"+{unit.name}", fields=(("active", True),)),),
            )


def _insertion(expected: Network, group: Added, names: Mapping[str, str]) -> tuple[Edit, ...]:
    """The group in the paper's network; a chain needs no names of what it reads."""
    if group.aside:
        new = _new(group.units, names)
        first = replace(new[0], inputs=new[0].inputs or (last_of(expected, group.after),))
        chained = tuple(replace(two, inputs=two.inputs or (one.name,)) for one, two in pairwise(new))
        return (Append(layers=(first, *chained)),)
    return tuple(
        Insert(
            after=last_of(expected, group.after),
            layers=_new([unit for _, unit in run if unit is not None], names),
            readers=group.readers,
            place=group.place + run[0][0],
            joins=group.joins,
        )
        for run in _runs(group)
    )


def _runs(group: Added) -> Iterator[list[tuple[int, Unit | None]]]:
    """Its units in runs, as those that have moved there part them, each with its place."""
    for gap, run in groupby(enumerate(group.stretch), key=lambda one: one[1] is None):
        if not gap:
            yield list(run)


def _new(units: Sequence[Unit], names: Mapping[str, str]) -> tuple[Layer, ...]:
    """The layers under names of their own; in a chain each reads the one before."""
    layers = [layer for unit in units for layer in (unit.anchor, *unit.trail)]
    is_chain = all(two.inputs == (one.name,) for one, two in pairwise(layers)) and len(layers[0].inputs) == 1
    return tuple(
        renamed(layer, f"+{layer.name}", () if is_chain else tuple(names.get(name, name) for name in layer.inputs))
        for layer in layers
    )


def last_of(expected: Network, slot: str) -> str:
    """The last of the layers that belong to a slot: its batch norm, its activation, or the slot itself."""
    name, following = slot, slot
    while following:
        name, following = following, _own_follower(expected, following, f"{slot}.")
    return name


def _own_follower(expected: Network, name: str, prefix: str) -> str:
    return next((user for user in expected.consumers.get(name, ()) if user.startswith(prefix)), "")
