"""How a long run goes on, told on the standard error where a person reads it, and how it is stopped."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from gnet_audit.output import PROGRAM, say
from gnet_audit.training import Check, Point, Record, Stage, Training

if TYPE_CHECKING:
    from types import FrameType

    from gnet_audit.live.download import Progress


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C asks the run to stop after its step, the second stops at once."""
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("stopping after this step; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(slots=True)
class Line:
    """A line of a terminal that is written over and over."""

    length: int = 0

    def show(self, text: str) -> None:
        """Put a text in place of the last one."""
        if sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write("\r" + text.ljust(self.length))
            sys.stderr.flush()
            self.length = len(text)

    def clear(self) -> None:
        """Leave the line empty."""
        if self.length:
            sys.stderr.write("\r" + " " * self.length + "\r")
            sys.stderr.flush()
            self.length = 0


def followed(records: Iterable[Record]) -> Training:
    """Show how the run goes on; give its result."""
    line, stage, began, steps = Line(), Stage(name="reading"), time.monotonic(), 0
    result: Training | None = None
    for record in records:
        match record:
            case Stage():
                stage, began, steps = record, time.monotonic(), 0
                line.show(f"{PROGRAM}: {stage.name} …")
            case Point():
                steps += 1
                line.show(f"{PROGRAM}: {stage.name}: {step(record, stage, (time.monotonic() - began) / steps)}")
            case Check():
                pass
            case Training():
                result = record
            case _:
                assert_never(record)
    line.clear()
    assert result is not None
    return result


def step(point: Point, stage: Stage, seconds: float) -> str:
    """Where a run is: step, loss, images a second, time left; `seconds` is what a step takes."""
    each = max(seconds, 1e-9)
    left = max(stage.steps - point.step, 0) * each
    speed = f"{stage.images / each:.1f} images/s, {left:.0f} s left"
    return f"step {point.step} of {stage.steps}, loss {point.losses[0]:.3f}, {speed}"


def shown(records: Iterable[Progress]) -> None:
    """Show how a download goes on."""
    line = Line()
    for record in records:
        share = 100 * record.done / max(record.total, 1)
        line.show(
            f"{PROGRAM}: {record.stage}: {record.done / 1e6:,.0f} of {record.total / 1e6:,.0f} MB ({share:.0f} %)"
        )
    line.clear()
