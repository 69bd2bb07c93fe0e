"""The command line: words to values, one call, a reply. It decides nothing; `main` alone writes and exits."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from threading import main_thread
from traceback import format_exc
from typing import Annotated, NoReturn

import typer

from gnet_audit import settings
from gnet_audit.commands.words import STATUSES, answer, epilog
from gnet_audit.errors import ExitStatus, GnetAuditError, SpecError, TargetError, UsageError, said
from gnet_audit.live.limits import Limits, exhausted, is_child
from gnet_audit.output import PROGRAM, Reply, complain, deliver, recount

COMPLETION = {"--install-completion", "--show-completion"}
"""Options that typer answers by ending the process."""
COMPLETE = "_GNET_AUDIT_COMPLETE"
"""Set by a shell that asks what may follow the words typed so far."""
PARSE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for words it cannot parse; versions differ in where that class lives."""

HELLO = """\
gnet-audit: is a PyTorch network, layer by layer, the one in the paper?

  gnet-audit shapes                          the reference, slot by slot
  gnet-audit shapes torchvision:googlenet    an installed model
  gnet-audit check nets/google.py:GoogLeNet  your own, one line a difference
  gnet-audit diff torchvision:googlenet nets/google.py:GoogLeNet
  gnet-audit spec show                       the paper's table
  gnet-audit explain GA203                   what a finding means

`gnet-audit --help` lists the commands, `gnet-audit COMMAND --help` its options.
"""

Version = Annotated[bool, typer.Option("--version", help="Show the versions.")]

HOMES: Mapping[str, str] = {
    **dict.fromkeys(("shapes", "check"), "audit"),
    "diff": "diff",
    "prove": "prove",
    "flops": "flops",
    "selftest": "selftest",
    **dict.fromkeys(("smoke-train", "data"), "train"),
    **dict.fromkeys(("rules", "explain", "spec"), "paper"),
}
"""Every command with the module of `commands` that it stands in."""


def command_line(commands: Iterable[str] = tuple(HOMES)) -> typer.Typer:
    """The command line with all commands, or with some: to load the modules of all takes longer than most run."""
    app = typer.Typer(
        name=PROGRAM,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    examples = epilog("shapes", "check nets/google.py:GoogLeNet", also=STATUSES)
    app.callback(invoke_without_command=True, epilog=examples)(root)
    for home in dict.fromkeys(HOMES[command] for command in commands):
        import_module(f"gnet_audit.commands.{home}").register(app)
    return app


def root(context: typer.Context, *, version: Version = False) -> Reply | None:
    """Prove, layer by layer, that a PyTorch network is the one in the paper."""
    if version:
        return answer(_versions())
    return None if context.invoked_subcommand else answer(HELLO)


def _versions() -> str:
    from importlib.metadata import version
    from platform import python_version

    return f"{PROGRAM} {version('gnet-audit')}, torch {version('torch')}, Python {python_version()}\n"


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


# --- the process ---------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default), write what it answers, return the exit status."""
    if COMPLETE in os.environ:
        _completed()
    if argv is None and HOMES.get(_named(sys.argv[1:])) == "paper":
        gc.disable()  # without torch and a user's code the process is over before there is much garbage
    status = _run(sys.argv[1:] if argv is None else argv)
    if argv is None:
        _answered(status)
    if is_child():
        from gnet_audit.live.isolate import finished

        finished(status)
    if argv is None and any(not thread.daemon for thread in threading.enumerate() if thread is not main_thread()):
        # A thread that the model started may never end: nobody waits for it.
        _leave(status)
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


def _answered(status: int) -> None:
    """What a model has registered for the end of the process is no part of the answer, nor of its status."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    sys.stdout = sys.stderr
    with suppress(OSError):
        os.dup2(2, 1)
    leave, ours = os._exit, status
    os._exit = lambda status: leave(ours)  # noqa: ARG005 - named so by Python


def _leave(status: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)


@contextmanager
def _aside() -> Iterator[None]:
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
        with nullcontext() if is_child() else _whole():
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
def _whole() -> Iterator[None]:
    """No code ends this process in silence, with a status that it might have at its own end."""
    process, leave = os.getpid(), os._exit

    def midway(status: int) -> NoReturn:
        if os.getpid() == process:
            complain(f"the model's code called os._exit({status}) in the midst of the audit")
            status = ExitStatus.USAGE
        leave(status)

    os._exit = midway
    try:
        yield
    finally:
        os._exit = leave


@contextmanager
def _closed_by_code() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = "the model's code closes files that are not its own: what is to be told has no way out"
        raise TargetError(what) from error


def _reply(given: list[str]) -> Reply | Limits:
    """Parse and run; typer prints its help, so what it prints is collected and answered like the rest."""
    name = _named(given)
    command = typer.main.get_command(command_line(_needed(name, given)))
    with redirect_stdout(StringIO()) as printed, _aside():
        try:
            result = command.main(given, prog_name=PROGRAM, standalone_mode=False, default_map=_defaults(name, given))
        except typer.Abort:
            raise KeyboardInterrupt from None
        except SystemExit:
            if COMPLETION.isdisjoint(given):
                raise
            result = None
        except PARSE_ERROR as error:
            raise _usage_error(error) from error
    if isinstance(result, Reply | Limits):
        return result
    if result == ExitStatus.INTERRUPTED:
        raise KeyboardInterrupt
    return answer(printed.getvalue())


def _named(given: Sequence[str]) -> str:
    return next((word for word in given if not word.startswith("-")), "")


def _needed(command: str, given: list[str]) -> Iterable[str]:
    """The commands that typer must know: the one that is named, or all to list them or to find a near one."""
    if command in HOMES:
        return (command,)
    return HOMES if command or {"-h", "--help"}.intersection(given) else ()


def _defaults(command: str, given: list[str]) -> dict[str, object]:
    """What pyproject.toml says for the command; help and the commands that no setting holds for read none."""
    if HOMES.get(command, "paper") == "paper" or {"-h", "--help"}.intersection(given):
        return {}
    try:
        folder = Path.cwd()
    except OSError as error:
        raise UsageError("the current folder is gone", expected="one that exists") from error
    if command not in settings.COMMANDS:
        return {}
    settings.check_environment(os.environ)
    return {command: settings.read(folder).parameters(command)}


def _completed() -> NoReturn:
    """What may follow, for the shell that asks; typer ends the process itself."""
    sys.exit(typer.main.get_command(command_line()).main([], prog_name=PROGRAM, complete_var=COMPLETE))


def _usage_error(error: Exception) -> UsageError:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", PROGRAM)
    return UsageError(f"{message.rstrip('.')}; see `{path} --help`")


def _stop(told: Manners, status: ExitStatus, *lines: str) -> ExitStatus:
    if told.debug:
        recount(format_exc(), ascii=told.ascii)
    complain(*lines, ascii=told.ascii)
    return status
