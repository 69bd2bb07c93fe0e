"""Our harness beside others', and the reference beside torchvision: `python benchmarks/throughput.py [--device cuda]`.

One model, one run: blocks of forwards as `gnet-audit flops --device` times them, `torch.utils.benchmark`, and a plain
loop with one synchronisation at its end as timm's benchmark has. Then torchvision's model, the reference and its fused
form, side by side. All take turns in each round, so that a slow moment of the machine hits them alike; a ratio is the
median of the rounds' own ratios. Last each of them in each configuration, by our harness.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from statistics import median, quantiles
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.utils import benchmark

from gnet_audit.errors import TargetError
from gnet_audit.live import bench, counters, device, timing
from gnet_audit.live.fused import FusedGoogLeNet
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode
from gnet_audit.speed import Effort, Plan, Record, Row, collected, config, defaults

SHAPE = (3, 224, 224)
AGREE = 0.03
"""How far the harnesses may lie apart on a quiet machine."""
Harness = Callable[[Callable[[], Tensor], torch.device, int], float]


# --- three ways to time the same thing ---------------------------------------------------------------------------------


def ours(run: Callable[[], Tensor], where: torch.device, runs: int) -> float:
    """Seconds of a run: the median of five blocks."""
    effort = Effort(seconds=0, iterations=runs, blocks=5, most=float("inf"))
    return median(timing.blocks(run, device.waiter(where), 1e-9, effort).each)


def torchs(run: Callable[[], Tensor], _where: torch.device, runs: int) -> float:
    """Seconds of a run by torch's own timer, which waits for the GPU itself."""
    timer = benchmark.Timer("run()", globals={"run": run}, num_threads=torch.get_num_threads())
    return float(timer.timeit(runs).median)


def loop(run: Callable[[], Tensor], where: torch.device, runs: int) -> float:
    """Seconds of a run in a plain loop, one wait at its end."""
    wait = device.waiter(where)
    wait()
    start = perf_counter()
    for _ in range(runs):
        run()
    wait()
    return (perf_counter() - start) / runs


HARNESSES: Mapping[str, Harness] = {"gnet-audit": ours, "torch.utils.benchmark": torchs, "plain loop": loop}


def harnesses(model: nn.Module, image: Tensor, seconds: float, rounds: int) -> Mapping[str, list[float]]:
    """Seconds of a forward by each harness in each round, in another order each time."""
    where = image.device

    def run() -> Tensor:
        return model(image)  # type: ignore[no-any-return]

    with torch.inference_mode():
        each = timing.warm(run, device.waiter(where), Effort()).each
        runs = max(5, ceil(seconds / each))
        return taking_turns({name: partial(harness, run, where, runs) for name, harness in HARNESSES.items()}, rounds)


def taking_turns(subjects: Mapping[str, Callable[[], float]], rounds: int) -> Mapping[str, list[float]]:
    """What each subject gives in each round, in another order each time."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    order = list(subjects)
    for _ in range(rounds):
        order = [*order[1:], order[0]]
        for name in order:
            times[name].append(subjects[name]())
    return times


def compared(times: Mapping[str, Sequence[float]], batch: int, most: float) -> str:
    """Images per second of each subject, and how much faster it is than the first; `apart` where by more than `most`."""
    first = next(iter(times.values()))
    lines = [f"{'':<24}  {'images/s':>10}  {'IQR':>6}  {'beside first':>12}"]
    for name, sample in times.items():
        ratio = median(one / other for one, other in zip(first, sample, strict=True)) - 1
        low, _, high = quantiles(sample, n=4)
        word = "" if abs(ratio) <= most else "  apart"
        lines.append(
            f"{name:<24}  {batch / median(sample):>10,.2f}  {(high - low) / median(sample):>6.1%}  {ratio:>+12.2%}{word}"
        )
    return "\n".join(lines) + "\n"


# --- three models side by side -------------------------------------------------------------------------------------------


def models() -> Mapping[str, nn.Module]:
    """Torchvision's model where it can be imported, the reference, its fused form."""
    torch.manual_seed(0)
    found: dict[str, nn.Module] = {}
    try:
        plain = {"transform_input": False, "aux_logits": True}
        found["torchvision"] = counters.fresh(build("torchvision:googlenet", plain), torch.device("cpu"))
    except TargetError as error:
        print(error.line)
    return {**found, "reference": GoogLeNet(), "reference, fused": FusedGoogLeNet()}


