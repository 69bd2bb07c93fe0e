"""What an audit costs beside its neighbours: `python benchmarks/audit.py [--repeat N] [--write README.md]`.

All subjects of a group run once in each round, in another order each time, so that a slow moment of the machine hits
them alike; a ratio is the median of the rounds' own ratios. A spread over 5 % is marked.
"""

from __future__ import annotations

import argparse
import copy
import gc
import logging
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

STABLE = 0.05
"""Interquartile range over median from which a row is marked."""
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->"
PYTHON, PROGRAM = sys.executable, str(Path(sys.executable).with_name("gnet-audit"))
NOTHING, TORCH, TYPER = "python -c pass", 'python -c "import torch"', 'python -c "import typer"'
COMPARED, PROVEN = "gnet-audit shapes --no-prove", "gnet-audit shapes"
WITHOUT_TORCH = ("--help", "--version", "rules", "explain GA203", "spec show", "spec lint")
COMMANDS = {
    NOTHING: [PYTHON, "-c", "pass"],
    TYPER: [PYTHON, "-c", "import typer"],
    **{f"gnet-audit {words}": [PROGRAM, *words.split()] for words in WITHOUT_TORCH},
    TORCH: [PYTHON, "-c", "import torch"],
    COMPARED: [PROGRAM, "shapes", "--no-prove"],
    PROVEN: [PROGRAM, "shapes"],
}
AUDIT, PROOF = "gnet_audit.audit(model, prove=False)", "gnet_audit.audit(model)"
TORCHINFO, ON_META = "torchinfo.summary", "torchinfo.summary, all on meta"
FVCORE, COUNTER = "fvcore.nn.FlopCountAnalysis.total", "FlopCounterMode, one forward"

Subjects = Mapping[str, Callable[[], object]]
Samples = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a subject, what stands beside it, and the most that it may take."""

    subject: str
    beside: str = ""
    share: float | None = None
    """The most as a share of the other's."""
    most: float | None = None
    """The most by itself: seconds."""
    more: float | None = None
    """The most above the other's: megabytes."""


TIMES = (
    Row(subject=AUDIT, beside=TORCHINFO, share=1.0),
    Row(subject=AUDIT, beside=FVCORE, share=0.2),
    Row(subject=AUDIT, beside=COUNTER),
    Row(subject=PROOF),
    Row(subject=COMPARED, beside=TORCH, share=1.25),
    Row(subject=PROVEN, beside=TORCH),
    *(Row(subject=f"gnet-audit {words}", beside=NOTHING, share=4.0, most=0.25) for words in WITHOUT_TORCH),
    Row(subject=TYPER, beside=NOTHING),
)
MEMORY = (Row(subject=COMPARED, beside=TORCH, more=60.0), Row(subject=PROVEN, beside=TORCH))


# --- what is measured ------------------------------------------------------------------------------------------


def in_process() -> Subjects:
    """The audit of the reference build in both modes, and what others do with the same instance."""
    import fvcore.nn
    import torch
    import torchinfo
    from torch.utils.flop_counter import FlopCounterMode

    import gnet_audit
    from gnet_audit.live.googlenet import GoogLeNet

    logging.getLogger("fvcore").setLevel(logging.ERROR)
    model = GoogLeNet().eval()
    image = torch.randn(1, 3, 224, 224)
    weightless, shadow = copy.deepcopy(model).to("meta"), image.to("meta")

    def count_flops() -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image)
        return int(counter.get_total_flops())

    return {
        AUDIT: lambda: gnet_audit.audit(model, prove=False),
        PROOF: lambda: gnet_audit.audit(model),
        TORCHINFO: lambda: torchinfo.summary(model, input_data=image, verbose=0),
        ON_META: lambda: torchinfo.summary(weightless, input_data=shadow, verbose=0, device="meta"),
        COUNTER: count_flops,
        FVCORE: lambda: fvcore.nn.FlopCountAnalysis(model, image).total(),
    }


