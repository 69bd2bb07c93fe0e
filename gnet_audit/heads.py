"""What differs between the auxiliary heads: missing, added, hung elsewhere, run or returned when they should not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gnet_audit import notation
from gnet_audit.align import Alignment
from gnet_audit.differences import Difference, called_apart, counterparts, locate, renamed, source_of
from gnet_audit.findings import Append, Edit, Remove, SetInputs
from gnet_audit.network import Location, Mode, Network, SpecOrigin, Unverified
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Head, Tree, Unit, is_weighted, units_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAccount:
    """The differences of all heads of one mode, and what could only be told, not judged."""

    differences: tuple[Difference, ...]
    unverified: tuple[Unverified, ...]


def account(expected: Network, found: Tree, alignment: Alignment, head_of: Mapping[str, str]) -> HeadAccount:
    """Judge the heads of one mode; `head_of` gives the paper's head of the model's layers matched in training."""
    differences: list[Difference] = []
    unverified: list[Unverified] = []
    for pair in alignment.heads:
        if pair.expected is not None and pair.found is not None:
            differences += _matched(expected, found, alignment, pair.expected, pair.found)
        elif pair.expected is not None:
            differences.append(_missing(expected, pair.expected))
        else:
            assert pair.found is not None
            known = _known(pair.found, head_of) if expected.mode is Mode.EVAL else ""
            if known:
                differences.append(_in_eval(found, pair.found, known, alignment))
            elif pair.found.path:
                differences.append(_added(expected, found, alignment, pair.found))
            else:
                unverified.append(_thrown_away(pair.found))
    differences += [_inner_value(alignment, path, name) for path, name in found.extra_outputs]
    return HeadAccount(differences=tuple(differences), unverified=tuple(unverified))


def heads_by_layer(alignment: Alignment, expected: Network) -> dict[str, str]:
    """The paper's head of each of the model's layers that belongs to one."""
    return {
        unit.name: _id(expected, pair.expected)
        for pair in alignment.heads
        if pair.expected is not None and pair.found is not None
        for unit in units_of(pair.found.items)
    }


def _id(expected: Network, head: Head) -> str:
    origin = expected.by_name[_first(head).name].origin
    return origin.row if isinstance(origin, SpecOrigin) else head.path


def _first(head: Head) -> Unit:
    return units_of(head.items)[0]


def _place(head: Head) -> Unit:
    """The unit that shows best where in the code a head is: its first with weights."""
    units = units_of(head.items)
    return next((unit for unit in units if is_weighted(unit)), units[0])


def _called(tree: Tree, head: Head) -> Location | None:
    """The line that calls a head, else its first layer; None where the same lines call what it reads as well.

    Where one of its layers was made says nothing of where it hangs: that layer is not wrong.
    """
    tapped = next((unit.anchor for unit in units_of(tree.main) if unit.name in head.taps), None)
    anchors = [unit.anchor for unit in units_of(head.items)]
    return called_apart(anchors, tapped) or called_apart(anchors[:1], tapped)


# --- a head of the paper and one of the model ---------------------------------------------------------


def _matched(expected: Network, tree: Tree, alignment: Alignment, one: Head, two: Head) -> Iterator[Difference]:
    first = _first(one)
    place = _place(two)
    if not two.path:
        yield Difference(
            rule="GA306",
            attribute="head",
            slot=_id(expected, one),
            expected="returned in training",
            found="computed, but not returned",
            severity=Severity.ERROR,
            source=source_of(first.anchor),
            layer=place.name,
            location=_called(tree, two),
            cure="Return the head's output in training.",
        )
    slots = slot_by_unit(alignment)
    tapped = tuple(dict.fromkeys(near_slot(tree, slots, tap) for tap in two.taps))
    lost = {pair.expected.name for pair in alignment.pairs if pair.expected and pair.found is None}
    if tapped == one.taps or lost & set(one.taps):
        return
    yield Difference(
        rule="GA307",
        attribute="tap",
        slot=_id(expected, one),
        expected=", ".join(one.taps),
        found=", ".join(tapped) or "nothing of the trunk",
        severity=Severity.ERROR,
        source=source_of(first.anchor, "tap"),
        layer=place.name,
        location=_called(tree, two),
        cure=f"Feed the head from {', '.join(one.taps)}.",
        edits=_retapped(expected, alignment, one, tapped),
    )


def _retapped(expected: Network, alignment: Alignment, head: Head, tapped: tuple[str, ...]) -> tuple[Edit, ...]:
    if len(tapped) != 1 or tapped[0] not in expected.by_name:
        return ()
    ends = {p.expected.name: p.expected.last.name for p in alignment.pairs if p.expected}
    new = ends.get(tapped[0], tapped[0])
    readers = [unit.anchor for unit in units_of(head.items) if set(unit.sources) & set(head.taps)]
    inside = {layer.name for unit in units_of(head.items) for layer in (unit.anchor, *unit.trail)}
    return tuple(
        SetInputs(layer=reader.name, inputs=tuple(s if s in inside else new for s in reader.inputs))
        for reader in readers
    )


def slot_by_unit(alignment: Alignment) -> dict[str, str]:
    """The slot of each matched unit of the model, under its anchor's name."""
    return {pair.found.name: pair.expected.name for pair in alignment.pairs if pair.expected and pair.found}


