"""What torchrun says in the environment of a process that it starts; no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gnet_audit.errors import UsageError

EXPECTED = "what torchrun sets, or none of it"
NEEDED = ("RANK", "MASTER_ADDR", "MASTER_PORT")
"""What a process needs to know to find the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Which of how many processes this one is."""

    rank: int = 0
    size: int = 1
    local: int = 0
    """Among those on this machine: the GPU that it takes."""


def launch() -> Launch:
    """Read the environment; a UsageError where it says half of what torchrun does."""
    found = Launch(rank=_number("RANK", 0), size=_number("WORLD_SIZE", 1, least=1), local=_number("LOCAL_RANK", 0))
    if found.rank >= found.size:
        what = "not below WORLD_SIZE" if "WORLD_SIZE" in os.environ else "set without WORLD_SIZE"
        raise UsageError(what, where="environment: RANK", expected=EXPECTED, got=str(found.rank))
    missing = [name for name in NEEDED if name not in os.environ]
    if found.size > 1 and missing:
        what = f"set without {', '.join(missing)}"
        raise UsageError(what, where="environment: WORLD_SIZE", expected=EXPECTED, got=str(found.size))
    return found


def _number(name: str, default: int, *, least: int = 0) -> int:
    text = os.environ.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        expected = f"a whole number, {least} or more"
        raise UsageError("not a number of processes", where=f"environment: {name}", expected=expected, got=repr(text))
    return int(text)
