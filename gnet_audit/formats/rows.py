"""The rows of a report in the way that a table asks for: aggregated, filtered, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase

from gnet_audit.messages import places
from gnet_audit.network import Unverified
from gnet_audit.report import Report, RowStatus, SlotResult, Verdict

QUIET = frozenset({RowStatus.MATCH, RowStatus.EQUIVALENT})
"""Statuses that ask for nothing."""
GRAVITY = (
    RowStatus.DIFFERS,
    RowStatus.MISSING,
    RowStatus.EXTRA,
    RowStatus.UNVERIFIED,
    RowStatus.CONSEQUENCE,
    RowStatus.ACCEPTED,
    RowStatus.EQUIVALENT,
    RowStatus.MATCH,
)
"""Statuses of a row's slots, the one that speaks for the whole row first."""


def tally(report: Report) -> Counter[RowStatus]:
    """How many slots (and added layers) have each status."""
    return Counter(row.status for row in report.rows)


def _silent(report: Report) -> tuple[SlotResult, ...]:
    """The slots without a verdict that no entry of what was not checked names."""
    told = {entry.what for entry in report.unverified}
    return tuple(
        row for row in report.rows if row.status is RowStatus.UNVERIFIED and told.isdisjoint({row.slot, row.layer})
    )


def unchecked(report: Report) -> tuple[Unverified, ...]:
    """All that was not checked: what the report lists, the slots without a verdict, and everything of another network."""
    entries = list(report.unverified)
    if not report.compared:
        other = "the model is another network: " if report.verdict is Verdict.NOT_THIS_NETWORK else ""
        entries.append(Unverified(what="every slot of the paper", why=f"{other}nothing was compared"))
    reasons: dict[str, list[str]] = {}
    for row in _silent(report):
        reasons.setdefault(row.note or "no verdict", []).append(row.slot)
    return (*entries, *(Unverified(what=places(slots), why=why) for why, slots in reasons.items()))


def amount_unchecked(report: Report) -> str:
    """How many things were not checked, each slot one of them."""
    if not report.compared:
        return "everything"
    return f"{len(report.unverified) + len(_silent(report)):,}"


def by_row(rows: tuple[SlotResult, ...]) -> tuple[SlotResult, ...]:
    """One line for each row of the paper, its parameters and multiply-accumulates summed."""
    groups: dict[str, list[SlotResult]] = {}
    for row in rows:
        groups.setdefault(row.row or row.slot, []).append(row)
    return tuple(_merged(name, tuple(slots)) for name, slots in groups.items())


def _merged(name: str, slots: tuple[SlotResult, ...]) -> SlotResult:
    if len(slots) == 1:
        return slots[0]
    last = next((slot for slot in reversed(slots) if slot.printed), None) or _last_of_the_paper(slots)
    status = min((slot.status for slot in slots), key=GRAVITY.index)
    alike = sum(slot.status is status for slot in slots)
    amount = f"{sum(slot.status is not RowStatus.EXTRA for slot in slots)} slots"
    return replace(
        last,
        row=name,
        slot=name,
        layer=_common_prefix(tuple(slot.layer for slot in slots if slot.layer)),
        expected_op=amount,
        found_op=amount,
        expected_params=_sum(slots, lambda slot: slot.expected_params),
        params=_sum(slots, lambda slot: slot.params),
        expected_macs=_sum(slots, lambda slot: slot.expected_macs),
        macs=_sum(slots, lambda slot: slot.macs),
        status=status,
        note=f"{alike} of {len(slots)}",
    )


def _last_of_the_paper(slots: tuple[SlotResult, ...]) -> SlotResult:
    return next((slot for slot in reversed(slots) if slot.status is not RowStatus.EXTRA), slots[-1])


def _sum(slots: tuple[SlotResult, ...], of: Callable[[SlotResult], int | None]) -> int | None:
    known = [value for value in map(of, slots) if value is not None]
    return sum(known) if known else None


def _common_prefix(names: tuple[str, ...]) -> str:
    """The dotted name that all share: the user's module that holds the row."""
    shared: list[str] = []
    for parts in zip(*(name.split(".") for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared)


def chosen(rows: tuple[SlotResult, ...], *, only_mismatches: bool, layer: str) -> tuple[SlotResult, ...]:
    """The rows left by the two filters; `layer` is a glob over slots, rows and the user's names."""
    return tuple(
        row
        for row in rows
        if not (only_mismatches and row.status in QUIET)
        and (not layer or any(fnmatchcase(name, layer) for name in (row.slot, row.row, row.layer)))
    )


def numbers(report: Report, *, per_row: bool) -> dict[str, tuple[int, ...]]:
    """For each slot (or row of the paper) the numbers of the findings that name it, counted from 1."""
    row_of = {row.slot: row.row or row.slot for row in report.rows}
    named: dict[str, list[int]] = {}
    for index, finding in enumerate(report.findings, start=1):
        for name in finding.rows:
            slot = name if name in row_of else name.removesuffix(".relu")
            line = row_of.get(slot, slot) if per_row else slot
            if index not in named.setdefault(line, []):
                named[line].append(index)
    return {line: tuple(indices) for line, indices in named.items()}
