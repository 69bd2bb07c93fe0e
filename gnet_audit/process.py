"""One answer and one exit status for the process, whatever audited code does to it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import NoReturn

from gnet_audit.errors import ExitStatus, TargetError
from gnet_audit.live.limits import is_child
from gnet_audit.output import complain


class Ending:
    """How the process ends: from now on `os._exit` does it neither in silence nor with another status than ours."""

    def __init__(self) -> None:
        self._process, self._usual = os.getpid(), os._exit
        self._status: int | None = None
        os._exit = self._exit

    def _exit(self, status: int) -> NoReturn:
        if os.getpid() != self._process:
            self._usual(status)  # a copy of this process, which the code has made
        if self._status is None and not is_child():  # for a child its parent speaks
            complain(f"the model's code called os._exit({status}) in the midst of the audit")
            status = ExitStatus.USAGE
        self._usual(status if self._status is None else self._status)

    def undone(self) -> None:
        """The process goes on, and is not ours."""
        os._exit = self._usual

    def answered(self, status: int) -> None:
        """From now on what code does, or has registered for the end, is no part of the answer, nor of its status."""
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        sys.stdout = sys.stderr
        with suppress(OSError):
            os.dup2(2, 1)
        self._status = status

    def at_once(self, status: int) -> NoReturn:
        """End here: nobody waits for threads, and nothing is taken apart."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        self._usual(status)


_TURN: list[threading.RLock] = [threading.RLock()]


def one_at_a_time() -> AbstractContextManager[object]:
    """What belongs to the process, its streams and `os._exit`, is one command line's at a time."""
    return _TURN[0]


if hasattr(os, "register_at_fork"):
    # In a copy of the process no other thread is left that would give it back.
    os.register_at_fork(after_in_child=lambda: _TURN.__setitem__(0, threading.RLock()))


def is_watched() -> bool:
    """Whether a profiler, a debugger or somebody at a prompt has something to do when the process ends by itself."""
    return sys.getprofile() is not None or sys.gettrace() is not None or bool(sys.flags.interactive)


def is_waited_for() -> bool:
    """Whether there is a thread that an end by itself would wait for; one that a model has started may never end."""
    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


@contextmanager
def aside() -> Iterator[None]:
    """What code writes to the standard output itself, past Python, goes to the standard error."""
    process = os.getpid()
    try:
        kept = os.dup(1)
    except OSError:
        yield
        return
    known = os.fstat(kept)
    try:
        with suppress(OSError):
            os.dup2(2, 1)
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)  # a copy of this process, which the code has made: the audit is not its affair
        for stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()  # type: ignore[union-attr]
        if "ctypes" in sys.modules:
            sys.modules["ctypes"].CDLL(None).fflush(None)  # what C code has not written yet
        with _closed_by_code():
            if not os.path.samestat(known, os.fstat(kept)):
                raise OSError
            os.dup2(kept, 1)
            os.close(kept)


@contextmanager
def _closed_by_code() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = "the model's code closes files that are not its own: what is to be told has no way out"
        raise TargetError(what) from error
