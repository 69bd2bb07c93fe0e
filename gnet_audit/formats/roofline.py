"""The roofline: each line's work per byte against the speed that it reached, under the measured roofs; as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from math import floor, log10, sqrt
from pathlib import PurePath

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.flops import Flops, by_row
from gnet_audit.formats.plot import Tick
from gnet_audit.measurement import Roof
from gnet_audit.speed import Precision, Roofs

KINDS = (".png", ".svg")
WIDTH, HEIGHT = 760, 430
LEFT, RIGHT, TOP, BOTTOM = 84, 18, 14, 46
LETTER, LINE = 6.6, 13
"""A character of a label, in points of the drawing."""
UNITS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One line of the paper that was timed."""

    name: str
    per_byte: float
    per_second: float
    share: float
    """Of the time of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The points of one device, and its roof in fp32."""

    roofs: Roofs
    roof: Roof
    batch: int
    points: tuple[Point, ...]

    @property
    def ends(self) -> tuple[float, float, float]:
        """Work per byte where the roof begins in the picture, where it bends, and where it ends."""
        ridge, each = self.roof.flops.value / self.roof.bandwidth.value, [point.per_byte for point in self.points]
        return min(*each, ridge) / 2, ridge, max(*each, ridge) * 2

    def under(self, per_byte: float) -> float:
        """The speed that the roof allows."""
        return min(self.roof.flops.value, per_byte * self.roof.bandwidth.value)


def timed(answer: Flops) -> Timed | None:
    """What can be drawn; None where `missing` says why not."""
    speed = answer.speed
    if speed is None or not speed.layers:
        return None
    device, batch = speed.layers[0].device, speed.layers[0].batch
    roofs = next((one for one in speed.roofs if one.device == device), None)
    roof = roofs.roof(Precision.FP32) if roofs else None
    lines = [line for line in by_row(answer.lines) if line.seconds and sum(time.flops for time in line.times)]
    if roofs is None or roof is None or not lines:
        return None
    whole = sum(line.seconds for line in lines)
    points = tuple(
        Point(
            name=line.slot,
            per_byte=flops / max(1, sum(time.moved for time in line.times)),
            per_second=flops / line.seconds,
            share=line.seconds / whole,
        )
        for line in lines
        for flops in [sum(time.flops for time in line.times)]
    )
    return Timed(roofs=roofs, roof=roof, batch=batch, points=points)


def missing(answer: Flops) -> str:
    """Why there is no roofline, and what would make one."""
    speed = answer.speed
    if speed is None:
        return "nothing was measured; --device cpu or --device cuda measures"
    told = [*speed.notes, *(note for roofs in speed.roofs for note in roofs.notes)]
    if speed.interrupted:
        told.append("the run was interrupted before its layers were timed")
    return "; ".join(told) or "no layer was timed"


# --- as coordinates, for a page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point of the picture: the larger, the more time; `label` is empty where there is no room for it."""

    x: int
    y: int
    radius: int
    title: str
    label: str = ""
    label_x: int = 0
    label_y: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """A drawing of the size above."""

    title: str
    roof: str
    roof_name: str
    published: str
    """The roof that the maker publishes, empty where it is not known for certain."""
    dots: tuple[Dot, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def drawn(found: Timed, target: str) -> Roofline:
    """The coordinates; both axes are logarithmic."""
    first, ridge, last = found.ends
    machine, flops, bytes = found.roofs.machine, found.roofs.peak("fp32"), found.roofs.peak("bandwidth")
    speeds = [*(point.per_second for point in found.points), *map(found.under, (first, last))]
    low, high = min(speeds) / 2, max(*speeds, *([flops.value] if flops else [])) * 2

    def at(per_byte: float, per_second: float) -> tuple[int, int]:
        across = log10(per_byte / first) / log10(last / first)
        up = log10(max(per_second, low) / low) / log10(high / low)
        return round(LEFT + across * (WIDTH - LEFT - RIGHT)), round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM))

    def line(flops: float, bandwidth: float) -> str:
        ends = [first, min(max(flops / bandwidth, first), last), last]
        return " ".join("{},{}".format(*at(x, min(flops, x * bandwidth))) for x in ends)

    return Roofline(
        title=f"Roofline of {target} on {machine.name} ({machine.device}), fp32, batch {found.batch}",
        roof=line(found.roof.flops.value, found.roof.bandwidth.value),
        roof_name=f"measured: {short(found.roof.flops.value)}FLOP/s, {short(found.roof.bandwidth.value)}B/s, "
        f"ridge at {ridge:.3g} FLOP per byte",
        published=line(flops.value, bytes.value) if flops and bytes else "",
        dots=tuple(_dots([(point, *at(point.per_byte, point.per_second)) for point in found.points])),
        x_ticks=tuple(Tick(text=f"{x:g}", at=at(x, low)[0]) for x in _decades(first, last)),
        y_ticks=tuple(Tick(text=short(y), at=at(first, y)[1]) for y in _decades(low, high)),
    )


Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def _dots(points: Sequence[tuple[Point, int, int]]) -> Iterator[Dot]:
    """The largest first, so that the small ones lie on top; each label where neither a dot nor another label is."""
    placed = [(point, x, y, round(4 + 22 * sqrt(point.share))) for point, x, y in points]
    taken: list[Box] = [(x - radius, y - radius, x + radius, y + radius) for _, x, y, radius in placed]
    for point, x, y, radius in sorted(placed, key=lambda one: -one[0].share):
        label = point.name.removeprefix("inception_")
        spot = next((box for box in _spots(x, y, radius, LETTER * len(label)) if _free(box, taken)), None)
        if spot:
            taken.append(spot)
        yield Dot(
            x=x,
            y=y,
            radius=radius,
            title=f"{point.name}: {point.per_byte:.3g} FLOP per byte, {short(point.per_second)}FLOP/s, "
            f"{point.share:.1%} of the time",
            label=label if spot else "",
            label_x=round(spot[0]) if spot else 0,
            label_y=round(spot[3]) - 3 if spot else 0,
        )


