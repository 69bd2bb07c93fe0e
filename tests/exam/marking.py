"""Marking beyond `mark`: severities, the better of two accounts, and what a reader is told on a failure."""

from __future__ import annotations

from collections.abc import Iterable

from gnet_audit.report import Report
from tests.mistakes.truth import Case, Mark, Truth, claims_of, mark, serious


def best(report: Report, case: Case) -> tuple[Mark, tuple[Truth, ...]]:
    """The mark of a single mistake, by the account that fits better."""
    first = mark(report.findings, case.truths)
    if first.clean or not case.or_else:
        return first, case.truths
    second = mark(report.findings, case.or_else)
    return (second, case.or_else) if second.clean else (first, case.truths)


def wrong_severities(report: Report, truths: Iterable[Truth]) -> tuple[str, ...]:
    """The findings that are right and weigh too much or too little."""
    return tuple(
        f"{finding.rule} {finding.attribute}: {finding.severity}, not {truth.severity}"
        for finding in report.findings
        for truth in truths
        if truth.severity not in (None, finding.severity) and any(truth.names(claim) for claim in claims_of(finding))
    )


def told(report: Report) -> str:
    """The verdict and the serious findings, for the message of a failed test."""
    lines = (
        f"{finding.severity} {finding.rule} {finding.attribute} {' '.join(finding.rows)}: {finding.message}"
        for finding in serious(report.findings)
    )
    return "\n".join((f"{report.verdict}: {report.reason}", *lines))
