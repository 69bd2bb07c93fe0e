"""The command line: words to values, one call, a reply. It decides nothing; `main` alone writes and exits."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from traceback import print_exc
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gnet_audit import options, policy
from gnet_audit.errors import ExitStatus, GnetAuditError, SpecError, UsageError
from gnet_audit.formats import MACHINE, render
from gnet_audit.formats.view import Column, Depth, View
from gnet_audit.output import PROGRAM, Document, Reply, colored, complain, deliver
from gnet_audit.rules import RULES, Severity

if TYPE_CHECKING:
    from gnet_audit.report import Report

DEBUG = "--debug"
"""Taken out of the words before they are parsed: it must work for words that cannot be parsed, too."""
FILE_WIDTH = 160
"""Columns of a text that does not go to a terminal."""
PARSE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for words it cannot parse; versions differ in where that class lives."""

HELLO = """\
gnet-audit: prove, layer by layer, that a PyTorch network is the one in the paper.

  gnet-audit shapes                           the reference build beside the paper's table
  gnet-audit shapes torchvision:googlenet     an installed model
  gnet-audit check nets/google.py:GoogLeNet   your own, one line a difference, for CI
  gnet-audit spec show                        the paper's table
  gnet-audit explain GA203                    what a finding means

`gnet-audit --help` lists the commands, `gnet-audit COMMAND --help` the options of one.
"""
STATUSES = """\
exit status:
  0  clean
  1  findings at or above --fail-on, or not proven, or not this network
  2  usage, bad spec, bad target, a forward that raises, our own crash
  3  not possible on this machine
  130  interrupted
--debug, anywhere, adds the traceback of an error.
"""
TARGETS = """\
TARGET is `reference`, `package.module:Factory`, `path/file.py:Factory` or
`torchvision:NAME`; a class, a function that builds the model, or a model.
"""

