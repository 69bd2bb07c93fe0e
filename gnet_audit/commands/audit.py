"""The commands `shapes` and `check`: words to values, an audit, what is accepted of it, a reply."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gnet_audit import options, policy
from gnet_audit.commands.words import (
    SETTINGS,
    STATUSES,
    TARGETS,
    Accept,
    Arg,
    Baseline,
    Columns,
    ExitZero,
    FailOn,
    Formats,
    Glob,
    Ignore,
    Input,
    Json,
    Lines,
    NoProve,
    NoSummary,
    OnlyMismatches,
    Output,
    Select,
    ShowAccepted,
    ShowSettings,
    SpecName,
    Sweep,
    Target,
    Thorough,
    Width,
    answer,
    epilog,
    text_option,
    width,
)  # fmt: skip
from gnet_audit.errors import UsageError
from gnet_audit.formats.view import Column, Depth, View
from gnet_audit.output import Document, Reply
from gnet_audit.publish import documents
from gnet_audit.report import Verdict
from gnet_audit.rules import Severity
from gnet_audit.sweep import SIZES

if TYPE_CHECKING:
    from gnet_audit.acceptance import Acceptance
    from gnet_audit.report import Report

BaselineUpdate = Annotated[bool, typer.Option("--baseline-update", help="Accept what is found now; needs --reason.")]
BaselinePrune = Annotated[bool, typer.Option("--baseline-prune", help="Take out what is not found any more.")]
Reason = Annotated[str, text_option("--reason", metavar="TEXT", help="Why, for --baseline-update.")]
By = Annotated[str, text_option("--by", metavar="WHO", help="Who accepts it.")]
Expires = Annotated[str, text_option("--expires", metavar="DATE", help="Until when: 2030-01-31.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(
        epilog=epilog(
            "shapes torchvision:googlenet --only-mismatches",
            "shapes nets/google.py:GoogLeNet --arg num_classes=10 --input 3x32x32",
            "shapes nets.google:GoogLeNet --depth row --columns slot,params,verdict",
            "shapes reference -f text -f json:report.json -f html:report.html",
            also=f"{TARGETS}\n{SETTINGS}\n{STATUSES}",
        )
    )(shapes)
    app.command(
        epilog=epilog(
            "check nets/google.py:GoogLeNet",
            "check torchvision:googlenet --ignore GA215,GA207 --fail-on warning",
            "check torchvision:googlenet --accept variant:torchvision",
            "check nets.google:build --baseline accepted.toml -f github -f sarif:audit.sarif",
            also=f"{TARGETS}\n{SETTINGS}\n{STATUSES}",
        )
    )(check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `shapes` and `check` have in common, as typed."""

    target: str
    spec: str
    input: str
    arg: list[str]
    format: list[str] = field(default_factory=list)
    json: bool = False
    output: str = ""
    select: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)
    fail_on: str = "error"
    exit_zero: bool = False
    baseline: str = ""
    accept: list[str] = field(default_factory=list)
    no_summary: bool = False
    prove: bool = True
    sweep: str = ""
    thorough: bool = False
    update: bool = False
    prune: bool = False
    reason: str = ""
    by: str = ""
    expires: str = ""


def shapes(
    context: typer.Context,
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
    baseline: Baseline = "",
    accept: Accept,
    show_accepted: ShowAccepted = False,
    no_prove: NoProve = False,
    sweep: Sweep = "",
    thorough: Thorough = False,
    no_summary: NoSummary = False,
    show_settings: ShowSettings = False,
) -> Reply:
    """Show row by row whether a model is the paper's network."""
    if show_settings:
        return answer(settings_text(context))
    view = View(
        width=_columns(width),
        depth=options.choice(depth, Depth, "--depth"),
        columns=options.choices(columns, Column, "--columns"),
        only_mismatches=only_mismatches,
        layer=layer,
        folder=os.getcwd(),
        show_accepted=show_accepted,
    )
    request = Request(
        target=target, spec=spec, input=input, arg=arg, format=_formats(context, format, json=json), json=json,
        output=output, select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero, baseline=baseline, accept=accept, no_summary=no_summary,
        prove=not no_prove, sweep=sweep, thorough=thorough,
    )  # fmt: skip
    return _answer(request, view)


def check(
    context: typer.Context,
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
    baseline: Baseline = "",
    baseline_update: BaselineUpdate = False,
    baseline_prune: BaselinePrune = False,
    reason: Reason = "",
    by: By = "",
    expires: Expires = "",
    accept: Accept,
    show_accepted: ShowAccepted = False,
    no_prove: NoProve = False,
    sweep: Sweep = "",
    thorough: Thorough = False,
    no_summary: NoSummary = False,
    show_settings: ShowSettings = False,
) -> Reply:
    """Assert it in CI: one line a finding, an exit status."""
    if show_settings:
        return answer(settings_text(context))
    request = Request(
        target=target, spec=spec, input=input, arg=arg, format=_formats(context, format, json=json), json=json,
        output=output, select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero, baseline=baseline, accept=accept, no_summary=no_summary,
        prove=not no_prove, sweep=sweep, thorough=thorough,
        update=baseline_update, prune=baseline_prune, reason=reason, by=by, expires=expires,
    )  # fmt: skip
    return _answer(request, View(terse=True, folder=os.getcwd(), show_accepted=show_accepted))


