"""The command `diff`: two models or specs held against each other."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import redirect_stdout
from typing import Annotated

import typer

from gnet_audit import options
from gnet_audit.commands import configured
from gnet_audit.commands.isolation import Isolate, MemoryLimit, Timeout, elsewhere
from gnet_audit.commands.judge import BaselinePrune, BaselineUpdate, By, Expires, Reason, Terms, judge
from gnet_audit.commands.words import (
    SETTINGS,
    STATUSES,
    TARGETS,
    AcceptOfTwo,
    Arg,
    BaselineOfTwo,
    Columns,
    ExitZero,
    FailOn,
    Formats,
    Glob,
    Ignore,
    Input,
    Json,
    Lines,
    NoSummary,
    Output,
    Select,
    ShowAccepted,
    ShowSettings,
    Width,
    epilog,
)  # fmt: skip
from gnet_audit.commands.words import width as columns_of
from gnet_audit.formats.view import Column, Depth, View
from gnet_audit.live.limits import Limits
from gnet_audit.output import Reply

First = Annotated[str, typer.Argument(metavar="A", help="A model or a spec.")]
Second = Annotated[str, typer.Argument(metavar="B", help="What is held against it.")]
All = Annotated[bool, typer.Option("--all", help="Table with what matches, too.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog=epilog(
            "diff torchvision:googlenet nets/google.py:GoogLeNet",
            "diff reference torchvision:googlenet -f html:diff.html",
            "diff googlenet specs/mine.toml --all",
            "diff nets.old:build nets.new:build --baseline accepted.toml --fail-on error",
            also=f"{TARGETS}\nA and B may also be shipped specs, or .toml files.\n\n{SETTINGS}\n{STATUSES}",
        )
    )(diff)


def diff(
    context: typer.Context,
    *,
    one: First,
    two: Second,
    input: Input = "",
    arg: Arg,
    all: All = False,
    layer: Glob = "",
    columns: Columns,
    depth: Lines = "slot",
    width: Width = None,
    format: Formats,
    json: Json = False,
    output: Output = "",
    select: Select,
    ignore: Ignore,
    fail_on: FailOn = "warning",
    exit_zero: ExitZero = False,
    baseline: BaselineOfTwo = "",
    baseline_update: BaselineUpdate = False,
    baseline_prune: BaselinePrune = False,
    reason: Reason = "",
    by: By = "",
    expires: Expires = "",
    accept: AcceptOfTwo,
    show_accepted: ShowAccepted = False,
    no_summary: NoSummary = False,
    isolate: Isolate = False,
    timeout: Timeout = "",
    memory_limit: MemoryLimit = "",
    show_settings: ShowSettings = False,
) -> Reply | Limits:
    """Show what differs between two models or specs, and what it costs."""
    if show_settings:
        return configured.shown(context)
    if limits := elsewhere(f"{one} and {two}", isolate=isolate, timeout=timeout, memory_limit=memory_limit):
        return limits
    view = View(
        width=columns_of(width),
        depth=options.choice(depth, Depth, "--depth"),
        columns=options.choices(columns, Column, "--columns"),
        only_mismatches=not all,
        layer=layer,
        folder=os.getcwd(),
        show_accepted=show_accepted,
    )
    terms = Terms(
        spec=one, select=select, ignore=ignore, fail_on=fail_on, exit_zero=exit_zero, baseline=baseline, accept=accept,
        no_summary=no_summary, update=baseline_update, prune=baseline_prune, reason=reason, by=by, expires=expires,
    )  # fmt: skip
    ruling = judge(terms, configured.destinations(context, format, json=json, output=output), view)
    size = options.input_size(input) if input else None
    arguments = options.arguments(arg)
    from gnet_audit import versus

    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = versus.diff(one, two, input_shape=size.shape if size else None, args=arguments)
    return ruling.reply(found)
