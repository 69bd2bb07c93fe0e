"""Which findings are heard of, and which make the process fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.errors import ExitStatus
from gnet_audit.policy import exit_status, narrowed, wanted
from gnet_audit.report import Verdict
from gnet_audit.rules import RULES, Severity
from tests.canonical_report import FINDINGS, REPORT

CLEAN = replace(REPORT, verdict=Verdict.MATCHES, findings=())
WARNED = replace(REPORT, findings=tuple(item for item in FINDINGS if item.severity is not Severity.ERROR))
NOTED = replace(REPORT, verdict=Verdict.MATCHES, findings=FINDINGS[-1:])


def test_without_choices_every_rule_is_wanted() -> None:
    assert wanted() == {rule.id for rule in RULES}


def test_ignoring_wins_over_selecting() -> None:
    assert wanted(["GA2"], ["GA202"]) == {rule.id for rule in RULES if rule.id[:3] == "GA2"} - {"GA202"}


def test_what_is_left_out_is_kept_apart_and_the_verdict_stays() -> None:
    report = narrowed(REPORT, wanted(["GA2"], ["GA202"]))
    assert [finding.rule for finding in report.findings] == ["GA209", "GA215", "GA204", "GA219"]
    assert [finding.rule for finding in report.ignored] == ["GA202", "GA301"]
    assert report.verdict is Verdict.DIFFERS


@pytest.mark.parametrize(
    ("report", "fail_on", "status"),
    [
        (CLEAN, Severity.NOTE, ExitStatus.CLEAN),
        (NOTED, Severity.WARNING, ExitStatus.CLEAN),
        (NOTED, Severity.NOTE, ExitStatus.FINDINGS),
        (WARNED, Severity.ERROR, ExitStatus.CLEAN),
        (WARNED, Severity.WARNING, ExitStatus.FINDINGS),
        (REPORT, Severity.ERROR, ExitStatus.FINDINGS),
        (replace(CLEAN, verdict=Verdict.UNPROVEN), Severity.ERROR, ExitStatus.FINDINGS),
        (replace(CLEAN, verdict=Verdict.NOT_THIS_NETWORK), Severity.ERROR, ExitStatus.FINDINGS),
        (replace(CLEAN, verdict=Verdict.UNPROVEN, error="forward raised"), Severity.ERROR, ExitStatus.USAGE),
    ],
)
def test_the_status_follows_the_gravest_finding_and_the_verdict(
    report: object, fail_on: Severity, status: ExitStatus
) -> None:
    assert isinstance(report, type(REPORT))
    assert exit_status(report, fail_on=fail_on) is status


def test_ignored_findings_do_not_fail() -> None:
    assert exit_status(narrowed(REPORT, frozenset())) is ExitStatus.CLEAN


def test_exit_zero_forgives_findings_but_no_failure_to_run() -> None:
    assert exit_status(REPORT, exit_zero=True) is ExitStatus.CLEAN
    assert exit_status(replace(REPORT, verdict=Verdict.UNPROVEN), exit_zero=True) is ExitStatus.CLEAN
    assert exit_status(replace(REPORT, error="forward raised"), exit_zero=True) is ExitStatus.USAGE
