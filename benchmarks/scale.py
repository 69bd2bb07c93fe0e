"""How the cost of an audit grows with the network: `python benchmarks/scale.py [--sizes N,N] [--repeat N]`.

Chains, stacks of inception modules and residual nets are audited against specs of their own, once as they are and once
with one slot in a hundred changed. The changes are known, so each audit must also find exactly these and nothing else.
Time is that of the process; memory is the peak of what a stage allocates in Python; calls are those of functions, which
neither caches nor other programs change. A run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from plans import FAMILIES, Block, Truth, changed, model, plan, spec_text

if TYPE_CHECKING:
    from torch import nn

    from gnet_audit.report import Report

GROWTH = 13.0
"""The most that ten times the layers may cost, in time and in memory."""
LONGEST = 60.0
"""Seconds that the largest audit may take."""
LEAST = {"s": 0.02, "MiB": 1.0, "MiB of the process": 128.0, "calls": 10_000.0}
"""Below this a ratio says nothing."""
STAGES = {
    "spec": ["gnet_audit.spec:load"],
    "expand": ["gnet_audit.expand:network"],
    "build": ["gnet_audit.live.target:build"],
    "trace": ["gnet_audit.live.trace:trace"],
    "canonical": ["gnet_audit.compare:canonical"],
    "structure": ["gnet_audit.compare:tree", "gnet_audit.slots:tree"],
    "align": ["gnet_audit.compare:align"],
    "compare": ["gnet_audit.pipeline:compare"],
    "patch": ["gnet_audit.patch:apply"],
    "slots": ["gnet_audit.slots:table"],
    "prove": ["gnet_audit.live.prove:prove"],
    "text": ["gnet_audit.formats.text:render"],
    "html": ["gnet_audit.formats.html:render"],
    "json": ["gnet_audit.formats.json:render"],
}
"""The functions that make up each stage; what a stage calls of another one counts for that one."""
TOTAL = "audit"
"""All stages and what lies between them."""


# --- one audit, measured in a process of its own -----------------------------------------------------------


class Watch:
    """What each stage costs: its own time (`s`), the peak of what it allocates (`MiB`), or its own `calls`."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]
        self._peaks = [0]

    def over(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, watched."""
        measure = {"s": self._time, "MiB": self._peak, "calls": self._calls}[self.unit]
        return lambda *args, **kwargs: measure(stage, lambda: function(*args, **kwargs))

    def _time(self, stage: str, call: Callable[[], Any]) -> Any:
        start = process_time()
        self._inner.append(0.0)
        try:
            return call()
        finally:
            whole, inner = process_time() - start, self._inner.pop()
            self._inner[-1] += whole
            self.spent[stage] += whole - (inner if stage != TOTAL else 0)

    def _calls(self, stage: str, call: Callable[[], Any]) -> Any:
        def count(_frame: object, event: str, _argument: object) -> None:
            for name in {stage, TOTAL}:
                self.spent[name] += event in {"call", "c_call"}

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            return call()
        finally:
            sys.setprofile(before)

    def _peak(self, stage: str, call: Callable[[], Any]) -> Any:
        before, highest = tracemalloc.get_traced_memory()
        self._peaks[-1] = max(self._peaks[-1], highest)
        tracemalloc.reset_peak()
        self._peaks.append(0)
        try:
            return call()
        finally:
            highest = max(self._peaks.pop(), tracemalloc.get_traced_memory()[1])
            self._peaks[-1] = max(self._peaks[-1], highest)
            self.spent[stage] = max(self.spent[stage], (highest - before) / 2**20)
            tracemalloc.reset_peak()


def put_around(watch: Watch) -> None:
    """Watch every stage."""
    for stage, places in STAGES.items():
        for place in places:
            module, _, name = place.partition(":")
            home = import_module(module)
            setattr(home, name, watch.over(stage, getattr(home, name)))


def measured(family: str, size: int, unit: str, *, edits: bool, repeat: int) -> Mapping[str, float]:
    """The least that each stage of one audit took; what it found is checked."""
    import torch

    torch.set_num_threads(1)
    blocks = plan(family, size)
    found, truth = changed(blocks, size) if edits else (blocks, set[tuple[str, str]]())
    with tempfile.TemporaryDirectory() as folder:
        small = plan(family, 20)
        _audited(small, small, set(), Path(folder))
        watch = Watch(unit)
        put_around(watch)
        best: dict[str, float] = {}
        before = _resident()
        for _ in range(repeat):
            watch.spent.clear()
            start = perf_counter()
            _audited(blocks, found, truth, Path(folder), watch)
            own = {**watch.spent, "wall": perf_counter() - start}
            best = {name: min(value, best.get(name, value)) for name, value in own.items()}
        return {**best, "resident": _resident() - before}


def _resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _audited(
    blocks: Sequence[Block], found: Sequence[Block], truth: Truth, folder: Path, watch: Watch | None = None
) -> None:
    spec = folder / "spec.toml"
    # Another text each time: what is read once is remembered.
    spec.write_text(f"# {perf_counter()}\n{spec_text('plan', blocks)}")
    net = model(found)
    if watch is None:
        report = _report(net, spec)
    else:
        if watch.unit == "MiB":
            tracemalloc.start()
        report = watch.over(TOTAL, _report)(net, spec)
        tracemalloc.stop()
    _check(report, truth)


def _report(net: nn.Module, spec: Path) -> Report:
    from gnet_audit import pipeline
    from gnet_audit.formats import Format, render

    report = pipeline.audit(net, spec=str(spec))
    for form in (Format.TEXT, Format.HTML, Format.JSON):
        render(report, form)
    return report


def _check(report: Report, truth: Truth) -> None:
    told = {(finding.rule, row) for finding in report.findings for row in finding.rows}
    proven = report.proof is not None and report.proof.status.value == "proven"
    if told != truth or not proven:
        wrong = sorted(told ^ truth)
        proof = report.proof.line if report.proof else "no proof"
        sys.exit(f"not what was changed: {len(wrong)} of {len(truth)}, such as {wrong[:4]}; {report.reason}; {proof}")


# --- all of them, as a table ------------------------------------------------------------------------------


def run(family: str, size: int, unit: str, *, edits: bool, repeat: int = 1) -> Mapping[str, float]:
    """One measurement in a new process."""
    words = ["--one", json.dumps([family, size, unit, edits, repeat])]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{family}, {size} slots: {done.stderr[-2000:]}")
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def table(
    title: str, unit: str, sizes: Sequence[int], rows: Sequence[Mapping[str, float]], names: Iterable[str]
) -> str:
    """Each stage at each size, and how often the smaller size's cost it is; what grew too much is marked."""
    heads = [f"{size:,}" for size in sizes] + [f"{small:,} → {large:,}" for small, large in pairwise(sizes)]
    lines = [f"{title + ', ' + unit:<32}" + "".join(f"{head:>16}" for head in heads)]
    for name in names:
        values = [row.get(name, 0.0) for row in rows]
        cells = [f"{value:,.0f}" if unit == "calls" else f"{value:.3f}" for value in values] + [
            _growth(a, b, LEAST[unit]) for a, b in pairwise(values)
        ]
        lines.append(f"  {name:<30}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def _growth(small: float, large: float, least: float) -> str:
    if large < least or small < least / 10:
        return "-"
    return f"{large / small:.1f}×" + (" TOO MUCH" if large / small > GROWTH else "")


def subject(family: str, sizes: Sequence[int], repeat: int, *, edits: bool, stages: bool, more: Iterable[str]) -> None:
    """Print the time, what else is asked for, and the longest wait of one family."""
    title = f"{family}, {'1 % changed' if edits else 'identical'}"
    timed = [run(family, size, "s", edits=edits, repeat=repeat) for size in sizes]
    names = (*(STAGES if stages else ()), TOTAL)
    print(table(title, "s", sizes, timed, names))
    for unit in more:
        print(table(title, unit, sizes, [run(family, size, unit, edits=edits) for size in sizes], names))
    print(table(title, "MiB of the process", sizes, timed, ("resident",)))
    took, word = timed[-1][TOTAL], "kept" if timed[-1][TOTAL] <= LONGEST else "NOT KEPT"
    print(f"{sizes[-1]:,} slots: {took:.1f} s of the processor, {timed[-1]['wall']:.1f} s by the clock, ", end="")
    print(f"limit {LONGEST:.0f} s  {word}\n", flush=True)


def machine() -> str:
    """What the figures depend on."""
    load = os.getloadavg()[0]
    busy = "  the machine is busy: do not trust the clock\n" if load > (os.cpu_count() or 1) / 2 else ""
    return (
        f"{datetime.now(tz=UTC):%Y-%m-%d}, {platform.platform()}, Python {platform.python_version()}, "
        f"torch {version('torch')}, {os.cpu_count()} cores, load {load:.2f}\n{busy}"
    )


def main() -> None:
    """Print the tables of each family, as it is and changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", default="100,1000,10000", metavar="N,N", help="slots, each ten times the last")
    parser.add_argument("--families", default=",".join(FAMILIES), metavar="NAME,NAME", help="some of them")
    parser.add_argument("--only", default="", choices=("identical", "changed"), help="one of the two")
    parser.add_argument("--stages", action="store_true", help="every stage, not only the whole")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="audits of a size; the best counts")
    parser.add_argument("--no-memory", action="store_true", help="without the runs that trace memory")
    parser.add_argument("--calls", action="store_true", help="also runs that count calls, slowly")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        family, size, unit, edits, repeat = json.loads(options.one)
        print(json.dumps(measured(family, size, unit, edits=edits, repeat=repeat)))
        return
    print(machine())
    sizes = [int(size) for size in options.sizes.split(",")]
    for family in options.families.split(","):
        for edits in (False, True):
            if options.only != ("identical" if edits else "changed"):
                more = [*(() if options.no_memory else ("MiB",)), *(("calls",) if options.calls else ())]
                subject(family, sizes, options.repeat, edits=edits, stages=options.stages, more=more)


if __name__ == "__main__":
    main()
