"""A report in one line a finding."""

from __future__ import annotations

import re
from dataclasses import replace

from gnet_audit.formats import Format, render
from gnet_audit.formats.terse import verdict_line
from gnet_audit.formats.view import View
from gnet_audit.report import RowStatus, Verdict
from gnet_audit.rules import Severity
from tests.canonical_report import FINDINGS, REPORT, ROWS

TERSE = View(terse=True, folder="/home/ann")


def test_each_finding_and_each_gap_has_one_line_and_the_verdict_is_last() -> None:
    lines = render(REPORT, Format.TEXT, TERSE).splitlines()
    assert len(lines) == len(FINDINGS) + len(REPORT.unverified) + 1
    assert lines[-1] == verdict_line(REPORT)


def test_a_finding_begins_with_its_file_and_line() -> None:
    lines = render(REPORT, Format.TEXT, TERSE).splitlines()
    assert lines[1] == ("nets/net[1].py:33: error GA202 kernel: inception_3a.5x5: expected 5×5 pad 2, found 3×3 pad 1")


def test_a_finding_without_a_line_begins_with_the_target() -> None:
    assert render(REPORT, Format.TEXT, TERSE).splitlines()[3].startswith("nets/net[1].py:Net: error GA301")


def test_the_verdict_line_of_the_canonical_report() -> None:
    assert verdict_line(REPORT) == (
        "differs: 15 slots, 6 match, 1 equivalent, 3 differ, 1 missing, 3 follow, 1 unverified; 1 extra layer; "
        "6 findings (4 errors, 1 warning, 1 note)"
    )


def test_the_slots_of_the_verdict_line_add_up() -> None:
    slots, *parts = re.findall(r"\d+", verdict_line(REPORT).split(";")[0])
    assert int(slots) == sum(map(int, parts)) == len(ROWS) - 1


def test_a_match_says_so_without_findings() -> None:
    clean = replace(REPORT, verdict=Verdict.MATCHES, findings=(), rows=ROWS[:1], unverified=())
    assert (
        render(clean, Format.TEXT, TERSE) == "matches: 1 slot, 1 match, 0 differ, 0 follow, 0 unverified; no findings\n"
    )


def test_a_match_with_acceptances_in_vain_says_why_it_fails() -> None:
    match = replace(REPORT, verdict=Verdict.MATCHES, findings=(), stale=("a.toml:3: expired", "a.toml:9: gone"))
    assert verdict_line(match).startswith("matches, but 2 accepted in vain: ")


def test_the_last_line_says_why_a_network_that_differs_has_exit_status_0() -> None:
    errors, others = FINDINGS[:4], FINDINGS[4:]
    warned = replace(REPORT, findings=others)
    judged = replace(TERSE, exit_zero=False)
    assert verdict_line(warned, judged).endswith("2 findings (1 warning, 1 note); exit status 0: --fail-on error")
    assert verdict_line(REPORT, replace(judged, exit_zero=True)).endswith("; exit status 0: --exit-zero")
    ignored = replace(REPORT, findings=others[1:], ignored=(*errors, others[0]))
    assert verdict_line(ignored, judged).endswith("5 ignored; exit status 0: the differences are ignored")


def test_nothing_is_said_of_an_exit_status_that_is_not_0_or_is_no_surprise() -> None:
    judged = replace(TERSE, exit_zero=False)
    warned = replace(REPORT, findings=FINDINGS[4:])
    accepted = replace(warned, findings=tuple(replace(one, accepted="old weights") for one in warned.findings))
    matching = replace(REPORT, verdict=Verdict.MATCHES, findings=())
    for report, view in (
        (REPORT, judged),
        (warned, replace(judged, fail_on=Severity.WARNING)),
        (warned, TERSE),
        (replace(warned, stale=("gone",)), judged),
        (accepted, judged),
        (matching, judged),
    ):
        assert "exit status" not in verdict_line(report, view)


def test_of_a_forward_that_raised_the_last_line_says_how_far_it_came() -> None:
    later = replace(ROWS[-1], slot="linear", layer="", status=RowStatus.UNVERIFIED)
    stopped = replace(REPORT, verdict=Verdict.UNPROVEN, error="E: no", reason="stopped: E: no", rows=(*ROWS, later))
    assert verdict_line(stopped).startswith("unproven: the forward stopped before linear; 16 slots")
    assert render(stopped, Format.TEXT, TERSE).count("E: no") == 1


def test_whoever_audits_the_reference_is_told_so() -> None:
    told = "audited: the reference, a build of the paper that comes with gnet-audit, and no model of yours"
    assert render(replace(REPORT, target="reference"), Format.TEXT, TERSE).splitlines()[-2] == told
    assert told not in render(REPORT, Format.TEXT, TERSE)


def test_ignored_findings_are_counted_in_the_verdict_line() -> None:
    line = verdict_line(replace(REPORT, findings=FINDINGS[:1], ignored=FINDINGS[1:]))
    assert line.startswith("differs: ")
    assert line.endswith("1 finding (1 error), 5 ignored")


def test_another_network_gets_its_reason_only() -> None:
    other = replace(REPORT, verdict=Verdict.NOT_THIS_NETWORK, reason="it adds where the paper concatenates")
    assert verdict_line(other) == "not this network: it adds where the paper concatenates"


def test_color_adds_only_color() -> None:
    shown = render(REPORT, Format.TEXT, View(terse=True, folder="/home/ann", color=True))
    assert "\x1b[1;31merror GA202\x1b[0m" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == render(REPORT, Format.TEXT, TERSE)
