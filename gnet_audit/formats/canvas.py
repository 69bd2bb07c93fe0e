"""Text with optional colour, drawn by rich with everything in it that guesses or interprets turned off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gnet_audit.formats.layout import GAP

ENDLESS = 100_000
"""A width that nothing reaches: where lines must not be broken."""


class Canvas:
    """Collects lines; `text()` gives them all. Nothing depends on the process's terminal or environment."""

    def __init__(self, *, width: int, color: bool) -> None:
        self.width = width or ENDLESS
        self._console = Console(
            file=StringIO(),
            width=ENDLESS,
            height=100,
            color_system="standard" if color else None,
            force_terminal=color,
            no_color=not color,
            force_jupyter=False,
            force_interactive=False,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={},
        )

    def line(self, text: str = "", style: str = "", *, mark: str = "", mark_style: str = "") -> None:
        """One line, never broken; the first `mark` in it has a style of its own."""
        line = Text(text, style=style)
        if mark:
            line.stylize(mark_style, text.index(mark), text.index(mark) + len(mark))
        self._console.print(line, soft_wrap=True)

    def paragraph(self, text: str, *, first: str = "", rest: str = "", style: str = "") -> None:
        """A text broken at blanks to the canvas's width, after `first` on the first line and `rest` on the others."""
        room = max(self.width - max(cell_len(first), cell_len(rest)), 20)
        lines = (
            [line.plain for line in Text(text).wrap(self._console, room)]
            if cell_len(text) > room or "\n" in text
            else [text]
        )
        for index, line in enumerate(lines):
            self._console.print(Text(rest if index else first) + Text(line.rstrip(), style=style), soft_wrap=True)

    def table(
        self, heads: Sequence[str], widths: Sequence[int], right: Sequence[bool], lines: Iterable[Sequence[Text]]
    ) -> None:
        """A table without rules: columns of these widths, wrapped at blanks."""
        table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for head, width, is_number in zip(heads, widths, right, strict=True):
            table.add_column(Text(head), width=width, justify="right" if is_number else "left", overflow="fold")
        for cells in lines:
            table.add_row(*cells)
        self._console.print(table, crop=False)

    def text(self) -> str:
        """All lines so far, without blanks at their ends."""
        file = self._console.file
        assert isinstance(file, StringIO)
        return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
