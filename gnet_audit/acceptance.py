"""Differences that somebody accepts, each with a reason: what is accepted is the value found, not only the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gnet_audit.findings import Finding
from gnet_audit.report import Report, RowStatus, SlotResult

SHOWN = 3
"""Slots that a sentence names before it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One accepted difference: the rule, the attribute and the value found, in these slots."""

    rule: str
    slots: tuple[str, ...]
    attribute: str
    observed: str
    reason: str
    by: str = ""
    expires: date | None = None
    where: str = ""
    """Where it is written, for a reader: `baseline.toml:12`."""
    strict: bool = True
    """Whether it must be found: true for a baseline, false for what a variant may have."""

    def is_of(self, finding: Finding) -> bool:
        """Whether rule, attribute and value are those of the finding."""
        return (self.rule, self.attribute, self.observed) == (finding.rule, finding.attribute, finding.found)


def accept(report: Report, acceptances: Sequence[Acceptance], today: date) -> Report:
    """The report with its accepted findings and their slots marked, and every acceptance that no longer holds told."""
    valid = [one for one in acceptances if one.expires is None or today <= one.expires]
    findings = tuple(_judged(finding, valid) for finding in report.findings)
    stale = (
        *(f"{one.where}: expired on {one.expires}: {_named(one)}" for one in acceptances if one not in valid),
        *(text for one in valid if one.strict and (text := _unmatched(one, report.findings))),
    )
    return replace(
        report,
        findings=findings,
        rows=tuple(_row(row, findings) for row in report.rows),
        stale=(*report.stale, *stale),
    )


def _judged(finding: Finding, acceptances: Sequence[Acceptance]) -> Finding:
    """Accepted only as a whole: the same difference in one more place is heard again."""
    own = [one for one in acceptances if one.is_of(finding)]
    covered = {slot for one in own for slot in one.slots}
    if not own or not covered.issuperset(finding.rows):
        return finding
    needed = [one for one in own if not set(one.slots).isdisjoint(finding.rows)]
    return replace(finding, accepted="; ".join(dict.fromkeys(_reason(one) for one in needed)))


def _reason(one: Acceptance) -> str:
    details = [f"by {one.by}" if one.by else "", f"until {one.expires}" if one.expires else ""]
    told = ", ".join(filter(None, details))
    return f"{one.reason} ({told})" if told else one.reason


def _unmatched(one: Acceptance, findings: Sequence[Finding]) -> str:
    """A sentence on what the acceptance names and nothing has any more; empty where all of it is found."""
    seen = {row for finding in findings if one.is_of(finding) for row in finding.rows}
    gone = [slot for slot in one.slots if slot not in seen]
    return f"{one.where}: not found any more: {_named(replace(one, slots=tuple(gone)))}" if gone else ""


def _named(one: Acceptance) -> str:
    more = f" and {len(one.slots) - SHOWN} more" if len(one.slots) > SHOWN else ""
    return f"{one.rule} {one.attribute} = {one.observed} at {', '.join(one.slots[:SHOWN])}{more}"


def pruned(acceptances: Sequence[Acceptance], report: Report, today: date) -> tuple[Acceptance, ...]:
    """The acceptances that still hold, each with the slots in which it is found."""
    kept = []
    for one in acceptances:
        seen = {row for finding in report.findings if one.is_of(finding) for row in finding.rows}
        slots = tuple(slot for slot in one.slots if slot in seen)
        if slots and (one.expires is None or today <= one.expires):
            kept.append(replace(one, slots=slots))
    return tuple(kept)


def additions(
    acceptances: Sequence[Acceptance], report: Report, *, reason: str, by: str, expires: date | None
) -> tuple[Acceptance, ...]:
    """An acceptance for every finding of weight in the report that has none yet, for this reason."""
    new = []
    for finding in report.findings:
        covered = {slot for one in acceptances if one.is_of(finding) for slot in one.slots}
        slots = tuple(row for row in finding.rows if row not in covered)
        if slots and not finding.accepted and finding.grave:
            new.append(
                Acceptance(
                    rule=finding.rule,
                    slots=slots,
                    attribute=finding.attribute,
                    observed=finding.found,
                    reason=reason,
                    by=by,
                    expires=expires,
                )
            )
    return tuple(new)


# --- the slots ------------------------------------------------------------------------------------------------


def _row(row: SlotResult, findings: Sequence[Finding]) -> SlotResult:
    """The slot, accepted where every grave finding that names it is."""
    if row.status not in {RowStatus.DIFFERS, RowStatus.MISSING}:
        return row
    grave = [one for one in findings if one.grave and names(one, row)]
    if grave and all(one.accepted for one in grave):
        return replace(row, status=RowStatus.ACCEPTED)
    return row


def names(finding: Finding, row: SlotResult) -> bool:
    """Whether a finding speaks of a slot: of it, of what follows it, or of its whole row or head."""
    if row.status is RowStatus.EXTRA:
        return row.layer in finding.layers
    missing = row.status in {RowStatus.MISSING, RowStatus.ACCEPTED}
    return any(name in {row.slot, f"{row.slot}.relu"} or (missing and name == row.row) for name in finding.rows)
