"""The roofline as a picture: each line's work per byte against the speed that it reached, under the measured roofs."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import PurePath

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.flops import Flops, WorkLine, by_row
from gnet_audit.measurement import Roof
from gnet_audit.speed import Precision, Speed

KINDS = (".png", ".svg")


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

    speed = answer.speed
    roof = speed.roofs[0].roof(Precision.FP32) if speed and speed.roofs else None
    timed = [line for line in by_row(answer.lines) if line.times and _work(line)[0]]
    if speed is None or roof is None or not timed:
        raise UsageError("nothing was timed", where="--plot", expected="a run with --device that is not cut short")
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log")
    whole = sum(line.seconds for line in timed)
    points = [(flops / moved, flops / line.seconds) for line in timed for flops, moved in [_work(line)]]
    axes.scatter(
        [x for x, _ in points],
        [y for _, y in points],
        s=[20 + 1500 * line.seconds / whole for line in timed],
        alpha=0.6,
    )
    for line, (x, y) in zip(timed, points, strict=True):
        axes.annotate(
            line.slot.removeprefix("inception_"), (x, y), fontsize=8, xytext=(4, 4), textcoords="offset points"
        )
    _roof(axes, roof, [x for x, _ in points])
    axes.set_xlabel("FLOP per byte, nothing kept between layers")
    axes.set_ylabel("FLOP/s, each line by itself, fp32")
    axes.set_title(_title(answer, speed))
    axes.legend()
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "gnet-audit"}):
        figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()


def _work(line: WorkLine) -> tuple[int, int]:
    return sum(time.flops for time in line.times), sum(time.moved for time in line.times)


def _title(answer: Flops, speed: Speed) -> str:
    about, first = speed.roofs[0].machine, speed.layers[0]
    return f"{answer.report.target} on {about.name} ({about.device}), batch {first.batch}"


def _roof(axes: object, roof: Roof, xs: list[float]) -> None:
    """The two measured roofs as one broken line."""
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    ridge = roof.flops.value / roof.bandwidth.value
    ends = [min(*xs, ridge) / 2, ridge, max(*xs, ridge) * 2]
    axes.plot(
        ends,
        [min(roof.flops.value, x * roof.bandwidth.value) for x in ends],
        color="black",
        label=f"measured: {roof.flops.value / 1e12:.3g} TFLOP/s, {roof.bandwidth.value / 1e9:.0f} GB/s",
    )
