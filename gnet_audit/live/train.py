"""A smoke training as prose: look at the data, at the network, at one batch, at a short real run; then judge."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from traceback import walk_tb
from typing import TypeAlias

import numpy as np
import torch
from torch import nn

from gnet_audit.errors import GnetAuditError, TargetError, said
from gnet_audit.live import check_data, check_fit, check_model, check_ranks, checkpoint
from gnet_audit.live.checkpoint import Progress
from gnet_audit.live.feed import batch
from gnet_audit.live.fit import Plan, accuracy, blind, drawn, finite, fit, fresh, replicated, seed_of, shown, tested
from gnet_audit.live.job import Job, held, without
from gnet_audit.live.ranks import Ranks
from gnet_audit.live.stl10 import Split
from gnet_audit.live.subject import MAIN
from gnet_audit.report import Environment
from gnet_audit.training import Accuracy, Check, Phase, Point, Reach, Record, Speed, Stage, Training

SENSELESS = "the losses are no numbers already"
Found: TypeAlias = Stage | Point | Check | Reach | Accuracy | Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How a run may end before its end, and where it is kept."""

    stop: Callable[[], bool] = lambda: False
    """Asked after every step; a run that is stopped raises KeyboardInterrupt when its checkpoint is written."""
    deadline: float = float("inf")
    """Of `time.monotonic`; what has not been done by then is left out and said to be."""
    file: Path | None = None
    resume: bool = False


def training(job: Job, environment: Environment, control: Control | None = None) -> Iterator[Record]:
    """Run every section that has not been run; the last record is the result."""
    control = control or Control()
    progress = checkpoint.load(control.file, job) if control.resume and control.file else Progress()
    yield from progress.checks
    for name, section in SECTIONS.items():
        if name in progress.done or not _wanted(name, job):
            continue
        records = _missed(name) if progress.late else _blamed(section(job, progress, control), job.subject.name)
        for record in records:
            if not isinstance(record, Stage):
                progress.add(record)
            if isinstance(record, Stage | Point | Check):
                yield record
        if progress.late:
            continue
        progress.done.append(name)
        progress.settled = len(progress.checks)
        progress.session = None
        _keep(job, progress, control)
        _pause(job, progress, control)
    if progress.late:
        _keep(job, progress, control)
    yield _result(job, progress, environment)


