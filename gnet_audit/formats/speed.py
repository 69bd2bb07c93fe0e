"""What was measured of a network's speed, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gnet_audit.flops import WorkLine
from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.columns import Col, draw
from gnet_audit.speed import Roofs, Row, Speed

BAR = 24
"""Characters of the longest bar."""
EIGHTHS = " ▏▎▍▌▋▊▉█"
HEAD = "speed: eval, inference mode, random images already on the device"
AGAINST = "roofline: of what each layer's own roof allows, measured here, nothing kept between layers"


def draw_speed(canvas: Canvas, speed: Speed) -> None:
    """The devices with their roofs, a line for each row, what was cut short, and the best row."""
    canvas.line(HEAD, "bold")
    for line in devices(speed):
        canvas.paragraph(words.safe(line), first="  ", rest="    ")
    if speed.rows:
        canvas.line()
        draw(canvas, rows(speed.rows))
        canvas.paragraph(AGAINST, rest="  ")
    for line in notes(speed):
        canvas.paragraph(words.safe(line), first="  ", rest="    ")
    for line in last_words(speed):
        canvas.paragraph(words.safe(line))


def devices(speed: Speed) -> Iterator[str]:
    """Each device, and what it can do at most."""
    for roofs in speed.roofs:
        yield from _device(roofs)


def notes(speed: Speed) -> Iterator[str]:
    """What is to be said of single rows, and of the run."""
    for row in speed.rows:
        for note in (*row.notes, *([f"not measured: {row.failure}"] if row.failure else [])):
            yield f"{_name(row)}: {note}"
    yield from speed.notes


def last_words(speed: Speed) -> Iterator[str]:
    """The row to choose, and whether there is more to come."""
    if speed.best and speed.best.throughput:
        images = _number(speed.best.throughput.value)
        yield f"fastest with numbers that agree with fp32: {_name(speed.best)}, {images} images/s"
    if speed.interrupted:
        yield "interrupted: what was finished by then"


def _name(row: Row) -> str:
    return f"{row.device} {row.config.name}, batch {row.batch}"


def _device(roofs: Roofs) -> Iterator[str]:
    about = roofs.machine
    facts = ", ".join(f"{name} {value}" for name, value in about.facts)
    yield f"{about.device}: {about.name}, {words.count(about.threads, 'thread')}, torch {about.torch}, {facts}"
    yield from roofs.notes
    for precision, roof in roofs.roofs:
        ridge = roof.flops.value / roof.bandwidth.value
        peak = roofs.peak(precision)
        published = f", published dense peak {peak.value / 1e12:,.1f} ({peak.source})" if peak else ""
        yield (
            f"measured roof {precision}: {roof.flops.value / 1e12:,.3g} TFLOP/s, "
            f"ridge at {ridge:,.1f} FLOP per byte{published}"
        )
    if roofs.roofs:
        copy, peak = roofs.roofs[0][1].bandwidth, roofs.peak("bandwidth")
        yield f"measured copy: {copy.value / 1e9:,.1f} GB/s" + (
            f", published {peak.value / 1e9:,.0f} ({peak.source})" if peak else ""
        )


def rows(rows: Sequence[Row]) -> list[Col]:
    """A column for each figure of the rows."""
    several = len({row.device for row in rows}) > 1
    return [
        Col(head="device", cells=tuple(row.device if several else "" for row in rows), number=False),
        Col(head="configuration", cells=tuple(row.config.name for row in rows), number=False),
        Col(head="batch", cells=tuple(_batch(row) for row in rows)),
        Col(head="latency ms", cells=tuple(_ms(row.latency.value if row.latency else None) for row in rows)),
        Col(head="p90", cells=tuple(_ms(row.p90) for row in rows), spare=3),
        Col(head="p99", cells=tuple(_ms(row.p99) for row in rows), spare=4),
        Col(head="images/s", cells=tuple(_images(row) for row in rows)),
        Col(head="IQR", cells=tuple(_spread(row) for row in rows), spare=6),
        Col(head="TFLOP/s", cells=tuple(f"{row.flops / 1e12:.3g}" if row.flops else "" for row in rows), spare=5),
        Col(head="roofline", cells=tuple(_share(row.of_roofline) for row in rows)),
        Col(head="product", cells=tuple(_share(row.of_roof) for row in rows), spare=2),
        Col(head="peak", cells=tuple(_share(row.of_peak) for row in rows), spare=7),
        Col(
            head="first s",
            cells=tuple(f"{row.first_seconds:.2f}" if row.throughput else "" for row in rows),
            spare=1,
        ),
        Col(head="peak MiB", cells=tuple(_mib(row.peak_bytes) for row in rows), spare=8),
        Col(head="fp32?", cells=tuple(_accuracy(row) for row in rows), number=False),
    ]


def _batch(row: Row) -> str:
    return str(row.batch) if row.batch == row.asked else f"{row.batch} (asked {row.asked})"


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:,.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}"


def _images(row: Row) -> str:
    if row.failure or not row.throughput:
        return "failed"
    return _number(row.throughput.value)


def _spread(row: Row) -> str:
    if not row.throughput:
        return ""
    return f"{row.throughput.spread:.1%}" + (" unstable" if row.throughput.unstable else "")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _mib(count: int | None) -> str:
    return "" if count is None else f"{count / 2**20:,.0f}"


def _accuracy(row: Row) -> str:
    if not row.accuracy:
        return ""
    return f"{'✓' if row.accuracy.ok else '✗'} {row.accuracy.error:.1g}"


# --- layers ------------------------------------------------------------------------------------------------------


def draw_layers(canvas: Canvas, lines: Sequence[WorkLine], speed: Speed, *, by_time: bool) -> None:
    """Where the time goes, line by line."""
    canvas.line(layers_head(speed), "bold")
    draw(canvas, layers(lines, speed, by_time=by_time))


def layers_head(speed: Speed) -> str:
    """What the times of lines are; of several devices the first that timed any."""
    first = speed.layers[0]
    return f"time of each line in fp32 on {first.device}, batch {first.batch}, op by op"


def layers(lines: Sequence[WorkLine], speed: Speed, *, by_time: bool) -> list[Col]:
    """Where the time goes: milliseconds, share, what the roof allows, which roof binds, a bar."""
    timed = [line for line in lines if line.times]
    if by_time:
        timed.sort(key=lambda line: -line.seconds)
    whole, most = sum(line.seconds for line in timed), max(line.seconds for line in timed)
    first = speed.layers[0]
    least = [sum(time.least for time in line.times) for line in timed]
    return [
        Col(head="line", cells=(*(line.slot for line in timed), "sum"), number=False),
        Col(head="ms", cells=(*(f"{line.seconds * 1e3:,.3f}" for line in timed), f"{whole * 1e3:,.3f}")),
        Col(head="share", cells=(*(f"{line.seconds / whole:.1%}" for line in timed), "100.0%")),
        Col(head="MACs", cells=(*(f"{line.eval.macs * first.batch:,}" for line in timed), ""), spare=1),
        Col(head="bytes", cells=(*(f"{line.eval.moved(first.batch, 4):,}" for line in timed), ""), spare=2),
        Col(
            head="of its roof",
            cells=(
                *(f"{low / line.seconds:.1%}" if line.seconds else "" for low, line in zip(least, timed, strict=True)),
                f"{sum(least) / whole:.1%}",
            ),
        ),
        Col(head="bound by", cells=(*(_binds(line) for line in timed), ""), number=False, spare=3),
        Col(head="", cells=(*(bar(line.seconds / most) for line in timed), ""), number=False, spare=4),
    ]


def _binds(line: WorkLine) -> str:
    """The roof under which most of the line's least time is spent."""
    shares: dict[str, float] = {}
    for time in line.times:
        shares[time.binds] = shares.get(time.binds, 0.0) + time.least
    return max(shares, key=lambda name: shares[name])


def bar(share: float) -> str:
    """A bar of the length of a share, to an eighth of a character."""
    eighths = round(share * BAR * 8)
    return EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()
