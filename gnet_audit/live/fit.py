"""Training: a network with its optimizer, one step after the other, each a record; and the test at the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from gnet_audit.live.job import Job
from gnet_audit.live.stl10 import CLASSES, sample
from gnet_audit.live.subject import initialise
from gnet_audit.live.watch import WithoutDropout
from gnet_audit.training import Accuracy, Answer, Optimizer, Phase, Point, Precision, Recipe

EVALUATED = 50
"""Images in a forward of the test."""


@dataclass(slots=True, kw_only=True)
class Session:
    """A network on its way: the only thing here that changes."""

    module: nn.Module
    optimizer: torch.optim.Optimizer
    phase: Phase = Phase.REAL
    step: int = 0
    average: dict[str, Tensor] = field(default_factory=dict)
    averaged: int = 0
    seconds: list[float] = field(default_factory=list)


def fresh(job: Job, phase: Phase = Phase.REAL) -> Session:
    """A newly made network with the optimizer of a phase, the same for the same seed."""
    torch.manual_seed(job.recipe.seed)
    module = job.subject.make()
    if job.recipe.initialise:
        initialise(module, job.subject.classifiers)
    module = module.to(device=job.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Session(module=module, optimizer=_optimizer(module, recipe_of(job, phase)), phase=phase)


def recipe_of(job: Job, phase: Phase) -> Recipe:
    """What a phase is trained with."""
    return job.recipe.for_one_batch if phase is Phase.OVERFIT else job.recipe


def _optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    match recipe.optimizer:
        case Optimizer.ADAM:
            return torch.optim.Adam(parameters, recipe.lr)
        case Optimizer.SGD:
            return torch.optim.SGD(parameters, recipe.lr, recipe.momentum)


def rate(recipe: Recipe, step: int, images: int, ranks: int = 1) -> float:
    """The learning rate of a step: down every so many epochs."""
    epoch = step * recipe.batch_size * ranks // max(images, 1)
    return float(recipe.lr * recipe.decay ** (epoch // recipe.decay_epochs))


def drawn(count: int, step: int, size: int, seed: int) -> NDArray[np.int64]:
    """The indices of one global batch: every epoch a new order, known from the seed and the step alone."""
    places = np.arange(step * size, (step + 1) * size)
    orders = {
        int(epoch): np.random.Generator(np.random.PCG64([seed, int(epoch)])).permutation(count)
        for epoch in np.unique(places // count)
    }
    return np.array([orders[int(place // count)][place % count] for place in places], dtype=np.int64)


def precise(recipe: Recipe, device: torch.device) -> AbstractContextManager[object]:
    """Where products are computed in the recipe's type."""
    if recipe.precision is Precision.FP32:
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


# --- training --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One phase: what is trained on what, for how long."""

    phase: Phase
    steps: int
    batches: Callable[[int], tuple[Tensor, Tensor]]
    """Images as fed and labels of a step, for this process."""
    images: int
    """In the split, for the length of an epoch."""
    dropout: bool


def fit(session: Session, plan: Plan, job: Job, *, network: nn.Module | None = None) -> Iterator[Point]:
    """Train from the session's step to the last one; a point for each step, the same in every process."""
    recipe, loop = recipe_of(job, plan.phase), job.loop
    loop.train_mode(session.module)
    network = network or session.module
    while session.step < plan.steps:
        began = time.perf_counter()
        torch.manual_seed(seed_of(job, session.step))
        images, labels = plan.batches(session.step)
        for group in session.optimizer.param_groups:
            group["lr"] = rate(recipe, session.step, plan.images, job.ranks.size)
        with nullcontext() if plan.dropout else WithoutDropout(), precise(recipe, job.device):
            outputs = job.subject.outputs(network, images)
        losses = loop.head_losses(outputs, labels)
        total = loop.total_loss(losses, recipe.aux_weight)
        loop.update(session.optimizer, total)
        shown = job.ranks.mean(torch.stack([*losses, total]).detach()).tolist()
        session.step += 1
        session.seconds.append(time.perf_counter() - began)
        if recipe.averaging and session.step > plan.steps // 2:
            _average(session)
        yield Point(phase=plan.phase, step=session.step, losses=tuple(shown[:-1]), total=shown[-1])


def seed_of(job: Job, step: int) -> int:
    """The seed of all that is drawn in a step: with none carried over, a resumed run draws the same."""
    return step_seed(job.recipe.seed, step, job.ranks.rank, job.ranks.size)


def step_seed(seed: int, step: int, rank: int = 0, ranks: int = 1) -> int:
    """The same from its numbers: another one for each step and process."""
    return (seed * 1_000_003 + step) * ranks + rank


def replicated(module: nn.Module, job: Job) -> nn.Module:
    """The network with its gradients averaged over the processes; alone, itself."""
    if job.ranks.size == 1:
        return module
    devices = [job.device] if job.device.type == "cuda" else None
    return DistributedDataParallel(module, devices, find_unused_parameters=True)


def _average(session: Session) -> None:
    """Polyak: the running mean of the weights."""
    session.averaged += 1
    for name, value in session.module.state_dict().items():
        mean = session.average.get(name)
        if mean is None or not value.is_floating_point():
            session.average[name] = value.detach().clone()
        else:
            mean.add_((value.detach() - mean) / session.averaged)


@contextmanager
def tested(session: Session) -> Iterator[nn.Module]:
    """The network that is tested: with the averaged weights where there are any; afterwards it can be trained on."""
    if not session.average:
        yield session.module
        return
    trained = {name: value.detach().clone() for name, value in session.module.state_dict().items()}
    session.module.load_state_dict(session.average)
    try:
        yield session.module
    finally:
        session.module.load_state_dict(trained)


def accuracy(module: nn.Module, job: Job) -> Accuracy:
    """Right answers of a network in eval mode on the test images."""
    job.loop.eval_mode(module)
    classes = len(CLASSES)
    confusion = torch.zeros(classes, classes, dtype=torch.float64, device=job.device)
    mine = job.tests[job.ranks.rank :: job.ranks.size]
    for start in range(0, len(mine), EVALUATED):
        images, labels = job.fed(job.data.test, mine[start : start + EVALUATED])
        said = job.loop.answers(module, images)
        confusion += torch.bincount(labels * classes + said, minlength=classes**2).view(classes, classes)
    confusion = job.ranks.mean(confusion) * job.ranks.size
    table = tuple(tuple(round(value) for value in row) for row in confusion.tolist())
    correct = sum(table[index][index] for index in range(classes))
    return Accuracy(correct=correct, images=sum(map(sum, table)), confusion=table)


def blind(module: nn.Module, job: Job) -> float:
    """The share of right answers of the same network fed with zeros: one answer for all images."""
    job.loop.eval_mode(module)
    images, _ = job.fed(job.data.test, job.tests[:2])
    said = int(job.loop.answers(module, torch.zeros_like(images))[0])
    return float((job.data.test.labels[job.tests] == said).mean())


def shown(module: nn.Module, job: Job) -> tuple[Answer, ...]:
    """What a network says of the first test images of every class."""
    job.loop.eval_mode(module)
    indices = sample(job.data.test, 1)
    images, labels = job.fed(job.data.test, indices)
    said = job.loop.answers(module, images)
    triples = zip(indices.tolist(), labels.tolist(), said.tolist(), strict=True)
    return tuple(Answer(image=image, label=label, said=answer) for image, label, answer in triples)


def finite(point: Point) -> bool:
    """Whether every loss of a step is a number."""
    return all(map(math.isfinite, (*point.losses, point.total)))
