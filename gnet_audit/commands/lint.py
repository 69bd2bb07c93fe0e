"""The command `spec lint`: words to values, a paper held against itself, a reply. No torch."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from gnet_audit import options
from gnet_audit.commands.configured import have_places
from gnet_audit.commands.words import ExitZero, FailOn, Formats, Json, Output, Width
from gnet_audit.commands.words import width as _columns
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats import Format
from gnet_audit.output import Document, Reply, colored
from gnet_audit.rules import Severity

Paper = Annotated[str, typer.Argument(metavar="SPEC", help="A shipped spec, or a .toml file.")]
KNOWN = (Format.TEXT, Format.JSON)


def lint_spec(
    *,
    spec: Paper = "googlenet",
    width: Width = None,
    format: Formats,
    json: Json = False,
    output: Output = "",
    fail_on: FailOn = "error",
    exit_zero: ExitZero = False,
) -> Reply:
    """Hold a paper's printed counts against its own channels, each other and its totals."""
    destinations = options.destinations(format, json=json, output=output)
    for destination in destinations:
        if destination.format not in KNOWN:
            got = repr(destination.format.value)
            raise UsageError("not for spec lint", where="--format", expected=", ".join(KNOWN), got=got)
    have_places(destinations, output, others={}, read=(spec,))
    severity = options.choice(fail_on, Severity, "--fail-on")
    columns = _columns(width)
    from gnet_audit.contradictions import lint
    from gnet_audit.formats import lint as formats
    from gnet_audit.spec import load

    found = lint(load(spec))
    grave = any(one.severity.rank >= severity.rank for one in found.contradictions)
    return Reply(
        documents=tuple(
            Document(text=formats.to_json(found), file=destination.file, machine=True)
            if destination.format is Format.JSON
            else Document(
                text=formats.text(
                    found, width=columns, color=not destination.file and colored(sys.__stdout__, os.environ)
                ),
                file=destination.file,
            )
            for destination in destinations
        ),
        status=ExitStatus.FINDINGS if grave and not exit_zero else ExitStatus.CLEAN,
    )
