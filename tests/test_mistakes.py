"""Single edits of the paper's network: each is reported at its very slot and attribute, and nothing else is."""

from __future__ import annotations

import pytest

from gnet_audit import audit
from gnet_audit.report import Report, Verdict
from tests.exam.marking import best, told, wrong_severities
from tests.mistakes import MISTAKES
from tests.mistakes.plan import Plan, Written, paper
from tests.mistakes.truth import Case, mark, truth


def _audited(plan: Plan) -> Report:
    return audit(Written(plan), input_shape=plan.input_shape, prove=False)


def _name(case: Case) -> str:
    return case.id


@pytest.fixture(scope="module")
def paper_report() -> Report:
    return _audited(paper())


@pytest.mark.parametrize("case", MISTAKES, ids=_name)
def test_a_mistake_is_reported_at_its_slot_and_attribute_and_nothing_else_is(case: Case) -> None:
    report = _audited(case.edit(paper()))
    result, truths = best(report, case)
    assert result.clean, f"{result}\n{told(report)}"
    assert result.findings == len(truths) or truths is case.or_else, told(report)
    assert wrong_severities(report, truths) == ()
    assert report.verdict is (Verdict.DIFFERS if truths else Verdict.MATCHES)
    assert not report.error


def test_marking_notices_a_mistake_that_the_report_does_not_name(paper_report: Report) -> None:
    result = mark(paper_report.findings, (truth("GA202", "kernel", "inception_3a.5x5", "inception_3b.5x5"),))
    assert result.missed == ("GA202 kernel inception_3a.5x5", "GA202 kernel inception_3b.5x5")


@pytest.fixture(scope="module")
def narrow_report() -> Report:
    return _audited(paper().change("conv2", out_channels=128))


def test_marking_notices_a_finding_that_is_not_true(narrow_report: Report) -> None:
    assert mark(narrow_report.findings, ()).invented == ("GA201 out_channels conv2",)


def test_marking_notices_the_wrong_place_and_the_wrong_attribute(narrow_report: Report) -> None:
    for false in (truth("GA201", "out_channels", "conv1"), truth("GA202", "kernel", "conv2")):
        result = mark(narrow_report.findings, (false,))
        assert result.missed
        assert result.invented


def test_marking_notices_a_wrong_severity(narrow_report: Report) -> None:
    from gnet_audit.rules import Severity

    false = truth("GA201", "out_channels", "conv2", severity=Severity.NOTE)
    assert wrong_severities(narrow_report, (false,)) == ("GA201 out_channels: error, not note",)
