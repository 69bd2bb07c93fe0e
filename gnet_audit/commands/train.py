"""The command `smoke-train`: words to values, a run whose records become progress, a reply."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gnet_audit import options
from gnet_audit.commands import configured
from gnet_audit.commands.data import EXAMPLES, Download, colors, fetched, write_picture
from gnet_audit.commands.data import data as show_data
from gnet_audit.commands.words import (
    SETTINGS,
    STATUSES,
    TARGETS,
    Arg,
    ExitZero,
    FailOn,
    Formats,
    Json,
    Output,
    ShowSettings,
    Width,
    environment,
    epilog,
    text_option,
)  # fmt: skip
from gnet_audit.commands.words import width as columns
from gnet_audit.errors import ExitStatus, GnetAuditError, UsageError
from gnet_audit.formats import MACHINE, MARKUP, Format, render
from gnet_audit.formats.view import View
from gnet_audit.output import Document, Reply, writable
from gnet_audit.progress import followed, stoppable
from gnet_audit.rules import Severity
from gnet_audit.training import PAPER, Outcome, Precision, Recipe, Training

if TYPE_CHECKING:
    from gnet_audit.live.smoke import Request

SMOKE_EXAMPLES = (
    "smoke-train",
    "smoke-train nets/google.py:GoogLeNet --arg num_classes=10 --overfit-only",
    "smoke-train --data stl10 --download --epochs 5 --device cuda --bf16 --plot run.png",
    "smoke-train --recipe paper --epochs 40 --checkpoint run.pt --resume -f text -f json:run.json",
)


MOST_SEED = 2**32 - 1
"""Every step has its own seed, a million times as large: torch takes 64 bits."""


class RecipeName(StrEnum):
    """The recipes that can be asked for by name."""

    DEFAULT = "default"
    PAPER = "paper"


def register(app: typer.Typer) -> None:
    """Add both commands to the command line."""
    app.command("smoke-train", epilog=epilog(*SMOKE_EXAMPLES, also=f"{TARGETS}\n{SETTINGS}\n{STATUSES}"))(smoke_train)
    app.command("data", epilog=epilog(*EXAMPLES))(show_data)


# --- options -------------------------------------------------------------------------------------------------


Target = Annotated[str, typer.Argument(metavar="TARGET", help="The model to train.", **environment("target"))]
DataFolder = Annotated[str, text_option("--data", metavar="DIR", help="Where STL-10 is; the embedded set without it.")]
Device = Annotated[str, typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:0.")]
Bf16 = Annotated[bool, typer.Option("--bf16", help="Compute products in bfloat16.")]
RecipeOption = Annotated[
    str, typer.Option("--recipe", metavar="NAME", help="default, or paper: section 6 of the paper.")
]
Steps = Annotated[int | None, typer.Option("--steps", metavar="N", help="Steps of the real run.", show_default="40")]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", help="Its length in epochs.", show_default=False)]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", metavar="N", help="Images a step and device.", show_default="10")
]
Rate = Annotated[float | None, typer.Option("--lr", metavar="RATE", help="Learning rate.", show_default="recipe's")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of everything that is drawn.")]
TimeLimit = Annotated[
    float | None, typer.Option("--time-limit", metavar="SECONDS", help="Leave out what is not done by then.", show_default=False)
]  # fmt: skip
OverfitOnly = Annotated[bool, typer.Option("--overfit-only", help="No real run: one batch only.")]
OwnStart = Annotated[bool, typer.Option("--own-init", help="Keep the model's own first weights.")]
TestImages = Annotated[int | None, typer.Option("--test-images", metavar="N", help="0 for all.", show_default="100")]
CheckpointFile = Annotated[
    str, text_option("--checkpoint", metavar="FILE", help="Keep the run here: after each part, and on Ctrl-C.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that --checkpoint holds.")]
Plot = Annotated[str, text_option("--plot", metavar="FILE", help="Losses, answers and confusion matrix as PNG.")]
Input = Annotated[
    str,
    typer.Option("--input", metavar="CxHxW", help="Size fed.", show_default="3x224x224", **environment("input")),
]


# --- smoke-train -----------------------------------------------------------------------------------------------


def smoke_train(
    context: typer.Context,
    *,
    target: Target = "reference",
    data: DataFolder = "",
    download: Download = False,
    device: Device = "auto",
    bf16: Bf16 = False,
    recipe: RecipeOption = "default",
    steps: Steps = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: Rate = None,
    seed: Seed = 0,
    time_limit: TimeLimit = None,
    overfit_only: OverfitOnly = False,
    own_init: OwnStart = False,
    test_images: TestImages = None,
    checkpoint: CheckpointFile = "",
    resume: Resume = False,
    input: Input = "",
    arg: Arg,
    plot: Plot = "",
    width: Width = None,
    format: Formats,
    json: Json = False,
    output: Output = "",
    fail_on: FailOn = "error",
    exit_zero: ExitZero = False,
    show_settings: ShowSettings = False,
) -> Reply:
    """Train it for a minute: tell a healthy build from a broken one."""
    if show_settings:
        return configured.shown(context)
    answers = configured.destinations(context, format, json=json, output=output)
    severity = options.choice(fail_on, Severity, "--fail-on")
    base = PAPER if options.choice(recipe, RecipeName, "--recipe") is RecipeName.PAPER else Recipe()
    chosen = _recipe(
        base, input=input, bf16=bf16, own_init=own_init, overfit_only=overfit_only, seed=seed,
        given={"steps": steps, "batch_size": batch_size, "lr": lr, "test_images": test_images},
    )  # fmt: skip
    _fits(steps=steps, epochs=epochs, time_limit=time_limit, checkpoint=checkpoint, resume=resume, plot=plot)
    rank = _rank()
    folder = fetched(data, download=download)
    result = _trained(
        partial(
            _request, target, options.arguments(arg), folder, device, chosen, epochs,
            time_limit=time_limit, checkpoint=checkpoint, resume=resume,
        )
    )  # fmt: skip
    if rank > 0:
        return Reply()
    if plot:
        _draw(plot, result, folder)
    return Reply(
        documents=tuple(_document(result, answer, width) for answer in answers),
        status=_status(result, severity, exit_zero=exit_zero),
    )


def _rank() -> int:
    from gnet_audit.live.launch import launch

    return launch().rank


def _trained(asked: Callable[[Callable[[], bool]], Request]) -> Training:
    """Run it; what the model itself prints or warns of does not mix with our output."""
    from gnet_audit.live.smoke import run

    with stoppable() as stop, redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return followed(run(asked(stop)))


def _request(
    target: str,
    arguments: Mapping[str, object],
    folder: Path | None,
    device: str,
    recipe: Recipe,
    epochs: int | None,
    stop: Callable[[], bool],
    *,
    time_limit: float | None,
    checkpoint: str,
    resume: bool,
) -> Request:
    from gnet_audit.live.smoke import Request, must_be_possible
    from gnet_audit.live.train import Control

    must_be_possible(folder, device)
    control = Control(
        stop=stop,
        deadline=time.monotonic() + (float("inf") if time_limit is None else time_limit),
        file=Path(checkpoint) if checkpoint else None,
        resume=resume,
    )
    slots = _slots(target, arguments, recipe)
    return Request(
        target=target, args=arguments, data=folder, device=device, recipe=recipe, epochs=epochs, slots=slots,
        control=control,
    )  # fmt: skip


def _draw(plot: str, result: Training, folder: Path | None) -> None:
    from gnet_audit.live.pictures import page
    from gnet_audit.live.smoke import dataset

    write_picture(plot, page(result, dataset(folder)))


# --- what was asked for ------------------------------------------------------------------------------------------


def _fits(
    *, steps: int | None, epochs: int | None, time_limit: float | None, checkpoint: str, resume: bool, plot: str
) -> None:
    if steps is not None and epochs is not None:
        raise UsageError("give --steps or --epochs, not both", where="--epochs")
    if resume and not checkpoint:
        raise UsageError("there is nothing to resume", where="--resume", expected="--checkpoint FILE as well")
    _at_least("--epochs", epochs, 1)
    _at_least("--time-limit", time_limit, 0)
    for option, file in (("--plot", plot), ("--checkpoint", checkpoint)):
        writable(option, file)
    if plot:
        from gnet_audit.live.pictures import must_draw

        must_draw()


def _recipe(
    base: Recipe,
    *,
    input: str,
    bf16: bool,
    own_init: bool,
    overfit_only: bool,
    seed: int,
    given: Mapping[str, float | None],
) -> Recipe:
    for name, value in given.items():
        _at_least(f"--{name.replace('_', '-')}", value, 0 if name in {"lr", "test_images"} else 1)
    if not 0 <= seed <= MOST_SEED:
        raise UsageError("out of range", where="--seed", expected=f"0 to {MOST_SEED}", got=str(seed))
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if input:
        fields["size"] = _size(input)
    if bf16:
        fields["precision"] = Precision.BF16
    return replace(base, **fields, initialise=not own_init, overfit_only=overfit_only, seed=seed)


def _size(text: str) -> tuple[int, ...]:
    shape = options.input_size(text).shape
    if shape[0] != 3:
        raise UsageError("STL-10 has red, green and blue", where="--input", expected="3 channels", got=str(shape[0]))
    return shape


def _at_least(option: str, value: float | None, least: int) -> None:
    if value is not None and not value >= least:
        raise UsageError("out of range", where=option, expected=f"at least {least}", got=f"{value:g}")


def _slots(target: str, arguments: Mapping[str, object], recipe: Recipe) -> Mapping[str, str]:
    """The paper's slots of the model's layers; a model that cannot be audited keeps its own names."""
    from gnet_audit.pipeline import audit

    classes = {"num_classes": 10} if target == "reference" else {}
    try:
        report = audit(target, input_shape=recipe.size, args={**classes, **arguments})
    except GnetAuditError:
        return {}
    return {row.layer: row.slot for row in report.rows if row.layer and row.expected_op}


# --- what is answered ------------------------------------------------------------------------------------------


def _status(result: Training, fail_on: Severity, *, exit_zero: bool) -> ExitStatus:
    failed = [check for check in result.checks if check.outcome is Outcome.FAIL]
    grave = any(check.severity.rank >= fail_on.rank for check in failed)
    unfinished = any(check.outcome is Outcome.NOT_RUN for check in result.checks)
    return ExitStatus.FINDINGS if (grave or unfinished) and not exit_zero else ExitStatus.CLEAN


def _document(result: Training, destination: options.Destination, width: int | None) -> Document:
    from gnet_audit.formats import training as formats

    if destination.format not in {Format.TEXT, Format.JSON}:
        return _exported(result, destination)
    machine = destination.format in MACHINE
    shown = partial(formats.text, result, width=columns(width), color=colors(destination))
    text = formats.to_json(result) if machine else shown()
    return Document(text=text, file=destination.file, machine=machine)


def _exported(result: Training, destination: options.Destination) -> Document:
    """The checks in the formats that other programs show; the page has the losses as plots, too."""
    from gnet_audit.formats import checks, training_html

    view, page = View(folder=os.getcwd()), destination.format is Format.HTML
    text = training_html.render(result, view) if page else render(checks.report(result), destination.format, view)
    return Document(
        text=text,
        file=destination.file,
        machine=destination.format in MACHINE,
        markup=destination.format in MARKUP,
        commands=destination.format is Format.GITHUB,
    )