def _blamed(records: Iterator[Found], target: str) -> Iterator[Found]:
    """The same records; what the network raises is told as its own, with the part of the run."""
    part = ""
    try:
        for record in records:
            part = record.name if isinstance(record, Stage) else part
            yield record
    except (GnetAuditError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not _in_network(error):
            raise
        what = f"the network raises in training ({part}): {said(error)}"
        raise TargetError(what, where=target) from error


def _in_network(error: BaseException) -> bool:
    """Whether it comes from inside of a module's call or of the way back through its graph."""
    inside = {nn.Module.__call__.__code__, torch.autograd.backward.__code__, torch.autograd.grad.__code__}
    return any(frame.f_code in inside for frame, _ in walk_tb(error.__traceback__))


def _wanted(name: str, job: Job) -> bool:
    if name == "replicas":
        return job.ranks.size > 1
    return not (job.recipe.overfit_only and name in {"real", "shuffled"})


def _missed(name: str) -> Iterator[Check]:
    """What a section says that the deadline left out."""
    yield from _unmade(name, "the time limit came first")


def _unmade(name: str, why: str) -> Iterator[Check]:
    rules = {"overfit": {"GA509": MAIN}, "real": {"GA511": MAIN, "GA512": "test"}, "shuffled": {"GA514": "test"}}
    for rule, part in rules.get(name, {}).items():
        yield without(rule, part, why, not_run=True)


def _pause(job: Job, progress: Progress, control: Control) -> None:
    """Stop here if asked to: for all processes at the same step, after the checkpoint is written."""
    if job.ranks.any(flag=control.stop(), device=job.device):
        _keep(job, progress, control)
        raise KeyboardInterrupt


def _keep(job: Job, progress: Progress, control: Control) -> None:
    if control.file is not None and job.ranks.first:
        checkpoint.save(control.file, job, progress)
    job.ranks.wait()


def _late(job: Job, control: Control) -> bool:
    return job.ranks.any(flag=time.monotonic() > control.deadline, device=job.device)


# --- sections --------------------------------------------------------------------------------------------------


def _data(job: Job, _progress: Progress, _control: Control) -> Iterator[Found]:
    yield Stage(name="the data")
    if job.ranks.first:
        yield from check_data.data(_alone(job))


def _model(job: Job, _progress: Progress, _control: Control) -> Iterator[Found]:
    yield Stage(name="the untrained network")
    if job.ranks.first:
        yield from check_model.model(_alone(job))
        yield from check_fit.steps(_alone(job))


def _alone(job: Job) -> Job:
    """The same for one process only."""
    return replace(job, ranks=Ranks())


def _overfit(job: Job, progress: Progress, control: Control) -> Iterator[Found]:
    recipe = job.recipe
    yield Stage(name="one batch", steps=recipe.overfit_steps, images=recipe.overfit_images)
    images, labels = job.fed(job.data.train, job.ten[job.ranks.rank :: job.ranks.size])
    plan = Plan(
        phase=Phase.OVERFIT, steps=recipe.overfit_steps, batches=lambda _: (images, labels),
        images=len(job.ten), dropout=False,
    )  # fmt: skip
    yield from _trained(job, progress, control, plan)
    points = _points(progress, Phase.OVERFIT)
    if progress.late:
        yield from _missed("overfit")
        return
    yield from check_fit.overfitted(job, points)
    assert progress.session is not None
    if job.ranks.first and finite(points[-1]):
        module = progress.session.module
        yield check_fit.round_trip(job, module)
        yield from check_model.dead(job, module, job.fed(job.data.train, job.ten)[0], "after one batch")


def _real(job: Job, progress: Progress, control: Control) -> Iterator[Found]:
    yield Stage(name="a short real run", steps=job.recipe.steps, images=job.recipe.batch_size * job.ranks.size)
    if any(not finite(point) for point in progress.points):
        yield from _unmade("real", SENSELESS)
        return
    plan = _plan(job, Phase.REAL, job.data.train, job.recipe.steps)
    yield from _trained(job, progress, control, plan)
    points = _points(progress, Phase.REAL)
    assert progress.session is not None
    progress.seconds.extend(progress.session.seconds)
    if not points:
        yield from _missed("real")
        return
    with tested(progress.session) as module:
        right = accuracy(module, job)
        yield right
        progress.answers = shown(module, job)
        if progress.late:
            yield from _unmade("real", f"the time limit came after {len(points)} of {job.recipe.steps} steps")
        elif len(points) == 1 and finite(points[0]):
            yield from _unmade("real", "one step is too few to tell: give --steps 2 or more")
        else:
            yield from check_fit.learned(job, points, right, blind(module, job))
        if job.ranks.size > 1:
            yield check_ranks.same_weights(job, module)


def _shuffled(job: Job, progress: Progress, control: Control) -> Iterator[Found]:
    yield Stage(name="shuffled labels", steps=job.recipe.shuffled_steps, images=job.recipe.batch_size * job.ranks.size)
    if any(not finite(point) for point in progress.points):
        yield from _unmade("shuffled", SENSELESS)
        return
    train = job.data.train
    order = np.random.Generator(np.random.PCG64([job.recipe.seed, 7])).permutation(len(train))
    shuffled = Split(stored=train.stored, labels=train.labels[order])
    yield from _trained(job, progress, control, _plan(job, Phase.SHUFFLED, shuffled, job.recipe.shuffled_steps))
    if progress.late:
        yield from _missed("shuffled")
        return
    assert progress.session is not None
    yield check_fit.at_chance(accuracy(progress.session.module, job))


def _replicas(job: Job, _progress: Progress, _control: Control) -> Iterator[Found]:
    yield Stage(name="replicas")
    yield check_ranks.same_gradient(job)


def _speed(job: Job, progress: Progress, _control: Control) -> Iterator[Found]:
    yield Stage(name="speed")
    if not progress.seconds:
        yield without("GA524", "input", "no real run to compare with")
        return
    size = job.recipe.batch_size
    own = _input_seconds(job)
    step = median(progress.seconds)
    model = max(step - own, 1e-9)
    yield Speed(
        step_images=size * job.ranks.size / step, input_images=size / own,
        seconds=tuple(progress.seconds), peak_bytes=_peak(job.device),
    )  # fmt: skip
    yield held(
        "GA524", "input", size / own, f"more than {size / model:,.0f}", unit="images/s", ok=own < model,
        good="the input is faster than the network", bad="the network waits for its input",
    )  # fmt: skip


SECTIONS: dict[str, Callable[[Job, Progress, Control], Iterator[Found]]] = {
    "data": _data,
    "model": _model,
    "replicas": _replicas,
    "overfit": _overfit,
    "real": _real,
    "shuffled": _shuffled,
    "speed": _speed,
}

# --- their parts -----------------------------------------------------------------------------------------------


def _plan(job: Job, phase: Phase, split: Split, steps: int) -> Plan:
    recipe, ranks = job.recipe, job.ranks

    def batches(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        indices = drawn(len(split), step, recipe.batch_size * ranks.size, recipe.seed)
        stored, labels = batch(split, indices[ranks.rank :: ranks.size])
        return job.loop.feed(stored, recipe.augmentation, seed_of(job, step)), labels.to(job.device)

    return Plan(phase=phase, steps=steps, batches=batches, images=len(split), dropout=recipe.dropout)


def _trained(job: Job, progress: Progress, control: Control, plan: Plan) -> Iterator[Point]:
    """The steps of a phase that are still to be done, up to the deadline or the first loss that is no number."""
    progress.session = session = progress.session or fresh(job, plan.phase)
    if _ended(plan, _points(progress, plan.phase)):
        return
    progress.late = _late(job, control)
    if progress.late:
        return
    for point in fit(session, plan, job, network=replicated(session.module, job)):
        yield point
        if _ended(plan, _points(progress, plan.phase)):
            return
        _pause(job, progress, control)
        progress.late = point.step < plan.steps and _late(job, control)
        if progress.late:
            progress.notes.append(f"{plan.phase.value}: {point.step} of {plan.steps} steps, then the time limit came")
            return


def _ended(plan: Plan, points: tuple[Point, ...]) -> bool:
    if not points:
        return False
    learned = plan.phase is Phase.OVERFIT and check_fit.enough(points[-1], points[0])
    return learned or not finite(points[-1])


def _points(progress: Progress, phase: Phase) -> tuple[Point, ...]:
    return tuple(point for point in progress.points if point.phase is phase)


def _input_seconds(job: Job) -> float:
    """What the input of one step takes, from the disk to the device: the best of a few."""
    found = []
    for step in range(4):
        began = time.perf_counter()
        _plan(job, Phase.REAL, job.data.train, 0).batches(step)
        if job.device.type == "cuda":
            torch.cuda.synchronize(job.device)
        found.append(time.perf_counter() - began)
    return min(found)


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _result(job: Job, progress: Progress, environment: Environment) -> Training:
    return Training(
        target=job.subject.name,
        data=job.facts,
        recipe=job.recipe,
        heads=job.subject.heads,
        points=tuple(progress.points),
        checks=tuple(progress.checks),
        reach=tuple(progress.reach),
        accuracy=progress.accuracy,
        answers=progress.answers,
        speed=progress.speed,
        environment=environment,
        ranks=job.ranks.size,
        notes=(*_protocol(job), *progress.notes),
    )


def _protocol(job: Job) -> Iterator[str]:
    if job.data.synthetic:
        yield "the data is synthetic: drawn figures, not STL-10"
    else:
        yield "trained on the whole training split, not by the authors' protocol of ten folds"
    if not job.recipe.overfit_only:
        yield f"tested on {len(job.tests):,} of {len(job.data.test):,} test images"
    yield "says that the build learns, nothing of how well"
