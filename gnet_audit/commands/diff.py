"""The command `diff`: two models or specs held against each other."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import redirect_stdout
from typing import Annotated

import typer

from gnet_audit import options, policy
from gnet_audit.commands.words import (
    STATUSES,
    TARGETS,
    Arg,
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
    Width,
    epilog,
)  # fmt: skip
from gnet_audit.commands.words import width as columns_of
from gnet_audit.formats.view import Column, Depth, View
from gnet_audit.output import Reply
from gnet_audit.publish import documents
from gnet_audit.rules import Severity

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
            also=f"{TARGETS}\nA and B may also be shipped specs, or .toml files.\n\n{STATUSES}",
        )
    )(diff)


def diff(
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
    no_summary: NoSummary = False,
) -> Reply:
    """Show what differs between two models or specs, and what it costs."""
    severity = options.choice(fail_on, Severity, "--fail-on")
    view = View(
        width=columns_of(width),
        depth=options.choice(depth, Depth, "--depth"),
        columns=options.choices(columns, Column, "--columns"),
        only_mismatches=not all,
        layer=layer,
        folder=os.getcwd(),
        fail_on=severity,
    )
    destinations = options.destinations(format, json=json, output=output)
    rules = policy.wanted(options.words(select), options.words(ignore))
    size = options.input_size(input) if input else None
    arguments = options.arguments(arg)
    from gnet_audit import versus

    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = versus.diff(one, two, input_shape=size.shape if size else None, args=arguments)
    report = policy.narrowed(found, rules)
    return Reply(
        documents=documents(report, destinations, view, summary=not no_summary),
        status=policy.exit_status(report, fail_on=severity, exit_zero=exit_zero),
    )
