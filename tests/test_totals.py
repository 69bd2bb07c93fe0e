"""Totals that agree although rows do not: told where errors cancel, and not where a total is merely near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gnet_audit import audit, spec, totals
from gnet_audit.network import Layer, Linear, Op, Unknown
from gnet_audit.report import RowStatus, SlotResult, Totals
from tests.mistakes.plan import Plan, Written, paper

PAPER = spec.load("googlenet")


def cancelling(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    """What GA401 says of a model: of which total, and which rows."""
    report = audit(Written(plan), input_shape=plan.input_shape, prove=False)
    return [(one.attribute, one.rows) for one in report.findings if one.rule == "GA401"]


@pytest.mark.parametrize(
    "edit",
    [
        # 4c left out: 100 million fewer, where the paper's 1.5 billion lacks 83 beside its own channels.
        lambda plan: plan.without("inception_4c"),
        # The 3×3 and 5×5 of 5b swapped: 135 thousand fewer, where the printed column lacks 201.
        lambda plan: plan.change("inception_5b.3x3", out_channels=128).change("inception_5b.5x5", out_channels=384),
    ],
)
def test_errors_that_only_come_near_a_printed_total_do_not_cancel(edit: Callable[[Plan], Plan]) -> None:
    assert cancelling(edit(paper())) == []


def test_errors_that_take_each_other_away_cancel() -> None:
    # Two 1×1 convolutions on maps of 832 channels, one as much too wide as the other is too narrow; on 1,024 channels
    # as before the classifier reads nothing else.
    plan = paper().change("inception_5b.1x1", out_channels=384 + 64)
    rows = ("inception_5b.1x1", "inception_5b.pool_proj")
    assert cancelling(plan.change("inception_5b.pool_proj", out_channels=128 - 64)) == [
        ("macs", rows),
        ("params", rows),
    ]
    assert cancelling(plan.change("inception_5b.pool_proj", out_channels=128 - 63)) == []


def row(layer: str, expected: int | None, params: int | None) -> SlotResult:
    """A row with nothing but parameters."""
    return SlotResult(
        row="", slot=layer or "linear", layer=layer, expected_op="", found_op="", printed="", derived=None, measured=None,
        expected_params=expected, params=params, expected_macs=0, macs=0, status=RowStatus.MISSING,
    )  # fmt: skip


@pytest.mark.parametrize(("op", "told"), [(Linear(out_features=9), 1), (Unknown(function="einsum"), 0)])
def test_parameters_of_an_op_that_nobody_knows_are_no_error(op: Op, told: int) -> None:
    rows = [row("", 90, None), row("own", None, 90)]
    sums = Totals(expected_params=90, params=90, expected_macs=0, macs=0)
    assert len(list(totals.cancelling(PAPER, rows, sums, {"own": Layer(name="own", op=op)}))) == told


def test_a_layer_that_nothing_reads_takes_no_error_of_a_row_away() -> None:
    # One row is missing, and the model computes as much beside its rows: in the rows nothing cancels.
    sums = Totals(expected_params=90, params=90, expected_macs=0, macs=0)
    own = {"own": Layer(name="own", op=Linear(out_features=9))}
    assert list(totals.cancelling(PAPER, [row("", 90, None)], sums, own)) == []


@pytest.mark.parametrize(("op", "told"), [(Linear(out_features=9), 1), (Unknown(function="einsum"), 0)])
def test_where_any_op_is_unknown_no_total_is_told_to_agree_by_chance(op: Op, told: int) -> None:
    # It is no row's own op: what it hides may be what the wrong row lacks.
    rows = [row("", 90, None), row("own", None, 90)]
    sums = Totals(expected_params=90, params=90, expected_macs=0, macs=0)
    layers = {"own": Layer(name="own", op=Linear(out_features=9)), "merge": Layer(name="merge", op=op)}
    assert len(list(totals.cancelling(PAPER, rows, sums, layers))) == told


def test_a_total_is_met_where_a_tenth_of_the_papers_own_error_is_left() -> None:
    # Derived 1.6 billion: 10 million beside the stated 1.5 are a tenth of 100, and 9.8 beside the 1,502 million to which
    # the printed column adds up a tenth of 98.
    for macs, told in ((1_511_800_000, 1), (1_512_000_000, 0), (1_490_000_000, 1), (1_489_000_000, 0)):
        rows = [replace(row("a", 0, 0), expected_macs=1_600_000_000, macs=macs)]
        sums = Totals(expected_params=0, params=0, expected_macs=1_600_000_000, macs=macs)
        found = totals.cancelling(PAPER, rows, sums, {"a": Layer(name="a", op=Linear(out_features=1))})
        assert len(list(found)) == told, macs
