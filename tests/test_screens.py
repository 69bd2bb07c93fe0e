"""The pictures in the README show what the program prints."""

from __future__ import annotations

import re

from tests.docs import ROOT
from tests.screens import SCREENS, stale


def test_the_pictures_are_what_the_program_shows() -> None:
    assert [path.name for path in stale()] == []


def test_the_pictures_need_nothing_from_elsewhere() -> None:
    for name in SCREENS:
        text = (ROOT / "docs" / f"{name}.svg").read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {
            "http://www.w3.org/2000/svg",
            "https://www.textualize.io",
        }
