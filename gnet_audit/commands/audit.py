"""The commands `shapes` and `check`: words to values, an audit, what is accepted of it, a reply."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from gnet_audit import options
from gnet_audit.commands import configured
from gnet_audit.commands.isolation import Isolate, MemoryLimit, Timeout, elsewhere
from gnet_audit.commands.judge import BaselinePrune, BaselineUpdate, By, Expires, Reason, Terms, judge
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
    NeedTarget,
    NoProve,
    NoSummary,
    OnlyMismatches,
    Others,
    Output,
    Select,
    ShowAccepted,
    ShowSettings,
    SpecName,
    Sweep,
    Target,
    Thorough,
    Width,
    epilog,
)  # fmt: skip
from gnet_audit.commands.words import width as columns_of
from gnet_audit.formats.view import Column, Depth, View
from gnet_audit.garbage import uncollected
from gnet_audit.live.limits import Limits
from gnet_audit.output import Reply

if TYPE_CHECKING:
    from gnet_audit.report import Report


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
    """What is audited, as typed."""

    target: str
    spec: str
    input: str
    arg: list[str] = field(default_factory=list)
    prove: bool = True
    sweep: str = ""
    thorough: bool = False


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
    isolate: Isolate = False,
    timeout: Timeout = "",
    memory_limit: MemoryLimit = "",
    show_settings: ShowSettings = False,
) -> Reply | Limits:
    """Show row by row whether a model is the paper's network."""
    if show_settings:
        return configured.shown(context)
    if limits := elsewhere(target, isolate=isolate, timeout=timeout, memory_limit=memory_limit):
        return limits
    view = View(
        width=columns_of(width),
        depth=options.choice(depth, Depth, "--depth"),
        columns=options.choices(columns, Column, "--columns"),
        only_mismatches=only_mismatches,
        layer=layer,
        folder=os.getcwd(),
        show_accepted=show_accepted,
    )
    terms = Terms(
        spec=spec, select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero, baseline=baseline, accept=accept,
        no_summary=no_summary,
    )  # fmt: skip
    ruling = judge(terms, configured.destinations(context, format, json=json, output=output), view)
    request = Request(
        target=target, spec=spec, input=input, arg=arg, prove=not no_prove, sweep=sweep, thorough=thorough
    )
    return ruling.reply(audited(request))


def check(
    context: typer.Context,
    *,
    target: Target = "reference",
    others: Others,
    need_target: NeedTarget = False,
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
    isolate: Isolate = False,
    timeout: Timeout = "",
    memory_limit: MemoryLimit = "",
    show_settings: ShowSettings = False,
) -> Reply | Limits:
    """Assert it in CI: one line a finding, an exit status."""
    if show_settings:
        return configured.shown(context)
    if need_target:
        configured.need_target(context)
    if others:
        from gnet_audit.commands.several import several

        destinations = configured.destinations(context, format, json=json, output=output)
        return several(context, (target, *others), destinations)
    if limits := elsewhere(target, isolate=isolate, timeout=timeout, memory_limit=memory_limit):
        return limits
    terms = Terms(
        spec=spec, select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero, baseline=baseline, accept=accept,
        no_summary=no_summary, update=baseline_update, prune=baseline_prune, reason=reason, by=by, expires=expires,
    )  # fmt: skip
    view = View(terse=True, folder=os.getcwd(), show_accepted=show_accepted)
    ruling = judge(terms, configured.destinations(context, format, json=json, output=output), view)
    request = Request(
        target=target, spec=spec, input=input, arg=arg, prove=not no_prove, sweep=sweep, thorough=thorough
    )
    return ruling.reply(audited(request))


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
    with uncollected():
        from gnet_audit.pipeline import audit
    return audit


def _sizes(request: Request) -> tuple[int, ...]:
    if request.sweep:
        return options.sizes(request.sweep, "--sweep")
    return options.SIZES if request.thorough else ()
