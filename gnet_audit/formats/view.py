"""What a reader may choose about the text of a report; machine formats ignore all of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gnet_audit.rules import Severity


class Depth(StrEnum):
    """What one line of the table stands for."""

    SLOT = "slot"
    ROW = "row"


class Column(StrEnum):
    """A column of the table, in the order in which they stand."""

    SLOT = "slot"
    LAYER = "layer"
    OP = "op"
    PAPER = "paper"
    DERIVED = "derived"
    MEASURED = "measured"
    EXPECTED_PARAMS = "expected-params"
    PARAMS = "params"
    EXPECTED_MACS = "expected-macs"
    MACS = "macs"
    VERDICT = "verdict"
    WHERE = "where"
    NOTE = "note"


ON_REQUEST = frozenset({Column.EXPECTED_PARAMS, Column.EXPECTED_MACS, Column.WHERE, Column.NOTE})
DEFAULT_COLUMNS = tuple(column for column in Column if column not in ON_REQUEST)
EXPENDABLE = {
    Depth.SLOT: (
        Column.MACS, Column.PAPER, Column.LAYER, Column.PARAMS, Column.DERIVED, Column.MEASURED, Column.OP,
    ),
    Depth.ROW: (
        Column.MACS, Column.LAYER, Column.OP, Column.DERIVED, Column.PARAMS, Column.PAPER, Column.MEASURED,
    ),
}  # fmt: skip
"""The default columns that make room on a narrow terminal, first to last: few slots have a printed size, most rows do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The choices, with what is good for a file as defaults."""

    width: int = 160
    """Columns of text; 0 for as many as the table needs."""
    color: bool = False
    depth: Depth = Depth.SLOT
    columns: tuple[Column, ...] = ()
    """Empty for the default ones, as many as fit."""
    only_mismatches: bool = False
    layer: str = ""
    """A glob over slots, rows and the user's own names; empty for all."""
    terse: bool = False
    """One line a finding and the verdict line: what `check` prints."""
    root: str = ""
    """Where the paths of annotations begin: the checkout of the job; `folder` where it is empty."""
    folder: str = ""
    """Files below it are shown relative to it."""
    show_accepted: bool = False
    """Tell accepted findings like the others."""
    summary: bool = False
    """Whether a summary of the job has what the annotations leave out."""
    fail_on: Severity = Severity.ERROR
    """The least severity that fails; formats that know only passed and failed need it."""
    exit_zero: bool | None = None
    """Whether no finding fails; None where the exit status does not come from the report alone."""
