"""One command line: its words, its reply, its exit status; `main` alone writes and exits."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from gnet_audit import commands
from gnet_audit.commands import COMPLETE
from gnet_audit.errors import ExitStatus, GnetAuditError, SpecError, UsageError, said
from gnet_audit.garbage import uncollected
from gnet_audit.live.limits import Limits, exhausted, is_child
from gnet_audit.output import Reply, complain, deliver, recount
from gnet_audit.process import Ending, is_waited_for, is_watched, one_at_a_time

# --- words that may stand anywhere, also among words that cannot be parsed ------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How to talk: with tracebacks, in ASCII, with colour."""

    debug: bool = False
    ascii: bool = False
    color: str = "auto"


def manners(words: Sequence[str]) -> tuple[Manners, list[str]]:
    """`--debug`, `--ascii` and `--color WHEN` taken out of the words, and the words that are left."""
    left: list[str] = []
    color, rest = "auto", iter(words)
    for word in rest:
        if word == "--color" or word.startswith("--color="):
            color = word.partition("=")[2] or next(rest, "")
        elif word not in {"--debug", "--ascii"}:
            left.append(word)
    return Manners(debug="--debug" in words, ascii="--ascii" in words, color=color), left


@contextmanager
def _colors(choice: str) -> Iterator[None]:
    """The choice as the variables that everything here looks at, put back afterwards."""
    wanted = {"auto": {}, "always": {"FORCE_COLOR": "1"}, "never": {"NO_COLOR": "1"}}.get(choice)
    if wanted is None:
        raise UsageError("no such choice", where="--color", expected="auto, always, never", got=repr(choice))
    before = {name: os.environ.get(name) for name in ("FORCE_COLOR", "NO_COLOR")}
    try:
        for name in before if wanted else ():
            os.environ.pop(name, None)
        os.environ.update(wanted)
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})


# --- one command line ------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default), write what it answers, return the exit status."""
    if COMPLETE in os.environ:
        from gnet_audit.commands import app

        app.completed()
    if argv is None:
        return _alone(sys.argv[1:])
    with one_at_a_time():
        ending = Ending()
        try:
            return _run(argv)
        finally:
            ending.undone()


def _alone(argv: Sequence[str]) -> int:
    """The command line of a process that runs no other, up to the end of the process."""
    is_light = commands.is_light(commands.named(manners(argv)[1]))
    if is_light:
        gc.disable()  # the process is over before there is much garbage
    ending = Ending()
    status = _run(argv)
    ending.answered(status)
    gc.freeze()  # nobody looks for garbage among all of torch once more, only to end
    if is_child():
        from gnet_audit.live.isolate import finished

        finished(status)
    if is_waited_for() or status == ExitStatus.INTERRUPTED or (is_light and not is_watched()):
        ending.at_once(status)
    return status


def _run(argv: Sequence[str]) -> int:
    told, words = manners(argv)
    stop = partial(_stop, told)
    try:
        with _colors(told.color):
            reply = _reply(words)
            if isinstance(reply, Limits):
                from gnet_audit.live import isolate

                return isolate.run(argv, reply)
            return deliver(reply, ascii=told.ascii)
    except KeyboardInterrupt:
        return stop(ExitStatus.INTERRUPTED, "interrupted")
    except SpecError as error:
        return stop(error.status, *error.lines)
    except GnetAuditError as error:
        return stop(error.status, error.line)
    except SystemExit as error:
        return stop(ExitStatus.USAGE, f"the model's code called sys.exit({error.code!r})")
    except BaseException as error:  # noqa: BLE001 - the last resort: whatever it is, one line and status 2
        limit = exhausted(error)
        if limit is not None:
            return stop(limit.status, limit.line)
        return stop(ExitStatus.USAGE, f"{said(error)}; a bug of gnet-audit, --debug shows where")


def _reply(words: list[str]) -> Reply | Limits:
    with uncollected():
        from gnet_audit.commands import app
    return app.reply(words)


def _stop(told: Manners, status: ExitStatus, *lines: str) -> ExitStatus:
    if told.debug:
        from traceback import format_exc

        recount(format_exc(), ascii=told.ascii)
    complain(*lines, ascii=told.ascii)
    return status