def processes() -> Subjects:
    """The same as a user starts it: of what is installed the bytecode is kept."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def command(words: list[str]) -> Callable[[], object]:
        return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True, env=environment)

    return {name: command(words) for name, words in COMMANDS.items()}


def peak(words: list[str]) -> float:
    """Megabytes that a process has in memory at its peak; ours must be small, for a child begins with its parent's."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, words)
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call, without the garbage of the one before."""
    gc.collect()
    start = perf_counter()
    call()
    return perf_counter() - start


def rounds(subjects: Subjects, repeat: int) -> tuple[Mapping[str, float], Samples]:
    """The first call of each subject, and then its time in each round."""
    first = {name: timed(call) for name, call in subjects.items()}
    times: dict[str, list[float]] = {name: [] for name in subjects}
    order = list(subjects)
    for _ in range(repeat):
        order = [*order[1:], order[0]]
        for name in order:
            times[name].append(timed(subjects[name]))
    return first, times


# --- what is said of it ----------------------------------------------------------------------------------------


def spread(sample: list[float]) -> float:
    """The interquartile range."""
    low, _, high = quantiles(sample, n=4)
    return high - low


def table(title: str, first: Mapping[str, float], times: Samples) -> str:
    """Median, least, interquartile range and first call of each subject, in milliseconds."""
    lines = [f"{title:<32}  {'median':>9}  {'min':>9}  {'IQR':>8}  {'first':>9}  ms"]
    for name, sample in times.items():
        middle, width = median(sample), spread(sample)
        mark = "  noisy" if width > STABLE * middle else ""
        numbers = f"{middle * 1e3:>9.1f}  {min(sample) * 1e3:>9.1f}  {width * 1e3:>8.1f}  {first[name] * 1e3:>9.1f}"
        lines.append(f"{name:<32}  {numbers}{mark}")
    return "\n".join(lines) + "\n"


def markdown(times: Samples, memory: Samples) -> str:
    """The table of the README."""
    head = f"{machine()}\n\n| | median | beside | ratio | limit |\n|---|---:|---|---:|---:|\n"
    return head + "".join((*_lines(TIMES, times, seconds), *_lines(MEMORY, memory, megabytes)))


def _lines(rows: tuple[Row, ...], samples: Samples, text: Callable[[list[float]], str]) -> Iterator[str]:
    before = ""
    for row in rows:
        own, other = samples[row.subject], samples.get(row.beside, [])
        ratio = median(mine / theirs for mine, theirs in zip(own, other, strict=True)) if other else None
        cells = (
            "the same" if row.subject == before else f"`{row.subject}`",
            text(own),
            f"`{row.beside}`, {text(other)}" if other else "",
            "" if ratio is None else f"{ratio:.2f}",
            ", ".join(_limits(row, own, other, ratio)),
        )
        yield f"| {' | '.join(cells)} |\n"
        before = row.subject


def _limits(row: Row, own: list[float], other: list[float], ratio: float | None) -> Iterator[str]:
    """Each limit, and whether it is kept."""
    limits = [(row.most, "s", median(own)), (row.share, "×", ratio)]
    limits += [(row.more, "MB more", median(own) - median(other))] if row.more is not None else []
    for limit, unit, value in limits:
        if limit is not None and value is not None:
            yield f"{limit:g} {unit}" + ("" if value <= limit else ": **not kept**")


def seconds(sample: list[float]) -> str:
    """Median and spread of times."""
    middle, width = median(sample), spread(sample)
    return f"{middle:.2f} s (IQR {width:.2f})" if middle >= 1 else f"{middle * 1e3:.0f} ms (IQR {width * 1e3:.0f})"


def megabytes(sample: list[float]) -> str:
    """Median of peaks of memory."""
    return f"{median(sample):.0f} MB at the peak"


def machine() -> str:
    """What the figures depend on."""
    import torch

    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchinfo", "fvcore", "typer"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads, "
        f"{platform.system()}, Python {platform.python_version()}, {packages}."
    )


def processor() -> str:
    """The processor by its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def placed(text: str, made: str) -> str:
    """The text with the table between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN.strip()} and {END} are missing")
    return f"{before}{begin}{made}{end}{after}"


def main() -> None:
    """Print what was measured, and the table with its limits; write that table into a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=11, metavar="N", help="rounds, at least 2 (default: 11)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where the table stands between its marks")
    options = parser.parse_args()
    repeat = max(2, options.repeat)
    load = os.getloadavg()[0]
    if load > (os.cpu_count() or 1) / 2:
        print(f"the machine is busy (load {load:.1f}): do not trust the figures\n")
        if options.write:
            sys.exit(f"{options.write}: not written; run it again when nothing else runs")
    warnings.simplefilter("ignore")
    # Before torch makes this process large.
    memory = {name: [peak(COMMANDS[name]) for _ in range(3)] for name in (TORCH, COMPARED, PROVEN)}
    started = rounds(processes(), repeat)
    print(table("as a process", *started))
    inside = rounds(in_process(), repeat)
    print(table("in process, reference build", *inside))
    made = markdown({**started[1], **inside[1]}, memory)
    print(made, end="")
    if options.write:
        options.write.write_text(placed(options.write.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
