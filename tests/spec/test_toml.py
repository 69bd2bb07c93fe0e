"""TOML with lines: our own scan finds every key where it stands."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit.errors import SpecError
from gnet_audit.spec.toml import Path, parse, shown, spelled

AWKWARD = '''# a comment with [brackets] = and "quotes
plain = 1
"quoted key" = "a # no comment"  # a comment
'single.dots' = 'it\\'
dotted.key.deep = true
text = """
[not.a.header]
also = "not a key" """
raw = \'\'\'
x = [1,
\'\'\'
numbers = [
  1, 2,   # two on a line

  [3,
   4],
]
empty = []
none = {}
date = 1979-05-27 07:32:00
[table . "with blanks"]
a = { b = 1, c = { d = [ { e = 2 }, { e = 3 } ] } }
[[list]]
x = 1
[[list]]
x = 2
[list.inner]
y = 3
[[list.more]]
z = 4
[[list.more]]
z = 5
'''
LINES: dict[Path, int] = {
    ("plain",): 2,
    ("quoted key",): 3,
    ("single.dots",): 4,
    ("dotted", "key", "deep"): 5,
    ("text",): 6,
    ("raw",): 9,
    ("numbers",): 12,
    ("numbers", 1): 13,
    ("numbers", 2): 15,
    ("numbers", 2, 1): 16,
    ("empty",): 18,
    ("none",): 19,
    ("date",): 20,
    ("table", "with blanks"): 21,
    ("table", "with blanks", "a", "c", "d", 1, "e"): 22,
    ("list",): 23,
    ("list", 0): 23,
    ("list", 0, "x"): 24,
    ("list", 1): 25,
    ("list", 1, "inner", "y"): 28,
    ("list", 1, "more", 1): 31,
    ("list", 1, "more", 1, "z"): 32,
}


@pytest.mark.parametrize(("path", "line"), LINES.items())
def test_every_key_and_item_has_its_line(path: Path, line: int) -> None:
    assert parse(AWKWARD, "a.toml").line(path) == line


def test_what_is_not_written_has_the_line_of_what_would_hold_it() -> None:
    document = parse(AWKWARD, "a.toml")
    assert document.line(("list", 1, "inner", "nothing", "here")) == 27
    assert document.line(("nowhere",)) == 1


@pytest.mark.parametrize("text", [AWKWARD, AWKWARD.replace("\n", "\r\n")])
def test_every_value_of_a_document_was_seen(text: str) -> None:
    assert missed(text) == []


def missed(text: str) -> list[Path]:
    """The paths of all values that the scan has no line for."""
    document = parse(text, "a.toml")

    def paths(value: object, path: Path) -> list[Path]:
        children: list[tuple[str | int, object]] = []
        if isinstance(value, dict):
            children = list(value.items())
        elif isinstance(value, list):
            children = list(enumerate(value))
        return [path, *(found for key, child in children for found in paths(child, (*path, key)))]

    return [path for path in paths(tomllib.loads(text), ())[1:] if path not in document.lines]


KEYS = st.sampled_from(["a", "b-1", '"c d"', "'e.f'", '"g\\"h"'])
SCALARS = st.sampled_from(["1", "-2.5", "true", '"x, ]} = # y"', "'z\\'", '"""p\n"q""""', "'''r\ns'''", "07:32:00"])
BLANKS = st.sampled_from(["", " ", "  # ] }\n", "\n\n"])


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    return "[" + ",".join(draw(BLANKS) + item + draw(BLANKS) for item in draw(st.lists(inner, max_size=3))) + "]"


@st.composite
def inline_tables(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    keys = draw(st.lists(KEYS, max_size=3, unique=True))
    return "{ " + ", ".join(f"{key} = {draw(inner)}" for key in keys) + " }"


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(KEYS, VALUES), max_size=4, unique_by=lambda pair: pair[0]), times=st.integers(1, 3))
def test_the_scan_sees_all_that_tomllib_reads(pairs: list[tuple[str, str]], times: int) -> None:
    body = "".join(f"{key}={value}\n" for key, value in pairs)
    assert missed(body.replace("a=", "top=", 1) + f"[[t.u]]\n{body}" * times + f"[t.v]\n{body}") == []


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('a = 1\nb = "x\n', 2, "Illegal character"),
        ("a = 1\n[b\n", 2, "Expected"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite"),
        ("a = 1\nb = [1,\n", 2, "Invalid value"),
        ("a = " + "[" * 3000, 1, "deep"),
        ("a = " + "9" * 5000, 1, "integer string conversion"),
        ("#" * 4_000_001, 1, "too long"),
    ],
)
def test_what_is_no_toml_is_one_mistake_with_its_line(text: str, line: int, told: str) -> None:
    with pytest.raises(SpecError) as stop:
        parse(text, "a.toml")
    (problem,) = stop.value.lines
    assert problem.startswith(f"a.toml:{line}: no valid TOML: ")
    assert told in problem


def test_paths_and_values_in_messages_are_short_and_counted_from_one() -> None:
    assert spelled(("row", 2, "layers", 0, "kernel")) == "row[3].layers[1].kernel"
    assert shown({"a": 1}) == "a table"
    assert shown(value=True) == "true"
    assert shown("x" * 100) == "'" + "x" * 36 + "..."
    assert shown(tomllib.loads("a = 07:32:00")["a"]) == "a time"
