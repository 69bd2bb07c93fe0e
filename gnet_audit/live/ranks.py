"""The processes that train together: what each may do alone, and what they must agree on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """A process among `size`; the default is one that trains alone."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this one reports."""
        return self.rank == 0

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the processes."""
        if self.size > 1:
            distributed.all_reduce(values)
            values = values / self.size
        return values

    def any(self, *, flag: bool, device: torch.device) -> bool:
        """Whether it is so for one of them: then it is so for all."""
        if self.size == 1:
            return flag
        value = torch.tensor(float(flag), device=device)
        distributed.all_reduce(value, op=distributed.ReduceOp.MAX)
        return bool(value.item())

    def gathered(self, values: Tensor) -> list[Tensor]:
        """The tensors of all processes, in their order; they must have one shape."""
        if self.size == 1:
            return [values]
        found = [torch.empty_like(values) for _ in range(self.size)]
        distributed.all_gather(found, values.contiguous())
        return found

    def wait(self) -> None:
        """Go on only when all have come here."""
        if self.size > 1:
            distributed.barrier()


def asked_for() -> bool:
    """Whether torchrun started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The group that torchrun describes in the environment; alone where it does not."""
    if not asked_for():
        yield Ranks()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(rank=distributed.get_rank(), size=distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
