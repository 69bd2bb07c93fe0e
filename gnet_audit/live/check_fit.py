"""Checks of a training: whether a batch is learned, whether every head moves, whether the test says more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

import torch
from torch import Tensor, nn

from gnet_audit.live.check_model import GUESS
from gnet_audit.live.fit import Session, finite, fresh
from gnet_audit.live.job import Job, held, without
from gnet_audit.live.stl10 import CLASSES
from gnet_audit.training import Accuracy, Check, Point

LEARNED = 0.10
MOVED = 0.30
"""A fall that shows that a head learns."""
STUCK = 0.02
SLOPE = -0.05
SURE = 0.01
SMALL, LARGE = 1e-6, 1.0
STALE = 1e-3


# --- one batch -------------------------------------------------------------------------------------------------


def overfitted(job: Job, points: Sequence[Point]) -> Iterator[Check]:
    """The main loss, and each head beside the others."""
    yield _finite("one batch", points)
    first, last = points[0].losses, points[-1].losses
    share = last[0] / first[0] if first[0] else math.nan
    yield held(
        "GA509", job.subject.heads[0], 100 * share, f"under {100 * LEARNED:g} %", unit="%",
        ok=share < LEARNED,
        good=f"{job.recipe.overfit_images} images learned by heart in {len(points)} steps, {first[0]:.3f} to {last[0]:.3f}",
        bad=f"{job.recipe.overfit_images} images not learned by heart in {len(points)} steps, {first[0]:.3f} to {last[0]:.3f}",
    )  # fmt: skip
    best = max(1 - end / begin if begin else 0.0 for begin, end in zip(first, last, strict=True))
    for head, begin, end in zip(job.subject.heads, first, last, strict=True):
        near = abs(end - GUESS) <= STUCK * GUESS
        others = best >= MOVED
        yield held(
            "GA510", head, end, f"not {GUESS:.3f} ± {100 * STUCK:g} %",
            ok=not (near and (others or len(first) == 1)) and math.isfinite(end),
            good=f"the head moved from {begin:.3f}",
            bad="the head still guesses while another learned" if math.isfinite(end) else "the head's loss is no number",
        )  # fmt: skip


def enough(point: Point, first: Point) -> bool:
    """Whether a batch is learned and every head has moved, so that more steps would show nothing new."""
    falls = [1 - end / begin if begin else 0.0 for begin, end in zip(first.losses, point.losses, strict=True)]
    return falls[0] > 1 - 0.8 * LEARNED and min(falls) > MOVED


def _finite(part: str, points: Sequence[Point]) -> Check:
    wrong = sum(not finite(point) for point in points)
    return held(
        "GA518", part, float(wrong), "none", unit="steps with a loss that is no number", ok=wrong == 0,
        good="all losses are numbers", bad="losses are infinite or not numbers",
    )  # fmt: skip


# --- steps -----------------------------------------------------------------------------------------------------


def steps(job: Job) -> Iterator[Check]:
    """Two steps under a lens: how far weights move, and whether the second uses its own gradient alone."""
    session = fresh(job)
    images, labels = job.probe()
    for _ in range(2):
        before = _weights(session.module)
        losses = job.losses(session.module, images, labels)
        job.loop.update(session.optimizer, job.loop.total_loss(losses, job.recipe.aux_weight))
    used = {name: parameter.grad for name, parameter in session.module.named_parameters()}
    yield from _updates(job, session.module, before)
    yield from _stale(job, session, used, before)


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def _updates(job: Job, module: nn.Module, before: dict[str, Tensor]) -> Iterator[Check]:
    ratios = {
        name: float((parameter.detach() - before[name]).norm() / before[name].norm())
        for name, parameter in module.named_parameters()
        if parameter.dim() > 1 and bool(before[name].any())
    }
    # classifiers start so small that their first steps are large
    grown = {name: ratio for name, ratio in ratios.items() if name not in job.subject.classifiers}
    for found, choose, which in ((ratios, min, "least"), (grown, max, "most")):
        if not found:
            continue
        name, ratio = choose(found.items(), key=lambda item: item[1])
        yield held(
            "GA515", f"{job.subject.part(name)}, {which}", ratio, f"{SMALL:g} to {LARGE:g}", ok=SMALL <= ratio <= LARGE,
            unit="of the weights a step",
            good="a step changes the weights by a sensible share",
            bad="a step overwrites the weights" if ratio > LARGE else "the weights do not move",
        )  # fmt: skip


def _stale(job: Job, session: Session, used: dict[str, Tensor | None], before: dict[str, Tensor]) -> Iterator[Check]:
    """The gradient of the second step beside one computed from nothing at the same weights."""
    images, labels = job.probe()
    with torch.no_grad():
        for name, parameter in session.module.named_parameters():
            parameter.copy_(before[name])
    total = job.loop.total_loss(job.losses(session.module, images, labels), job.recipe.aux_weight)
    session.optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    pairs = [(used[name], parameter.grad) for name, parameter in session.module.named_parameters()]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        yield without("GA521", "second step", "the step leaves no gradient to look at")
        return
    gap = math.sqrt(sum(float((a - b).double().pow(2).sum()) for a, b in known))
    size = math.sqrt(sum(float(b.double().pow(2).sum()) for _, b in known))
    ratio = gap / size if size else 0.0
    tolerance = STALE if job.device.type == "cpu" else 20 * STALE
    yield held(
        "GA521", "second step", ratio, f"at most {tolerance:g}", unit="of the gradient", ok=ratio <= tolerance,
        good="a step uses the gradient of its own batch", bad="a step uses gradients of earlier batches as well",
    )  # fmt: skip


# --- a short real run ------------------------------------------------------------------------------------------


def learned(job: Job, points: Sequence[Point], tested: Accuracy, zeros: float) -> Iterator[Check]:
    """The slope of the main loss and the test accuracy."""
    yield _finite("real run", points)
    slope = robust_slope([point.losses[0] for point in points]) * len(points)
    yield held(
        "GA511", job.subject.heads[0], slope, f"at most {SLOPE:g}", unit="over the run", ok=slope <= SLOPE,
        good="the main loss falls", bad="the main loss does not fall",
    )  # fmt: skip
    needed = least_above_chance(tested.images, 1 / len(CLASSES), SURE)
    yield held(
        "GA512", "test", 100 * tested.share, f"{needed} of {tested.images} or more",
        unit="%", ok=tested.correct >= needed,
        good="better than chance by a 99 % bound: it learns", bad="no better than chance by a 99 % bound",
    )  # fmt: skip
    yield held(
        "GA512", "beside zeros", 100 * (tested.share - zeros), "more than 0", unit="points", ok=tested.share > zeros,
        good="better than the same network fed with zeros", bad="no better than the same network fed with zeros",
    )  # fmt: skip


def at_chance(tested: Accuracy) -> Check:
    """After training on shuffled labels."""
    most = least_above_chance(tested.images, 1 / len(CLASSES), SURE / 10) - 1
    return held(
        "GA514", "test", 100 * tested.share, f"{most} of {tested.images} or fewer",
        unit="%", ok=tested.correct <= most,
        good="trained on shuffled labels it answers at chance (99.9 % bound)",
        bad="trained on shuffled labels it still knows the answers: the test leaks",
    )  # fmt: skip


def robust_slope(values: Sequence[float]) -> float:
    """Theil and Sen: the median of the slopes between all pairs."""
    slopes = [(values[j] - values[i]) / (j - i) for i in range(len(values)) for j in range(i + 1, len(values))]
    return median(slopes) if slopes else 0.0


def least_above_chance(images: int, chance: float, level: float) -> int:
    """The fewest right answers that guessing reaches with a probability below the level."""
    tail = 0.0
    for right in range(images, -1, -1):
        log = math.lgamma(images + 1) - math.lgamma(right + 1) - math.lgamma(images - right + 1)
        tail += math.exp(log + right * math.log(chance) + (images - right) * math.log1p(-chance))
        if tail > level:
            return right + 1
    return 0


# --- checkpoint ------------------------------------------------------------------------------------------------


def round_trip(job: Job, module: nn.Module) -> Check:
    """What a newly made network says with the checkpoint's weights."""
    images, _ = job.probe()
    with torch.no_grad():
        before = job.outputs(module, images).clone()
        other = job.subject.make().to(device=job.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        try:
            job.loop.restored(other, job.loop.saved(module))
        except (RuntimeError, KeyError) as error:
            line = str(error).split("\n")[-1].strip()
            return held(
                "GA519", "weights", 0.0, "loads", ok=False, good="", bad=f"the checkpoint does not load: {line}"
            )
        gap = float((job.outputs(other, images) - before).abs().max())
    return held(
        "GA519", "outputs", gap, "0, bit by bit", ok=gap == 0,
        good="a checkpoint gives the same numbers bit by bit", bad="a checkpoint gives other numbers: it lacks something",
    )  # fmt: skip