def near_slot(tree: Tree, slots: Mapping[str, str], name: str) -> str:
    """The slot of a unit, or of the nearest one before it that has a slot."""
    units = {unit.name: unit for unit in units_of(tree.main)}
    while name not in slots and name in units and units[name].sources:
        name = units[name].sources[0]
    return slots.get(name, name)


# --- heads on one side only ---------------------------------------------------------------------------------


def _missing(expected: Network, head: Head) -> Difference:
    layers = tuple(layer.name for unit in reversed(units_of(head.items)) for layer in (*unit.trail[::-1], unit.anchor))
    first = _first(head)
    return Difference(
        rule="GA306",
        attribute="head",
        slot=_id(expected, head),
        expected="an auxiliary classifier in training",
        found="none",
        severity=Severity.ERROR,
        source=source_of(first.anchor, "tap"),
        reason="no output of the model in training resembles it",
        cure=f"Build {_id(expected, head)} on {', '.join(head.taps)} and return its output in training.",
        edits=(Remove(layers=layers),),
    )


def _known(head: Head, head_of: Mapping[str, str]) -> str:
    return next((head_of[unit.name] for unit in units_of(head.items) if unit.name in head_of), "")


def _in_eval(tree: Tree, head: Head, known: str, alignment: Alignment) -> Difference:
    place = _place(head)
    return Difference(
        rule="GA308",
        attribute="eval",
        slot=known,
        expected="training only",
        found="runs in eval" if head.path else "runs in eval, its output thrown away",
        severity=Severity.ERROR,
        layer=place.name,
        location=_called(tree, head),
        reason="the same layers as in training",
        cure="Run the head only if self.training.",
        edits=(_appended(head, alignment, Mode.EVAL),),
    )


def _appended(head: Head, alignment: Alignment, mode: Mode) -> Append:
    names = counterparts(alignment)
    layers = [layer for unit in units_of(head.items) for layer in (unit.anchor, *unit.trail)]
    own = {layer.name: f"+{layer.name}" for layer in layers}
    new = tuple(
        renamed(layer, own[layer.name], tuple(own.get(name) or names.get(name, name) for name in layer.inputs))
        for layer in layers
    )
    return Append(layers=new, output=bool(head.path), mode=mode)


def _added(expected: Network, tree: Tree, alignment: Alignment, head: Head) -> Difference:
    place = _place(head)
    slots = slot_by_unit(alignment)
    text = ", ".join(dict.fromkeys(notation.op_text(unit.anchor.op) for unit in units_of(head.items)))
    slot = near_slot(tree, slots, head.taps[0]) if head.taps else "input"
    return Difference(
        rule="GA313",
        attribute="head",
        slot=slot,
        expected="none",
        found=text,
        severity=Severity.ERROR,
        source=source_of(expected.by_name[slot]) if slot in expected.by_name else None,
        layer=place.name,
        location=locate(place.anchor),
        reason=f"returned as {head.path}, and no head of the paper resembles it",
        cure="Remove the output and its layers.",
        edits=(_appended(head, alignment, expected.mode),),
    )


def _thrown_away(head: Head) -> Unverified:
    place = _place(head)
    return Unverified(
        what=place.name,
        why="computed, but nothing returned is known to depend on it",
        where=locate(place.anchor),
    )


def _inner_value(alignment: Alignment, path: str, name: str) -> Difference:
    slot = slot_by_unit(alignment).get(name, name)
    return Difference(
        rule="GA315",
        attribute="output",
        slot=slot,
        expected="not returned",
        found=f"returned as {path}",
        severity=BY_ID["GA315"].severity,
        layer=name,
        cure=BY_ID["GA315"].cure,
    )
