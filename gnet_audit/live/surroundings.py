"""What user code may disturb while it runs, kept as it was.

One thread at a time runs users' code here: names in torch are changed meanwhile, and what a model changes is put back.
Other threads go on, and print and warn as ever.
"""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock, get_ident, local
from typing import Any, NoReturn, TextIO

import torch

from gnet_audit.live.setting import Changes
from gnet_audit.live.world import World

turn = RLock()
"""Held by the thread that runs users' code, or looks at what depends on it, such as the current folder."""
PATIENCE = 2.0
"""Seconds that a fork beside an audit waits for it; one of a thread that the audited code waits for waits in vain."""
_forking = local()


def _before_fork() -> None:
    """A process that is forked off beside an audit begins where nothing is changed and nobody holds the lock."""
    _forking.alone = turn.acquire(timeout=PATIENCE)


def _after_in_parent() -> None:
    if _forking.alone:
        turn.release()


def _after_in_child() -> None:
    if _forking.alone:
        turn.release()
    else:
        turn._at_fork_reinit()  # type: ignore[attr-defined]  # noqa: SLF001 - as the threading module does: the thread that holds it is not here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)

_usual = [os._exit]
_running: list[tuple[int, int]] = []
"""The process and the thread in which users' code runs now."""


def _exit(status: int) -> NoReturn:
    """As `os._exit`, but that users' code which ends the audit where it stands is told of like one that exits."""
    if (os.getpid(), get_ident()) in _running:
        raise SystemExit(f"os._exit({status})")
    (_usual[0] if os._exit is _exit else os._exit)(status)  # code may have kept this function


@contextmanager
def undisturbed(keep: Callable[[Changes], object] = lambda _: None) -> Iterator[None]:
    """Restore the world and its random states; warnings of this thread go nowhere, its prints to stderr.

    A copy of this process that the code has made ends where it comes out of the code: the audit is not its affair.
    What was changed goes to `keep`: the same code may count on it when it runs again.
    """
    with turn:
        random_states = _random_states()
        world = World.now()
        stdout, own, end = sys.stdout, _Stdout(sys.stdout), os._exit
        if end is not _exit:
            _usual[0] = end
        _running.append((os.getpid(), get_ident()))
        try:
            with warnings.catch_warnings(), _uncompiled():
                _silence()
                sys.stdout, os._exit = own, _exit
                yield
        finally:
            if os.getpid() != _running.pop()[0]:
                _usual[0](0)
            sys.stdout, os._exit = stdout, end
            own.close()
            keep(world.restore())
            for restore, state in random_states:
                restore(state)


def _random_states() -> list[tuple[Callable[[Any], object], Any]]:
    found: list[tuple[Callable[[Any], object], Any]] = [
        (torch.set_rng_state, torch.get_rng_state()),
        (random.setstate, random.getstate()),
    ]
    numpy = sys.modules.get("numpy.random")
    if numpy is not None and hasattr(numpy, "get_state") and hasattr(numpy, "set_state"):
        # Another thread may be in the midst of importing it.
        found.append((numpy.set_state, numpy.get_state()))
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    return found


def _silence() -> None:
    """No warning of this thread is raised by a filter of the caller's, and none is shown."""
    here, show = _Here(), warnings.showwarning
    quiet: Any = ("ignore", here, Warning, None, 0)
    warnings.filters = [quiet, *warnings.filters]
    warnings.showwarning = lambda *args, **kwargs: None if here.match() else show(*args, **kwargs)


class _Here:
    """A message of a filter of warnings that matches every text, in one thread."""

    def __init__(self) -> None:
        self.owner = get_ident()

    def match(self, _text: str = "") -> bool:
        return get_ident() == self.owner


class _Stdout:
    """The standard output as ever, but for one thread, whose prints go to the standard error."""

    def __init__(self, usual: TextIO | None) -> None:
        self._usual, self._owner = usual, get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr if get_ident() == self._owner else self._usual, name)

    def close(self) -> None:
        """From now on everybody's prints go where they go as ever: code may have kept this object."""
        self._owner = 0


def _uncompiled() -> AbstractContextManager[object]:
    """Functions that were given to torch.compile run as they are written; without the compiler there are none."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo.eval_frame" in sys.modules else nullcontext()
