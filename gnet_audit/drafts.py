"""A file written beside its place under a name of its own, and put there only when it is whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` at the end; until then, and if anything fails, `path` is as before.

    A link stays a link, a device or a pipe is written to, a file keeps its permissions, and one that may not be
    written is refused although its folder would allow it to be replaced. Raises OSError.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as device:
            yield device
        return
    target = Path(os.path.realpath(path))
    mode = _permissions(target)
    from secrets import token_hex  # brings all of OpenSSL along, which reading needs not

    draft = target.with_name(f".{token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:  # never through a link that somebody put there
            yield file
        if mode is not None:
            draft.chmod(mode)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _permissions(target: Path) -> int | None:
    """Those of the file that is there; None where none is. An OSError where it may not be written."""
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)
