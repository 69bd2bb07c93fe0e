"""Which findings the reader wants to hear of, and which make the process fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gnet_audit.errors import ExitStatus
from gnet_audit.findings import Finding
from gnet_audit.report import Report, Verdict
from gnet_audit.rules import RULES, Severity, matching

UNFIT = frozenset({Verdict.UNPROVEN, Verdict.NOT_THIS_NETWORK})
"""Verdicts that fail by themselves, whatever the findings."""


def wanted(select: Sequence[str] = (), ignore: Sequence[str] = ()) -> frozenset[str]:
    """The ids of the rules to hear of: those selected, or all, without those ignored."""
    chosen = matching(select, "--select") if select else frozenset(rule.id for rule in RULES)
    return chosen - matching(ignore, "--ignore")


def narrowed(report: Report, rules: frozenset[str]) -> Report:
    """The report with the findings of other rules set aside as ignored; its verdict stays what it is."""
    return replace(
        report,
        findings=tuple(finding for finding in report.findings if finding.rule in rules),
        ignored=report.ignored + tuple(finding for finding in report.findings if finding.rule not in rules),
    )


def fails(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding is grave enough, and nobody has accepted it."""
    return not finding.accepted and finding.severity.rank >= fail_on.rank


def exit_status(report: Report, *, fail_on: Severity = Severity.ERROR, exit_zero: bool = False) -> ExitStatus:
    """0 clean; 1 a finding at or above `fail_on`, a stale acceptance, not proven or not this network; 2 it raised.

    `exit_zero` turns 1 into 0: what could not be run still fails.
    """
    if report.error:
        return ExitStatus.USAGE
    surprised = not all(swept.clean for swept in report.sweep)
    unproven = report.proof is not None and not report.proof.holds
    grave = any(fails(finding, fail_on) for finding in report.findings)
    if (grave or unproven or surprised or report.stale or report.verdict in UNFIT) and not exit_zero:
        return ExitStatus.FINDINGS
    return ExitStatus.CLEAN
