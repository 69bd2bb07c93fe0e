"""A report as annotations and as the summary of a job."""

from __future__ import annotations

import re
from dataclasses import replace

from gnet_audit.formats import Format, github, places, render
from gnet_audit.formats.terse import verdict_line
from gnet_audit.formats.view import View
from tests import golden
from tests.canonical_report import ACCEPTED, FINDINGS, PROOF, REPORT, ROWS, at
from tests.hostile import hostile

VIEW = View(folder="/home/ann")
COMMAND = re.compile(r"::(error|warning|notice)(?: [^:]*)?::[^\n]+")


def lines(report: object = REPORT) -> list[str]:
    assert isinstance(report, type(REPORT))
    return render(report, Format.GITHUB, VIEW).splitlines()


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/report.github.txt", render(ACCEPTED, Format.GITHUB, VIEW))


def test_each_finding_is_an_annotation_at_its_line_and_the_verdict_is_last() -> None:
    *annotations, last = lines()
    assert len(annotations) == len(FINDINGS)
    assert all(COMMAND.fullmatch(line) for line in annotations)
    assert annotations[1].startswith("::error file=nets/net[1].py,line=33,title=GA202 kernel%3A inception_3a.5x5::")
    assert last == verdict_line(REPORT)


def test_severities_are_githubs_own_words() -> None:
    assert [line.split(" ")[0] for line in lines()[:-1]] == ["::error"] * 4 + ["::warning", "::notice"]


def test_the_gravest_come_first() -> None:
    backwards = replace(REPORT, findings=FINDINGS[::-1])
    assert [line.split(" ")[0] for line in lines(backwards)[:-1]] == ["::error"] * 4 + ["::warning", "::notice"]


def test_an_annotation_says_at_which_other_lines_the_same_must_change() -> None:
    many = replace(FINDINGS[1], locations=(at(33), at(35), at(37), at(39)))
    first, _ = lines(replace(REPORT, findings=(many,)))
    assert first.startswith("::error file=nets/net[1].py,line=33,")
    assert first.endswith(" Also at :35, :37 and 1 more.")
    assert "Also" not in "".join(lines())


def test_a_missing_layer_is_annotated_at_the_layer_before_it() -> None:
    assert lines()[3].startswith("::error file=nets/net[1].py,line=9,")


def test_an_annotation_at_another_line_than_the_findings_own_says_so() -> None:
    tap = replace(FINDINGS[1], location=None, locations=(), layers=("branch3.1",))
    beside = " (shown at the nearest line that is known)"
    (lost, _), (own, _) = (lines(replace(REPORT, findings=(one,))) for one in (tap, FINDINGS[1]))
    assert lost.startswith("::error file=nets/net[1].py,line=33,")
    assert lost.endswith(beside)
    assert beside not in own
    nowhere = replace(tap, rows=("eval",))
    assert beside not in "".join(lines(replace(REPORT, findings=(nowhere,))))


def test_what_stands_at_no_slot_is_annotated_without_a_file() -> None:
    stopped = replace(FINDINGS[0], rule="GA314", rows=("eval",), location=None)
    assert lines(replace(REPORT, findings=(stopped,)))[0].startswith("::error title=GA314 ")


def test_a_proof_that_does_not_hold_is_an_error() -> None:
    assert f"::error title=not proven::{PROOF.line}" in lines(replace(REPORT, proof=PROOF))
    assert lines(replace(REPORT, proof=replace(PROOF, modes=PROOF.modes[:1]))) == lines()


def test_there_are_ten_annotations_at_most_and_the_last_tells_of_the_others() -> None:
    many = tuple(replace(FINDINGS[1], rows=(f"slot{number}",)) for number in range(14))
    report = replace(REPORT, findings=many)
    shown = render(report, Format.GITHUB, replace(VIEW, summary=True))
    annotations = [line for line in shown.splitlines() if line.startswith("::")]
    assert len(annotations) == 10
    assert annotations[-1] == "::notice title=gnet-audit::+5 more in the summary"
    assert "::notice title=gnet-audit::+5 more" in lines(report)
    assert len([line for line in lines(replace(REPORT, findings=many[:10])) if line.startswith("::error")]) == 10


def test_what_is_accepted_is_not_annotated() -> None:
    assert not any("GA202" in line for line in lines(ACCEPTED))


def test_what_is_accepted_and_shown_is_no_error_and_comes_last() -> None:
    shown = render(ACCEPTED, Format.GITHUB, replace(VIEW, show_accepted=True)).splitlines()
    commands = [line.split()[0] for line in shown if " Accepted: " in line]
    assert set(commands) == {"::notice"}
    assert len(commands) == sum(bool(one.accepted) for one in ACCEPTED.findings)
    assert [" Accepted: " in line for line in shown if line.startswith("::")] == sorted(
        " Accepted: " in line for line in shown if line.startswith("::")
    )


def test_names_start_no_command_of_their_own() -> None:
    for line in lines(hostile()):
        assert "\x1b" not in line
        if line.startswith("::"):
            assert COMMAND.fullmatch(line)
            properties = line[2:].split("::")[0].partition(" ")[2]
            assert all(part.partition("=")[0] in {"file", "line", "title"} for part in properties.split(","))
            assert "%0A" not in line.replace("%250A", "")
        else:
            assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_the_summary_is_the_report_as_markdown() -> None:
    assert github.summary(REPORT, VIEW) == (render(REPORT, Format.MARKDOWN, VIEW), True)


def test_the_summary_stays_below_one_mebibyte() -> None:
    large = replace(REPORT, rows=tuple(replace(ROWS[0], slot=f"slot{number}") for number in range(12_000)))
    assert len(render(large, Format.MARKDOWN, VIEW).encode()) > github.ROOM
    short, whole = github.summary(large, VIEW)
    assert whole  # the findings are
    assert "GA202" in short
    assert "slot11999" not in short
    huge = replace(REPORT, findings=tuple(replace(FINDINGS[0], message="x", cure="y" * 5_000) for _ in range(300)))
    shortest, whole = github.summary(huge, VIEW)
    assert not whole
    assert len(shortest) < 1_000
    assert "Too long for this page" in shortest
    assert github.summary(REPORT, VIEW, used=github.ROOM) == ("", False)


def test_paths_begin_at_the_checkout_of_the_job() -> None:
    own = "/home/ann/nets/net.py"
    assert places.relative(own, View(folder="/home/ann/nets")) == "net.py"
    assert places.relative(own, View(folder="/home/ann/nets", root="/home/ann")) == "nets/net.py"
    assert places.relative("net.py", View(folder="/home/ann/nets", root="/home/ann")) == "nets/net.py"
    assert places.relative("/usr/lib/net.py", View(folder="/home/ann/nets", root="/home/ann")) == "/usr/lib/net.py"
    assert places.relative("../net.py", View(folder="/home/ann/nets", root="/home/ann/nets")) == "../net.py"
