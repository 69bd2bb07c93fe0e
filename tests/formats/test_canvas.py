"""Lines and paragraphs on a canvas, whatever terminal the process has."""

from __future__ import annotations

import pytest
from rich.text import Text

from gnet_audit.formats.canvas import Canvas


def drawn(canvas: Canvas) -> list[str]:
    return canvas.text().splitlines()


def test_a_paragraph_goes_on_under_its_own_beginning() -> None:
    canvas = Canvas(width=26, color=False)
    canvas.paragraph("one two three four five", first="why: ", rest="   ")
    assert drawn(canvas) == ["why: one two three four", "   five"]


def test_a_narrow_canvas_leaves_twenty_characters_for_words() -> None:
    canvas = Canvas(width=10, color=False)
    canvas.paragraph("a" * 21)
    assert drawn(canvas) == ["a" * 20, "a"]


def test_without_a_width_and_in_a_single_line_nothing_is_broken() -> None:
    canvas, narrow = Canvas(width=0, color=False), Canvas(width=40, color=False)
    canvas.paragraph("word " * 2_000)
    narrow.line("word " * 2_000)
    assert drawn(canvas) == drawn(narrow) == [("word " * 2_000).rstrip()]


def test_the_heads_of_a_table_stand_on_what_is_below_them() -> None:
    canvas = Canvas(width=0, color=False)
    canvas.table(["row", "of two"], [5, 3], [False, True], [[Text("conv1"), Text("64")]])
    assert drawn(canvas) == ["        of", "row    two", "conv1   64"]


@pytest.mark.parametrize("color", [True, False])
def test_color_is_as_asked_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch, color: bool) -> None:
    monkeypatch.setenv("NO_COLOR" if color else "FORCE_COLOR", "1")
    canvas = Canvas(width=0, color=color)
    canvas.line("a: error here", mark="error", mark_style="bold red")
    assert canvas.text() == ("a: \x1b[1;31merror\x1b[0m here\n" if color else "a: error here\n")
