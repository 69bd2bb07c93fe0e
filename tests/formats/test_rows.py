"""The rows of a report, aggregated, filtered and counted."""

from __future__ import annotations

from dataclasses import replace

from gnet_audit.formats import rows
from gnet_audit.report import RowStatus, SlotResult
from tests.canonical_report import FINDINGS, REPORT, ROWS


def names(lines: tuple[SlotResult, ...]) -> list[str]:
    """The slots of some lines."""
    return [line.slot for line in lines]


def test_slots_of_one_row_of_the_paper_become_one_line_in_its_order() -> None:
    assert names(rows.by_row(ROWS)) == [
        "conv1", "pool1", "lrn1", "conv2", "pool2", "inception_3a", "avgpool", "dropout", "linear", "aux1",
    ]  # fmt: skip


def test_a_row_adds_up_its_slots() -> None:
    block = next(line for line in rows.by_row(ROWS) if line.slot == "inception_3a")
    # 192·64+64, 192·16+16, 25·16·32+32 expected; 9·16·32+32 and 2·32 of batch normalisation found
    assert block.expected_params == 12_352 + 3_088 + 12_832
    assert block.params == 12_352 + 3_088 + 4_640 + 64
    assert block.expected_macs == (192 * 64 + 192 * 16 + 25 * 16 * 32) * 28 * 28
    assert block.macs == (192 * 64 + 192 * 16 + 9 * 16 * 32) * 27 * 27


def test_a_row_has_the_shape_of_the_slot_whose_output_the_paper_prints() -> None:
    block = next(line for line in rows.by_row(ROWS) if line.slot == "inception_3a")
    assert (block.printed, block.derived, block.measured) == ("28×28×96", (96, 28, 28), (96, 27, 27))


def test_the_gravest_slot_speaks_for_its_row() -> None:
    statuses = {line.slot: line.status for line in rows.by_row(ROWS)}
    assert statuses["inception_3a"] is RowStatus.DIFFERS
    assert statuses["conv2"] is RowStatus.MATCH
    assert statuses["lrn1"] is RowStatus.MISSING


def test_a_row_shows_the_module_that_holds_all_its_layers() -> None:
    layers = {line.slot: line.layer for line in rows.by_row(ROWS)}
    assert layers["inception_3a"] == "inception3a"
    assert layers["conv2"] == "stem"


def test_added_layers_outside_any_row_stay_lines_of_their_own() -> None:
    stray = replace(ROWS[0], row="", slot="+mask", status=RowStatus.EXTRA)
    assert names(rows.by_row((stray, *ROWS[:1]))) == ["+mask", "conv1"]


def test_mismatches_are_all_that_is_neither_a_match_nor_equivalent() -> None:
    shown = rows.chosen(ROWS, only_mismatches=True, layer="")
    assert {line.status for line in shown} == set(RowStatus) - {
        RowStatus.MATCH,
        RowStatus.EQUIVALENT,
        RowStatus.ACCEPTED,
    }


def test_a_glob_finds_slots_rows_and_the_users_names() -> None:
    assert names(rows.chosen(ROWS, only_mismatches=False, layer="*_reduce")) == [
        "conv2_reduce",
        "inception_3a.5x5_reduce",
    ]
    assert len(rows.chosen(ROWS, only_mismatches=False, layer="inception_3a")) == 5
    assert names(rows.chosen(ROWS, only_mismatches=False, layer="stem.7")) == ["pool2"]


def test_findings_are_numbered_at_the_slots_they_name() -> None:
    numbers = rows.numbers(REPORT, per_row=False)
    assert numbers == {"pool2": (1,), "inception_3a.5x5": (2, 3), "lrn1": (4,), "pool1": (5,), "avgpool": (6,)}


def test_per_row_the_numbers_of_all_slots_come_together() -> None:
    assert rows.numbers(REPORT, per_row=True)["inception_3a"] == (2, 3)


def test_a_finding_at_two_slots_of_a_row_is_numbered_once() -> None:
    report = replace(REPORT, findings=(replace(FINDINGS[0], rows=("inception_3a.1x1", "inception_3a.5x5")),))
    assert rows.numbers(report, per_row=True) == {"inception_3a": (1,)}
    assert rows.numbers(report, per_row=False) == {"inception_3a.1x1": (1,), "inception_3a.5x5": (1,)}


def test_a_finding_on_an_activation_is_numbered_at_the_layer_before_it() -> None:
    report = replace(REPORT, findings=(replace(FINDINGS[0], rows=("conv1.relu",)),))
    assert rows.numbers(report, per_row=False) == {"conv1": (1,)}


def test_the_tally_counts_every_line_once() -> None:
    assert rows.tally(REPORT).total() == len(ROWS)
