"""Seconds of something that runs again and again: warmed up, one by one, and in blocks back to back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import perf_counter

import torch

from gnet_audit.speed import Effort

SETTLED = 0.02
"""Spread of the last five medians at which a run is warm."""
LAST = 5
WINDOW = 0.02
"""Least seconds of the iterations of which one median is taken."""

Run = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """How warming up went."""

    first: float
    """Seconds of the very first run."""
    seconds: float
    each: float
    """Seconds of a run at the end."""
    settled: bool


def warm(run: Run, wait: Callable[[], None], effort: Effort) -> Warm:
    """Run until the last five medians agree, at least as often and as long as asked."""
    first = _once(run, wait)
    began, medians, count = perf_counter(), list[float](), 0
    while True:
        window, start = list[float](), perf_counter()
        while not window or perf_counter() - start < WINDOW:
            window.append(_once(run, wait))
        count += len(window)
        medians.append(median(window))
        last, spent = medians[-LAST:], perf_counter() - began
        settled = len(last) == LAST and max(last) <= min(last) * (1 + SETTLED)
        enough = count >= effort.warm_iterations and spent >= effort.warm_seconds
        if (settled and enough) or spent >= effort.warm_most:
            return Warm(first=first, seconds=spent, each=median(last), settled=settled)


def _once(run: Run, wait: Callable[[], None]) -> float:
    wait()
    start = perf_counter()
    run()
    wait()
    return perf_counter() - start


def single(run: Run, where: torch.device, each: float, effort: Effort) -> tuple[float, ...]:
    """Seconds of single runs, the device idle before each; by the device's own events where it has some."""
    count = max(effort.iterations, min(ceil(effort.seconds / max(each, 1e-6)), 10_000))
    count = max(1, min(count, int(effort.most / max(each, 1e-6))))
    if where.type != "cuda":
        return tuple(_once(run, lambda: None) for _ in range(count))
    seconds = list[float]()
    for _ in range(count):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        torch.cuda.synchronize(where)
        start.record()
        run()
        end.record()
        torch.cuda.synchronize(where)
        seconds.append(start.elapsed_time(end) / 1000)
    return tuple(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Seconds of one run in each block of runs back to back, with one wait at its end."""

    each: tuple[float, ...]
    runs: int
    """Runs in one block."""
    short: bool
    """Whether there are fewer runs than asked for."""


def blocks(run: Run, wait: Callable[[], None], each: float, effort: Effort) -> Blocks:
    """As many blocks and runs as asked, or as fit into the most that a row may take."""
    wanted = max(effort.iterations, ceil(effort.seconds / max(each, 1e-9)))
    count, short = effort.blocks, wanted * each > effort.most
    if short:
        count = effort.least_blocks
        wanted = max(count, int(effort.most / each))
    runs = max(1, ceil(wanted / count) if not short else wanted // count)
    seconds = list[float]()
    for _ in range(count):
        wait()
        start = perf_counter()
        for _ in range(runs):
            run()
        wait()
        seconds.append((perf_counter() - start) / runs)
    return Blocks(each=tuple(seconds), runs=runs, short=short and runs * count < effort.iterations)
