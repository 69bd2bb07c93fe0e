"""Checks of gradients: where each head's arrives, and what the auxiliary heads add to the trunk's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from gnet_audit.live.job import Job, held, without
from gnet_audit.live.subject import MAIN, reached
from gnet_audit.training import Check, Reach

WEIGHT = 0.01
BRANCHES = ("1x1", "3x3", "5x5", "pool")
"""As the paper's slots call them."""
NO_HEADS = "the network has no auxiliary heads"
Gradients: TypeAlias = tuple[Tensor | None, ...]


def gradients(job: Job, module: nn.Module) -> Iterator[Check | Reach]:
    """Where each head's gradient arrives, and what the heads add to the trunk's."""
    images, labels = job.probe()
    losses = job.losses(module, images, labels)
    total = job.loop.total_loss(losses, job.recipe.aux_weight)
    named = list(module.named_parameters())
    apart = [_gradient(loss, named) for loss in losses]
    reach = list(_reach(job, [name for name, _ in named], apart))
    yield from reach
    yield from _unreached(job, named, _gradient(total, named), apart, reach)
    yield from _weights(job, apart, _gradient(total, named))
    yield from _shared(job, losses)


def _gradient(loss: Tensor, named: Sequence[tuple[str, nn.Parameter]]) -> Gradients:
    wanted = [parameter for _, parameter in named if parameter.requires_grad]
    if not wanted or not loss.requires_grad:
        return (None,) * len(named)
    found = iter(torch.autograd.grad(loss, wanted, retain_graph=True, allow_unused=True))
    return tuple(next(found) if parameter.requires_grad else None for _, parameter in named)


def _arrives(gradient: Tensor | None) -> bool:
    return gradient is not None and bool(torch.isfinite(gradient).all()) and bool((gradient != 0).any())


def _reach(job: Job, names: Sequence[str], apart: Sequence[Gradients]) -> Iterator[Reach]:
    parts: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        parts.setdefault(job.subject.part(name), []).append(index)
    for part, indices in parts.items():
        reached = tuple(sum(_arrives(head[index]) for index in indices) for head in apart)
        yield Reach(part=part, tensors=len(indices), reached=reached)


def _unreached(
    job: Job,
    named: Sequence[tuple[str, nn.Parameter]],
    total: Gradients,
    apart: Sequence[Gradients],
    reach: Sequence[Reach],
) -> Iterator[Check]:
    lost: dict[str, list[str]] = {}
    for (name, parameter), gradient in zip(named, total, strict=True):
        if not _arrives(gradient):
            lost.setdefault(job.subject.part(name), []).append(_why(name, parameter, gradient))
    arrived = sum(map(_arrives, total))
    yield held(
        "GA506", "all heads", float(arrived), f"all {len(named)}", unit="tensors reached", ok=not lost,
        good="every parameter gets a finite gradient that is not zero", bad=f"no gradient in {_some(list(lost))}",
    )  # fmt: skip
    for part, reasons in lost.items():
        tensors = next(entry.tensors for entry in reach if entry.part == part)
        yield held(
            "GA506", part, float(tensors - len(reasons)), f"all {tensors}", unit="tensors reached", ok=False,
            good="", bad=_some(reasons),
        )  # fmt: skip
    yield from _branches(reach, {part: len(reasons) for part, reasons in lost.items()})
    yield from _alone(job, named, apart)


def _branches(reach: Sequence[Reach], lost: Mapping[str, int]) -> Iterator[Check]:
    """Each kind of branch of the paper's inception modules, over all modules."""
    for kind in BRANCHES:
        parts = [entry for entry in reach if entry.part.startswith("inception") and entry.part.endswith(f".{kind}")]
        if parts:
            tensors, missing = sum(entry.tensors for entry in parts), sum(lost.get(entry.part, 0) for entry in parts)
            yield held(
                "GA506", f"{kind} branches", float(tensors - missing), f"all {tensors}", unit="tensors reached",
                ok=missing == 0, good="every branch of this kind learns", bad="a branch of this kind does not learn",
            )  # fmt: skip


