"""The paper against itself, as text and as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from gnet_audit import conventions
from gnet_audit.contradictions import Contradiction, Lint
from gnet_audit.conventions import Cell
from gnet_audit.explanations import RowCheck
from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.columns import Col, draw
from gnet_audit.formats.plain import Plain, dumped
from gnet_audit.rules import BY_ID, Severity

STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
SCHEMA = 1


def text(lint: Lint, *, width: int = 160, color: bool = False) -> str:
    """The printed counts beside the exact ones, each contradiction with its arithmetic, and last the verdict."""
    canvas = Canvas(width=width, color=color)
    canvas.paragraph(words.safe(f"{lint.title} against itself (spec {lint.id}, sha256 {lint.sha256[:12]})"))
    canvas.line()
    printing = [check for check in lint.rows if check.printed]
    for cell in Cell:
        _column(canvas, lint, cell, [check for check in printing if dict(check.printed).get(cell)])
    for index, one in enumerate(lint.contradictions, 1):
        _contradiction(canvas, index, one)
        canvas.line()
    canvas.paragraph(verdict(lint), rest="  ", style="bold")
    return canvas.text()


def _column(canvas: Canvas, lint: Lint, cell: Cell, checks: list[RowCheck]) -> None:
    if not checks:
        return
    order = tuple(convention for column, convention, _ in lint.tally if column is cell)
    fits = [dict(check.fits)[cell] for check in checks]
    draw(
        canvas,
        [
            Col(head="row", cells=tuple(check.row for check in checks), number=False),
            Col(head=f"{cell.value} printed", cells=tuple(dict(check.printed)[cell] for check in checks)),
            Col(head="derived", cells=tuple(f"{check.counts.of(cell, biases=False):,}" for check in checks)),
            Col(
                head="with biases", cells=tuple(f"{check.counts.of(cell, biases=True):,}" for check in checks), spare=1
            ),
            Col(
                head="printed as",
                cells=tuple(f"✓ {conventions.named(group, order)}" if group else "✗ no way" for group in fits),
                number=False,
            ),
        ],
    )
    tally = [f"{convention.text}: {count}" for column, convention, count in lint.tally if column is cell]
    canvas.paragraph(f"of {len(checks)} cells fit  {' · '.join(tally)}", rest="  ")
    canvas.line()


def _contradiction(canvas: Canvas, index: int, one: Contradiction) -> None:
    title = f"{one.severity} {one.rule} {BY_ID[one.rule].title}: {words.some(one.rows, limit=3)}"
    canvas.paragraph(title, first=f"{index:<3}", rest="   ", style=STYLE[one.severity])
    for label, line in _facts(one):
        canvas.paragraph(words.safe(line), first=f"   {label:<11}", rest=" " * 14)


def _facts(one: Contradiction) -> Iterator[tuple[str, str]]:
    yield "what", one.message
    if one.source:
        yield "source", words.paper(one.source)
    for label, line in zip(("arithmetic", *([""] * len(one.arithmetic))), one.arithmetic, strict=False):
        yield label, line
    yield "perhaps", f"{one.explanation.text} (confidence: {one.explanation.confidence})"
    for line in one.explanation.arithmetic:
        yield "", line


def verdict(lint: Lint) -> str:
    """The last line."""
    cells = [(check, cell) for check in lint.rows for cell, _ in check.printed]
    wrong = sum(check.misfits(cell) for check, cell in cells)
    tally = Counter(one.severity for one in lint.contradictions)
    kinds = ", ".join(words.count(tally[severity], severity.value) for severity in Severity if tally[severity])
    found = f"{words.count(len(lint.contradictions), 'contradiction')} ({kinds})" if kinds else "no contradiction"
    return f"{found}; {len(cells)} printed counts, {len(cells) - wrong} fit a convention, {wrong} fit none"


# --- JSON ------------------------------------------------------------------------------------------------------


def to_json(lint: Lint) -> str:
    """The document, with its last newline."""
    return dumped(document(lint))


def document(lint: Lint) -> Mapping[str, Plain]:
    """All of it as plain values."""
    return {
        "schema": SCHEMA,
        "spec": {"id": lint.id, "title": lint.title, "sha256": lint.sha256},
        "rows": [_row(check) for check in lint.rows if check.printed],
        "conventions": [
            {"cell": cell.value, "convention": convention.text, "fits": count} for cell, convention, count in lint.tally
        ],
        "contradictions": [_plain(one) for one in lint.contradictions],
    }


def _row(check: RowCheck) -> Mapping[str, Plain]:
    return {
        "row": check.row,
        "positions": check.positions,
        "cells": [
            {
                "cell": cell.value,
                "printed": printed,
                "derived": check.counts.of(cell, biases=False),
                "derived_with_biases": check.counts.of(cell, biases=True),
                "conventions": [convention.text for convention in dict(check.fits)[cell]],
            }
            for cell, printed in check.printed
        ],
    }


def _plain(one: Contradiction) -> Mapping[str, Plain]:
    return {
        "rule": one.rule,
        "severity": one.severity.value,
        "rows": list(one.rows),
        "cell": one.cell,
        "printed": one.printed,
        "derived": one.derived,
        "message": one.message,
        "arithmetic": list(one.arithmetic),
        "source": None if one.source is None else one.source.where,
        "explanation": {
            "text": one.explanation.text,
            "arithmetic": list(one.explanation.arithmetic),
            "confidence": one.explanation.confidence.value,
        },
    }
