"""Many audits as one table, a line for each target."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from gnet_audit.errors import ExitStatus
from gnet_audit.formats import Format, words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.columns import Col, draw
from gnet_audit.formats.csv import text

HEADS = ("target", "verdict", "errors", "warnings", "proof", "status", "rules", "stopped")
NUMBERS = frozenset({"errors", "warnings", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What came of one target; no verdict where it could not be audited."""

    target: str
    status: ExitStatus
    verdict: str = ""
    errors: int | None = None
    warnings: int | None = None
    proven: str = ""
    rules: tuple[str, ...] = ()
    error: str = ""
    """Why it could not be audited, or where its forward stopped."""


def render(audited: Sequence[Audited], format: Format, width: int) -> str:
    """The table as text, without why a target stopped, or as CSV."""
    lines = [
        (one.target, one.verdict or "not audited", words.number(one.errors), words.number(one.warnings), one.proven,
         str(int(one.status)), " ".join(one.rules), one.error)
        for one in audited
    ]  # fmt: skip
    if format is Format.CSV:
        file = StringIO()
        csv.writer(file, lineterminator="\n").writerows([HEADS, *([text(cell) for cell in line] for line in lines)])
        return file.getvalue()
    canvas = Canvas(width=width, color=False)
    columns = zip(HEADS[:-1], zip(*lines, strict=True), strict=False)
    draw(canvas, [Col(head=head, cells=cells, number=head in NUMBERS) for head, cells in columns])
    return canvas.text()
