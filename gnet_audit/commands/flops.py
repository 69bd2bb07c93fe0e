"""The command `flops`: words to values, counting and perhaps measuring, a reply."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gnet_audit import options, policy
from gnet_audit.commands import configured
from gnet_audit.commands.isolation import Isolate, MemoryLimit, Timeout, elsewhere
from gnet_audit.commands.words import (
    SETTINGS,
    STATUSES,
    TARGETS,
    Arg,
    ExitZero,
    FailOn,
    Formats,
    Input,
    Json,
    NoSummary,
    Output,
    ShowSettings,
    SpecName,
    Target,
    Width,
    epilog,
    repeatable,
    text_option,
)  # fmt: skip
from gnet_audit.commands.words import width as _columns
from gnet_audit.errors import ExitStatus, UnavailableError, UsageError
from gnet_audit.formats import Format
from gnet_audit.formats.view import Depth, View
from gnet_audit.live.limits import Limits
from gnet_audit.network import Mode
from gnet_audit.output import PROGRAM, Document, Reply, colored, say, writable, write_bytes
from gnet_audit.publish import checkout, document, job_summary
from gnet_audit.report import Report
from gnet_audit.rules import Severity
from gnet_audit.speed import DEFAULT_BATCHES, Effort, Plan, Record, Row, Speed, Stage, collected, config
from gnet_audit.work import PRODUCTS, Kind

if TYPE_CHECKING:
    from gnet_audit.counts import Reconciled
    from gnet_audit.flops import Flops
    from gnet_audit.traced import Subject


class Sort(StrEnum):
    """The order of the lines that were timed."""

    PAPER = "paper"
    TIME = "time"


Count = Annotated[list[str], repeatable("--count", metavar="KINDS", help=f"all, or of {', '.join(Kind)}.")]
Counters = Annotated[bool, typer.Option("--counters", help="Ask torchinfo, fvcore and FlopCounterMode too.")]
Devices = Annotated[
    list[str], repeatable("--device", metavar="DEVICE", help="Measure on cpu, cuda, cuda:N; repeatable.")
]
Batches = Annotated[list[str], repeatable("--batch", metavar="N,N", help="Images at once. [default: 1,32,128]")]
Configs = Annotated[
    list[str],
    repeatable(
        "--config", metavar="CONFIG", help="fp32, tf32, bf16 or fp16, + channels_last, cast, fused, compile, graph."
    ),
]
AutoBatch = Annotated[bool, typer.Option("--auto-batch", help="Halve a batch that does not fit into memory.")]
Duration = Annotated[float, typer.Option("--duration", metavar="SECONDS", help="Least seconds of each row.")]
Threads = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="Threads of the CPU.", show_default="torch's")
]
Sorting = Annotated[str, typer.Option("--sort", metavar="ORDER", help="Timed lines in `paper` order, or by `time`.")]
Plot = Annotated[str, text_option("--plot", metavar="FILE", help="The roofline as PNG or SVG.")]
Lines = Annotated[str, typer.Option("--depth", metavar="DEPTH", help="A line for each `row` of the paper, or `slot`.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog=epilog(
            "flops",
            "flops torchvision:googlenet --counters",
            "flops nets/google.py:GoogLeNet --count all --depth slot",
            "flops --device cuda --config bf16+channels_last+compile --batch 128 --sort time",
            "flops --device cpu --batch 1,8 --plot roofline.png -f text -f json:speed.json",
            also=f"{TARGETS}\n{SETTINGS}\n{STATUSES}",
        )
    )(flops)


# --- flops -------------------------------------------------------------------------------------------------------


def flops(
    context: typer.Context,
    *,
    target: Target = "reference",
    spec: SpecName = "googlenet",
    input: Input = "",
    arg: Arg,
    count: Count,
    counters: Counters = False,
    device: Devices,
    batch: Batches,
    config: Configs,
    auto_batch: AutoBatch = False,
    duration: Duration = 2.0,
    threads: Threads = None,
    depth: Lines = "row",
    sort: Sorting = "paper",
    plot: Plot = "",
    width: Width = None,
    format: Formats,
    json: Json = False,
    output: Output = "",
    fail_on: FailOn = "error",
    exit_zero: ExitZero = False,
    no_summary: NoSummary = False,
    isolate: Isolate = False,
    timeout: Timeout = "",
    memory_limit: MemoryLimit = "",
    show_settings: ShowSettings = False,
) -> Reply | Limits:
    """Count a network's work against the paper and other counters; measure its speed."""
    if show_settings:
        return configured.shown(context)
    if limits := elsewhere(target, isolate=isolate, timeout=timeout, memory_limit=memory_limit):
        return limits
    destinations = configured.destinations(context, format, json=json, output=output)
    severity = options.choice(fail_on, Severity, "--fail-on")
    chosen = options.choice(depth, Depth, "--depth"), options.choice(sort, Sort, "--sort"), _columns(width)
    size = options.input_size(input) if input else None
    kinds, arguments = _kinds(count), options.arguments(arg)
    plans = _plans(device, batch, config, auto_batch=auto_batch, duration=duration, threads=threads)
    picture = _picture(plot, plans)
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _present(plans)
        from gnet_audit.traced import subject as traced

        subject = traced(target, spec, size, arguments)
        problem = subject.report.error or (_unable(subject) if counters or plans else "")
        opinions = _opinions(subject) if counters and not problem else ()
        speed = _measured(subject, plans) if plans and not problem else None
    from gnet_audit.flops import flops as put_together
    from gnet_audit.formats import checks

    found = put_together(subject.paper, subject.report, subject.networks, kinds=kinds, counters=opinions, speed=speed)
    undrawn = _drawn(found, plot, picture) if picture and speed and not speed.interrupted else ""
    judged = replace(checks.counted(found), error=problem)
    status = ExitStatus.USAGE if undrawn else policy.exit_status(judged, fail_on=severity, exit_zero=exit_zero)
    return Reply(
        documents=tuple(_documents(found, judged, destinations, chosen, severity, summary=not no_summary)),
        problems=tuple(filter(None, (problem, undrawn))),
        status=ExitStatus.INTERRUPTED if speed and speed.interrupted else status,
    )


