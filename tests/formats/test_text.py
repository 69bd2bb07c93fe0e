"""A report for a reader."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from gnet_audit.findings import Finding
from gnet_audit.formats import Format, marks, render, terse, words
from gnet_audit.formats.view import Column, Depth, View
from gnet_audit.report import RowStatus, Verdict
from tests import golden
from tests.canonical_report import ACCEPTED, FINDINGS, HEADS, PROOF, REPORT, ROWS, SWEPT, at

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def text(view: View | None = None) -> str:
    """The canonical report as text."""
    return render(REPORT, Format.TEXT, view or View())


def table(view: View) -> list[str]:
    """The lines of the table alone, its head first."""
    return text(view).split("\n\n")[1].splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_the_layout_is_the_recorded_one(width: int) -> None:
    golden.check(f"formats/golden/report-{width}.txt", text(View(width=width)))


def test_the_layout_per_row_is_the_recorded_one() -> None:
    golden.check("formats/golden/rows-100.txt", text(View(width=100, depth=Depth.ROW)))


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("depth", Depth)
def test_everything_fits_the_width(width: int, depth: Depth) -> None:
    assert max(map(cell_len, text(View(width=width, depth=depth)).splitlines())) <= width


def test_the_verdict_line_is_wrapped_and_stays_whole_without_a_limit() -> None:
    verdict = terse.verdict_line(REPORT)
    assert text(View(width=0)).splitlines()[-1] == verdict
    wrapped = text(View(width=60)).rsplit("\n\n", 1)[1].splitlines()
    assert wrapped[0].startswith("differs: ")
    assert all(line.startswith("  ") for line in wrapped[1:])
    assert " ".join(line.strip() for line in wrapped) == verdict


@pytest.mark.parametrize("width", [80, 100, 120])
def test_what_was_dropped_is_named_and_the_width_that_shows_all_is_true(width: int) -> None:
    shown = text(View(width=width))
    hint = re.search(rf"not shown at {width} columns: (.+?) \(--width (\d+) shows", shown.replace("\n", " "))
    assert hint
    head = table(View(width=width))[0].split()
    assert set(hint[1].split(", ")).isdisjoint(head)
    assert "not shown" not in text(View(width=int(hint[2])))
    assert "not shown" in text(View(width=int(hint[2]) - 1))


def test_without_a_limit_each_slot_has_one_line() -> None:
    assert len(table(View(width=0))) == 1 + len(ROWS)


def test_columns_asked_for_are_shown_whatever_the_width() -> None:
    wanted = (Column.SLOT, Column.LAYER, Column.OP, Column.PAPER, Column.DERIVED, Column.MEASURED, Column.NOTE)
    assert table(View(width=60, columns=wanted))[0].split() == [column.value for column in wanted]


@pytest.mark.parametrize("depth", Depth)
def test_the_parameters_and_macs_of_the_table_add_up_to_the_totals(depth: Depth) -> None:
    columns = (Column.SLOT, Column.EXPECTED_PARAMS, Column.PARAMS, Column.EXPECTED_MACS, Column.MACS)
    view = View(depth=depth, columns=columns, width=0)
    sums = {"all": [0, 0, 0, 0], "predicts": [0, 0, 0, 0]}
    for line in table(view)[1:]:
        # an added layer has no expected numbers, a missing one no found ones: both count nothing
        head, numbers = line.split()[0], [int(word.replace(",", "")) for word in line.split()[1:]]
        status = next((row.status for row in ROWS if row.slot == head), RowStatus.MATCH)
        if status is RowStatus.EXTRA:
            numbers = [0, numbers[0], 0, numbers[1]]
        if status is RowStatus.MISSING:
            numbers = [numbers[0], 0, numbers[1], 0]
        for group in ("all",) if head.partition(".")[0] in HEADS else ("all", "predicts"):
            sums[group] = [one + two for one, two in zip(sums[group], numbers, strict=True)]
    totals = {}
    for line in text(view).splitlines():
        name, _, rest = line.partition("  ")
        totals[name] = [int(word.replace(",", "")) for word in rest.split() if word.replace(",", "").isdigit()]
    assert totals["parameters"] + totals["MACs per image"] == sums["predicts"]
    assert totals["parameters, training"] + totals["MACs per image, training"] == sums["all"]


def test_each_line_of_the_totals_tells_its_difference() -> None:
    for line in text().splitlines():
        numbers = re.findall(r"[+-]?[\d,]+$|[\d,]+(?= )", line) if line.startswith(("parameters", "MACs")) else []
        if len(numbers) == 3:
            expected, found, difference = (int(number.replace(",", "")) for number in numbers)
            assert found - expected == difference


def test_brackets_in_names_survive() -> None:
    assert "inception3a.branch3[pool].1.conv" in text(View(width=0))
    assert "/home/ann/nets/net[1].py:33" in text()


def test_markup_and_emoji_codes_are_only_letters() -> None:
    rows = (replace(ROWS[0], layer="[bold red]x[/] :smile:"),)
    assert "[bold red]x[/] :smile:" in render(replace(REPORT, rows=rows), Format.TEXT, View(width=0))


@pytest.mark.parametrize("terse", [False, True])
def test_no_text_of_the_users_reaches_the_terminal_as_a_command(terse: bool) -> None:
    evil = "a\x1b[2J\x07\u202e\nb"
    finding = replace(
        FINDINGS[0], rows=(evil,), message=evil, expected=evil, found=evil, cure=evil, cause=evil,
        location=replace(at(1), file=evil), locations=(),
    )  # fmt: skip
    report = replace(
        REPORT,
        target=evil,
        reason=evil,
        error=evil,
        verdict=Verdict.UNPROVEN,
        rows=(replace(ROWS[0], slot=evil, layer=evil, found_op=evil, printed=evil, note=evil),),
        findings=(finding,),
        unverified=(replace(REPORT.unverified[0], what=evil, why=evil),),
    )
    shown = render(report, Format.TEXT, View(width=0, terse=terse, columns=tuple(Column)))
    assert not words.UNSAFE.search(shown.replace("\n", ""))
    assert "a\\x1b[2J\\x07\\u202e\\nb" in shown


def test_every_status_is_told_by_a_word_not_only_by_a_mark() -> None:
    column = [line.rsplit("  ", 1)[-1] for line in table(View(width=0))]
    column += [line.rsplit("  ", 1)[-1] for line in render(ACCEPTED, Format.TEXT, View(width=0)).splitlines()]
    for status in RowStatus:
        assert any(marks.WORD[status] in cell for cell in column)


def test_color_adds_only_color() -> None:
    assert ANSI.search(text(View(color=True)))
    assert ANSI.sub("", text(View(color=True))).split() == text().split()
    assert not ANSI.search(text())


def test_the_terminal_and_environment_of_the_process_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = text()
    for name, value in {"COLUMNS": "20", "FORCE_COLOR": "1", "TERM": "dumb", "JUPYTER_COLUMNS": "10"}.items():
        monkeypatch.setenv(name, value)
    assert text() == plain


def test_only_mismatches_hides_the_rest_and_says_so() -> None:
    shown = table(View(width=0, only_mismatches=True))
    assert not any("✓" in line or "~" in line for line in shown)
    assert shown[-1] == "9 of 16 lines shown"


def test_a_glob_without_a_hit_is_told() -> None:
    assert table(View(layer="nowhere*")) == ["no slot, row or layer is called nowhere*"]


def test_a_glob_whose_hits_all_match_has_no_mismatches() -> None:
    assert table(View(layer="conv1", only_mismatches=True)) == ["no mismatches"]


def test_findings_are_numbered_as_the_table_refers_to_them() -> None:
    lines = text(View(width=0)).splitlines()
    row = next(line for line in lines if line.startswith("inception_3a.5x5 "))
    assert row.endswith("✗ differs 2,3")
    assert "2  error GA202 kernel: inception_3a.5x5" in lines
    assert "3  error GA215 batch normalisation: inception_3a.5x5" in lines


def test_a_finding_in_many_places_is_shown_once_with_its_places_and_lines() -> None:
    slots = tuple(f"inception_{index}.5x5" for index in range(20))
    many: Finding = replace(FINDINGS[1], rows=slots, locations=tuple(at(line) for line in range(1, 6)))
    shown = render(replace(REPORT, findings=(many,)), Format.TEXT, View(width=0))
    assert "error GA202 kernel: inception_0.5x5 and 19 more" in shown
    assert "inception_11.5x5 and 8 more" in shown
    assert "net[1].py:3 and 2 more" in shown


def test_a_cost_here_and_in_total_is_told_apart_where_they_differ() -> None:
    assert "no parameters, no MACs here; no parameters, -1,548,800 MACs per image in total" in text()
    assert "-8,192 parameters, -6,422,528 MACs per image, here and in total" in text()


def test_what_was_not_checked_is_always_told() -> None:
    assert "not checked: 2\n?  dropout: the op my::drop is not known" in text()
    checked = tuple(row for row in ROWS if row.status is not RowStatus.UNVERIFIED)
    assert "\nnot checked: nothing\n" in render(replace(REPORT, rows=checked, unverified=()), Format.TEXT)


def test_slots_without_a_verdict_were_not_checked() -> None:
    """A forward that raised, and a model that is another network: nothing of it was compared."""
    rows = tuple(replace(row, status=RowStatus.UNVERIFIED, note="the forward stopped before it") for row in ROWS[:8])
    shown = render(replace(REPORT, rows=rows, unverified=()), Format.TEXT)
    assert "\nnot checked: 8\n?  8 slots (conv1 … inception_3a.5x5_reduce): the forward stopped before it\n" in shown
    other = replace(REPORT, rows=(), findings=(), unverified=(), verdict=Verdict.NOT_THIS_NETWORK, reason="a ResNet")
    assert "\nnot checked: everything\n?  every slot of the paper: the model is another network" in render(
        other, Format.TEXT
    )


def test_a_forward_that_raised_is_told_above_the_verdict() -> None:
    stopped = replace(REPORT, error="forward raised RuntimeError: sizes", verdict=Verdict.UNPROVEN, reason="it raised")
    lines = render(stopped, Format.TEXT).splitlines()
    assert lines[-2] == "stopped: forward raised RuntimeError: sizes"
    assert lines[-1].startswith("unproven: it raised; 15 slots")


def test_a_report_without_rows_is_a_report() -> None:
    empty = replace(REPORT, rows=(), findings=(), verdict=Verdict.NOT_THIS_NETWORK, reason="a ResNet: 16 additions")
    lines = render(empty, Format.TEXT).splitlines()
    assert "no rows" in lines
    assert lines[-1] == "not this network: a ResNet: 16 additions"


def test_a_proof_that_failed_shows_both_values_and_other_sizes_stand_behind_it() -> None:
    lines = render(replace(REPORT, proof=PROOF, sweep=SWEPT), Format.TEXT, View(width=0)).splitlines()
    start = lines.index(PROOF.line)
    well = "proven in eval: 13 values and 1 outputs equal within 1e-09 (largest difference 2.5e-16, float64, random weights)"
    assert lines[start : start + 5] == [
        f"not proven: train: {PROOF.modes[1].why}",
        "  train, pool2 by the findings: 28×28×192, mean 0.5, deviation 0.25, from 0 to 2",
        "  train, pool2 by the model: 27×27×192, mean 0.125, deviation nan, from -1 to 2",
        f"at 96×96, up to avgpool: {well}",
        "at 160×160, up to pool2: differs at this size only: GA209 pool2; not proven",
    ]
