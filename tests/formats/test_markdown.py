"""A report as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from gnet_audit.formats import Format, render
from gnet_audit.formats.markdown import code, escaped
from gnet_audit.formats.view import View
from gnet_audit.report import Report, RowStatus, Verdict
from tests import golden
from tests.canonical_report import ACCEPTED, FINDINGS, REPORT, ROWS, at
from tests.hostile import hostile

VIEW = View(folder="/home/ann")


def page(report: Report) -> str:
    """The Markdown as a browser gets it; raw HTML is passed on, as GitHub does before it cleans."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(render(report, Format.MARKDOWN, VIEW)))


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/report.md", render(ACCEPTED, Format.MARKDOWN, VIEW))


def test_every_finding_and_every_row_is_a_row_of_a_table() -> None:
    html = page(REPORT)
    assert html.count("<table>") == 3
    assert html.count("<tr>") == (1 + len(FINDINGS)) + (1 + 4) + (1 + len(ROWS))


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for table in re.findall(r"<table>.*?</table>", page(ACCEPTED), re.DOTALL):
        counts = [len(re.findall(r"<t[hd]", row)) for row in table.split("<tr>")[1:]]
        assert len(set(counts)) == 1


def test_the_other_lines_of_a_finding_stand_behind_its_first() -> None:
    many = replace(FINDINGS[1], locations=(at(33), at(35)))
    html = page(replace(REPORT, findings=(many,)))
    assert "<td><code>nets/net[1].py:33</code>, :35</td>" in html


def test_accepted_findings_are_folded_away_with_their_reasons() -> None:
    html = page(ACCEPTED)
    assert "<summary>3 accepted findings</summary>" in html
    assert "Accepted: nobody uses it" in html


def test_the_headline_is_good_only_where_nothing_is_left_to_say() -> None:
    def mark(report: Report, view: View = VIEW) -> str:
        return render(report, Format.MARKDOWN, view).split()[1]

    matches = replace(REPORT, verdict=Verdict.MATCHES, findings=())
    differs = replace(REPORT, verdict=Verdict.DIFFERS, error="")
    accepted = replace(differs, findings=tuple(replace(one, accepted="known") for one in FINDINGS), stale=())
    assert mark(matches) == "✅"
    assert mark(accepted) == "☑️"
    assert mark(differs) == mark(replace(accepted, findings=(*accepted.findings, FINDINGS[0]))) == "❌"
    warned = replace(differs, findings=FINDINGS[4:])
    assert mark(warned) == "❌"
    assert mark(warned, replace(VIEW, exit_zero=False)) == "⚠️", "its exit status is 0"
    assert mark(differs, replace(VIEW, exit_zero=False)) == "❌"
    assert mark(replace(accepted, stale=("gone",))) == mark(replace(matches, stale=("gone",))) == "❌"


def test_names_from_the_users_code_are_no_markup() -> None:
    html = page(hostile())
    assert "<script" not in html
    assert "javascript:x" not in re.findall(r'href="([^"]*)"', html)
    assert not re.search(r"(?<![\w`>])@ann", re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL))
    assert set(re.findall(r"<(\w+)", html)) <= {
        "h2",
        "code",
        "p",
        "strong",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "ul",
        "li",
    }


def test_code_shows_what_it_is_given() -> None:
    for text in ("a", "`", "a`b", "``", "`a", " a ", "a|b", "[pool]"):
        rendered = str(MarkdownIt().enable("table").render(f"| x |\n|---|\n| {code(text)} |\n"))
        shown = re.search(r"<td><code>(.*)</code></td>", rendered)
        assert shown
        assert shown[1] == text
    assert code("") == ""


def test_a_sentence_is_shown_as_it_is() -> None:
    assert "5 * 5 _ <b> [x](y)" in str(MarkdownIt().render(escaped("5 * 5 _ <b> [x](y)"))).replace("&lt;", "<").replace(
        "&gt;", ">"
    )


def test_totals_tell_the_differences() -> None:
    assert "| parameters | 249,688 | 241,560 | -8,128 |" in render(REPORT, Format.MARKDOWN)
    unknown = replace(REPORT, totals=replace(REPORT.totals, params=None))
    assert "| parameters | 249" not in render(unknown, Format.MARKDOWN)


def test_slots_without_a_verdict_are_told_as_not_checked() -> None:
    rows = tuple(replace(row, status=RowStatus.UNVERIFIED, note="the forward stopped before it") for row in ROWS[:8])
    shown = render(replace(REPORT, rows=rows, unverified=()), Format.MARKDOWN)
    assert "- not checked: `8 slots (conv1 … inception_3a.5x5_reduce)`: the forward stopped before it\n" in shown


def test_what_was_not_checked_is_told_with_its_line() -> None:
    shown = render(REPORT, Format.MARKDOWN, VIEW)
    assert "- not checked: `dropout`: the op my::drop is not known `nets/net[1].py:14`\n" in shown
    assert "- not checked: `fc.mask`: a parameter that no op of the forward uses\n" in shown
