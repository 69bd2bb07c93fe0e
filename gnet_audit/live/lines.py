"""Lines of the user's code: who called, who constructed, and what is written there literally."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from threading import get_ident
from types import CodeType, FrameType
from typing import TypeAlias

import torch
from torch import nn

from gnet_audit.live.tables import Held, Tables, in_hand
from gnet_audit.network import Location

Place: TypeAlias = tuple[CodeType, int]
"""Where a frame stood: its code and the offset of its instruction."""

_TORCH = os.path.dirname(torch.__file__) + os.sep
_OURS = os.path.dirname(__file__) + os.sep
_STDLIB = os.path.dirname(os.__file__) + os.sep
_REFERENCE = _OURS + "googlenet.py"
_PYTHON_OWN = tuple(_STDLIB + name for name in ("contextlib.py", "functools.py", "copy.py", "importlib" + os.sep))


class _Files(dict[str, bool]):
    """For each file name whether it is the user's code."""

    def __missing__(self, name: str) -> bool:
        ours = name.startswith((_TORCH, _OURS, "<", *_PYTHON_OWN)) and name != _REFERENCE
        self[name] = not ours
        return not ours


_is_user = _Files()


def caller(frame: FrameType | None, floor: CodeType) -> Place | None:
    """The innermost user frame, searching outwards no further than `floor`."""
    while frame is not None:
        code = frame.f_code
        if _is_user[code.co_filename]:
            return code, frame.f_lasti
        if code is floor:
            return None
        frame = frame.f_back
    return None


def callers(frame: FrameType | None, floor: CodeType, module: nn.Module | None = None) -> tuple[Place, ...]:
    """All user frames, innermost first, up to `floor`; a module's own bare `super().__init__()` is left out."""
    found: list[Place] = []
    direct = True
    while frame is not None and (code := frame.f_code) is not floor:
        if _is_user[code.co_filename]:
            if not (direct and module is not None and _initialises(frame, module)):
                found.append((code, frame.f_lasti))
                direct = False
        else:
            direct = False
        frame = frame.f_back
    return tuple(found)


def _in_hand(frame: FrameType | None, floor: CodeType) -> Iterator[Held]:
    """What the user's functions have in hand, innermost first, up to `floor`."""
    while frame is not None and (code := frame.f_code) is not floor:
        if _is_user[code.co_filename]:
            yield in_hand(code.co_filename, frame.f_locals)
        frame = frame.f_back


def _initialises(frame: FrameType, module: nn.Module) -> bool:
    code = frame.f_code
    return code.co_name == "__init__" and bool(code.co_varnames) and frame.f_locals.get(code.co_varnames[0]) is module


_INSTALLED = f"{os.sep}site-packages{os.sep}"


def raised(error: BaseException) -> tuple[str, int] | None:
    """File and line of the innermost user frame that an exception passed; for a syntax error the line itself.

    One of an installed package counts where the user's own code is not in the traceback before it.
    """
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return error.filename, error.lineno or 1
    found: tuple[str, int] | None = None
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if _is_user[name] and (found is None or _INSTALLED not in name or _INSTALLED in found[0]):
            found = name, trace.tb_lineno
        trace = trace.tb_next
    return found


