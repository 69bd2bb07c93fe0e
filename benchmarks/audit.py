"""What an audit costs beside its neighbours: `python benchmarks/audit.py [--repeat N]`.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

STABLE = 0.05
"""Interquartile range over median from which a row is marked."""
PROGRAM = str(Path(sys.executable).with_name("gnet-audit"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    'python -c "import torch"': [sys.executable, "-c", "import torch"],
    "gnet-audit --help": [PROGRAM, "--help"],
    "gnet-audit spec show": [PROGRAM, "spec", "show"],
    "gnet-audit shapes --no-prove": [PROGRAM, "shapes", "--no-prove"],
    "gnet-audit shapes": [PROGRAM, "shapes"],
}

Subjects = Mapping[str, Callable[[], object]]
Times = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most that a subject may take: a share of another's time, or seconds of its own."""

    subject: str
    most: float
    beside: str = ""


LIMITS = (
    Limit(subject="gnet_audit.audit, no proof", most=1.0, beside="torchinfo.summary"),
    Limit(subject="gnet-audit --help", most=0.3),
    Limit(subject="gnet-audit spec show", most=0.3),
    Limit(subject="gnet-audit shapes --no-prove", most=1.3, beside='python -c "import torch"'),
)


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
        "gnet_audit.audit, no proof": lambda: gnet_audit.audit(model, prove=False),
        "gnet_audit.audit with its proof": lambda: gnet_audit.audit(model),
        "torchinfo.summary": lambda: torchinfo.summary(model, input_data=image, verbose=0),
        "torchinfo.summary, all on meta": lambda: torchinfo.summary(
            weightless, input_data=shadow, verbose=0, device="meta"
        ),
        "FlopCounterMode, one forward": count_flops,
        "fvcore FlopCountAnalysis.total": lambda: fvcore.nn.FlopCountAnalysis(model, image).total(),
    }


def processes() -> Subjects:
    """The same as a user starts it."""

    def command(words: list[str]) -> Callable[[], object]:
        return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True)

    return {name: command(words) for name, words in COMMANDS.items()}


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call, without the garbage of the one before."""
    gc.collect()
    start = perf_counter()
    call()
    return perf_counter() - start


def rounds(subjects: Subjects, repeat: int) -> tuple[Mapping[str, float], Times]:
    """The first call of each subject, and then its time in each round."""
    first = {name: timed(call) for name, call in subjects.items()}
    times: dict[str, list[float]] = {name: [] for name in subjects}
    order = list(subjects)
    for _ in range(repeat):
        order = [*order[1:], order[0]]
        for name in order:
            times[name].append(timed(subjects[name]))
    return first, times


def spread(times: list[float]) -> float:
    """The interquartile range."""
    low, _, high = quantiles(times, n=4)
    return high - low


def table(title: str, first: Mapping[str, float], times: Times) -> str:
    """Median, least, interquartile range and first call of each subject, in milliseconds."""
    lines = [f"{title:<32}  {'median':>9}  {'min':>9}  {'IQR':>8}  {'first':>9}  ms"]
    for name, sample in times.items():
        middle, width = median(sample), spread(sample)
        mark = "  noisy" if width > STABLE * middle else ""
        numbers = f"{middle * 1e3:>9.1f}  {min(sample) * 1e3:>9.1f}  {width * 1e3:>8.1f}  {first[name] * 1e3:>9.1f}"
        lines.append(f"{name:<32}  {numbers}{mark}")
    return "\n".join(lines) + "\n"


def judged(limit: Limit, times: Times) -> str:
    """One line: what was asked, what it is, whether it is kept."""
    own = times[limit.subject]
    if limit.beside:
        sample = [mine / other for mine, other in zip(own, times[limit.beside], strict=True)]
        what, unit = f"{limit.subject} / {limit.beside}", "×"
    else:
        sample, what, unit = own, limit.subject, "s"
    value = median(sample)
    word = "kept" if value <= limit.most else "NOT KEPT"
    noise = "  (noisy)" if spread(sample) > STABLE * value else ""
    return f"{what:<46}  {value:>6.3f} {unit}  limit {limit.most:.1f} {unit}  {word}{noise}\n"


def machine() -> str:
    """What the figures depend on."""
    import torch

    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchinfo", "fvcore"))
    load = os.getloadavg()[0]
    busy = "  the machine is busy: do not trust the figures\n" if load > (os.cpu_count() or 1) / 2 else ""
    return (
        f"{platform.platform()}, Python {platform.python_version()}, {packages}\n"
        f"{os.cpu_count()} cores, {torch.get_num_threads()} torch threads, load {load:.2f}\n{busy}"
    )


def main() -> None:
    """Print both tables and what became of the limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=11, metavar="N", help="rounds, at least 2 (default: 11)")
    repeat = max(2, parser.parse_args().repeat)
    warnings.simplefilter("ignore")
    print(machine())
    started = rounds(processes(), repeat)
    print(table("as a process", *started))
    inside = rounds(in_process(), repeat)
    print(table("in process, reference build", *inside))
    times = {**started[1], **inside[1]}
    print("".join(judged(limit, times) for limit in LIMITS), end="")


if __name__ == "__main__":
    main()
