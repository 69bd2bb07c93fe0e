"""A report as JUnit XML: a case for each slot of the paper, and one for the verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gnet_audit.findings import Finding
from gnet_audit.formats import places, terse, words
from gnet_audit.formats.view import View
from gnet_audit.policy import exit_status, fails
from gnet_audit.report import Report, RowStatus, SlotResult

if TYPE_CHECKING:
    from junitparser import Error, Failure, Skipped

FORBIDDEN = re.compile("[\ufffe\uffff]")
"""What XML cannot hold besides the control characters that are always escaped."""


def render(report: Report, view: View) -> str:
    """The document; a slot fails by the findings that name it and weigh enough, accepted ones are skipped."""
    from junitparser import JUnitXml, TestSuite

    suite = TestSuite(_clean(f"{report.spec.title}: {report.target}"))
    for name, value in (
        ("spec", f"{report.spec.id} {report.spec.sha256}"),
        ("verdict", report.verdict.value),
        ("gnet-audit", report.environment.gnet_audit),
        ("torch", report.environment.torch),
        ("proof", report.proof.line if report.proof else "none"),
    ):
        suite.add_property(name, _clean(value))
    named = places.findings_of(report)
    for row in report.rows:
        _add(suite, row.row or "(none)", row.slot, _result(row, named.get(row.slot, ()), report, view), report)
    _add(suite, "verdict", "verdict", _verdict(report, view), report)
    document = JUnitXml("gnet-audit")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode("utf-8").rstrip() + "\n"


def _add(suite: object, row: str, name: str, result: Failure | Error | Skipped | None, report: Report) -> None:
    from junitparser import TestCase, TestSuite

    assert isinstance(suite, TestSuite)
    case = TestCase(_clean(name), _clean(f"gnet-audit.{report.spec.id}.{row}"), 0)
    if result is not None:
        case.result = [result]
    suite.add_testcase(case)


def _result(
    row: SlotResult, findings: tuple[Finding, ...], report: Report, view: View
) -> Failure | Error | Skipped | None:
    from junitparser import Failure, Skipped

    grave = [finding for finding in findings if fails(finding, view.fail_on)]
    if grave:
        failure = Failure(_clean(" ".join(finding.message for finding in grave)), grave[0].rule)
        lines = [terse.finding_line(finding, report, view.folder) for finding in grave]
        failure.text = _clean("\n".join(lines))
        return failure
    reasons = [finding.accepted for finding in findings if finding.accepted]
    if row.status is RowStatus.ACCEPTED and reasons:
        return Skipped(_clean(f"accepted: {'; '.join(dict.fromkeys(reasons))}"))
    if row.status is RowStatus.UNVERIFIED:
        return Skipped(_clean(f"not checked: {row.note}"))
    return None


def _verdict(report: Report, view: View) -> Failure | Error | None:
    from junitparser import Error, Failure

    if report.error:
        return Error(_clean(report.error), "stopped")
    if not exit_status(report, fail_on=view.fail_on):
        return None
    failure = Failure(_clean(terse.verdict_line(report)), report.verdict.value)
    proof = [report.proof.line] if report.proof else []
    failure.text = "\n".join(_clean(text) for text in (*report.stale, *proof))
    return failure


def _clean(text: str) -> str:
    return "\n".join(FORBIDDEN.sub("\ufffd", words.safe(line)) for line in text.split("\n"))
