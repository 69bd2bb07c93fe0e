"""The embedded data set: ten kinds of drawn figures in the format of STL-10, for where the real one is not at hand.

Each class is a figure in a family of hues; place, size, turn, shade, background and noise are drawn at random.
Everything follows from the seed, so the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gnet_audit.live.stl10 import CHANNELS, SIDE, Dataset, Split

Plane: TypeAlias = NDArray[np.float64]
Figure: TypeAlias = Callable[[Plane, Plane], Plane]

TRAIN, TEST = 50, 20
"""Images a class."""
SEED = 1409_4842
HUE = 0.04
"""How far an image's hue strays from its class's."""
NOISE = 0.15
TINT = np.array([0.10, 0.04, 0.0])
"""Added to red, green and blue: without it no channel could be told from another by its mean."""


def dataset(train: int = TRAIN, test: int = TEST, seed: int = SEED) -> Dataset:
    """So many images a class for training and test, classes in turn."""
    return Dataset(
        train=_split(train, np.random.PCG64([seed, 0])),
        test=_split(test, np.random.PCG64([seed, 1])),
        classes=tuple(FIGURES),
        source=f"drawn by gnet-audit, seed {seed}",
        per_class=(train, test),
        synthetic=True,
    )


def _split(per_class: int, bits: np.random.PCG64) -> Split:
    random = np.random.Generator(bits)
    drawn = [_class(index, figure, per_class, random) for index, figure in enumerate(FIGURES.values())]
    images = np.stack(drawn, axis=1).reshape(-1, CHANNELS, SIDE, SIDE)
    return Split(
        stored=np.ascontiguousarray(images.swapaxes(2, 3)),
        labels=np.tile(np.arange(len(FIGURES), dtype=np.int64), per_class),
    )


def _class(index: int, figure: Figure, count: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Images of one class, N×3×rows×columns."""

    def between(low: float, high: float, *shape: int) -> Plane:
        return low + (high - low) * random.random((count, *(shape or (1, 1))))

    mask = figure(*_axes(between))
    hue = index / len(FIGURES) + between(-HUE, HUE)
    color = _color(hue, between(0.65, 1.0), between(0.6, 1.0))
    ground = between(0.1, 0.5, 1, 1, 1) + between(-0.08, 0.08, 3, 1, 1)
    ground = ground + between(-0.15, 0.15, 1, 1, 1) * np.linspace(-1, 1, SIDE)
    mask = mask[:, None]
    image = mask * color + (1 - mask) * ground + TINT[:, None, None]
    image += NOISE * (random.random(image.shape) - 0.5)
    pixels: NDArray[np.uint8] = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    return pixels


def _axes(between: Callable[..., Plane]) -> tuple[Plane, Plane]:
    """Coordinates of every pixel in the figure's own frame: moved, scaled and a little turned; 1 is its radius."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / (SIDE / 2) - 1
    angle, radius = between(-0.25, 0.25), between(0.45, 0.75)
    y, x = rows - between(-0.25, 0.25), columns - between(-0.25, 0.25)
    return (np.cos(angle) * y - np.sin(angle) * x) / radius, (np.sin(angle) * y + np.cos(angle) * x) / radius


def _color(hue: Plane, saturation: Plane, value: Plane) -> Plane:
    """N×3×1×1 red, green and blue of a hue (0 to 1, round)."""
    thirds = np.array([0.0, 2 / 3, 1 / 3])[:, None, None]
    wave = np.clip(np.abs((hue[:, None] + thirds) % 1 * 6 - 3) - 1, 0, 1)
    color: Plane = value[:, None] * (1 - saturation[:, None] * (1 - wave))
    return color


# --- the figures: 1 inside, 0 outside, an edge of a few pixels between ------------------------------------


def _inside(distance: Plane) -> Plane:
    return np.clip(0.5 - 16 * distance, 0, 1)


def _disc(y: Plane, x: Plane) -> Plane:
    return _inside(np.hypot(y, x) - 1)


def _ring(y: Plane, x: Plane) -> Plane:
    return _inside(np.abs(np.hypot(y, x) - 0.75) - 0.25)


def _square(y: Plane, x: Plane) -> Plane:
    return _inside(np.maximum(np.abs(y), np.abs(x)) - 0.9)


def _frame(y: Plane, x: Plane) -> Plane:
    return _inside(np.abs(np.maximum(np.abs(y), np.abs(x)) - 0.7) - 0.2)


def _triangle(y: Plane, x: Plane) -> Plane:
    return _inside(np.maximum(0.9 * np.abs(x) - 0.45 * y, y) - 0.6)


def _cross(y: Plane, x: Plane) -> Plane:
    low, high = np.minimum(np.abs(y), np.abs(x)), np.maximum(np.abs(y), np.abs(x))
    return _inside(np.maximum(low - 0.3, high - 1))


def _rows(y: Plane, x: Plane) -> Plane:
    return _square(y, x) * _inside(0.5 * np.sin(8 * y))


def _columns(y: Plane, x: Plane) -> Plane:
    return _square(y, x) * _inside(0.5 * np.sin(8 * x))


def _diagonals(y: Plane, x: Plane) -> Plane:
    return _disc(y, x) * _inside(0.5 * np.sin(6 * (x + y)))


def _checks(y: Plane, x: Plane) -> Plane:
    return _square(y, x) * _inside(0.5 * np.sin(7 * y) * np.sin(7 * x))


FIGURES: dict[str, Figure] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "frame": _frame,
    "triangle": _triangle,
    "cross": _cross,
    "rows": _rows,
    "columns": _columns,
    "diagonals": _diagonals,
    "checks": _checks,
}
