"""A TOML file as tables that know their lines: what is read from them is checked, and every mistake is kept."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import TypeAlias, cast

from gnet_audit.errors import Problem, SpecError, quoted

Path: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables and positions in arrays."""

LONGEST = 4_000_000
"""Characters of a file that are read at all."""
MOST_PROBLEMS = 200
"""Mistakes that are told at once."""
MOST_NAMES = 40
"""Names among which the one meant is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's values and lines, and the mistakes met while it is read."""

    file: str
    values: Mapping[str, object]
    lines: Mapping[Path, int]
    problems: list[Problem] = field(default_factory=list)

    def root(self) -> Table:
        """The whole file as a table."""
        return Table(document=self, path=(), values=self.values)

    def refused(self) -> SpecError:
        """The first mistakes, and whether there are more."""
        told = sorted(dict.fromkeys(self.problems), key=lambda problem: (problem.line, problem.where))
        if len(told) > MOST_PROBLEMS:
            told[MOST_PROBLEMS:] = [Problem(line=told[MOST_PROBLEMS].line, where="the file", what="more mistakes")]
        return SpecError(self.file, tuple(told))

    def line(self, path: Path) -> int:
        """Where a value is written, else where what holds it is."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a document; a getter that fails notes the problem and returns something harmless."""

    document: Document
    path: Path
    values: Mapping[str, object]

    @property
    def line(self) -> int:
        """Where the table begins."""
        return self.document.line(self.path)

    def note(self, key: str, what: str, *, expected: str = "", got: str = "") -> None:
        """Keep a mistake at a key (or, with an empty one, at the table itself)."""
        path = (*self.path, key) if key else self.path
        where = spelled(path) or "the file"
        line = self.document.line(path)
        self.document.problems.append(Problem(line=line, where=where, what=what, expected=expected, got=got))
        if len(self.document.problems) > MOST_PROBLEMS:
            raise self.document.refused()

    def text(self, key: str, *, required: bool = True) -> str:
        """A text that is not empty."""
        value = self.values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self._unfit(key, "a text", required=required)
        return ""

    def table(self, key: str, *, required: bool = True) -> Table:
        """A table; an empty one where there is none."""
        value = self.values.get(key)
        if not isinstance(value, dict):
            self._unfit(key, "a table", required=required)
        return Table(document=self.document, path=(*self.path, key), values=_keyed(value))

    def tables(self, key: str, *, required: bool = True) -> list[Table]:
        """An array of tables."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._unfit(key, "an array of tables", required=required)
            return []
        return [
            Table(document=self.document, path=(*self.path, key, index), values=_keyed(item))
            for index, item in enumerate(value)
        ]

    def named_tables(self) -> Iterator[tuple[str, Table]]:
        """The tables in this table under their names; anything else in it is a mistake."""
        for key in self.values:
            yield key, self.table(key)

    def only(self, *keys: str) -> None:
        """Note every key that is none of these."""
        for key in self.values:
            if key not in keys:
                self.note(key, "unknown key", expected=closest(key, keys))

    def _unfit(self, key: str, expected: str, *, required: bool) -> None:
        if key in self.values:
            self.note(key, "wrong value", expected=expected, got=shown(self.values[key]))
        elif required:
            self.note("", f"`{key}` is missing", expected=expected)


def closest(word: str, known: Iterable[str]) -> str:
    """The name that is meant, else all that there are; of very many only the first."""
    names = list(islice(known, MOST_NAMES))
    near = get_close_matches(word[:MOST_NAMES], names, n=1)
    return near[0] if near else listed(names)


def listed(names: Iterable[str]) -> str:
    """Names in a message; of very many only the first."""
    return ", ".join(islice(names, MOST_NAMES))


def _keyed(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def spelled(path: Path) -> str:
    """A path as people write it: `row[3].layers[0].kernel`, counted from 1."""
    return "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def shown(value: object) -> str:
    """A TOML value in a message: short, and named by what it is where it is no plain value."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case str() | int() | float() | list():
            text = quoted(value)
            return text if len(text) <= 40 else f"{text[:37]}..."
        case _:
            return f"a {type(value).__name__}"


def parse(text: str, file: str) -> Document:
    """The document in a text; SpecError with the line where it is no TOML."""
    if len(text) > LONGEST:
        raise _no_toml(file, 1, f"too long, {len(text):,} characters")
    try:
        return Document(file=file, values=tomllib.loads(text), lines=_Scan(text).lines)
    except RecursionError as error:
        raise _no_toml(file, 1, "nested too deep") from error
    except ValueError as error:
        # tomllib tells the place in its message only; a number with too many digits has none.
        message, _, place = str(error).partition(" (at ")
        digits = re.match(r"line (\d+)", place)
        last = text.rstrip().count("\n") + 1
        raise _no_toml(file, int(digits[1]) if digits else last if place else 1, message) from error


def _no_toml(file: str, line: int, what: str) -> SpecError:
    return SpecError(file, (Problem(line=line, where="no valid TOML", what=what),))


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'[ \t]*("(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+)[ \t]*(\.?)')
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]*")


class _Scan:
    """The lines of all keys and array items of a text that tomllib has accepted."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text, self._at = text, 0
        self._line, self._counted = 1, 0
        self._sizes: Counter[Path] = Counter()
        self._document()

    def _document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        is_item = self._text.startswith("[[", self._at)
        line = self._here()
        self._at += 2 if is_item else 1
        *parents, last = self._key()
        self._at += 2 if is_item else 1
        path: Path = ()
        for part in parents:
            self.lines.setdefault((*path, part), line)
            path = self._newest((*path, part))
        path = (*path, last)
        if is_item:
            self.lines.setdefault(path, line)
            self._sizes[path] += 1
            path = self._newest(path)
        self.lines.setdefault(path, line)
        return path

    def _newest(self, path: Path) -> Path:
        """The last table of an array of tables; any other path itself."""
        return (*path, self._sizes[path] - 1) if path in self._sizes else path

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        dot = "."
        while dot:
            match = _KEY.match(self._text, self._at)
            assert match is not None  # tomllib has accepted it
            parts.append(_unquoted(match[1]))
            dot, self._at = match[2], match.end()
        return tuple(parts)

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        opening = self._text[self._at : self._at + 1]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if opening in {'"', "'"} else _SCALAR)

    def _array(self, path: Path) -> None:
        index = 0
        while not self._closes("]"):
            self.lines[*path, index] = self._here()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Path) -> None:
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        """Step over the opening bracket or a comma; whether the closing bracket comes next (stepped over, too)."""
        self._skip(_BLANK)
        if self._text[self._at] != bracket:
            self._at += self._text[self._at] in "[{,"
            self._skip(_BLANK)
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else len(self._text)

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    return str(*tomllib.loads(f"{key} = 0")) if key[0] == '"' else key
