"""Checks of processes that train together."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor, nn

from gnet_audit.live.fit import fresh, replicated
from gnet_audit.live.job import Job, held
from gnet_audit.training import Check

TOLERANCE = 1e-4
"""How far, as a share, the gradient of N processes may be from that of one: sums in another order."""


def same_weights(job: Job, module: nn.Module) -> Check:
    """Whether all processes hold the same bytes after the run."""
    digest = hashlib.blake2b(digest_size=8)
    for value in module.state_dict().values():
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    number = int.from_bytes(digest.digest(), "little", signed=True)
    found = job.ranks.gathered(torch.tensor([number], dtype=torch.int64, device=job.device))
    different = len({int(one.item()) for one in found}) - 1
    return held(
        "GA523", "weights", float(different), "0", unit="replicas that differ", ok=different == 0,
        good="all replicas hold the same weights, bit by bit", bad="the replicas have drifted apart",
    )  # fmt: skip


def same_gradient(job: Job) -> Check:
    """The gradient of N processes with B images each beside that of one with all N·B."""
    session = fresh(job)
    images, labels = job.fed(job.data.train, _global(job))
    whole = _gradient(job, session.module, session.module, images, labels)
    mine = slice(job.ranks.rank, None, job.ranks.size)
    shared = _gradient(job, session.module, replicated(session.module, job), images[mine], labels[mine])
    ratio = float((shared - whole).norm() / whole.norm().clamp(min=1e-30))
    worst = max(float(one.item()) for one in job.ranks.gathered(torch.tensor([ratio], device=job.device)))
    return held(
        "GA523", "gradient", worst, f"at most {TOLERANCE:g}", unit="of the gradient", ok=worst <= TOLERANCE,
        good=f"{job.ranks.size} processes compute the gradient of one with the whole batch",
        bad=f"{job.ranks.size} processes compute another gradient than one with the whole batch",
    )  # fmt: skip


def _global(job: Job) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    count = len(job.ten) // job.ranks.size * job.ranks.size
    return np.asarray(job.ten[:count], dtype=np.int64)


def _gradient(job: Job, module: nn.Module, network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    module.zero_grad(set_to_none=True)
    total = job.loop.total_loss(job.losses(network, images, labels), job.recipe.aux_weight)
    total.backward()  # type: ignore[no-untyped-call]
    found = [parameter.grad for parameter in module.parameters()]
    return torch.cat([gradient.reshape(-1) for gradient in found if gradient is not None]).double().clone()
