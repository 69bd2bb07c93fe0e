"""A report for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from gnet_audit.formats import Format, render
from gnet_audit.formats.view import Column, View
from gnet_audit.network import Status
from gnet_audit.report import RowStatus, Verdict
from gnet_audit.rules import RULES, Severity
from tests.canonical_report import FINDINGS, PROOF, REPORT, ROWS, SWEPT

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))


def document(text: str) -> Any:
    """The parsed text, after the schema has accepted it."""
    value = json.loads(text)
    Draft202012Validator(SCHEMA).validate(value)
    return value


def test_the_schema_is_a_schema_and_closed_everywhere() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    def closed(part: Any) -> bool:
        if isinstance(part, dict):
            shut = "properties" not in part or (
                part.get("additionalProperties") is False and part["required"] == list(part["properties"])
            )
            return shut and all(map(closed, part.values()))
        return all(map(closed, part)) if isinstance(part, list) else True

    assert closed(SCHEMA)


def test_the_canonical_report_keeps_the_schema() -> None:
    assert document(render(REPORT, Format.JSON))["schema"] == 1


@pytest.mark.parametrize(
    "changed",
    [
        replace(REPORT, rows=(), findings=(), unverified=(), verdict=Verdict.NOT_THIS_NETWORK, reason="a ResNet"),
        replace(REPORT, error="forward raised", verdict=Verdict.UNPROVEN, modes=("train",)),
        replace(REPORT, findings=(), ignored=FINDINGS),
        replace(REPORT, rows=(replace(ROWS[0], row="", layer="", measured=None, macs=None, location=None),)),
    ],
)
def test_other_reports_keep_it_too(changed: Any) -> None:
    document(render(changed, Format.JSON))


def test_the_schema_refuses_a_field_that_is_not_documented() -> None:
    value = json.loads(render(REPORT, Format.JSON))
    value["rows"][0]["color"] = "red"
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(value)


def test_the_schema_knows_every_word_of_the_closed_lists() -> None:
    row, finding = SCHEMA["$defs"]["row"]["properties"], SCHEMA["$defs"]["finding"]["properties"]
    assert row["status"]["enum"] == [status.value for status in RowStatus]
    assert SCHEMA["properties"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert finding["severity"]["enum"] == [severity.value for severity in Severity]
    source = SCHEMA["$defs"]["source"]["properties"]
    assert source["status"]["enum"] == [status.value for status in Status]
    assert {rule.id for rule in RULES} >= {finding.rule for finding in FINDINGS}


def test_the_documentation_names_every_field() -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")

    def fields(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = set(part.get("properties", {}))
            return own.union(*map(fields, part.values()))
        return set().union(*map(fields, part)) if isinstance(part, list) else set()

    expected_twins = {name for name in fields(SCHEMA) if name.startswith("expected_") or name.endswith("_train")}
    assert not {name for name in fields(SCHEMA) - expected_twins if f"`{name}`" not in page}


def test_a_row_says_where_the_paper_has_it_and_where_findings_say_it_is_wrong() -> None:
    rows = {row["row"]: row for row in document(render(REPORT, Format.JSON))["rows"]}
    row = rows["inception_3a.5x5"]
    assert row["source"] == {"id": "table1", "where": "Table 1", "status": "printed"}
    cell = {"id": "table1", "where": "Table 1: 5x5 of inception (3a)", "status": "printed"}
    assert row["stated"][0] == {"attribute": "out_channels", "value": "32", "source": cell}
    assert row["stated"][2]["value"] is None
    assert [line["line"] for line in row["locations"]] == [33, 34]
    added = rows["+inception3a.branch3[pool].1.bn"]
    assert (added["source"], added["stated"], added["locations"]) == (None, [], [])


def test_a_row_has_the_three_numbers_and_both_ops() -> None:
    row = next(row for row in document(render(REPORT, Format.JSON))["rows"] if row["row"] == "inception_3a.5x5")
    assert row["paper_row"] == "inception_3a"
    assert (row["expected_op"], row["op"]) == ("conv 5×5 pad 2, 32", "conv 3×3 pad 1, 32")
    assert (row["printed"], row["derived"], row["measured"]) == (None, [32, 28, 28], [32, 27, 27])
    assert (row["expected_params"], row["params"]) == (12_832, 4_640)
    assert row["location"] == {"file": "/home/ann/nets/net[1].py", "line": 33}


def test_a_missing_layer_has_no_found_values() -> None:
    row = next(row for row in document(render(REPORT, Format.JSON))["rows"] if row["status"] == "missing")
    assert [row[name] for name in ("layer", "op", "measured", "params", "macs", "location")] == [None] * 6


def test_a_finding_carries_its_rule_source_cost_and_places() -> None:
    finding = document(render(REPORT, Format.JSON))["findings"][1]
    assert finding["rule"] == "GA202"
    assert finding["title"] == "kernel"
    assert finding["source"] == {"id": "table1", "where": "Table 1", "status": "printed"}
    assert finding["cost"] == {
        "params": -8_192, "macs": -6_422_528, "total_params": -8_192, "total_macs": -6_422_528,
    }  # fmt: skip
    assert finding["locations"] == [finding["location"]]


def test_a_proof_tells_each_mode_and_null_where_json_has_no_number() -> None:
    proof = document(render(replace(REPORT, proof=PROOF), Format.JSON))["proof"]
    mode = {"status": "proven", "values": 13, "outputs": 1, "largest_difference": 2.5e-16, "precision": "float64"}
    gap = {
        "row": "pool2",
        "layer": "stem.7",
        "difference": None,
        "expected": {"shape": [192, 28, 28], "mean": 0.5, "deviation": 0.25, "low": 0.0, "high": 2.0},
        "found": {"shape": [192, 27, 27], "mean": 0.125, "deviation": None, "low": -1.0, "high": 2.0},
    }
    failed = {"status": "failed", "values": 0, "outputs": 0, "largest_difference": 0.0, "precision": "float64"}
    assert proof == {
        "status": "failed",
        "input": [3, 224, 224],
        "tolerance": 1e-9,
        "modes": [
            {"mode": "eval", **mode, "why": "", "gap": None},
            {"mode": "train", **failed, "why": PROOF.modes[1].why, "gap": gap},
        ],
    }


def test_another_size_has_its_new_findings_and_its_proof() -> None:
    whole = document(render(replace(REPORT, sweep=SWEPT), Format.JSON))
    assert whole["proof"] is None
    well, ill = whole["sweep"]
    assert (well["size"], well["reached"], well["findings"], well["proof"]["status"]) == (96, "avgpool", [], "proven")
    assert (ill["size"], ill["reached"], ill["findings"], ill["proof"]) == (160, "pool2", whole["findings"][:1], None)


def test_integers_are_exact_however_large() -> None:
    huge = replace(ROWS[0], macs=2**63 + 1)
    assert document(render(replace(REPORT, rows=(huge,)), Format.JSON))["rows"][0]["macs"] == 2**63 + 1


def test_the_same_report_gives_the_same_bytes_whatever_the_view() -> None:
    narrow = View(width=40, color=True, only_mismatches=True, layer="conv1", columns=(Column.SLOT,), terse=True)
    assert render(REPORT, Format.JSON) == render(REPORT, Format.JSON, narrow)


def test_awkward_names_survive_and_no_byte_of_them_commands_a_terminal() -> None:
    name = 'a"\\\x1b[2J\x7f\x9b\u202e\n\udc80[pool]인셉션'
    text = render(replace(REPORT, target=name), Format.JSON)
    assert json.loads(text)["target"] == name
    assert not set(text) & set("\x1b\x7f\x9b\u202e\udc80")
    assert text.encode("utf-8")
