"""Smoke trainings and counts as reports, so that every format can show them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from gnet_audit.findings import Finding
from gnet_audit.formats.plot import Plot, Series, plot
from gnet_audit.network import Unverified
from gnet_audit.report import Report, RowStatus, SlotResult, SpecId, Totals, Verdict
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.training import Check, Outcome, Phase, Training
from gnet_audit.training import Verdict as Learned

if TYPE_CHECKING:
    from gnet_audit.flops import Flops

VERDICT = {
    Learned.LEARNS: Verdict.MATCHES,
    Learned.BROKEN: Verdict.DIFFERS,
    Learned.INCOMPLETE: Verdict.UNPROVEN,
}
STATUS = {
    Outcome.PASS: RowStatus.MATCH,
    Outcome.FAIL: RowStatus.DIFFERS,
    Outcome.NOT_APPLICABLE: RowStatus.EQUIVALENT,
    Outcome.NOT_RUN: RowStatus.UNVERIFIED,
}


def counted(flops: Flops) -> Report:
    """The audit's report with what the counts add to it; only the counts are judged, other findings are told as notes."""
    told = (replace(one, severity=Severity.NOTE) for one in flops.report.findings if one not in flops.findings)
    return replace(
        flops.report,
        findings=tuple(dict.fromkeys((*flops.findings, *told))),
        unverified=tuple(dict.fromkeys((*flops.report.unverified, *flops.unverified))),
    )


def report(training: Training) -> Report:
    """The checks that apply as slots, the failed ones as findings, those that could not be run as unverified."""
    told = [check for check in training.checks if check.outcome is not Outcome.NOT_APPLICABLE]
    slots = _slots(told)
    pairs = list(zip(slots, told, strict=True))
    return Report(
        spec=SpecId(
            id="smoke-train",
            title=f"the checks of a smoke training ({training.data.kind} data)",
            sha256=hashlib.sha256(repr(training.recipe).encode()).hexdigest(),
        ),
        target=training.target,
        input_shape=training.recipe.size,
        verdict=VERDICT[training.verdict],
        reason=training.verdict.value,
        rows=tuple(_row(slot, check) for slot, check in pairs),
        findings=tuple(_finding(slot, check) for slot, check in pairs if check.outcome is Outcome.FAIL),
        unverified=tuple(
            Unverified(what=slot, why=check.meaning) for slot, check in pairs if check.outcome is Outcome.NOT_RUN
        ),
        totals=Totals(expected_params=None, params=None, expected_macs=None, macs=None),
        environment=training.environment,
        modes=("train",),
    )


def curves(training: Training) -> tuple[Plot, ...]:
    """The losses of each head over the steps, a plot for each phase that was run."""
    drawn = (
        plot(
            f"Loss of each head, {phase.value}",
            "step",
            [
                Series(name=head, points=tuple((point.step, point.losses[index]) for point in training.curve(phase)))
                for index, head in enumerate(training.heads)
            ],
        )
        for phase in Phase
    )
    return tuple(one for one in drawn if one)


def _slots(checks: list[Check]) -> list[str]:
    """A name of its own for each check: its rule and part, numbered where two have the same."""
    names: list[str] = []
    for check in checks:
        name = f"{check.rule} {BY_ID[check.rule].title}" + (f": {check.part}" if check.part else "")
        number = sum(other.partition(" (")[0] == name for other in names)
        names.append(f"{name} ({number + 1})" if number else name)
    return names


def _row(slot: str, check: Check) -> SlotResult:
    return SlotResult(
        row=check.rule,
        slot=slot,
        layer=check.part,
        expected_op=check.threshold,
        found_op=_value(check),
        printed="",
        derived=None,
        measured=None,
        expected_params=None,
        params=None,
        expected_macs=None,
        macs=None,
        status=STATUS[check.outcome],
        note=check.meaning,
    )


def _finding(slot: str, check: Check) -> Finding:
    rule = BY_ID[check.rule]
    return Finding(
        rule=check.rule,
        severity=check.severity,
        rows=(slot,),
        attribute=check.part or "training",
        expected=check.threshold,
        found=_value(check),
        message=f"{check.meaning.rstrip('.')}.",
        layers=(check.part,) if check.part else (),
        cure=rule.cure,
    )


def _value(check: Check) -> str:
    return "nothing" if check.value is None else f"{check.value:.6g} {check.unit}".rstrip()