def _answer(request: Request, view: View) -> Reply:
    """Understand every option before the audit, which is the slow part; then audit, judge, render."""
    from gnet_audit import acceptance, baseline, variants

    destinations = options.destinations(request.format, json=request.json, output=request.output)
    fail_on = options.choice(request.fail_on, Severity, "--fail-on")
    rules = policy.wanted(options.words(request.select), options.words(request.ignore))
    variant = variants.accepted(options.words(request.accept))
    expires = _understood(request)
    entries = _entries(request)
    today = datetime.now().astimezone().date()
    found = variants.recognised(audited(request))
    unwritten = _unwritten(request, found)
    writes = (request.update or request.prune) and not unwritten
    if writes:
        kept = acceptance.pruned(entries, found, today)
        heard = acceptance.accept(policy.narrowed(found, rules), (*kept, *variant), today)
        new = acceptance.additions(kept, heard, reason=request.reason, by=request.by, expires=expires)
        entries = (*kept, *new) if request.update else kept
    written = (Document(text=baseline.written(entries), file=request.baseline),) if writes else ()
    report = policy.narrowed(acceptance.accept(found, (*entries, *variant), today), rules)
    shown = replace(view, fail_on=fail_on)
    return Reply(
        documents=(*written, *documents(report, destinations, shown, summary=not request.no_summary)),
        problems=(*((report.error,) if report.error else ()), *unwritten),
        status=policy.exit_status(report, fail_on=fail_on, exit_zero=request.exit_zero),
    )


def _unwritten(request: Request, report: Report) -> tuple[str, ...]:
    """A line on why a baseline that is to be written is left alone: the audit has not seen the whole model."""
    if not (request.update or request.prune) or not (report.error or report.verdict is Verdict.NOT_THIS_NETWORK):
        return ()
    why = "the model could not be run" if report.error else "the model is not this network"
    return (f"{request.baseline}: not written: {why}",)


def _formats(context: typer.Context, formats: list[str], *, json: bool) -> list[str]:
    """The formats asked for; those of the environment or of pyproject.toml give way to --json."""
    source = context.get_parameter_source("format")
    return [] if json and source is not None and source.name != "COMMANDLINE" else formats


def _understood(request: Request) -> date | None:
    """The options around the baseline make sense together; the date of --expires."""
    for option, given in (("--baseline-update", request.update), ("--baseline-prune", request.prune)):
        if given and not request.baseline:
            raise UsageError("no baseline to write", where=option, expected="--baseline FILE as well")
    if request.update and not request.reason.strip():
        raise UsageError("accepting needs a reason", where="--baseline-update", expected="--reason TEXT as well")
    if not request.expires:
        return None
    try:
        return date.fromisoformat(request.expires)
    except ValueError as error:
        raise UsageError("not a date", where="--expires", expected="2030-01-31", got=repr(request.expires)) from error


def _entries(request: Request) -> tuple[Acceptance, ...]:
    if not request.baseline or (request.update and not Path(request.baseline).exists()):
        return ()
    from gnet_audit import baseline

    return baseline.read(Path(request.baseline))


def audited(request: Request) -> Report:
    """The audit; what the model itself prints or warns of does not mix with our output."""
    size = options.input_size(request.input) if request.input else None
    arguments = options.arguments(request.arg)
    audit = _pipeline()
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return audit(
            request.target,
            spec=request.spec,
            input_shape=size.shape if size else None,
            batch=size.batch if size else None,
            args=arguments,
            prove=request.prove,
            sizes=_sizes(request),
        )


def _pipeline() -> Callable[..., Report]:
    """The pipeline, and torch with it; what they leave in memory stays there, so nobody need look through it."""
    gc.disable()
    from gnet_audit.pipeline import audit

    gc.freeze()
    gc.enable()
    return audit


def _sizes(request: Request) -> tuple[int, ...]:
    if request.sweep:
        return options.sizes(request.sweep, "--sweep")
    return SIZES if request.thorough else ()


def _columns(asked: int | None) -> int:
    return width(asked)


def settings_text(context: typer.Context) -> str:
    """Each option with its value and where it was said."""
    places = {"COMMANDLINE": "command line", "ENVIRONMENT": "environment", "DEFAULT_MAP": "pyproject.toml"}
    lines = []
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        place = places.get(source.name if source else "", "default")
        shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
        lines.append((name.replace("_", "-"), shown, place))
    first = max(len(name) for name, _, _ in lines)
    return "".join(f"{name:<{first}}  {place:<14}  {value}".rstrip() + "\n" for name, value, place in lines)