class Construction:
    """The lines that construct modules while `recording`."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[Place, ...]] = {}
        self._held: dict[int, tuple[Held, ...]] = {}
        self._alive: list[nn.Module] = []

    def of(self, module: nn.Module) -> Mapping[str, tuple[Place, ...]]:
        """For each module under its dotted name the lines that constructed it, innermost first."""
        places = self._places
        return {name: places[id(part)] for name, part in module.named_modules() if id(part) in places}

    def held(self, module: nn.Module) -> Mapping[str, tuple[Held, ...]]:
        """For each module under its dotted name the values that the functions which constructed it had in hand."""
        return {name: held for name, part in module.named_modules() if (held := self._held.get(id(part)))}

    @contextmanager
    def recording(self, floor: CodeType) -> Iterator[None]:
        """Remember each construction of a module in this thread, up to the frame of `floor`."""
        original, owner = nn.Module.__init__, get_ident()
        places, held, alive = self._places, self._held, self._alive
        known: dict[Held, Held] = {}

        def remember(module: nn.Module, *args: object, **kwargs: object) -> None:
            if get_ident() == owner:
                frame = sys._getframe(1)  # noqa: SLF001
                places[id(module)] = callers(frame, floor, module)
                held[id(module)] = tuple(known.setdefault(one, one) for one in _in_hand(frame, floor))
                alive.append(module)
            original(module, *args, **kwargs)

        nn.Module.__init__ = remember  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            nn.Module.__init__ = original  # type: ignore[method-assign]


class Locations:
    """Places as values: file, line and literals, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Location | None] = {}
        self._spans: dict[int, list[tuple[int | None, int | None, int | None, int | None]]] = {}
        self._files: dict[str, str] = {}
        self._tables = Tables()
        self._written: dict[tuple[Held, ...], tuple[Location, ...]] = {}

    def at(self, place: Place | None) -> Location | None:
        """The line of a place; None where there is none."""
        if place is None:
            return None
        key = id(place[0]), place[1]
        if key not in self._known:
            self._known[key] = self._location(*place)
        return self._known[key]

    def each(self, places: tuple[Place, ...]) -> tuple[Location, ...]:
        """The lines of several places, in order."""
        return tuple(line for place in places if (line := self.at(place)) is not None)

    def written(self, held: tuple[Held, ...]) -> tuple[Location, ...]:
        """The lines of the only tables in the files of these functions that hold just the values in their hands."""
        if held not in self._written:
            lines = (
                Location(file=shown(file), line=line, literals=words)
                for file, line, words in self._tables.written(held)
            )
            self._written[held] = tuple(dict.fromkeys(lines))
        return self._written[held]

    def _location(self, code: CodeType, offset: int) -> Location | None:
        spans = self._spans.get(id(code))
        if spans is None:
            spans = self._spans[id(code)] = list(code.co_positions())
        index = offset // 2
        start, end, left, right = spans[index] if 0 <= index < len(spans) else (code.co_firstlineno, None, None, None)
        if start is None:
            return None
        name = code.co_filename
        if name not in self._files:
            linecache.checkcache(name)
            self._files[name] = shown(name)
        text = ""
        if end is not None and left is not None and right is not None:
            text = _source(name, start, end, left, right)
        function = f"{code.co_qualname}:{code.co_firstlineno}"
        return Location(file=self._files[name], line=start, literals=literals(text), offset=offset, function=function)


def shown(file: str) -> str:
    """A file's name as the reader knows it: relative to the current folder when it lies in there."""
    try:
        return os.path.abspath(file).removeprefix(os.getcwd() + os.sep)
    except OSError:  # the current folder is gone
        return file


def _source(file: str, start: int, end: int, left: int, right: int) -> str:
    lines = [linecache.getline(file, number).encode() for number in range(start, end + 1)]
    if not all(lines):
        return ""
    lines[-1] = lines[-1][:right]
    lines[0] = lines[0][left:]
    return b"".join(lines).decode(errors="replace")


@lru_cache(maxsize=4096)
def literals(text: str) -> tuple[str, ...]:
    """Numbers and words that may be a value in an expression, alone, as tuples and with the argument's name.

    A number that is reckoned with, compared or used as an index inside an argument is none: the value is another.
    """
    try:
        tree = ast.parse(f"({text}\n)", mode="eval") if text else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    return () if tree is None else tuple(_written(tree.body, arithmetic=True))


def _written(node: ast.AST, *, value: bool = True, arithmetic: bool = False) -> Iterator[str]:
    """What is written in a node that is a value itself, or only a part of one; `arithmetic` where that is the op."""
    if value and (text := _literal(node)) is not None:
        yield text
    match node:
        case ast.keyword(arg=name, value=given):
            if name and (text := _literal(given)) is not None:
                yield f"{name}={text}"
            yield from _written(given)
        case ast.Call(func=function, args=args, keywords=keywords):
            yield from _written(function, value=False)
            for argument in (*args, *keywords):
                yield from _written(argument)
        case ast.BinOp(left=left, right=right):
            yield from _written(left, value=arithmetic, arithmetic=arithmetic)
            yield from _written(right, value=arithmetic, arithmetic=arithmetic)
        case ast.IfExp(body=one, orelse=two):
            yield from _written(one, value=value)
            yield from _written(two, value=value)
        case ast.UnaryOp() | ast.Compare() | ast.Subscript() | ast.Attribute():
            for child in ast.iter_child_nodes(node):
                yield from _written(child, value=False)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _written(child, value=value)


def _literal(node: ast.AST) -> str | None:
    if isinstance(node, ast.Tuple | ast.List):
        parts = [_literal(part) for part in node.elts]
        texts = [part for part in parts if part is not None]
        if not parts or len(texts) < len(parts):
            return None
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _literal(node.operand)
        return None if inner is None else f"-{inner}"
    if isinstance(node, ast.Constant) and node.value is not Ellipsis:
        return repr(node.value)
    return None
