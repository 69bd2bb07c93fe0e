"""A report for spreadsheets."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO

from gnet_audit.formats import Format, render
from gnet_audit.formats.csv import HEAD
from gnet_audit.report import Report
from tests import golden
from tests.canonical_report import ACCEPTED, REPORT, ROWS
from tests.hostile import hostile


def records(report: Report) -> list[dict[str, str]]:
    """The records as a spreadsheet reads them."""
    return list(csv.DictReader(StringIO(render(report, Format.CSV))))


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/report.csv", render(ACCEPTED, Format.CSV))


def test_every_row_is_a_record_with_every_column() -> None:
    found = records(REPORT)
    assert len(found) == len(ROWS)
    assert all(tuple(record) == HEAD and None not in record.values() for record in found)


def test_the_columns_add_up_to_the_totals() -> None:
    found = records(REPORT)
    for name in ("expected_params", "params", "expected_macs", "macs"):
        assert sum(int(record[name] or 0) for record in found) == getattr(REPORT.totals, f"{name}_train")


def test_an_added_layer_has_no_slot_and_a_missing_one_no_layer() -> None:
    extra = next(record for record in records(REPORT) if record["status"] == "extra")
    assert (extra["slot"], extra["layer"]) == ("", "inception3a.branch3[pool].1.bn")
    missing = next(record for record in records(REPORT) if record["status"] == "missing")
    assert (missing["layer"], missing["measured"], missing["params"]) == ("", "", "")


def test_rules_and_reasons_stand_with_the_slot() -> None:
    record = next(record for record in records(ACCEPTED) if record["slot"] == "inception_3a.5x5")
    assert record["findings"] == "GA202 GA215"
    assert record["accepted"] == "as in the old weights (by ann); trains faster (until 2030-01-31)"
    assert record["status"] == "accepted"


def test_a_name_that_a_terminal_would_obey_is_escaped() -> None:
    row = replace(ROWS[0], layer="a\x1b[2Jb\u202ec\td")
    (record,) = records(replace(REPORT, rows=(row,)))
    assert record["layer"] == "a\\x1b[2Jb\\u202ec\\td"


def test_no_cell_is_a_formula() -> None:
    for record in records(hostile()):
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in record.values())
