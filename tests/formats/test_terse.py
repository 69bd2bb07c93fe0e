"""A report in one line a finding."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gnet_audit.findings import Finding
from gnet_audit.formats import Format, render, words
from gnet_audit.formats.terse import verdict_line
from gnet_audit.formats.view import View
from gnet_audit.network import Location
from gnet_audit.report import RowStatus, Verdict
from gnet_audit.rules import BY_ID, Severity
from tests.canonical_report import FINDINGS, REPORT, ROWS, at

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


def line(finding: Finding) -> str:
    """What `check` prints of a finding."""
    return render(replace(REPORT, findings=(finding,)), Format.TEXT, TERSE).splitlines()[0]


ADDED = replace(FINDINGS[1], rule="GA302", attribute="layer", rows=("a", "b", "c"), expected="none", found="add")


@pytest.mark.parametrize(
    ("rule", "found"), [("GA302", "add"), ("GA309", "dropout 0.2 active in eval"), ("GA313", "linear 10")]
)
def test_what_is_added_is_said_to_stand_behind_the_slots_which_are_right(rule: str, found: str) -> None:
    told = line(replace(ADDED, rule=rule, found=found))
    assert told.endswith(f"{BY_ID[rule].title}: after a, b and 1 more: expected none, found {found}")


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("GA302", "3 output channels that nothing reads"),
        ("GA309", "active in eval"),
        ("GA301", "none"),
        ("GA303", "after c"),
    ],
)
def test_a_slot_that_is_wrong_itself_is_not_said_to_stand_before_it(rule: str, found: str) -> None:
    assert f"{BY_ID[rule].title}: a, b and 1 more: expected" in line(replace(ADDED, rule=rule, found=found))


def test_the_other_lines_that_must_change_are_told_in_short() -> None:
    two = replace(FINDINGS[1], locations=(at(33), at(35)))
    assert line(two).startswith("nets/net[1].py:33: error GA202 ")
    assert line(two).endswith("found 3×3 pad 1 (also :35)")
    other = Location(file="/home/ann/nets/b.py", line=2)
    many = replace(two, locations=(at(33), at(35), at(35), at(37), other, at(39)))
    assert line(many).endswith("(also :35, :37 and 2 more)")
    apart = replace(two, locations=(at(33), other, replace(other, line=4)))
    assert line(apart).endswith("(also nets/b.py:2, :4)")
    assert line(replace(two, locations=(at(33), other, at(35)))).endswith("(also nets/b.py:2, nets/net[1].py:35)")


def test_the_findings_own_line_stays_the_first_though_it_comes_twice() -> None:
    again = replace(at(33), literals=("5",))  # a second statement in the same line
    twice = replace(FINDINGS[1], locations=(at(33), at(35), again))
    assert words.lines(twice) == [at(33), at(35)]
    assert line(twice).startswith("nets/net[1].py:33: ")
    assert line(twice).endswith(" (also :35)")


def test_of_layers_in_the_code_whose_line_nobody_knows_that_is_said() -> None:
    tap = replace(FINDINGS[1], rule="GA307", location=None, locations=(), layers=("aux1.conv",))
    assert line(tap).startswith("nets/net[1].py:Net: error GA307 ")
    assert line(tap).endswith(" (its line is not known)")
    assert "not known" not in line(replace(tap, layers=()))  # nothing of the model is concerned
    assert "not known" not in line(FINDINGS[1])
    assert "not known" not in line(replace(tap, severity=Severity.NOTE))  # nothing has to be mended
    lineless = replace(REPORT, findings=(tap,), rows=tuple(replace(row, location=None) for row in ROWS), unverified=())
    assert "not known" not in render(lineless, Format.TEXT, TERSE)  # two papers beside each other have no lines at all


def test_lines_that_need_not_change_are_not_told() -> None:
    note = replace(FINDINGS[1], severity=Severity.NOTE, locations=(at(33), at(35)))
    assert "also" not in line(note)
    assert "also" not in line(replace(FINDINGS[1], locations=(at(33), replace(at(33), literals=()))))


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
