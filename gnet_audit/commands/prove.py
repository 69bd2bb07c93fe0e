"""The command `prove`: the proof alone, at one input size or at several."""

from __future__ import annotations

import os

import typer

from gnet_audit.commands import configured
from gnet_audit.commands.audit import Request, audited
from gnet_audit.commands.isolation import Isolate, MemoryLimit, Timeout, elsewhere
from gnet_audit.commands.words import (
    SETTINGS,
    TARGETS,
    Arg,
    Input,
    ShowSettings,
    SpecName,
    Sweep,
    Target,
    answer,
    epilog,
)  # fmt: skip
from gnet_audit.errors import ExitStatus
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.live.limits import Limits
from gnet_audit.output import Reply

PROOF_STATUSES = """\
exit status:
  0  proven: with the findings and nothing else, the paper's network is the model
  1  not proven, or not this network
  2  usage, bad spec, bad target, a forward that raises
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog=epilog(
            "prove nets/google.py:GoogLeNet",
            "prove torchvision:googlenet",
            "prove reference --sweep 96,160,299",
            also=f"{TARGETS}\n{SETTINGS}\n{PROOF_STATUSES}",
        )
    )(prove)


def prove(
    context: typer.Context,
    *,
    target: Target = "reference",
    spec: SpecName = "googlenet",
    input: Input = "",
    arg: Arg,
    sweep: Sweep = "",
    isolate: Isolate = False,
    timeout: Timeout = "",
    memory_limit: MemoryLimit = "",
    show_settings: ShowSettings = False,
) -> Reply | Limits:
    """Execute the paper's network with the findings beside the model, and compare every value."""
    if show_settings:
        return configured.shown(context)
    if limits := elsewhere(target, isolate=isolate, timeout=timeout, memory_limit=memory_limit):
        return limits
    report = audited(Request(target=target, spec=spec, input=input, arg=arg, sweep=sweep))
    told = [swept.line for swept in report.sweep]
    if report.error or report.proof is None:
        return Reply(
            documents=answer(render(report, Format.TEXT, View(terse=True, folder=os.getcwd()))).documents,
            problems=(report.error,) if report.error else (),
            status=ExitStatus.USAGE if report.error else ExitStatus.FINDINGS,
        )
    proven = report.proof.holds and all(swept.clean for swept in report.sweep)
    lines = (report.proof.line, *told)
    status = ExitStatus.CLEAN if proven else ExitStatus.FINDINGS
    return Reply(documents=answer("".join(f"{line}\n" for line in lines)).documents, status=status)
