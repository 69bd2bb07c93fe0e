"""Foreign builds: all that is wrong with them is found, and nothing is made up."""

from __future__ import annotations

import pytest

from gnet_audit import audit
from gnet_audit.errors import ExitStatus, GnetAuditError
from gnet_audit.policy import exit_status
from gnet_audit.report import Report, RowStatus, Verdict
from tests.exam import BUILDS
from tests.exam.broken import BROKEN, Broken
from tests.exam.build import Build
from tests.exam.marking import told, wrong_severities
from tests.exam.survey_builds import FLAT_FORWARD
from tests.mistakes.truth import mark, truth

pytestmark = pytest.mark.filterwarnings("ignore")  # as the builds' authors leave it


def _name(build: Build | Broken) -> str:
    return build.file


def _audited(build: Build) -> Report:
    return audit(build.target, args=build.arguments, input_shape=build.input_shape, prove=False)


@pytest.mark.parametrize("build", BUILDS, ids=_name)
def test_a_foreign_build_is_audited_without_a_fault_missed_or_invented(build: Build) -> None:
    report = _audited(build)
    result = mark(report.findings, build.truths)
    assert result.clean, f"{result}\n{told(report)}"
    assert wrong_severities(report, build.truths) == ()
    assert report.verdict is (Verdict.DIFFERS if build.faults else Verdict.MATCHES), told(report)
    assert not report.error


def test_a_list_with_one_fault_too_few_or_too_many_is_noticed() -> None:
    report = _audited(FLAT_FORWARD)
    for left_out in FLAT_FORWARD.truths:
        others = tuple(one for one in FLAT_FORWARD.truths if one is not left_out)
        assert mark(report.findings, others).invented
    assert mark(report.findings, (*FLAT_FORWARD.truths, truth("GA304", "order", "inception_5b.concat"))).missed


# --- builds that cannot be run -----------------------------------------------------------------------


def _answer(broken: Broken) -> Report | GnetAuditError:
    try:
        return audit(broken.target, prove=False)
    except GnetAuditError as error:
        return error


@pytest.mark.parametrize("broken", [one for one in BROKEN if not one.eval and not one.train], ids=_name)
def test_a_build_that_runs_in_no_mode_ends_with_status_2_and_one_line_that_says_why(broken: Broken) -> None:
    answer = _answer(broken)
    line = answer.error if isinstance(answer, Report) else answer.line
    status = exit_status(answer) if isinstance(answer, Report) else answer.status
    assert status is ExitStatus.USAGE
    assert line
    assert "\n" not in line
    assert broken.words in line


@pytest.mark.parametrize("broken", [one for one in BROKEN if one.eval or one.train], ids=_name)
def test_a_mode_that_raises_is_a_finding_at_its_line_and_the_other_mode_is_audited(broken: Broken) -> None:
    report = _answer(broken)
    assert isinstance(report, Report)
    assert report.modes == (("eval",) if broken.eval else ("train",))
    (finding,) = (one for one in report.findings if one.rule == "GA314")
    assert finding.location
    assert finding.location.line == broken.line_number
    assert finding.location.file.endswith(broken.path)
    assert broken.words in finding.message
    assert report.verdict is Verdict.DIFFERS


@pytest.mark.parametrize("broken", [one for one in BROKEN if one.line], ids=_name)
def test_what_ran_before_the_forward_raised_is_still_audited(broken: Broken) -> None:
    report = _answer(broken)
    assert isinstance(report, Report)
    result = mark(report.findings, broken.truths, allowed=(truth("GA314", "forward", "*"), *broken.allowed))
    assert result.clean, f"{result}\n{told(report)}"
    stem = {row.slot: row.status for row in report.rows}
    assert {stem[slot] for slot in ("conv1", "lrn1", "conv2_reduce", "conv2", "pool2")} == {RowStatus.MATCH}