def _unable(subject: Subject) -> str:
    """Why nobody can run the model in eval, as other counters and measuring do; empty where they can."""
    why = subject.errors[Mode.EVAL]
    return f"eval, in which others count and speed is measured: {why}" if why else ""


def _opinions(subject: Subject) -> tuple[Reconciled, ...]:
    from gnet_audit.live.counters import count

    return tuple(count(subject.build, subject.networks[Mode.EVAL], subject.shape))


# --- measuring -----------------------------------------------------------------------------------------------------


def _plans(
    devices: list[str],
    batches: list[str],
    configs: list[str],
    *,
    auto_batch: bool,
    duration: float,
    threads: int | None,
) -> tuple[Plan, ...]:
    """One plan for each device."""
    names = tuple(dict.fromkeys(options.words(devices)))
    for option, given in (
        ("--batch", batches),
        ("--config", configs),
        ("--auto-batch", auto_batch),
        ("--threads", threads),
    ):
        if given and not names:
            raise UsageError("nothing is measured without a device", where=option, expected="--device as well")
    if not 0 < duration <= 3600:
        raise UsageError("out of range", where="--duration", expected="seconds up to 3600", got=f"{duration:g}")
    if threads is not None and not 0 < threads <= 4096:
        raise UsageError("out of range", where="--threads", expected="a whole number from 1", got=str(threads))
    effort = Effort(seconds=duration, warm_seconds=min(1.0, duration), warm_most=5 * duration, most=15 * duration)
    sizes = tuple(dict.fromkeys(map(batch_size, options.words(batches)))) or DEFAULT_BATCHES
    chosen = tuple(dict.fromkeys(map(config, options.words(configs))))
    return tuple(
        Plan(device=name, batches=sizes, configs=chosen, auto_batch=auto_batch, effort=effort, threads=threads)
        for name in names
    )


def batch_size(text: str) -> int:
    """A word of --batch as a number."""
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 0 < int(text) <= 1_000_000:
        raise UsageError("not a batch", where="--batch", expected="whole numbers such as 1,32,128", got=repr(text))
    return int(text)


def _present(plans: tuple[Plan, ...]) -> None:
    """Stop before anything is built where no device that was asked for is there; one of several may be missing."""
    if not plans:
        return
    from gnet_audit.live.device import device

    missing: list[UnavailableError] = []
    for plan in plans:
        try:
            device(plan.device)
        except UnavailableError as error:
            missing.append(error)
    if len(missing) == len(plans):
        raise missing[0]


