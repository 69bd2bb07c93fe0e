"""The table of a report: for each slot of the paper the model's layer, three sizes and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod

from gnet_audit import notation, patch, wiring
from gnet_audit.align import Pair
from gnet_audit.compare import Comparison, View
from gnet_audit.differences import locate
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Edit, Finding
from gnet_audit.gaps import idle, left_to_loss
from gnet_audit.garbage import uncollected
from gnet_audit.heads import near_slot, slot_by_unit
from gnet_audit.network import BatchNorm, CodeOrigin, Input, Location, Mode, Network, Shape, SpecOrigin, Status, Unknown
from gnet_audit.report import RowStatus, SlotResult, Stated
from gnet_audit.rules import Severity
from gnet_audit.structure import Unit, tree, units_of

STRANGE = "no finding explains this size"
"""The note of a row whose size follows neither from the paper nor from a finding."""


@uncollected()
def table(comparison: Comparison, expected: Mapping[Mode, Network]) -> tuple[SlotResult, ...]:
    """One row for each slot of the paper, in its order; added layers behind the slot that they follow."""
    view = next(iter(comparison.views.values()))
    pairs = {pair.expected.name: pair for pair in view.reached() if pair.expected}
    verdicts = _Verdicts(view, comparison.findings, set(pairs))
    added = _added(view, comparison)
    rows: list[SlotResult] = list(added.pop("input", ()))
    for unit in _slots(view):
        rows.append(verdicts.row(unit, pairs.get(unit.name)))
        rows += added.pop(unit.name, ())
    rows += [row for group in added.values() for row in group]
    return wiring.wired((*rows, *_untrained(view, expected)), expected.get(Mode.TRAIN) or view.expected, view.found)


def _untrained(view: View, expected: Mapping[Mode, Network]) -> list[SlotResult]:
    """Slots of the heads where training could not be run."""
    if view.expected.mode is Mode.TRAIN or Mode.TRAIN not in expected:
        return []
    whole = tree(expected[Mode.TRAIN])
    units = [unit for head in whole.heads for unit in units_of(head.items)]
    return [_row(unit, None, RowStatus.UNVERIFIED, "training could not be run") for unit in units]


def _slots(view: View) -> list[Unit]:
    """The paper's units in its order, the input left out."""
    position = {layer.name: index for index, layer in enumerate(view.expected.layers)}
    units = {pair.expected.name: pair.expected for pair in view.alignment.pairs if pair.expected}
    for pair in view.alignment.heads:
        if pair.expected is not None:
            units |= {unit.name: unit for unit in units_of(pair.expected.items)}
    kept = (unit for unit in units.values() if not isinstance(unit.anchor.op, Input))
    return sorted(kept, key=lambda unit: position[unit.name])


def _changed(view: View, findings: Iterable[Finding]) -> Network | None:
    """The paper's network with every finding's edits; None where they cannot be derived together."""
    edits: list[Edit] = [edit for finding in findings for edit in finding.edits]
    try:
        return patch.apply(view.expected, edits)
    except (ShapeError, KeyError, TypeError):
        return None


def _row(unit: Unit, found: Unit | None, status: RowStatus, note: str, lines: tuple[Location, ...] = ()) -> SlotResult:
    """A row with the paper's side, and the model's where it has one."""
    layer, origin = unit.anchor, unit.anchor.origin
    assert isinstance(origin, SpecOrigin)
    return SlotResult(
        row=origin.row,
        slot=layer.name,
        layer=found.name if found else "",
        expected_op=notation.op_text(layer.op),
        found_op=notation.op_text(found.anchor.op) if found else "",
        printed=origin.printed_cell("output") or "",
        derived=layer.shape,
        measured=found.anchor.shape if found else None,
        expected_params=_params(unit),
        params=_params(found) if found else None,
        expected_macs=layer.macs,
        macs=found.anchor.macs if found else None,
        status=status,
        note=note,
        location=locate(found.anchor) if found else None,
        source=origin.source,
        stated=tuple(_stated(unit)),
        lines=lines,
    )


def _stated(unit: Unit) -> Iterator[Stated]:
    """What the paper says of single attributes of a slot, that which it prints first."""
    origin = unit.anchor.origin
    assert isinstance(origin, SpecOrigin)
    then = {
        "batch_norm" if isinstance(layer.op, BatchNorm) else "activation": notation.op_text(layer.op)
        for layer in unit.trail
    }
    for name, source in sorted(origin.attributes, key=lambda fact: fact[1].status is not Status.PRINTED):
        yield Stated(attribute=name, value=then.get(name) or notation.field_text(unit.anchor.op, name), source=source)


