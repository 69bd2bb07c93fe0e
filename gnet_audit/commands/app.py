"""All commands as one command line: parse its words, run the command that they name. It decides nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gnet_audit import settings
from gnet_audit.commands import COMPLETE, HOMES, is_light, named
from gnet_audit.commands.words import STATUSES, answer, epilog
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.live.limits import Limits
from gnet_audit.output import PROGRAM, Reply
from gnet_audit.process import aside

COMPLETION = {"--install-completion", "--show-completion"}
"""Options that typer answers by ending the process."""
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


def reply(given: list[str]) -> Reply | Limits:
    """Parse and run; typer prints its help, so what it prints is collected and answered like the rest."""
    name = named(given)
    command = typer.main.get_command(command_line(_needed(name, given)))
    with redirect_stdout(StringIO()) as printed, aside():
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


def completed() -> NoReturn:
    """What may follow, for the shell that asks; typer ends the process itself."""
    sys.exit(typer.main.get_command(command_line()).main([], prog_name=PROGRAM, complete_var=COMPLETE))


def _needed(command: str, given: Sequence[str]) -> Iterable[str]:
    """The commands that typer must know: the one that is named, or all to list them or to find a near one."""
    if command in HOMES:
        return (command,)
    return HOMES if command or {"-h", "--help"}.intersection(given) else ()


def _defaults(command: str, given: Sequence[str]) -> dict[str, object]:
    """What pyproject.toml says for the command; help and the commands that no setting holds for read none."""
    if is_light(command) or {"-h", "--help"}.intersection(given):
        return {}
    try:
        folder = Path.cwd()
    except OSError as error:
        raise UsageError("the current folder is gone", expected="one that exists") from error
    if command not in settings.COMMANDS:
        return {}
    settings.check_environment(os.environ)
    return {command: settings.read(folder).parameters(command)}


def _usage_error(error: Exception) -> UsageError:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", PROGRAM)
    return UsageError(f"{message.rstrip('.')}; see `{path} --help`")
