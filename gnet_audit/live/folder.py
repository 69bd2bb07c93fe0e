"""A folder given in the place of a file: the models that stand in its files, for the reader to choose from."""

from __future__ import annotations

import ast
import re
from itertools import islice
from pathlib import Path
from warnings import catch_warnings, simplefilter

from gnet_audit.errors import TargetError

MODEL = re.compile(r"^class\s+(\w+)\s*\([^)]*\bModule\b", re.MULTILINE)
FILES, BYTES, SHOWN = 200, 1_000_000, 4
"""Files looked into, the size of one, and models named: a hint must not take long."""


def mistaken(name: str) -> TargetError:
    """The mistake of naming a folder; nothing in it is run."""
    found = _models(Path(name))
    named = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
    return TargetError("is a directory", where=name, expected=f"a file in it: {named or 'FILE.py:NAME'}")


def _models(folder: Path) -> list[str]:
    """Whole networks first, then what other classes of the same file are built of."""
    files = (file for pattern in ("*.py", "[!.]*/*.py") for file in sorted(folder.glob(pattern)))
    whole, parts = list[str](), list[str]()
    for file in islice(files, FILES):
        try:
            text = file.read_text(encoding="utf-8") if file.stat().st_size <= BYTES else ""
        except (OSError, UnicodeDecodeError):
            continue
        names = MODEL.findall(text)
        inner = _inner(text) if len(names) > 1 else set()
        for name in names:
            (parts if name in inner else whole).append(f"{file}:{name}")
    return whole + parts


def _inner(text: str) -> set[str]:
    """The names that classes mention beside their own, in their code or by way of the file's functions."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    parts = {node.name: node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    found = set[str]()
    for name, node in parts.items():
        if isinstance(node, ast.ClassDef):
            seen, waiting = {name}, list[ast.AST]([node])
            while waiting:
                new = {one.id for one in ast.walk(waiting.pop()) if isinstance(one, ast.Name)} - seen
                seen |= new
                waiting += [part for one in new if isinstance(part := parts.get(one), ast.FunctionDef)]
            found |= seen - {name}
    return found
