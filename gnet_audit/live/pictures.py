"""Pictures: a grid of images as PNG, and a training on one page. Their libraries are the optional extra `plot`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from gnet_audit.errors import UnavailableError
from gnet_audit.live.feed import batch, feed
from gnet_audit.live.fit import drawn, step_seed
from gnet_audit.live.stl10 import CHANNELS, SIDE, Dataset, Split, sample
from gnet_audit.training import Phase, Recipe, SplitFacts, Training

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 10
GAP = 2
WHITE = 255
LINE = 20
"""Rows below a grid for what it shows."""


def grid(data: Dataset) -> bytes:
    """Ten training images of each class as PNG, a class a row."""
    kind = "synthetic" if data.synthetic else "STL-10"
    pixels = tiled(data.train.images[sample(data.train, COLUMNS)], COLUMNS)
    return png(pixels, f"{kind}: {', '.join(data.classes)}")


def tiled(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Images N×3×rows×columns side by side on white, rows×columns×3."""
    lines = math.ceil(len(images) / columns)
    cell = SIDE + GAP
    sheet = np.full((lines * cell - GAP, columns * cell - GAP, CHANNELS), WHITE, dtype=np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * cell, index % columns * cell
        sheet[top : top + SIDE, left : left + SIDE] = image.transpose(1, 2, 0)
    return sheet


def png(pixels: NDArray[np.uint8], caption: str) -> bytes:
    """An image rows×columns×3 with a line of text below it, as a PNG file."""
    with _library("Pillow"):
        from PIL import Image, ImageDraw
    height, width, _ = pixels.shape
    sheet = Image.new("RGB", (width, height + LINE), "white")
    sheet.paste(Image.fromarray(pixels))
    ImageDraw.Draw(sheet).text((4, height + 4), caption, fill="black")
    file = BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


@contextmanager
def _library(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise UnavailableError(f"pictures need {name}", expected="pip install 'gnet-audit[plot]'") from error


def must_draw() -> None:
    """An UnavailableError where the library for a page is missing: better before a long run than after it."""
    with _library("matplotlib"):
        import_module("matplotlib.figure")


# --- a training on one page ------------------------------------------------------------------------------------


def page(training: Training, data: Dataset) -> bytes:
    """Loss per head, accuracy, answers to test images and confusion matrix, as PNG."""
    with _library("matplotlib"):
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    with rc_context({"text.parse_math": False}):  # a name may have dollars
        return _drawn(Figure(figsize=(13, 10), layout="constrained"), training, data)


def _drawn(figure: Figure, training: Training, data: Dataset) -> bytes:
    figure.suptitle(f"{training.target} on {training.data.kind} data: {training.verdict.value}")
    phases = [phase for phase in Phase if training.curve(phase)] or [Phase.OVERFIT]
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(5, 2, 5), squeeze=False)[:, 0]
    for phase, axes in zip(phases, top.subplots(1, len(phases), squeeze=False)[0], strict=True):
        _losses(axes, training, phase)
    _fed(middle.subplots(), training, data)
    left, right = bottom.subplots(1, 2)
    _answers(left, training, data)
    _confusion(right, training)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    return file.getvalue()


def _losses(axes: Axes, training: Training, phase: Phase) -> None:
    points = training.curve(phase)
    steps = [point.step for point in points]
    for index, head in enumerate(training.heads):
        axes.plot(steps, [point.losses[index] for point in points], label=head)
    guess = math.log(len(training.data.classes))
    axes.axhline(guess, color="grey", linestyle=":", label="a guess")
    axes.set(title=f"loss, {phase.value}", xlabel="step", ylim=(0, 1.3 * guess))
    axes.legend()


def _fed(axes: Axes, training: Training, data: Dataset) -> None:
    """The very first batch of the real run, as the network gets it, on the scale of an image again."""
    recipe, train = training.recipe, training.data.splits[0]
    images = first_batch(data.train, recipe, train, training.ranks)
    shown = [image.transpose(1, 2, 0) for image in images[:COLUMNS]]
    axes.imshow(np.concatenate(shown, axis=1))
    axes.axis("off")
    axes.set_title(f"as fed: first step, {recipe.augmentation.value}")


def first_batch(train: Split, recipe: Recipe, facts: SplitFacts, ranks: int = 1) -> NDArray[np.float64]:
    """What the first process feeds in the first step, N×3×rows×columns from 0 to 1."""
    indices = drawn(len(train), 0, recipe.batch_size * ranks, recipe.seed)[::ranks]
    own = feed((recipe.size[1], recipe.size[2]), facts, torch.device("cpu"))
    fed = own(batch(train, indices)[0], recipe.augmentation, step_seed(recipe.seed, 0, 0, ranks)).double().numpy()
    scale = np.array(facts.deviation)[:, None, None]
    return np.asarray((fed * scale + np.array(facts.mean)[:, None, None]).clip(0, 1))


def _answers(axes: Axes, training: Training, data: Dataset) -> None:
    axes.axis("off")
    right = training.accuracy
    if right is None:
        return
    axes.set_title(f"test: {right.correct:,} of {right.images:,} right ({100 * right.share:.0f} %)")
    shown = training.answers[:COLUMNS]
    if not shown:
        return
    images = data.test.images[np.array([answer.image for answer in shown])]
    half = -(-len(shown) // 2)
    axes.imshow(tiled(images, half))
    for place, answer in enumerate(shown):
        left, top = place % half * (SIDE + GAP), place // half * (SIDE + GAP)
        said, true = training.data.classes[answer.said], training.data.classes[answer.label]
        text = said if answer.said == answer.label else f"{said}, not {true}"
        color = "white" if answer.said == answer.label else "yellow"
        axes.text(left + 3, top + 10, text, color=color, fontsize=6, backgroundcolor=(0, 0, 0, 0.5))


def _confusion(axes: Axes, training: Training) -> None:
    right = training.accuracy
    if right is None:
        axes.axis("off")
        return
    axes.imshow(np.array(right.confusion), cmap="Blues")
    places = range(len(training.data.classes))
    axes.set_xticks(places, training.data.classes, rotation=45, ha="right")
    axes.set_yticks(places, training.data.classes)
    axes.set(title="confusion", xlabel="answered", ylabel="true")
    for row, counts in enumerate(right.confusion):
        for column, count in enumerate(counts):
            if count:
                dark = 2 * count > max(counts)
                axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
