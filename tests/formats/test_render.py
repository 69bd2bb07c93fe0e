"""Every format is rendered by the one function."""

from __future__ import annotations

import pytest

from gnet_audit.formats import MACHINE, Format, render
from tests.canonical_report import REPORT


@pytest.mark.parametrize("format", Format)
def test_every_format_gives_a_text_that_ends_with_one_newline(format: Format) -> None:
    text = render(REPORT, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_machine_formats_are_formats() -> None:
    assert set(Format) > MACHINE