def side_by_side(image: Tensor, seconds: float, rounds: int) -> Mapping[str, list[float]]:
    """Seconds of a forward of each model in each round, fp32 and channels_last."""
    where = image.device
    image = image.to(memory_format=torch.channels_last)
    turns: dict[str, Callable[[], float]] = {}
    with torch.inference_mode():
        for name, model in models().items():
            ready = model.eval().to(where).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            run = partial(ready, image)
            each = timing.warm(run, device.waiter(where), Effort()).each
            turns[name] = partial(loop, run, where, max(3, ceil(seconds / each)))
        return taking_turns(turns, rounds)


# --- reference and torchvision -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model and how it is run."""

    target: str
    configs: tuple[str, ...]


def subjects(kind: str) -> tuple[Subject, ...]:
    """Torchvision and the reference as they are, and the reference's fused form in every configuration that has sense."""
    return (
        Subject(target="torchvision:googlenet", configs=tuple(one.name for one in defaults(kind))),
        Subject(target="reference", configs=tuple(one.name for one in defaults(kind, fused=True))),
    )


def rows(subject: Subject, plan: Plan) -> tuple[Row, ...]:
    """All rows of one model by our harness."""
    args = {"transform_input": False, "aux_logits": True} if subject.target.startswith("torchvision") else {}
    built = build(subject.target, args)
    network = trace(built, Mode.EVAL, SHAPE).network
    chosen = Plan(
        device=plan.device,
        batches=plan.batches,
        configs=tuple(map(config, subject.configs)),
        auto_batch=True,
        effort=plan.effort,
        layer_batch=1,
    )
    records: list[Record] = []
    for record in bench.measure(built, network, SHAPE, chosen):
        records.append(record)
        if isinstance(record, Row):
            print(told(subject.target, record), flush=True)
    return collected(records).rows


def told(target: str, row: Row) -> str:
    """One row as a line."""
    if not row.throughput:
        return f"{target:<22}  {row.config.name:<34}  {row.batch:>5}  not measured: {row.failure}"
    unstable = "  unstable" if row.throughput.unstable else ""
    right = "" if row.accuracy and row.accuracy.ok else "  WRONG NUMBERS"
    return (
        f"{target:<22}  {row.config.name:<34}  {row.batch:>5}  {row.throughput.value:>10,.1f} images/s  "
        f"IQR {row.throughput.spread:>5.1%}{unstable}{right}"
    )


def best(found: Sequence[Row], batch: int) -> float:
    """The most images per second at one batch with numbers that agree with fp32."""
    return max(
        (
            row.throughput.value
            for row in found
            if row.throughput and row.batch == batch and row.accuracy and row.accuracy.ok
        ),
        default=float("nan"),
    )


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32], metavar="N")
    parser.add_argument("--duration", type=float, default=2.0, metavar="SECONDS", help="of each block and row")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of the harnesses (default: 5)")
    parser.add_argument("--only", choices=("harnesses", "models", "rows"), help="one of the comparisons")
    words = parser.parse_args()
    warnings.simplefilter("ignore")
    where = device.device(words.device)
    about = device.machine(where)
    print(f"{about.name} ({about.device}), {about.threads} threads, torch {about.torch}, {dict(about.facts)}\n")
    rounds = max(2, words.rounds)
    if words.only in {None, "harnesses"}:
        model = GoogLeNet().eval().to(where)
        for batch in words.batch:
            image = torch.randn((batch, *SHAPE)).to(where)
            print(f"reference, fp32, batch {batch}")
            print(compared(harnesses(model, image, words.duration, rounds), batch, AGREE))
    if words.only in {None, "models"}:
        for batch in words.batch:
            image = torch.randn((batch, *SHAPE)).to(where)
            print(f"models, fp32, channels_last, batch {batch}")
            print(compared(side_by_side(image, words.duration, rounds), batch, float("inf")))
    if words.only in {None, "rows"}:
        effort = Effort(seconds=words.duration, warm_most=5 * words.duration, most=15 * words.duration)
        plan = Plan(device=words.device, batches=tuple(words.batch), effort=effort)
        found = {}
        for subject in subjects(where.type):
            try:
                found[subject.target] = rows(subject, plan)
            except TargetError as error:
                found[subject.target] = ()
                print(error.line)
        for batch in words.batch:
            one, two = (best(found[name], batch) for name in ("torchvision:googlenet", "reference"))
            print(
                f"\nbest at batch {batch}: reference {two:,.1f}, torchvision {one:,.1f} images/s, ratio {two / one:.2f}"
            )


if __name__ == "__main__":
    main()
