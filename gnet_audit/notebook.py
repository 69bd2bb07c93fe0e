"""A report in a notebook: the page in a frame of its own, and the rows as a table of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnet_audit.errors import UnavailableError
from gnet_audit.formats import html
from gnet_audit.report import Report

if TYPE_CHECKING:
    from pandas import DataFrame


def page(report: Report) -> str:
    """The report as a frame that a notebook shows."""
    return html.fragment(report)


def frame(report: Report) -> DataFrame:
    """One line for each slot, in the paper's order; what cannot be known is missing, counts are exact integers."""
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UnavailableError("pandas is not installed", expected="pip install 'gnet-audit[notebook]'") from error
    table = pd.DataFrame(
        [
            {
                "row": row.row,
                "slot": row.slot,
                "layer": row.layer,
                "expected_op": row.expected_op,
                "op": row.found_op,
                "printed": row.printed,
                "derived": row.derived,
                "measured": row.measured,
                "expected_params": row.expected_params,
                "params": row.params,
                "expected_macs": row.expected_macs,
                "macs": row.macs,
                "status": row.status.value,
                "file": row.location.file if row.location else None,
                "line": row.location.line if row.location else None,
            }
            for row in report.rows
        ]
    )
    counts = [name for name in ("expected_params", "params", "expected_macs", "macs", "line") if name in table]
    return table.astype(dict.fromkeys(counts, "Int64"))
