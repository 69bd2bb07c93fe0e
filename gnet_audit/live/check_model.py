"""Checks of the untrained network: losses, gradients, heads, the batch, both modes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gnet_audit.live.check_gradient import NO_HEADS, gradients
from gnet_audit.live.fit import Plan, fit, fresh
from gnet_audit.live.job import Job, held, same_random_numbers, without
from gnet_audit.live.stl10 import CLASSES
from gnet_audit.live.subject import leaves, reached
from gnet_audit.live.watch import WithoutDropout, watch
from gnet_audit.training import Check, Phase, Reach

GUESS = math.log(len(CLASSES))
NEAR = 0.15
DEAD = 0.9


def model(job: Job) -> Iterator[Check | Reach]:
    """Everything that can be said before the first step."""
    module = fresh(job).module
    images, labels = job.fed(job.data.train, job.ten)
    yield from _start(job, module, images, labels)
    yield from _logits(job, module, images)
    yield from _determinism(job)
    yield from gradients(job, module)
    yield from _inference(job, module)
    yield from _batch(job, module)
    yield from _modes(job, module)
    yield from dead(job, job.subject.make().to(job.device), images, "as built")


# --- losses ----------------------------------------------------------------------------------------------------


def _start(job: Job, module: nn.Module, images: Tensor, labels: Tensor) -> Iterator[Check]:
    losses = job.losses(module, images, labels)
    weight = 0.3
    for head, loss in zip(job.subject.heads, losses, strict=True):
        value = float(loss.detach())
        yield held(
            "GA504", head, value, f"ln {len(CLASSES)} = {GUESS:.3f} ± {NEAR}", ok=abs(value - GUESS) <= NEAR,
            good="the untrained head guesses", bad="the untrained head does not guess: its outputs are too large",
        )  # fmt: skip
    losses = tuple(loss.detach() for loss in losses)
    total = float(job.loop.total_loss(losses, job.recipe.aux_weight))
    expected = float(losses[0]) + weight * sum(float(loss) for loss in losses[1:])
    share = 1 + weight * (len(losses) - 1)
    yield held(
        "GA504", "total", total, f"{expected:.3f} ({share:g} ln C = {share * GUESS:.3f})",
        ok=abs(total - expected) <= 1e-3 * max(expected, 1),
        good="the losses are added as the paper adds them", bad="the losses are not added as the paper adds them",
    )  # fmt: skip


def _logits(job: Job, module: nn.Module, images: Tensor) -> Iterator[Check]:
    job.loop.train_mode(module)
    with torch.no_grad(), WithoutDropout():
        outputs = [output.float() for output in job.subject.outputs(module, images)]
    for head, output in zip(job.subject.heads, outputs, strict=True):
        wrong = int((~torch.isfinite(output)).sum())
        yield held(
            "GA518", head, float(wrong), "none", unit="outputs not finite", ok=wrong == 0,
            good="all outputs are numbers", bad="outputs are infinite or not numbers",
        )  # fmt: skip
        sums = float(output.sum(dim=1).sub(1).abs().max())
        logs = float(output.logsumexp(dim=1).abs().max())
        probabilities = bool((output >= 0).all()) and sums < 1e-3
        yield held(
            "GA520", head, sums, "not 0", unit="from a row sum of 1",
            ok=not probabilities and not (logs < 1e-4 and bool((output <= 0).all())),
            good="the outputs are logits", bad="the outputs are probabilities: the softmax stands twice",
        )  # fmt: skip


def _determinism(job: Job) -> Iterator[Check]:
    first, second = (_first_losses(job) for _ in range(2))
    gap = max(abs(a - b) if a != b else 0.0 for a, b in zip(first, second, strict=True))
    exact = job.device.type == "cpu"
    yield held(
        "GA505", "two steps twice", gap, "0, bit by bit" if exact else "at most 0.001",
        ok=gap == 0 if exact else gap <= 1e-3,
        good="the same seed gives the same losses", bad="the same seed gives other losses",
    )  # fmt: skip


def _first_losses(job: Job) -> list[float]:
    session = fresh(job)
    images, labels = job.probe()
    plan = Plan(phase=Phase.REAL, steps=2, batches=lambda _: (images, labels), images=len(labels), dropout=True)
    with same_random_numbers(job.device):
        torch.manual_seed(job.recipe.seed)
        points = list(fit(session, plan, job))
    return [loss for point in points for loss in point.losses]


# --- eval ------------------------------------------------------------------------------------------------------


def _inference(job: Job, module: nn.Module) -> Iterator[Check]:
    if len(job.subject.heads) == 1:
        yield without("GA508", "heads", NO_HEADS)
        return
    images, _ = job.probe(2)
    job.loop.train_mode(module)
    main, *heads = ({id(weight) for weight in reached(output)} for output in job.subject.outputs(module, images))
    job.loop.eval_mode(module)
    found = [leaf for leaf in leaves(module(images)) if leaf.dim() == 2 and leaf.shape[1] == len(CLASSES)]
    yield held(
        "GA508", "outputs in eval", float(len(found)), "1", ok=len(found) == 1,
        good="the heads are gone at inference", bad="the heads run at inference",
    )  # fmt: skip
    used = {id(weight) for weight in reached(found[0])} if found else set()
    having = len(used & (set().union(*heads) - main))
    yield held(
        "GA508", "answer in eval", float(having), "0", unit="tensors of heads", ok=having == 0,
        good="the heads have no part in the answer", bad="the heads have a part in the answer at inference",
    )  # fmt: skip


def _batch(job: Job, module: nn.Module) -> Iterator[Check]:
    images, _ = job.probe()
    images = images.detach().requires_grad_()
    output = job.outputs(module, images)
    worst = 0.0
    for index in (0, len(images) - 1):
        (gradient,) = torch.autograd.grad(output[index].float().sum(), images, retain_graph=True, allow_unused=True)
        if gradient is not None:
            others = torch.cat([gradient[:index], gradient[index + 1 :]])
            worst = max(worst, float(others.abs().max()))
    yield held(
        "GA513", "eval", worst, "0", unit="gradient at other images", ok=worst == 0,
        good="an image's output depends on that image alone", bad="an image's output depends on others in its batch",
    )  # fmt: skip


def _modes(job: Job, module: nn.Module) -> Iterator[Check]:
    images, _ = job.probe()
    with torch.no_grad():
        first, second = (job.outputs(module, images).clone() for _ in range(2))
    gap = float((first - second).abs().max())
    exact = job.device.type == "cpu"
    yield held(
        "GA517", "eval twice", gap, "0" if exact else "at most 0.0001", ok=gap == 0 if exact else gap <= 1e-4,
        good="eval gives the same numbers twice", bad="eval gives other numbers each time: dropout is on",
    )  # fmt: skip
    job.loop.train_mode(module)
    with same_random_numbers(job.device):
        dropouts = watch(module, images).dropouts
        outputs = [_train_outputs(job, module, images) for _ in range(2)]
    if not dropouts:
        yield without("GA517", "training", "the network has no dropout")
        return
    gap = max(float((a - b).abs().max()) for a, b in zip(*outputs, strict=True))
    yield held(
        "GA517", "training twice", gap, "more than 0", ok=gap > 0,
        good="dropout works in training", bad="dropout does nothing in training",
    )  # fmt: skip


def _train_outputs(job: Job, module: nn.Module, images: Tensor) -> list[Tensor]:
    with torch.no_grad():
        return [output.clone() for output in job.subject.outputs(module, images)]


def dead(job: Job, module: nn.Module, images: Tensor, when: str) -> Iterator[Check]:
    """The ReLU with the largest share of channels that are zero for every image."""
    job.loop.train_mode(module)
    with same_random_numbers(job.device):
        seen = watch(module, images).dead
    if not seen:
        yield without("GA516", when, "the network has no ReLU that torch shows")
        return
    worst = max(seen, key=lambda one: one.share)
    yield held(
        "GA516", f"{job.subject.place(worst.module) or job.subject.name}, {when}", 100 * worst.share, f"at most {100 * DEAD:g} %", unit="%",
        ok=worst.share <= DEAD,
        good="of its channels are zero for every image, more than in any other layer",
        bad="of its channels are zero for every image: nothing passes",
    )  # fmt: skip
