"""The processes that train together: what each may do alone, and what they must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from gnet_audit.errors import UsageError
from gnet_audit.live.launch import launch


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


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The group that torchrun describes in the environment; alone where it does not."""
    if launch().size == 1:
        yield Ranks()
        return
    _join(device)
    try:
        yield Ranks(rank=distributed.get_rank(), size=distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def _join(device: torch.device) -> None:
    try:
        if device.type == "cuda":
            torch.cuda.set_device(device)  # else every process would also hold memory of the first GPU
            distributed.init_process_group("nccl", device_id=device)
        else:
            distributed.init_process_group("gloo")
    except (RuntimeError, ValueError) as error:
        line = str(error).partition("\n")[0]
        raise UsageError(f"the processes do not find each other: {line}", where="torchrun") from error
