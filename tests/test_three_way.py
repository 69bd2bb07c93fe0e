"""Three numbers for everything, and totals that agree only because errors cancel."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from gnet_audit.conventions import Cell
from gnet_audit.report import RowStatus
from gnet_audit.spec import load
from gnet_audit.three_way import Agreement, Cancelling, Line, Pair, ThreeWay, three_way
from tests.reports import report, smaller_kernels

PAPER = load("googlenet")
BIASES = {f"inception_{name}": count for name, count in (("3a", 368), ("3b", 640), ("5b", 1_264))}
SMALL_5X5 = 84_295_680
"""16 / 25 of all 5×5 work."""


@cache
def same() -> ThreeWay:
    return three_way(PAPER, report(PAPER))


@cache
def small() -> ThreeWay:
    return three_way(PAPER, report(PAPER, smaller_kernels(PAPER)))


def line(found: ThreeWay, name: str) -> Line:
    return next(one for one in (*found.rows, *found.slots, *found.totals) if one.name == name)


def verdicts(one: Line, cell: Cell) -> tuple[Agreement, ...]:
    return tuple(verdict.agreement for verdict in one.of(cell).verdicts)


A, D, N = Agreement.AGREE, Agreement.DIFFER, Agreement.NOTHING


def test_every_pair_has_its_verdict() -> None:
    assert verdicts(line(same(), "conv2"), Cell.PARAMS) == (A, A, A)
    assert verdicts(line(same(), "conv1"), Cell.PARAMS) == (D, D, A)  # the paper's own contradiction
    assert verdicts(line(same(), "pool1"), Cell.OPS) == (N, N, A)
    assert verdicts(line(small(), "inception_3a"), Cell.OPS) == (A, D, D)


def test_the_convention_that_fits_is_named() -> None:
    verdict = line(same(), "inception_3b").params.verdict(Pair.PRINTED_DERIVED)
    assert [one.text for one in verdict.conventions] == ["K=1024 rounded, with biases"]


def test_no_convention_mediates_between_two_exact_numbers() -> None:
    network = {"conv1": (9_408, 118_013_952)}  # without its 64 biases
    found = three_way(PAPER, report(PAPER, network))
    assert verdicts(line(found, "conv1"), Cell.PARAMS)[2] is D
    assert verdicts(line(found, "conv1"), Cell.OPS)[2] is A


def test_a_printed_cell_speaks_of_a_slot_only_where_its_row_has_no_other_weights() -> None:
    assert line(same(), "linear").params.printed == "1000K"
    slots = {one.name: one.params.printed for one in same().slots}
    assert slots["conv1"] == "2.7K"
    assert slots["conv2"] == slots["conv2_reduce"] == slots["inception_3a.1x1"] == ""


def test_rows_and_slots_add_up_to_the_totals() -> None:
    for found in (same(), small()):
        for cell in Cell:
            for lines in (found.rows, found.slots):
                whole = [one.of(cell) for one in lines]
                total = line(found, "total with the heads").of(cell)
                assert sum(one.number(one.derived) or 0 for one in whole) == total.number(total.derived)
                assert sum(one.number(one.measured) or 0 for one in whole) == total.number(total.measured)


def test_the_totals_are_those_of_the_paper() -> None:
    total, heads = same().totals
    assert total.params.number(total.params.derived) == 6_998_552
    assert total.ops.number(total.ops.derived) == 1_582_671_872
    assert total.ops.printed == "1,502,000,000"
    assert heads.params.number(heads.params.derived) == 13_378_280
    assert heads.params.printed == heads.ops.printed == ""  # the table prints nothing of the heads


def test_a_total_that_agrees_by_cancelling_is_told_with_what_it_hides() -> None:
    found = {one.pair: one for one in small().cancelling if one.total == "total"}
    assert set(found) == {"printed, measured", "stated, measured"}
    stated = found["stated, measured"]
    assert stated.two == f"{1_582_671_872 - SMALL_5X5:,}" == "1,498,376,192"
    assert len(stated.rows) == 9
    assert stated.off == SMALL_5X5
    assert "proves nothing" in stated.text


def test_the_papers_network_itself_hides_nothing() -> None:
    assert same().cancelling == ()


def test_two_errors_of_a_model_that_cancel_each_other_are_told() -> None:
    other = {"inception_3a.1x1": (12_352 + 100, 9_633_792), "inception_3b.1x1": (32_896 - 100, 25_690_112)}
    found = [one for one in three_way(PAPER, report(PAPER, other)).cancelling if one.pair == "derived, measured"]
    assert {(one.total, one.cell, one.off) for one in found} == {
        ("total", Cell.PARAMS, 200), ("total with the heads", Cell.PARAMS, 200),
    }  # fmt: skip


def test_a_model_that_was_not_held_against_the_paper_has_no_lines() -> None:
    found = three_way(PAPER, replace(report(PAPER), rows=()))
    assert found.rows == found.slots == ()
    assert found.cancelling == ()


def test_printed_ops_are_judged_at_the_papers_own_input_only() -> None:
    found = three_way(PAPER, replace(report(PAPER), input_shape=(3, 299, 299)))
    for one in (*found.rows, *found.totals):
        assert verdicts(one, Cell.OPS)[:2] == (N, N)
    assert verdicts(line(found, "conv1"), Cell.PARAMS) == (D, D, A)
    assert line(found, "conv1").ops.printed == "34M"


def test_a_stated_total_of_ops_misleads_nobody_at_another_input() -> None:
    other = three_way(PAPER, replace(report(PAPER, smaller_kernels(PAPER)), input_shape=(3, 299, 299)))
    assert [one for one in other.cancelling if one.cell is Cell.OPS and one.pair != Pair.DERIVED_MEASURED] == []


def test_one_row_differs_and_two_rows_differ() -> None:
    one = Cancelling(total="total", cell=Cell.OPS, pair="derived, measured", one="1", two="1", rows=("linear",), off=1)
    assert "but 1 row differs by 1 MACs in sum" in one.text
    assert "but 2 rows differ by 1 MACs in sum" in replace(one, rows=("linear", "aux1")).text


def test_what_was_not_run_is_held_against_nothing_and_no_sum_with_it_either() -> None:
    whole = report(PAPER, smaller_kernels(PAPER))
    rows = tuple(
        replace(row, params=None, macs=None, measured=None, status=RowStatus.UNVERIFIED)
        if row.slot == "linear"
        else row
        for row in whole.rows
    )
    found = three_way(PAPER, replace(whole, rows=rows))
    assert verdicts(line(found, "linear"), Cell.PARAMS) == (A, N, N)
    assert verdicts(line(found, "inception_3a"), Cell.OPS) == (A, D, D)
    assert verdicts(line(found, "total"), Cell.OPS)[1:] == (N, N)
    assert {one.pair for one in found.cancelling} <= {"printed, derived"}
