"""The table of a report: one line for each slot or row of the paper."""

from __future__ import annotations

from typing import assert_never

from rich.cells import cell_len
from rich.text import Text

from gnet_audit.formats import marks, rows, words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.layout import Extent, Layout, fit, least
from gnet_audit.formats.view import DEFAULT_COLUMNS, EXPENDABLE, Column, Depth, View
from gnet_audit.report import Report, RowStatus, SlotResult

STYLE = {
    RowStatus.MATCH: "green",
    RowStatus.EQUIVALENT: "cyan",
    RowStatus.DIFFERS: "red",
    RowStatus.CONSEQUENCE: "yellow",
    RowStatus.ACCEPTED: "blue",
    RowStatus.MISSING: "red",
    RowStatus.EXTRA: "magenta",
    RowStatus.UNVERIFIED: "yellow",
}
NUMBERS = frozenset({Column.EXPECTED_PARAMS, Column.PARAMS, Column.EXPECTED_MACS, Column.MACS})
ARROW = " → "
"""Between what was expected and what was found."""
LEAST = {Column.OP: 20, Column.LAYER: 14, Column.NOTE: 16, Column.WHERE: 16}
"""How far the columns may be narrowed that wrap (or, a layer's name, lose their beginning)."""


def draw(canvas: Canvas, report: Report, view: View) -> None:
    """The table as wide as the view, then what was left out of it and how to see that."""
    per_row = view.depth is Depth.ROW
    lines = rows.by_row(report.rows) if per_row else report.rows
    lines = rows.chosen(lines, only_mismatches=view.only_mismatches, layer=view.layer)
    if not lines:
        canvas.line(_nothing(report, view))
        return
    named = rows.numbers(report, per_row=per_row)
    columns = view.columns or DEFAULT_COLUMNS
    cells = {column: [cell(line, column, named, view) for line in lines] for column in columns}
    extents = {column: _extent(column, cells[column], lines) for column in columns}
    layout = fit(extents, view.width, () if view.columns else EXPENDABLE[view.depth])
    canvas.table(
        [column.value.replace("-", " ") for column, _ in layout.widths],
        [width for _, width in layout.widths],
        [column in NUMBERS for column, _ in layout.widths],
        [
            [_text(cells[column][index], column, width, line) for column, width in layout.widths]
            for index, line in enumerate(lines)
        ],
    )
    _say_what_is_left_out(canvas, report, view, layout, shown=len(lines), whole=least(extents))


def cell(line: SlotResult, column: Column, named: dict[str, tuple[int, ...]], view: View) -> str:
    """The text of one cell, as long as it may be."""
    match column:
        case Column.SLOT:
            return words.safe(line.slot)
        case Column.LAYER:
            return words.safe(line.layer)
        case Column.OP:
            return _op(line)
        case Column.PAPER:
            return words.safe(line.printed)
        case Column.DERIVED:
            return words.shape(line.derived)
        case Column.MEASURED:
            return words.shape(line.measured)
        case Column.EXPECTED_PARAMS:
            return words.number(line.expected_params)
        case Column.PARAMS:
            return words.number(line.params)
        case Column.EXPECTED_MACS:
            return words.number(line.expected_macs)
        case Column.MACS:
            return words.number(line.macs)
        case Column.VERDICT:
            return _verdict(line, named.get(line.slot, ()))
        case Column.WHERE:
            return words.place(line.location, view.folder)
        case Column.NOTE:
            return words.safe(line.note)
        case _:
            assert_never(column)


def _op(line: SlotResult) -> str:
    expected, found = words.safe(line.expected_op), words.safe(line.found_op)
    return f"{expected}{ARROW}{found}" if expected and found and expected != found else found or expected


def _verdict(line: SlotResult, findings: tuple[int, ...]) -> str:
    text = f"{marks.MARK[line.status]} {marks.WORD[line.status]}"
    return f"{text} {','.join(map(str, findings))}" if findings else text


def _extent(column: Column, cells: list[str], lines: tuple[SlotResult, ...]) -> Extent:
    head = len(column.value)
    widths = [cell_len(text) for text in cells]
    full = max(head, *widths)
    if column is Column.SLOT:
        own = [width for width, line in zip(widths, lines, strict=True) if line.status is not RowStatus.EXTRA]
        return Extent(natural=full, minimum=max(head, *own) if own else full)
    return Extent(natural=full, minimum=max(head, min(full, LEAST.get(column, full))))


def _text(cell: str, column: Column, width: int, line: SlotResult) -> Text:
    if column in {Column.LAYER, Column.SLOT}:
        return Text(_tail(cell, width))
    if column is Column.OP and cell_len(cell) > width:
        return Text(cell.replace(ARROW, f"\n{ARROW.lstrip()}"))
    return Text(cell, style=STYLE[line.status] if column is Column.VERDICT else "")


def _tail(name: str, width: int) -> str:
    """The end of a name that is too long: the part that tells it from its neighbours."""
    if cell_len(name) <= width:
        return name
    while cell_len(name) >= width:
        name = name[1:]
    return f"…{name}"


def _nothing(report: Report, view: View) -> str:
    if not report.rows:
        return "no rows"
    if view.layer and not rows.chosen(report.rows, only_mismatches=False, layer=view.layer):
        return f"no slot, row or layer is called {words.safe(view.layer)}"
    return "no mismatches"


def _say_what_is_left_out(
    canvas: Canvas, report: Report, view: View, layout: Layout, *, shown: int, whole: int
) -> None:
    if layout.dropped:
        names = ", ".join(column.value for column in layout.dropped)
        canvas.paragraph(f"not shown at {view.width} columns: {names} (--width {whole} shows all, --columns chooses)")
    if view.only_mismatches or view.layer:
        all_lines = len(rows.by_row(report.rows)) if view.depth is Depth.ROW else len(report.rows)
        canvas.line(f"{shown} of {all_lines} lines shown")
