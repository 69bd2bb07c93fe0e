"""The command `selftest`: a run whose records become progress, a reply."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from gnet_audit.commands.words import Json, Output, SpecName, Width, epilog, width
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.output import Document, Reply, apart, colored, writable

if TYPE_CHECKING:
    from gnet_audit.selftest import Selftest, Trial

Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of the pairs and the rewritings.")]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="So many of each kind only.", show_default=False)
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", help="Processes.", show_default="processors, 4 at most")
]
NoProve = Annotated[bool, typer.Option("--no-prove", help="Compare only: nothing is executed.")]

EXIT = """\
exit status:
  0  every fault caught, no false alarm, every proof as it must be
  1  a fault missed, a false alarm, or a proof that disagrees
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog=epilog("selftest", "selftest --limit 50 --no-prove", "selftest --json -o selftest.json", also=EXIT)
    )(selftest)


def selftest(
    *,
    spec: SpecName = "googlenet",
    seed: Seed = 0,
    limit: Limit = None,
    jobs: Jobs = None,
    no_prove: NoProve = False,
    json: Json = False,
    output: Output = "",
    width: Width = None,
) -> Reply:
    """Audit networks with known faults, and show what the audit misses."""
    for option, value in (("--limit", limit), ("--jobs", jobs)):
        if value is not None and value < 1:
            raise UsageError("too small", where=option, expected="1 or more", got=str(value))
    writable("--output", output)
    apart((("--output", output),), (spec,))
    from gnet_audit.live.selfproof import Request, trials
    from gnet_audit.selftest import Selftest

    asked = Request(spec=spec, seed=seed, limit=limit, prove=not no_prove)
    with redirect_stdout(sys.stderr):
        result = Selftest(trials=followed(trials(asked, jobs or _processors())), seed=seed)
    return Reply(
        documents=(_document(result, json=json, output=output, asked=width),),
        status=ExitStatus.FINDINGS if result.failed else ExitStatus.CLEAN,
    )


def followed(records: Iterable[Trial | int]) -> tuple[Trial, ...]:
    """Show on a terminal how the run goes on; give all its trials."""
    from gnet_audit.progress import Line

    line, done, total, wrong = Line(), [], 0, 0
    for record in records:
        if isinstance(record, int):
            total = record
            continue
        done.append(record)
        wrong += record.failed or record.doubted
        line.show(f"selftest: {len(done)} of {total}, {wrong} wrong, {record.family}")
    line.clear()
    return tuple(done)


def _document(result: Selftest, *, json: bool, output: str, asked: int | None) -> Document:
    from gnet_audit.formats import selftest as page

    if json:
        return Document(text=page.to_json(result), file=output, machine=True)
    shown = not output and colored(sys.__stdout__, os.environ)
    return Document(text=page.text(result, width=width(asked), color=shown), file=output)


def _processors() -> int:
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
