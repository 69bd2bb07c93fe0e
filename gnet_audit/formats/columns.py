"""A table of columns of which some give way when there is no room, and then are named below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.layout import GAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Col:
    """A column of texts, all safe; `spare` is its turn to give way, 0 for never."""

    head: str
    cells: tuple[str, ...]
    number: bool = True
    spare: int = 0

    @property
    def filled(self) -> bool:
        """Whether any line has something to say."""
        return any(self.cells)

    @property
    def width(self) -> int:
        """What its longest word of the head, or its longest cell, takes."""
        return max(map(cell_len, (*self.head.split(), *self.cells)))


def draw(canvas: Canvas, columns: Sequence[Col]) -> None:
    """The columns that fit, then the names of those that do not; a column without any text is left out silently."""
    filled = [column for column in columns if column.filled]
    kept = list(filled)
    for column in sorted((one for one in filled if one.spare), key=lambda one: one.spare):
        if sum(one.width + GAP for one in kept) - GAP > canvas.width:
            kept.remove(column)
    canvas.table(
        [column.head for column in kept],
        [column.width for column in kept],
        [column.number for column in kept],
        [[Text(words.safe(cell)) for cell in cells] for cells in zip(*(one.cells for one in kept), strict=True)],
    )
    dropped = [column.head for column in filled if column not in kept]
    if dropped:
        canvas.paragraph(f"not shown at {canvas.width} columns: {', '.join(dropped)}; --width 0 shows all")