class _Verdicts:
    """What became of each slot: by the findings that name it, else by its size."""

    def __init__(self, view: View, findings: Sequence[Finding], reached: set[str]) -> None:
        self.view, self.findings, self.reached = view, findings, reached
        self.named: dict[str, list[tuple[int, Finding]]] = {}
        for number, finding in enumerate(findings, 1):
            for row in finding.rows:
                self.named.setdefault(row, []).append((number, finding))
        self.told = {number: frozenset(finding.locations) for number, finding in enumerate(findings, 1)}
        self.causes = any(finding.severity is not Severity.NOTE for finding in findings)

    def row(self, unit: Unit, pair: Pair | None) -> SlotResult:
        found, named = pair.found if pair else None, self._named(unit)
        lines = tuple(dict.fromkeys(self._lines(named, found))) if named and found else ()
        return _row(unit, found, *self._status(unit, found, named), lines)

    def _lines(self, named: Sequence[tuple[int, Finding]], found: Unit) -> Iterator[Location]:
        """Of the lines that findings name for the slot those that made or called this very unit."""
        origins = [layer.origin for layer in (found.anchor, *found.trail) if isinstance(layer.origin, CodeOrigin)]
        own = [line for origin in origins for line in (*origin.constructed, *origin.calls, *origin.written)]
        for number, _ in named:
            yield from (line for line in own if line in self.told[number])

    @cached_property
    def changed(self) -> Network | None:
        """The paper's network with the findings; only a size that no finding names asks for it."""
        return _changed(self.view, self.findings)

    def _status(self, unit: Unit, found: Unit | None, named: Sequence[tuple[int, Finding]]) -> tuple[RowStatus, str]:
        serious = [(number, finding) for number, finding in named if finding.severity is not Severity.NOTE]
        if serious:
            status = RowStatus.DIFFERS if found else RowStatus.MISSING
            return status, _numbers([number for number, _ in serious])
        if found is None:
            return self._without(unit)
        if isinstance(found.anchor.op, Unknown):
            return RowStatus.UNVERIFIED, "an op that we do not know"
        if not _alike(unit.anchor.shape, found.anchor.shape):
            return self._resized(unit, found)
        if named:
            return RowStatus.EQUIVALENT, _numbers([number for number, _ in named])
        if _params(unit) != _params(found) and self.causes:
            return RowStatus.CONSEQUENCE, "its weights follow the size of its input"
        return RowStatus.MATCH, ""

    def _named(self, unit: Unit) -> list[tuple[int, Finding]]:
        if not self.named:
            return []
        names = [unit.name, *(layer.name for layer in unit.trail)]
        origin = unit.anchor.origin
        found = [entry for name in names for entry in self.named.get(name, ())]
        if isinstance(origin, SpecOrigin) and origin.row not in names:
            # A whole row or head that is missing, or hangs elsewhere: only then is its id a row of a finding.
            found += [entry for entry in self.named.get(origin.row, ()) if entry[1].rule in {"GA301", "GA306"}]
        return list(dict(found).items())

    def _without(self, unit: Unit) -> tuple[RowStatus, str]:
        if unit.name not in self.reached and not self.view.complete:
            return RowStatus.UNVERIFIED, "the forward stopped before it"
        if left_to_loss(unit.anchor):
            return RowStatus.EQUIVALENT, "left to the loss"
        if idle(unit):
            return RowStatus.EQUIVALENT, "does nothing in this mode"
        return RowStatus.MISSING, ""

    def _resized(self, unit: Unit, found: Unit) -> tuple[RowStatus, str]:
        """A size other than derived: what the findings bring about, or what nothing explains."""
        patched = self.changed.by_name.get(unit.name) if self.changed else None
        if patched is not None and not _alike(patched.shape, found.anchor.shape):
            return RowStatus.CONSEQUENCE if self.causes else RowStatus.DIFFERS, STRANGE
        return (
            (RowStatus.CONSEQUENCE, "its size follows from a finding before it")
            if self.causes
            else (
                RowStatus.DIFFERS,
                STRANGE,
            )
        )


def _numbers(numbers: Sequence[int]) -> str:
    word = "finding" if len(numbers) == 1 else "findings"
    return f"{word} {', '.join(map(str, sorted(numbers)))}"


def _params(unit: Unit) -> int:
    """A layer's parameters with those of what follows it (a batch norm, a learnt activation)."""
    return unit.anchor.params + sum(layer.params for layer in unit.trail)


def _alike(one: Shape | None, two: Shape | None) -> bool:
    """The same size; a vector and a map of as many values are the same."""
    if one is None or two is None:
        return one == two
    return one == two or (len(one) != len(two) and prod(one) == prod(two))


# --- layers that the paper has not ----------------------------------------------------------------------


def _added(view: View, comparison: Comparison) -> dict[str, list[SlotResult]]:
    """Rows of added layers, under the slot after which each stands."""
    slots = slot_by_unit(view.alignment)
    heads = [pair.found for pair in view.alignment.heads if pair.expected is None and pair.found and pair.found.path]
    loose = [
        (near_slot(view.tree, slots, head.taps[0]) if head.taps else "", unit)
        for head in heads
        for unit in units_of(head.items)
    ]
    pairs = [(pair.after, pair.found) for pair in view.reached() if pair.expected is None and pair.found]
    told: dict[str, list[int]] = {}
    for number, finding in enumerate(comparison.findings, 1):
        if finding.rule in {"GA302", "GA303", "GA313", "GA217", "GA310"}:
            for name in finding.layers:
                told.setdefault(name, []).append(number)
    rows: dict[str, list[SlotResult]] = {}
    for after, unit in (*pairs, *loose):
        if not idle(unit):
            rows.setdefault(after, []).append(_extra(view, after, unit, told.get(unit.name, ())))
    return rows


def _extra(view: View, after: str, unit: Unit, numbers: Sequence[int]) -> SlotResult:
    layer = unit.anchor
    beside = view.expected.by_name.get(after)
    row = beside.origin.row if beside is not None and isinstance(beside.origin, SpecOrigin) else ""
    return SlotResult(
        row="" if row == "input" else row,
        slot=f"+{layer.name}",
        layer=layer.name,
        expected_op="",
        found_op=notation.op_text(layer.op),
        printed="",
        derived=None,
        measured=layer.shape,
        expected_params=None,
        params=_params(unit),
        expected_macs=None,
        macs=layer.macs,
        status=RowStatus.EXTRA,
        note=_numbers(numbers) if numbers else "",
        location=locate(layer),
    )
