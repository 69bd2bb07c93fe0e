"""Names and the order of execution mean nothing: only the dataflow does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnet_audit import audit
from gnet_audit.report import Report, RowStatus
from tests.mistakes import MISTAKES
from tests.mistakes.plan import Plan, Written, paper

FEW = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CASES = {
    case.id: case
    for case in MISTAKES
    if case.id
    in {
        "5x5-as-two-3x3",
        "batch-norm-after-the-relu",
        "concat-order-1-5-3-pool",
        "heads-on-4b-and-4e",
        "module-4b-twice",
        "pool-after-its-projection",
        "both-heads-on-4a",
        "lrn-removed",
    }
}
SEEDS = st.integers(min_value=0, max_value=2**32)


def _nameless(report: Report) -> tuple[object, ...]:
    """All that a report says, without the user's names and lines."""
    findings = tuple(
        (one.rule, one.severity, one.rows, one.attribute, one.expected, one.found, one.cost) for one in report.findings
    )
    rows = tuple(
        replace(
            row,
            layer="",
            slot="+" if row.status is RowStatus.EXTRA else row.slot,
            reads=tuple("+" if name.startswith("+") else name for name in row.reads),
            location=None,
            lines=(),
            note="",
        )
        for row in report.rows
    )
    return report.verdict, report.totals, report.modes, len(report.unverified), findings, rows


def _random_names(seed: int) -> Callable[[str], str]:
    random = Random(seed)
    return lambda _: f"{random.choice('abcdefgh')}{random.getrandbits(64):x}"


@cache
def _plan(id: str) -> Plan:
    return CASES[id].edit(paper()) if id else paper()


@cache
def _plain(id: str) -> tuple[object, ...]:
    return _nameless(audit(Written(_plan(id)), prove=False))


@FEW
@given(id=st.sampled_from(["", *CASES]), seed=SEEDS)
def test_renaming_all_modules_changes_nothing(id: str, seed: int) -> None:
    assert _nameless(audit(Written(_plan(id), names=_random_names(seed)), prove=False)) == _plain(id)


@FEW
@given(id=st.sampled_from(["", *CASES]), seed=SEEDS)
def test_running_independent_branches_in_another_order_changes_nothing(id: str, seed: int) -> None:
    assert _nameless(audit(Written(_plan(id), shuffle=Random(seed)), prove=False)) == _plain(id)


def test_names_that_mislead_change_nothing() -> None:
    def wrong(name: str) -> str:
        swapped = {"inception_3a": "inception_5b", "inception_5b": "inception_3a", "aux1": "aux2", "aux2": "aux1"}
        head, dot, rest = name.partition(".")
        return f"{swapped.get(head, head)}{dot}{rest}".replace(".", "_").replace("3x3", "X").replace("5x5", "3x3")

    assert _nameless(audit(Written(paper(), names=wrong), prove=False)) == _plain("")


@pytest.mark.parametrize("other", [id for id in CASES if id != "lrn-removed"])
def test_two_different_networks_do_not_give_the_same_report(other: str) -> None:
    assert _plain(other) != _plain("lrn-removed")
    assert _plain(other) != _plain("")
