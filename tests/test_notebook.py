"""A report in a notebook."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from gnet_audit.errors import UnavailableError
from tests.canonical_report import REPORT, ROWS

NOTEBOOK = Path(__file__).parents[1] / "examples" / "audit.ipynb"


def test_a_report_shows_itself_as_a_page() -> None:
    shown = REPORT._repr_html_()
    assert shown.startswith("<iframe ")
    assert "inception_3a.5x5" in shown


def test_the_rows_are_a_table_whose_columns_add_up_to_the_totals() -> None:
    table = REPORT.to_pandas()
    assert list(table["slot"]) == [row.slot for row in ROWS]
    assert table["params"].sum() == REPORT.totals.params_train
    assert table["expected_macs"].sum() == REPORT.totals.expected_macs_train
    assert str(table["macs"].dtype) == "Int64"
    assert table["params"].isna().sum() == 1  # the missing layer


def test_a_report_without_rows_is_a_table_without_rows() -> None:
    assert len(replace(REPORT, rows=()).to_pandas()) == 0


def test_without_pandas_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        UnavailableError, match=r"pandas is not installed; expected pip install 'gnet-audit\[notebook\]'"
    ):
        REPORT.to_pandas()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_example_runs_and_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
    NotebookClient(notebook, timeout=120).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("text/html" in output.get("data", {}) for output in shown)
    assert any("GA212" in output.get("text", "") for output in shown)