def _spots(x: int, y: int, radius: int, wide: float) -> Iterator[Box]:
    """Where a label may stand: right, left, above or below its dot, near first."""
    for away in (2, 12, 22):
        right, left, top = x + radius + away, x - radius - away - wide, y - LINE / 2
        above, below, middle = y - radius - away - LINE, y + radius + away, x - wide / 2
        for across, up in ((right, top), (left, top), (middle, above), (middle, below), (right, above), (left, below)):
            yield across, up, across + wide, up + LINE


def _free(box: Box, taken: Sequence[Box]) -> bool:
    """Whether a label fits there, within the axes and beside everything else."""
    left, top, right, bottom = box
    inside = left >= LEFT and right <= WIDTH - RIGHT and top >= TOP and bottom <= HEIGHT - BOTTOM
    return inside and not any(
        left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in taken
    )


def _decades(low: float, high: float) -> list[float]:
    """Numbers between two that are easy to read: powers of ten; where there are few, 2 and 5 of them too."""
    powers = [10.0**power for power in range(floor(log10(low)), floor(log10(high)) + 1)]
    steps = (1, 2, 5) if len(powers) < 4 else (1,)
    return [value for power in powers for step in steps if low <= (value := step * power) <= high]


def short(value: float) -> str:
    """`1.5 G` for 1 500 000 000."""
    size, letter = next((unit for unit in UNITS if value >= unit[0]), UNITS[-1])
    return f"{value / size:.3g} {letter}"


# --- as a file, by matplotlib ----------------------------------------------------------------------------------------


def kind(file: str) -> str:
    """The kind of picture that a file's name asks for; UsageError for any other, UnavailableError without matplotlib."""
    ending = PurePath(file).suffix.lower()
    if ending not in KINDS:
        raise UsageError("not a picture", where="--plot", expected="a file that ends in .png or .svg", got=repr(file))
    if find_spec("matplotlib") is None:
        raise UnavailableError("matplotlib is not installed", where="--plot", expected="pip install 'gnet-audit[plot]'")
    return ending.removeprefix(".")


def picture(answer: Flops, kind: str) -> bytes:
    """A PNG or SVG with a point for each row of the paper that was timed; its size is its share of the time."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = timed(answer)
    if found is None:
        raise UsageError("nothing was timed", where="--plot", expected="a run with --device that is not cut short")
    machine, roof, points = found.roofs.machine, found.roof, found.points
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log")
    places = [(point.per_byte, point.per_second) for point in points]
    axes.scatter([x for x, _ in places], [y for _, y in places], s=[20 + 1500 * one.share for one in points], alpha=0.6)
    for point, place in zip(points, places, strict=True):
        name = point.name.removeprefix("inception_")
        axes.annotate(name, place, fontsize=8, xytext=(4, 4), textcoords="offset points", parse_math=False)
    axes.plot(
        list(found.ends),
        [found.under(x) for x in found.ends],
        color="black",
        label=f"measured: {roof.flops.value / 1e12:.3g} TFLOP/s, {roof.bandwidth.value / 1e9:.0f} GB/s",
    )
    axes.set_xlabel("FLOP per byte, nothing kept between layers")
    axes.set_ylabel("FLOP/s, each line by itself, fp32")
    axes.set_title(
        f"{answer.report.target} on {machine.name} ({machine.device}), batch {found.batch}", parse_math=False
    )
    axes.legend()
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "gnet-audit"}):
        figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()
