"""How much time and memory an audit may take, in words and as the operating system enforces it. Knows no torch."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from gnet_audit.errors import TargetError, UnavailableError

if sys.platform == "linux":  # here, as code may have spoiled by then what imports
    import resource

MARK = "gnet-audit-child"
"""The interpreter's option by which a child knows that it is one, and the number of its end of the pipe."""
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_REFUSALS = (
    "can't allocate memory", "cannot allocate memory", "bad_alloc", "can't start new thread", "failed to map",
    "from 'hashlib'",
)  # fmt: skip
"""What torch, the C++ library, Python, the dynamic linker and a Python without its OpenSSL say where no memory is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an audit in a process of its own may take; None for as much as it wants."""

    target: str
    """What is audited, as typed."""
    seconds: float | None = None
    memory: int | None = None
    """Bytes of data."""


def is_child() -> bool:
    """Whether this process is the one that audits for another."""
    return MARK in sys._xoptions  # noqa: SLF001 - documented, whatever its name


def size_text(size: int) -> str:
    """Bytes in the largest unit that gives a number from one up."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size} bytes"


def hold_memory(size: int) -> None:
    """Let this process have no more memory for data than that; UnavailableError where nothing enforces it."""
    if sys.platform != "linux":
        what = "this operating system enforces no limit on the memory of a process"
        raise UnavailableError(what, where="--memory-limit", expected="Linux", got=sys.platform)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    size = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def memory_limit() -> int | None:
    """The bytes of data that this process may have; None where nobody set a limit."""
    if sys.platform != "linux":
        return None
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def exhausted(error: BaseException, where: str = "") -> TargetError | None:
    """The one line on a limit of memory that an error comes from; None for any other error."""
    limit = memory_limit()
    text = f"{error}" if isinstance(error, RuntimeError | OSError | ImportError | MemoryError) else ""
    refused = isinstance(error, MemoryError) or any(phrase in text.lower() for phrase in _REFUSALS)
    if limit is None or not refused:
        return None
    asked = next((word for word in text.split("tried to allocate ")[1:]), "").split(" bytes")[0]
    got = f"a request for {size_text(int(asked))}" if asked.isdigit() else "a request for more"
    return TargetError("the limit of memory is reached", where=where, expected=f"at most {size_text(limit)}", got=got)
