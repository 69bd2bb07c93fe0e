"""When garbage is not collected."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

_PAUSING: set[int] = set()
"""The thread that has turned the collector off."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is garbage yet where many values are made that stay, and a collection walks through all of torch."""
    collects = gc.isenabled()
    if collects:
        _PAUSING.add(get_ident())
        gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
            _PAUSING.discard(get_ident())


def _after_fork() -> None:
    """In a copy of the process that another thread has made nobody comes to turn it on again."""
    if _PAUSING - {get_ident()}:
        _PAUSING.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
