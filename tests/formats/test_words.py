"""Names are shown safely, numbers exactly, places shortly."""

from __future__ import annotations

import pytest

from gnet_audit.formats import marks, words
from gnet_audit.network import Location
from gnet_audit.report import RowStatus, Verdict


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("block[pool]", "block[pool]"),
        ("[bold red]x[/]", "[bold red]x[/]"),
        ("인셉션", "인셉션"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udc80", "\\udc80"),
    ],
)
def test_a_name_is_shown_without_any_character_that_a_terminal_obeys(name: str, shown: str) -> None:
    assert words.safe(name) == shown


def test_numbers_are_exact_and_nothing_is_empty() -> None:
    assert words.number(118_013_952) == "118,013,952"
    assert words.number(0) == "0"
    assert words.number(None) == ""


def test_a_difference_carries_its_sign() -> None:
    assert [words.signed(value) for value in (-20_480, 0, 64)] == ["-20,480", "0", "+64"]


def test_a_file_below_the_current_folder_is_shown_relative_to_it() -> None:
    assert words.place(Location(file="/home/ann/nets/google.py", line=7), "/home/ann") == "nets/google.py:7"


def test_a_file_far_from_the_current_folder_stays_absolute() -> None:
    assert words.place(Location(file="/a/b.py", line=7), "/home/ann/nets/deep/down") == "/a/b.py:7"


def test_a_file_of_an_installed_package_loses_the_way_to_it() -> None:
    file = "/home/ann/.venv/lib/python3.11/site-packages/torchvision/models/googlenet.py"
    assert words.place(Location(file=file, line=41), "/home/ann") == "…/torchvision/models/googlenet.py:41"


def test_no_location_is_no_place() -> None:
    assert words.place(None) == ""


def test_a_list_says_how_much_more_there_is() -> None:
    assert words.some(("a", "b", "c"), 2) == "a, b and 1 more"
    assert words.some(("a", "b"), 2) == "a, b"


def test_every_status_has_a_mark_and_a_word_of_its_own() -> None:
    assert set(marks.MARK) == set(marks.WORD) == set(RowStatus)
    assert len(set(marks.WORD.values())) == len(RowStatus)
    assert set(marks.VERDICT) == set(Verdict)
