"""The table of a report for spreadsheets: one record for each slot and added layer, exact integers, RFC 4180."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO

from gnet_audit.formats import places, words
from gnet_audit.notation import shape_text
from gnet_audit.report import Report, RowStatus

HEAD = (
    "row", "slot", "layer", "expected_op", "found_op", "printed", "derived", "measured", "expected_params", "params",
    "expected_macs", "macs", "status", "findings", "accepted", "note", "file", "line",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run; such a text gets an apostrophe in front."""
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")
"""What stays a number."""


def render(report: Report) -> str:
    """The records, their head first; an added layer has no slot, and what cannot be known is empty."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(_records(report))
    return file.getvalue()


def _records(report: Report) -> Iterator[list[str | int | None]]:
    named = places.findings_of(report)
    for row in report.rows:
        findings = named.get(row.slot, ())
        texts = (
            row.row, "" if row.status is RowStatus.EXTRA else row.slot, row.layer, row.expected_op, row.found_op,
            row.printed, shape_text(row.derived) if row.derived else "", shape_text(row.measured) if row.measured else "",
        )  # fmt: skip
        yield [
            *map(text, texts), row.expected_params, row.params, row.expected_macs, row.macs, row.status.value,
            " ".join(dict.fromkeys(finding.rule for finding in findings)),
            text("; ".join(dict.fromkeys(finding.accepted for finding in findings if finding.accepted))),
            text(row.note), text(row.location.file if row.location else ""),
            row.location.line if row.location else None,
        ]  # fmt: skip


def text(value: str) -> str:
    """A cell that no spreadsheet runs and no terminal obeys."""
    clean = words.safe(value)
    return f"'{clean}" if value.startswith(FORMULA) and not NUMBER.fullmatch(value) else clean
