"""Literal tables in the user's files, and which of them the values in a function's hand were taken from."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice
from types import ModuleType
from typing import TypeAlias, TypeGuard, TypeVar, cast
from warnings import catch_warnings, simplefilter

from torch import Tensor, nn

Values: TypeAlias = tuple[float, ...]
T = TypeVar("T")

_NO_TABLES = (nn.Module, Tensor, ModuleType)
_NOTHING = frozenset({bool, type(None)})

FEWEST = 3
"""Numbers that a table has at least: two in a row are alike too often."""
MOST = 32
"""Numbers of the largest table that is looked at."""
LOOKS = 100
"""Things in a container that are looked at before it is left alone."""
LONGEST = 16
"""Numbers of a function's own that are held against tables."""
NAMES = 64
"""Names of a function that are looked at."""
WIDEST = 100
"""Characters of a text that is looked at."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True, slots=True)
class Held:
    """What a function has in hand: its own numbers one after the other, each container's, and texts with numbers."""

    file: str
    own: Values
    containers: tuple[Values, ...]
    texts: tuple[str, ...]


def in_hand(file: str, names: Mapping[str, object]) -> Held:
    """The numbers under a function's names, in the order in which it got them."""
    own: list[float] = []
    containers: dict[Values, None] = {}
    texts: list[str] = []
    for value in islice(names.values(), NAMES):
        if _is_number(value):
            own.append(value)
        elif type(value) is str:
            if _tells(value):
                texts.append(value.strip())
        elif type(value) not in _NOTHING and not issubclass(type(value), _NO_TABLES):
            numbers = _numbers(value)
            if numbers:
                containers[numbers] = None
    return Held(file, tuple(own[:LONGEST]), tuple(containers), tuple(texts))


def _tells(text: str) -> bool:
    return len(text) <= WIDEST and len(NUMBER.findall(text)) >= FEWEST


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) is int or type(value) is float


def _numbers(value: object) -> Values:
    """The numbers in a container or in an object that only carries some, in order; none where there are too many."""
    found: list[float] = []
    waiting, looks = [value], LOOKS
    while waiting:
        one = waiting.pop()
        looks -= 1
        if _is_number(one):
            found.append(one)
        else:
            waiting += _parts(one)[::-1]
        if len(waiting) > looks or len(found) > MOST:
            return ()
    return tuple(found) if len(found) >= FEWEST else ()


def _parts(value: object) -> list[object]:
    """What a container or a plain object holds, without running code of its class."""
    kind = type(value)
    if issubclass(kind, tuple):
        return list(islice(tuple.__iter__(cast("tuple[object]", value)), LOOKS))
    if issubclass(kind, list):
        return list(islice(list.__iter__(cast("list[object]", value)), LOOKS))
    if issubclass(kind, dict):
        return list(islice(dict.values(cast("dict[object, object]", value)), LOOKS))
    if issubclass(kind, _NO_TABLES) or callable(value):
        return []
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return _slots(value)
    return list(islice(own.values(), LOOKS)) if type(own) is dict else []


def _slots(value: object) -> list[object]:
    fields = type.__getattribute__(type(value), "__dict__").get("__dataclass_fields__")
    try:
        return [object.__getattribute__(value, name) for name in fields] if type(fields) is dict else []
    except AttributeError:
        return []


# --- tables in files ------------------------------------------------------------------------------------------

Row: TypeAlias = tuple[tuple[str, int, str, str], ...]
"""For each number its file and line, how it is written, and under which name."""


Rows: TypeAlias = Mapping[T, Sequence[Row]]


class Tables:
    """The tables of the files that are asked for, each file read once."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[Rows[Values], Rows[str]]] = {}

    def written(self, held: Iterable[Held]) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
        """The lines of the tables that these values are in, with the numbers on each, where one table alone has them."""
        held = tuple(held)
        files = [self._tables(file) for file in dict.fromkeys(one.file for one in held)]
        rows: dict[Row, None] = {}
        for one in held:
            stretch = next((values for values in _windows(one.own) if any(values in own for own, _ in files)), ())
            for values in (*one.containers, stretch):
                rows |= _only([row for tables, _ in files for row in tables.get(values, ())])
            for text in one.texts:
                rows |= _only([row for _, texts in files for row in texts.get(text, ())])
        found: dict[tuple[str, int], list[str]] = {}
        for row in rows:
            for file, line, number, name in row:
                found.setdefault((file, line), []).extend([number, f"{name}={number}"] if name else [number])
        return tuple((file, line, tuple(words)) for (file, line), words in found.items())

    def _tables(self, file: str) -> tuple[Rows[Values], Rows[str]]:
        if file not in self._files:
            linecache.checkcache(file)
            text = "".join(linecache.getlines(file))
            self._files[file] = _read(file, text)
        return self._files[file]


@lru_cache(maxsize=16)
def _read(file: str, text: str) -> tuple[Rows[Values], Rows[str]]:
    """What is written in a file: the same as long as its text is."""
    return _literal_tables(file, text), _texts(file, text)


def _windows(values: Values) -> Iterator[Values]:
    """All stretches of enough numbers, the longest first."""
    if len(values) >= FEWEST:
        ends = sorted(combinations(range(len(values) + 1), 2), key=lambda pair: pair[0] - pair[1])
        yield from (values[start:end] for start, end in ends if end - start >= FEWEST)


def _only(found: Sequence[Row]) -> dict[Row, None]:
    """The row, where there is one alone."""
    return dict.fromkeys(found) if len(found) == 1 else {}


def _literal_tables(file: str, text: str) -> Rows[Values]:
    """Every literal table of a file under its numbers."""
    found: dict[Values, dict[Row, None]] = {}
    for node in ast.walk(_parsed(text)):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Call):
            row = tuple(islice(_row(node, ""), MOST + 1))
            if FEWEST <= len(row) <= MOST:
                key = tuple(value for value, *_ in row)
                found.setdefault(key, {})[tuple((file, line, word, name) for _, line, word, name in row)] = None
    return {values: tuple(rows) for values, rows in found.items()}


def _texts(file: str, text: str) -> Rows[str]:
    """Every line with numbers under its text."""
    found: dict[str, list[Row]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip().strip(",").strip("\"'")
        if _tells(words):
            found.setdefault(words, []).append(tuple((file, number, word, "") for word in NUMBER.findall(words)))
    return found


def _parsed(text: str) -> ast.AST:
    with catch_warnings():
        simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module(body=[], type_ignores=[])


def _row(node: ast.AST, name: str) -> Iterator[tuple[float, int, str, str]]:
    """The numbers that are written in a table, with their lines, texts and names."""
    match node:
        case ast.Constant(value=value) if _is_number(value):
            yield value, node.lineno, repr(value), name
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if _is_number(value):
            yield -value, node.lineno, f"-{value!r}", name
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _row(part, "")
        case ast.Dict(keys=keys, values=values):
            for key, part in zip(keys, values, strict=True):
                yield from _row(part, str(key.value) if isinstance(key, ast.Constant) else "")
        case ast.Call(args=args, keywords=keywords):
            for part in args:
                yield from _row(part, "")
            for keyword in keywords:
                yield from _row(keyword.value, keyword.arg or "")
