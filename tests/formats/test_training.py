"""A smoke training as text, as JSON and as a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from gnet_audit.formats import data as data_formats
from gnet_audit.formats import training as formats
from gnet_audit.formats import training_html
from gnet_audit.formats.view import View
from gnet_audit.rules import BY_ID
from gnet_audit.training import PAPER, Check, Outcome, Phase, Training, Verdict
from tests import golden
from tests.canonical_training import CHECKS, DATA, REAL, TRAINING

HEALTHY = replace(TRAINING, checks=tuple(check for check in CHECKS if check.outcome is Outcome.PASS))


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/training-100.txt", formats.text(TRAINING, width=100))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_everything_but_the_last_line_fits_the_width(width: int) -> None:
    lines = formats.text(TRAINING, width=width).splitlines()
    assert max(map(cell_len, lines[:-1])) <= width


def test_every_check_has_a_line_with_its_verdict_in_words() -> None:
    lines = [line for line in formats.text(TRAINING, width=0).splitlines() if line.startswith("GA5")]
    assert [line.split()[0] for line in lines] == [check.rule for check in CHECKS]
    for line, check in zip(lines, CHECKS, strict=True):
        assert line.endswith(check.outcome.value)


def test_what_failed_is_explained_once_for_each_rule() -> None:
    shown = formats.text(TRAINING, width=0)
    assert shown.count(BY_ID["GA506"].cure) == 1
    assert "inception_4b.5x5: branch3.0.conv.weight is frozen" in shown
    assert "inception_4c.5x5: branch3.0.conv.weight is not in the graph" in shown


def test_what_was_not_run_is_said_with_the_reason() -> None:
    assert "not run GA514" in formats.text(TRAINING, width=0)
    assert "the time limit came first" in formats.text(TRAINING, width=0)


@pytest.mark.parametrize("shown", [formats.text(TRAINING), data_formats.text(DATA), formats.to_json(TRAINING)])
def test_synthetic_data_is_called_so(shown: str) -> None:
    assert "synthetic" in shown


def test_each_head_has_a_curve_for_each_phase() -> None:
    shown = formats.text(TRAINING, width=100).splitlines()
    for head in TRAINING.heads:
        assert sum(line.startswith(f"  {head} ") for line in shown) == 2


def test_a_curve_starts_high_and_ends_low_where_the_loss_falls() -> None:
    assert formats.curve([8, 7, 6, 5, 4, 3, 2, 1], 8) == "██▇▆▅▄▃▂"
    assert formats.curve([8, 8, 6, 6, 4, 4, 2, 2], 4) == "█▇▅▃"
    assert formats.curve([1.0, float("nan")], 8) == "█x"


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        (CHECKS, Verdict.BROKEN),
        (HEALTHY.checks, Verdict.LEARNS),
        (tuple(check for check in CHECKS if check.outcome is not Outcome.FAIL), Verdict.INCOMPLETE),
    ],
)
def test_the_last_line_is_the_verdict(checks: tuple[Check, ...], verdict: Verdict) -> None:
    training = replace(TRAINING, checks=checks)
    assert training.verdict is verdict
    last = formats.text(training).splitlines()[-1]
    assert last.startswith(f"{verdict.value}: {len(checks)} checks")
    numbers = [int(part.split()[0]) for part in last.split(";")[0].split(", ")[1:]]
    assert sum(numbers) == len(checks)


def test_a_warning_alone_breaks_nothing() -> None:
    slow = replace(CHECKS[0], rule="GA524", outcome=Outcome.FAIL)
    assert replace(TRAINING, checks=(slow,)).verdict is Verdict.LEARNS


def test_json_has_the_whole_curve_of_every_head() -> None:
    found = json.loads(formats.to_json(TRAINING))
    for phase in Phase:
        points = TRAINING.curve(phase)
        assert [point["step"] for point in found["curves"][phase.value]] == [point.step for point in points]
    assert [point["losses"]["aux1"] for point in found["curves"]["overfit"]] == [2.3 / step for step in range(1, 9)]


def test_json_has_null_where_there_is_no_number() -> None:
    found = json.loads(formats.to_json(TRAINING))
    assert found["curves"]["real"][1]["losses"]["main"] is None
    assert found["checks"][-1]["value"] is None


def test_json_says_what_each_check_is_and_how_much_it_weighs() -> None:
    found = json.loads(formats.to_json(TRAINING))
    assert [check["severity"] for check in found["checks"]] == ["error"] * len(CHECKS)
    assert found["checks"][0]["title"] == BY_ID["GA501"].title
    assert found["verdict"] == "broken"
    assert found["reach"] == [{"part": "inception_4b.5x5", "tensors": 4, "reached": {"main": 2, "aux1": 0, "aux2": 2}}]


def test_the_same_training_gives_the_same_bytes() -> None:
    assert formats.to_json(TRAINING) == formats.to_json(TRAINING)
    assert formats.text(TRAINING) == formats.text(TRAINING)


def test_a_name_that_a_terminal_would_obey_is_shown_and_not_obeyed() -> None:
    evil = replace(TRAINING, target="a\x1b[31mb")
    assert "\x1b" not in formats.text(evil)
    assert "\\x1b" in formats.text(evil)


# --- the data ----------------------------------------------------------------------------------------------------


def test_counts_add_up() -> None:
    lines = data_formats.text(DATA).splitlines()
    counts = [
        tuple(map(int, line.split()[-2:])) for line in lines if line.split()[:1] and line.split()[0] in DATA.classes
    ]
    assert tuple(map(sum, zip(*counts, strict=True))) == (500, 200)
    assert next(line for line in lines if line.startswith("all")).split()[1:] == ["500", "200"]


def test_checksums_are_judged_in_words() -> None:
    shown = data_formats.text(REAL)
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert lines["train_y.bin"].endswith("✓ as published")
    assert lines["test_y.bin"].endswith("✗ differs, published 36f9")
    assert lines["class_names.txt"].endswith("- no published checksum")
    assert "10 predefined folds of 1,000 training images" in shown


def test_the_facts_as_json() -> None:
    found = json.loads(data_formats.to_json(REAL))
    assert found["kind"] == "STL-10"
    assert found["files"][0] == {"name": "train_y.bin", "size": 5_000, "md5": "5a34", "published": "5a34"}


# --- the schema --------------------------------------------------------------------------------------------------


SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "smoke-train.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "training",
    [TRAINING, replace(TRAINING, accuracy=None, speed=None, answers=(), recipe=PAPER), replace(TRAINING, checks=())],
)
def test_json_is_what_its_schema_says(training: Training) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(formats.to_json(training)))


def test_the_schema_knows_every_field_and_no_other() -> None:
    known = Draft202012Validator(SCHEMA)
    document = json.loads(formats.to_json(TRAINING))
    for part in (document, document["recipe"], document["checks"][0], document["curves"]["real"][0], document["speed"]):
        for name in list(part):
            value = part.pop(name)
            assert not known.is_valid(document), name
            part[name] = value
        part["surplus"] = 1
        assert not known.is_valid(document)
        del part["surplus"]


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_text_says_and_draws_no_network() -> None:
    page = training_html.render(TRAINING, View())
    assert escape(formats.verdict_line(TRAINING)) in page
    assert f"<title>Smoke training of {TRAINING.target} ({TRAINING.data.kind} data)</title>" in page
    assert 'id="picture"' not in page
    assert page.count("<polyline") == 6  # three heads, two phases that were run
    heads = page.partition('id="table"')[2].partition("</thead>")[0]
    assert "expected" in heads
    assert "MACs" not in heads