app = typer.Typer(
    name=PROGRAM,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
spec_app = typer.Typer(rich_markup_mode=None)

# --- options, each written once --------------------------------------------------------------------


def _repeatable(*names: str, metavar: str, help: str) -> Any:
    """An option that may be given any number of times."""
    return typer.Option(*names, metavar=metavar, help=help, default_factory=list, show_default=False)


Target = Annotated[str, typer.Argument(metavar="TARGET", help="The model to audit.")]
SpecName = Annotated[str, typer.Option("--spec", metavar="NAME", help="A shipped spec, or a .toml file.")]
Input = Annotated[str, typer.Option("--input", metavar="CxHxW", help="Input size, or NxCxHxW.", show_default="paper's")]
Arg = Annotated[list[str], _repeatable("--arg", metavar="KEY=VALUE", help="Constructor argument; repeatable.")]
Formats = Annotated[list[str], _repeatable("-f", "--format", metavar="FORMAT[:FILE]", help="text or json; repeatable.")]
Json = Annotated[bool, typer.Option("--json", help="The same as -f json.")]
Output = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="Write there, not to stdout.", show_default=False)
]
Select = Annotated[list[str], _repeatable("--select", metavar="GA...", help="Only these rules; list or repeat.")]
Ignore = Annotated[list[str], _repeatable("--ignore", metavar="GA...", help="Not these rules; list or repeat.")]
FailOn = Annotated[
    str, typer.Option("--fail-on", metavar="SEVERITY", help="error, warning or note: the least for status 1.")
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Status 0 where it would be 1.")]
Width = Annotated[int | None, typer.Option("--width", metavar="N", help="Columns of text; 0 for no limit.")]
Lines = Annotated[
    str, typer.Option("--depth", metavar="DEPTH", help="A line for each `slot`, or each `row` of the paper.")
]
Columns = Annotated[list[str], _repeatable("--columns", metavar="A,B", help=", ".join(Column) + ".")]
OnlyMismatches = Annotated[bool, typer.Option("--only-mismatches", help="Table without what matches.")]
Glob = Annotated[
    str, typer.Option("--layer", metavar="GLOB", help="Table of these slots, rows, layers.", show_default=False)
]
Row = Annotated[str, typer.Argument(metavar="ROW", help="A row, a head or a slot; all rows without it.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="A .toml file.")]
Sources = Annotated[bool, typer.Option("--source", help="Say where each fact stands, and how sure it is.")]
Version = Annotated[bool, typer.Option("--version", help="Show the versions.")]


def _epilog(*examples: str, also: str = "") -> str:
    """Examples, then other fixed text, kept as they are."""
    blocks = "examples:\n" + "\n".join(f"  {PROGRAM} {example}" for example in examples)
    return "\n\n".join(f"\b\n{block}" for block in (blocks, *(also.strip().split("\n\n") if also else ())))


# --- the audit ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `shapes` and `check` have in common, as typed."""

    target: str
    spec: str
    input: str
    arg: list[str]
    format: list[str]
    json: bool
    output: str
    select: list[str]
    ignore: list[str]
    fail_on: str
    exit_zero: bool


@app.command(
    epilog=_epilog(
        "shapes torchvision:googlenet --only-mismatches",
        "shapes nets/google.py:GoogLeNet --arg num_classes=10 --input 3x32x32",
        "shapes nets.google:GoogLeNet --depth row --columns slot,params,verdict",
        "shapes reference -f text -f json:report.json",
        also=f"{TARGETS}\n{STATUSES}",
    )
)
def shapes(
    *,
    target: Target = "reference",
    spec: SpecName = "googlenet",
    input: Input = "",
    arg: Arg,
    only_mismatches: OnlyMismatches = False,
    layer: Glob = "",
    columns: Columns,
    depth: Lines = "slot",
    width: Width = None,
    format: Formats,
    json: Json = False,
    output: Output = "",
    select: Select,
    ignore: Ignore,
    fail_on: FailOn = "error",
    exit_zero: ExitZero = False,
) -> Reply:
    """Show row by row whether a model is the paper's network."""
    view = View(
        width=_width(width),
        depth=options.choice(depth, Depth, "--depth"),
        columns=options.choices(columns, Column, "--columns"),
        only_mismatches=only_mismatches,
        layer=layer,
        folder=os.getcwd(),
    )
    request = Request(
        target=target, spec=spec, input=input, arg=arg, format=format, json=json, output=output,
        select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero,
    )  # fmt: skip
    return _answer(request, view)


@app.command(
    epilog=_epilog(
        "check nets/google.py:GoogLeNet",
        "check torchvision:googlenet --ignore GA215,GA207 --fail-on warning",
        "check nets.google:build -f text -f json:report.json",
        also=f"{TARGETS}\n{STATUSES}",
    )
)
def check(
    *,
    target: Target = "reference",
    spec: SpecName = "googlenet",
    input: Input = "",
    arg: Arg,
    format: Formats,
    json: Json = False,
    output: Output = "",
    select: Select,
    ignore: Ignore,
    fail_on: FailOn = "error",
    exit_zero: ExitZero = False,
) -> Reply:
    """Assert it in CI: one line a finding, an exit status."""
    request = Request(
        target=target, spec=spec, input=input, arg=arg, format=format, json=json, output=output,
        select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero,
    )  # fmt: skip
    return _answer(request, View(terse=True, folder=os.getcwd()))


def _answer(request: Request, view: View) -> Reply:
    """Understand every option before the audit, which is the slow part; then audit, then render."""
    destinations = options.destinations(request.format, json=request.json, output=request.output)
    fail_on = options.choice(request.fail_on, Severity, "--fail-on")
    rules = policy.wanted(options.words(request.select), options.words(request.ignore))
    report = policy.narrowed(_audit(request), rules)
    return Reply(
        documents=tuple(_document(report, destination, view) for destination in destinations),
        problems=(report.error,) if report.error else (),
        status=policy.exit_status(report, fail_on=fail_on, exit_zero=request.exit_zero),
    )


def _audit(request: Request) -> Report:
    """The audit; what the model itself prints or warns of does not mix with our output."""
    size = options.input_size(request.input) if request.input else None
    arguments = options.arguments(request.arg)
    from gnet_audit.pipeline import audit

    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return audit(
            request.target,
            spec=request.spec,
            input_shape=size.shape if size else None,
            batch=size.batch if size else None,
            args=arguments,
        )


def _document(report: Report, destination: options.Destination, view: View) -> Document:
    to_terminal = not destination.file and destination.format not in MACHINE
    shown = replace(view, color=to_terminal and colored(sys.__stdout__, os.environ))
    return Document(
        text=render(report, destination.format, shown),
        file=destination.file,
        machine=destination.format in MACHINE,
    )


def _width(asked: int | None) -> int:
    return options.width(asked, shutil.get_terminal_size(fallback=(FILE_WIDTH, 24)).columns)


# --- the paper and the rules: no torch -----------------------------------------------------------------


@app.callback(invoke_without_command=True, epilog=_epilog("shapes", "check nets/google.py:GoogLeNet", also=STATUSES))
def root(context: typer.Context, *, version: Version = False) -> Reply | None:
    """Prove, layer by layer, that a PyTorch network is the one in the paper."""
    if version:
        return _text(_versions())
    return None if context.invoked_subcommand else _text(HELLO)


@app.command(epilog=_epilog("rules"))
def rules() -> Reply:
    """List what a finding can say."""
    from gnet_audit.formats import catalogue

    return _text(catalogue.rules())


@app.command(epilog=_epilog("explain GA203", "explain GA2"))
def explain(
    *,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="An id such as GA203, or its beginning.")],
) -> Reply:
    """Say what a rule means and what mends it."""
    from gnet_audit.formats import catalogue

    chosen = policy.matching((rule,), "RULE")
    return _text(catalogue.explained((rule for rule in RULES if rule.id in chosen), min(_width(None), 100)))


@spec_app.callback()
def spec() -> None:
    """Show or check what a paper says; needs no torch."""


app.add_typer(spec_app, name="spec", epilog=_epilog("spec list", "spec show inception_3a --source"))


@spec_app.command("list", epilog=_epilog("spec list"))
def list_specs() -> Reply:
    """List the papers that come with gnet-audit."""
    from gnet_audit.formats import paper
    from gnet_audit.spec import load, shipped

    return _text(paper.listed(map(load, shipped())))


@spec_app.command("show", epilog=_epilog("spec show", "spec show inception_3a --source", "spec show --spec mine.toml"))
def show_spec(*, row: Row = "", source: Sources = False, spec: SpecName = "googlenet", width: Width = None) -> Reply:
    """Show a paper's table as printed, or one row with all attributes."""
    from gnet_audit.formats import paper
    from gnet_audit.spec import load

    read, columns, color = load(spec), _width(width), colored(sys.__stdout__, os.environ)
    if row:
        return _text(paper.row(read, row, width=columns, source=source, color=color))
    return _text(paper.table(read, width=columns, source=source, color=color))


@spec_app.command("validate", epilog=_epilog("spec validate specs/mine.toml"))
def validate_spec(*, file: File) -> Reply:
    """Check a spec and tell all its mistakes, each with its line."""
    from gnet_audit.formats import paper
    from gnet_audit.spec import read_file

    return _text(paper.valid(file, read_file(file)))


def _versions() -> str:
    from importlib.metadata import version
    from platform import python_version

    return f"{PROGRAM} {version('gnet-audit')}, torch {version('torch')}, Python {python_version()}\n"


def _text(text: str) -> Reply:
    return Reply(documents=(Document(text=text),))


# --- the process ---------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default), write what it answers, return the exit status."""
    given = sys.argv[1:] if argv is None else list(argv)
    words = [word for word in given if word != DEBUG]
    stop = partial(_stop, debug=len(words) < len(given))
    try:
        return deliver(_reply(words))
    except KeyboardInterrupt:
        return stop(ExitStatus.INTERRUPTED, "interrupted")
    except SpecError as error:
        return stop(error.status, *error.lines)
    except GnetAuditError as error:
        return stop(error.status, error.line)
    except SystemExit as error:
        return stop(ExitStatus.USAGE, f"the model's code called sys.exit({error.code!r})")
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, one line and status 2
        return stop(ExitStatus.USAGE, f"{type(error).__name__}: {error}; a bug of gnet-audit, {DEBUG} shows where")


def _reply(given: list[str]) -> Reply:
    """Parse and run; typer prints its help, so what it prints is collected and answered like the rest."""
    command = typer.main.get_command(app)
    with redirect_stdout(StringIO()) as printed:
        try:
            result = command.main(given, prog_name=PROGRAM, standalone_mode=False)
        except typer.Abort:
            raise KeyboardInterrupt from None
        except PARSE_ERROR as error:
            raise _usage_error(error) from error
    if isinstance(result, Reply):
        return result
    if result == ExitStatus.INTERRUPTED:
        raise KeyboardInterrupt
    return _text(printed.getvalue())


def _usage_error(error: Exception) -> UsageError:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", PROGRAM)
    return UsageError(f"{message.rstrip('.')}; see `{path} --help`")


def _stop(status: ExitStatus, *lines: str, debug: bool) -> ExitStatus:
    if debug:
        print_exc(file=sys.stderr)
    complain(*lines)
    return status
