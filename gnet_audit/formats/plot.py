"""A line plot as coordinates: what a template draws as SVG, without any library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 34
TICKS = 5
"""About how many numbers an axis has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named line: points in the order of x."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A number beside an axis, and where it stands."""

    text: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Lines as points of an SVG of the size above, with the numbers beside both axes."""

    title: str
    x_name: str
    lines: tuple[tuple[str, str], ...]
    """Name and points (`x,y x,y …`) of each."""
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def plot(title: str, x_name: str, series: Sequence[Series]) -> Plot | None:
    """The plot of what can be drawn; None where there is nothing. The y axis begins at 0."""
    kept = [Series(name=one.name, points=tuple(point for point in one.points if isfinite(point[1]))) for one in series]
    points = [point for one in kept for point in one.points]
    if not points:
        return None
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    top = max(1e-9, *(y for _, y in points))
    high = high if high > low else low + 1

    def across(x: float) -> int:
        return round(LEFT + (x - low) / (high - low) * (WIDTH - LEFT - RIGHT))

    def up(y: float) -> int:
        return round(HEIGHT - BOTTOM - min(max(y / top, 0), 1) * (HEIGHT - TOP - BOTTOM))

    return Plot(
        title=title,
        x_name=x_name,
        lines=tuple((one.name, " ".join(f"{across(x)},{up(y)}" for x, y in one.points)) for one in kept),
        x_ticks=tuple(Tick(text=f"{x:g}", at=across(x)) for x in _round_numbers(low, high)),
        y_ticks=tuple(Tick(text=f"{y:g}", at=up(y)) for y in _round_numbers(0, top)),
    )


def _round_numbers(low: float, high: float) -> list[float]:
    """A few numbers between two that are easy to read: multiples of 1, 2 or 5 of a power of ten."""
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = -floor(-low / step)
    return [round(number * step, 10) for number in range(first, floor(high / step) + 1)]