def _alone(job: Job, named: Sequence[tuple[str, nn.Parameter]], apart: Sequence[Gradients]) -> Iterator[Check]:
    """With the heads' weight at 0, the main loss must still reach everything that is not a head's own."""
    if len(apart) == 1:
        return
    own = [
        not any(_arrives(head[index]) for head in apart[1:]) or _arrives(apart[0][index]) for index in range(len(named))
    ]
    trunk = [name for (name, _), mine in zip(named, own, strict=True) if mine]
    arrived = sum(_arrives(gradient) for gradient in apart[0])
    yield held(
        "GA506", f"{MAIN} alone", float(arrived), f"all {len(trunk)}", unit="tensors reached", ok=arrived == len(trunk),
        good="the main loss reaches the whole trunk without the heads' help",
        bad="without the heads the main loss does not reach the whole trunk",
    )  # fmt: skip
    for head, gradient in zip(job.subject.heads[1:], apart[1:], strict=True):
        arrived = sum(map(_arrives, gradient))
        yield held(
            "GA506", f"{head} alone", float(arrived), "at least 1", unit="tensors reached", ok=arrived > 0,
            good="the head's loss reaches its layers and the trunk below", bad="the head's loss reaches nothing",
        )  # fmt: skip


def _why(name: str, parameter: nn.Parameter, gradient: Tensor | None) -> str:
    if not parameter.requires_grad:
        return f"{name} is frozen"
    if gradient is None:
        return f"{name} is not in the graph"
    return f"{name} gets zeros" if bool(torch.isfinite(gradient).all()) else f"{name} gets no numbers"


def _some(words: Sequence[str], limit: int = 3) -> str:
    rest = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {rest} more" if rest > 0 else "")


def _weights(job: Job, apart: Sequence[Gradients], total: Gradients) -> Iterator[Check]:
    """The trunk's gradient as a sum of the heads': least squares over what the main loss and a head both reach."""
    if len(apart) == 1:
        yield without("GA507", "heads", NO_HEADS)
        return
    trunk = [
        index for index, gradient in enumerate(apart[0])
        if gradient is not None and any(_arrives(head[index]) for head in apart[1:])
    ]  # fmt: skip
    found = _mixture(apart, total, trunk)
    for head, weight in zip(job.subject.heads[1:], found[1:], strict=True):
        yield held(
            "GA507", head, weight, f"within {WEIGHT} of 0.3", ok=abs(weight - 0.3) <= WEIGHT,
            good="the head sends 0.3 times its own gradient into the trunk",
            bad="the head sends nothing into the trunk" if weight == 0 else "the head has another weight than the paper's",
        )  # fmt: skip


def _mixture(apart: Sequence[Gradients], total: Gradients, trunk: Sequence[int]) -> list[float]:
    if not trunk:
        return [0.0] * len(apart)

    def flat(gradients: Gradients) -> Tensor:
        empty = [gradients[index] for index in trunk]
        shapes = [apart[0][index] for index in trunk]
        return torch.cat([
            (torch.zeros_like(like) if one is None else one).reshape(-1).double()
            for one, like in zip(empty, shapes, strict=True) if like is not None
        ]).cpu()  # fmt: skip

    basis = torch.stack([flat(head) for head in apart])
    if not bool(torch.isfinite(basis).all()):
        return [math.nan] * len(apart)
    norms = basis.norm(dim=1)
    unit = basis / norms.clamp(min=1e-300)[:, None]
    mixture = torch.linalg.pinv(unit @ unit.T) @ (unit @ flat(total))
    return [float(value / norm) if norm > 0 else 0.0 for value, norm in zip(mixture, norms, strict=True)]


def _shared(job: Job, losses: Sequence[Tensor]) -> Iterator[Check]:
    if len(losses) == 1:
        yield without("GA522", "heads", NO_HEADS)
        return
    sets = [{id(weight) for weight in reached(loss)} for loss in losses]
    last = job.subject.classifiers
    twice = sum(len((sets[i] & sets[j]) - sets[0]) for i in range(1, len(sets)) for j in range(i + 1, len(sets)))
    twice += len(last) - len(set(last))
    yield held(
        "GA522", "heads", float(twice), "none", unit="shared tensors", ok=twice == 0,
        good="each head has weights of its own", bad="heads compute with the same weights",
    )  # fmt: skip