def _measured(subject: Subject, plans: tuple[Plan, ...]) -> Speed:
    """Measure plan after plan; Ctrl-C keeps what is finished."""
    from gnet_audit.progress import Line

    records: list[Record] = []
    line, began = Line(), time.monotonic()
    try:
        for record in _records(subject, plans):
            if isinstance(record, Stage):
                line.show(_told(record, time.monotonic() - began))
            else:
                records.append(record)
    except KeyboardInterrupt:
        return collected(records, interrupted=True)
    finally:
        line.clear()
    return collected(records)


def _records(subject: Subject, plans: tuple[Plan, ...]) -> Iterator[Record]:
    from gnet_audit.live.bench import measure

    for plan in plans:
        try:
            yield from measure(subject.build, subject.networks[Mode.EVAL], subject.shape, plan)
        except UnavailableError as error:
            first = plan.configs[0] if plan.configs else config("fp32")
            batch = plan.batches[0]
            yield Row(device=plan.device, config=first, batch=batch, asked=batch, failure=error.line)


def _told(stage: Stage, seconds: float) -> str:
    """What is measured now, and how long it still takes if the rest goes as what is done."""
    done = stage.number - 1
    left = f", about {seconds / done * (stage.of - done):.0f} s left" if done else ""
    return f"{PROGRAM}: {stage.number} of {stage.of}: {stage.name}{left}"


# --- words and documents -------------------------------------------------------------------------------------------


def _kinds(texts: list[str]) -> frozenset[Kind]:
    words = options.words(texts)
    if not words:
        return PRODUCTS
    if "all" in words:
        return frozenset(Kind)
    return frozenset(options.choices(words, Kind, "--count"))


def _picture(file: str, plans: tuple[Plan, ...]) -> str:
    """The kind of picture asked for, refused before a long run and not after it."""
    if not file:
        return ""
    if not plans:
        raise UsageError("nothing is timed without a device", where="--plot", expected="--device as well")
    writable("--plot", file)
    from gnet_audit.formats.roofline import kind

    return kind(file)


def _drawn(found: Flops, file: str, kind: str) -> str:
    """Draw and write; why not, if it cannot be done: what was measured is told all the same."""
    from gnet_audit.formats.roofline import picture

    try:
        write_bytes(Path(file), picture(found, kind))
    except UsageError as error:
        return error.line
    say(f"wrote {file}")
    return ""


Chosen = tuple[Depth, Sort, int]


def _documents(
    found: Flops,
    judged: Report,
    destinations: tuple[options.Destination, ...],
    chosen: Chosen,
    fail_on: Severity,
    *,
    summary: bool,
) -> Iterator[Document]:
    """A document for each format asked for; in GitHub Actions also the summary of the job."""
    view = View(folder=os.getcwd(), fail_on=fail_on)
    page, whole = job_summary(judged, view) if summary else (None, False)
    view = replace(view, summary=whole, root=checkout())
    for destination in destinations:
        yield _own(found, judged, destination, *chosen) or document(judged, destination, view)
    if page:
        yield page


def _own(
    found: Flops, judged: Report, destination: options.Destination, depth: Depth, order: Sort, columns: int
) -> Document | None:
    """The formats in which an answer of counts has a form of its own; None for the others."""
    if destination.format is Format.JSON:
        from gnet_audit.formats import flops_json

        return Document(text=flops_json.render(found), file=destination.file, machine=True)
    if destination.format is Format.CSV:
        from gnet_audit.formats import flops_csv

        return Document(text=flops_csv.render(found), file=destination.file)
    if destination.format is Format.HTML:
        from gnet_audit.formats import flops_html

        page = flops_html.render(found, judged, View(folder=os.getcwd()))
        return Document(text=page, file=destination.file, markup=True)
    if destination.format is not Format.TEXT:
        return None
    from gnet_audit.formats import flops as texts

    choices = texts.Choices(width=columns, color=_color(destination), depth=depth, by_time=order is Sort.TIME)
    return Document(text=texts.text(found, choices), file=destination.file)


def _color(destination: options.Destination) -> bool:
    return not destination.file and colored(sys.__stdout__, os.environ)
