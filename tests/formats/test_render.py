"""Every format is rendered by the one function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.formats import MACHINE, Format, render
from gnet_audit.messages import message
from tests.canonical_report import FINDINGS, REPORT


@pytest.mark.parametrize("format", Format)
def test_every_format_gives_a_text_that_ends_with_one_newline(format: Format) -> None:
    text = render(REPORT, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("format", [Format.TEXT, Format.HTML, Format.MARKDOWN, Format.GITHUB, Format.SARIF])
def test_every_format_for_readers_says_behind_which_slot_an_added_layer_stands(format: Format) -> None:
    sentence = message("GA302", ("conv1",), "layer", "none", "add")
    added = replace(
        FINDINGS[1], rule="GA302", rows=("conv1",), attribute="layer", expected="none", found="add", message=sentence
    )
    text = render(replace(REPORT, findings=(added,)), format)
    assert any(f"after {name}" in text.replace("After", "after") for name in ("conv1", "<code>conv1"))
    if format is not Format.SARIF:  # which has a sentence and no line of its own
        assert any(f"after {name}" in text for name in ("conv1", "<code>conv1"))


def test_machine_formats_are_formats() -> None:
    assert set(Format) > MACHINE
