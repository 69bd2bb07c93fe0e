"""A smoke training in the formats of a report."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gnet_audit.formats import Format, checks, render, training_html
from gnet_audit.formats.view import View
from gnet_audit.network import Shape
from gnet_audit.policy import exit_status
from gnet_audit.report import RowStatus, Verdict
from gnet_audit.training import Check, DataFacts, Outcome, Phase, Point, Recipe, Training
from tests.canonical_report import REPORT

SHAPE: Shape = (3, 224, 224)


def check(rule: str, outcome: Outcome, part: str = "", value: float | None = 1.0) -> Check:
    return Check(rule=rule, part=part, value=value, threshold="below 2", outcome=outcome, meaning="the loss is high")


CHECKS = (
    check("GA504", Outcome.PASS, "main"),
    check("GA504", Outcome.FAIL, "aux1", 7.25),
    check("GA504", Outcome.FAIL, "aux1", 8.5),
    check("GA523", Outcome.NOT_APPLICABLE),
    check("GA512", Outcome.NOT_RUN, value=None),
)
TRAINING = Training(
    target="nets/net.py:Net",
    data=DataFacts(source="embedded", synthetic=True, classes=("a", "b"), splits=()),
    recipe=Recipe(),
    heads=("main", "aux1"),
    points=(),
    checks=CHECKS,
    reach=(),
    accuracy=None,
    speed=None,
    environment=REPORT.environment,
)


def test_each_check_that_applies_is_a_slot_with_a_name_of_its_own() -> None:
    rows = checks.report(TRAINING).rows
    assert [row.slot for row in rows] == [
        "GA504 loss at the start: main",
        "GA504 loss at the start: aux1",
        "GA504 loss at the start: aux1 (2)",
        "GA512 better than chance",
    ]
    assert [row.status for row in rows] == [
        RowStatus.MATCH, RowStatus.DIFFERS, RowStatus.DIFFERS, RowStatus.UNVERIFIED,
    ]  # fmt: skip
    assert [(row.expected_op, row.found_op) for row in rows[1:]] == [
        ("below 2", "7.25"), ("below 2", "8.5"), ("below 2", "nothing"),
    ]  # fmt: skip


def test_each_failed_check_is_a_finding_and_what_was_not_run_is_told() -> None:
    report = checks.report(TRAINING)
    assert [(one.rule, one.found) for one in report.findings] == [("GA504", "7.25"), ("GA504", "8.5")]
    assert [entry.what for entry in report.unverified] == ["GA512 better than chance"]
    assert exit_status(report) == 1


@pytest.mark.parametrize(
    ("kept", "verdict"), [(CHECKS[:1], Verdict.MATCHES), (CHECKS, Verdict.DIFFERS), (CHECKS[-1:], Verdict.UNPROVEN)]
)
def test_the_verdict_is_the_trainings(kept: tuple[Check, ...], verdict: Verdict) -> None:
    assert checks.report(replace(TRAINING, checks=kept)).verdict is verdict


@pytest.mark.parametrize("format", Format)
def test_every_format_can_show_it_and_says_what_data_it_was(format: Format) -> None:
    text = render(checks.report(TRAINING), format)
    assert "7.25" in text
    if format in {Format.TEXT, Format.HTML, Format.MARKDOWN, Format.JUNIT, Format.SARIF}:
        assert "synthetic" in text


def test_the_page_has_the_losses_as_plots() -> None:
    points = tuple(
        Point(phase=phase, step=step, losses=(2.3 / step, 2.3), total=2.3 / step + 0.69)
        for phase in (Phase.OVERFIT, Phase.REAL)
        for step in range(1, 11)
    )
    drawn = checks.curves(replace(TRAINING, points=points))
    assert [one.title for one in drawn] == ["Loss of each head, overfit", "Loss of each head, real"]
    assert [name for name, _ in drawn[0].lines] == ["main", "aux1"]
    page = training_html.render(replace(TRAINING, points=points), View())
    assert page.count("<polyline") == 4
    if folder := os.environ.get("GNET_AUDIT_SCREENS"):
        (Path(folder) / "training.html").write_text(page, encoding="utf-8")
