"""Which literal table of a file the values in a function's hand were taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from torch import nn

from gnet_audit.live.tables import Held, Tables, in_hand


class Row(NamedTuple):
    wide: int
    narrow: int
    deep: int


@dataclass(frozen=True)
class Plain:
    wide: int
    narrow: int
    deep: int


@dataclass(frozen=True, slots=True)
class Slotted:
    wide: int
    narrow: int
    deep: int


class Trap:
    """Whoever asks it anything by the usual ways gets an error."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(name)

    def __iter__(self) -> object:
        raise AssertionError("iter")


class TrappedList(list[int]):
    def __iter__(self) -> object:  # type: ignore[override]
        raise AssertionError("iter")


def lines(folder: Path, code: str, **names: object) -> dict[int, tuple[str, ...]]:
    """The lines of `code` in which what a function has in hand is written."""
    file = folder / "net.py"
    file.write_text(code, encoding="utf-8")
    return {line: words for _, line, words in Tables().written([in_hand(str(file), names)])}


ROWS = "ROWS = [\n    (64, 96, 128),\n    (128, 24, 192),\n]\n"


@pytest.mark.parametrize(
    "value",
    [
        (128, 24, 192),
        [128, 24, 192],
        {"a": 128, "b": 24, "c": 192},
        [("conv", 128), (24, 192)],
        Row(128, 24, 192),
        Plain(128, 24, 192),
        Slotted(128, 24, 192),
        SimpleNamespace(a=128, b=24, c=192),
        TrappedList([128, 24, 192]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_container_is_led_back_to_the_row_that_holds_just_its_numbers(tmp_path: Path, value: object) -> None:
    assert lines(tmp_path, ROWS, row=value) == {3: ("128", "24", "192")}


@pytest.mark.parametrize(
    "value",
    [(24, 128, 192), (128, 24), (128, 24, 192, 1), (128, 24, 193), (True, 24, 192), nn.ReLU(), int, range(3)],
    ids=repr,
)
def test_other_numbers_another_order_and_what_is_no_container_lead_nowhere(tmp_path: Path, value: object) -> None:
    assert lines(tmp_path, ROWS, row=value) == {}


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    assert lines(tmp_path, "ROW = (128, 24, 192)\n", row=(128, 24, 192)) == {1: ("128", "24", "192")}
    assert lines(tmp_path, "\nROW = (128, 24, 192)\n", row=(128, 24, 192)) == {2: ("128", "24", "192")}
    assert lines(tmp_path, "ROW = (128, 24, 193)\n", row=(128, 24, 192)) == {}


def test_no_code_of_what_is_in_hand_runs() -> None:
    assert in_hand("net.py", {"trap": Trap(), "list": TrappedList([1, 2, 3])}).containers == ((1, 2, 3),)


def test_a_functions_own_numbers_are_led_back_too_beside_others(tmp_path: Path) -> None:
    assert lines(tmp_path, ROWS, self=None, wide=512, a=128, b=24, c=192, stride=2) == {3: ("128", "24", "192")}


def test_of_a_functions_own_numbers_the_longest_row_counts_and_two_are_none(tmp_path: Path) -> None:
    code = "LONG = (512, 128, 24, 192)\nSHORT = (128, 24, 192)\n"
    assert lines(tmp_path, code, i=512, a=128, b=24, c=192) == {1: ("512", "128", "24", "192")}
    twice = "ONE = (512, 128, 24, 192)\nTWO = (512, 128, 24, 192)\nSHORT = (128, 24, 192)\n"
    assert lines(tmp_path, twice, i=512, a=128, b=24, c=192) == {}


def test_a_table_that_stands_twice_is_none(tmp_path: Path) -> None:
    assert lines(tmp_path, ROWS + "OLD = (128, 24, 192)\n", row=(128, 24, 192)) == {}


def test_a_table_that_stands_in_another_of_the_files_as_well_is_none(tmp_path: Path) -> None:
    held: list[Held] = []
    for name in ("one", "two"):
        file = tmp_path / f"{name}.py"
        file.write_text(ROWS, encoding="utf-8")
        held.append(in_hand(str(file), {"row": (128, 24, 192)}))
    assert Tables().written(held) == ()
    assert [line for _, line, _ in Tables().written(held[:1])] == [3]


def test_each_number_of_a_table_over_several_lines_stands_at_its_own_with_its_name(tmp_path: Path) -> None:
    code = "config = dict(\n    wide=128,\n    narrow=24, deep=-1,\n)\n"
    found = lines(tmp_path, code, config={"wide": 128, "narrow": 24, "deep": -1})
    assert found == {2: ("128", "wide=128"), 3: ("24", "narrow=24", "-1", "deep=-1")}
    assert lines(tmp_path, "C = {'a': 128, 'b': 24, 'c': 192}\n", c=Row(128, 24, 192)) == {
        1: ("128", "a=128", "24", "b=24", "192", "c=192")
    }


def test_a_call_is_a_table_and_what_is_no_literal_in_it_is_left_out(tmp_path: Path) -> None:
    assert lines(tmp_path, "x = Row(n, 128, 24, 2 * 3, 192)\n", c=Row(128, 24, 192)) == {1: ("128", "24", "192")}


def test_a_line_of_a_text_is_led_back_where_it_stands_once(tmp_path: Path) -> None:
    code = 'TEXT = """\nconv 64 7 2 3\nconv 64 1 1 0\nconv 64 1 1 0\n"""\n'
    assert lines(tmp_path, code, line="conv 64 7 2 3") == {2: ("64", "7", "2", "3")}
    assert lines(tmp_path, code, line="conv 64 1 1 0") == {}
    assert lines(tmp_path, code, line="conv") == {}


@pytest.mark.parametrize("names", [{"big": list(range(10_000))}, {"deep": [[[[]] * 50] * 50] * 50}, {}])
def test_what_is_too_large_is_left_alone(names: Mapping[str, object]) -> None:
    assert in_hand("net.py", names) == Held("net.py", (), (), ())


def test_what_holds_itself_is_left_alone() -> None:
    ring: list[object] = [1, 2, 3]
    ring.append(ring)
    assert in_hand("net.py", {"ring": ring}).containers == ()


def test_a_file_that_cannot_be_read_or_parsed_has_no_tables(tmp_path: Path) -> None:
    assert lines(tmp_path, "not (python\n", row=(128, 24, 192)) == {}
    assert (Tables().written([in_hand(str(tmp_path / "gone.py"), {"row": (128, 24, 192)})])) == ()
