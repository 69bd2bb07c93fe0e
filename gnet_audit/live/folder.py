"""A folder given in the place of a file: the models that stand in its files, for the reader to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from gnet_audit.errors import TargetError

MODEL = re.compile(r"^class\s+(\w+)\s*\([^)]*\bModule\b", re.MULTILINE)
FILES, BYTES, SHOWN = 200, 1_000_000, 4
"""Files looked into, the size of one, and models named: a hint must not take long."""


def mistaken(name: str) -> TargetError:
    """The mistake of naming a folder; nothing in it is run."""
    found = list(islice(_models(Path(name)), SHOWN + 1))
    named = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
    return TargetError("is a directory", where=name, expected=f"a file in it: {named or 'FILE.py:NAME'}")


def _models(folder: Path) -> Iterator[str]:
    files = (file for pattern in ("*.py", "[!.]*/*.py") for file in sorted(folder.glob(pattern)))
    for file in islice(files, FILES):
        try:
            text = file.read_text(encoding="utf-8") if file.stat().st_size <= BYTES else ""
        except (OSError, UnicodeDecodeError):
            continue
        yield from (f"{file}:{match[1]}" for match in MODEL.finditer(text))
