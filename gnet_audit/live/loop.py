"""The pieces of a training step, each a function: what the checks examine, and what a planted fault replaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.live.subject import leaves
from gnet_audit.training import Augmentation


def total_loss(losses: Sequence[Tensor], aux_weight: float) -> Tensor:
    """The main loss and the weighted ones of the auxiliary heads (section 5 of the paper)."""
    return torch.stack([losses[0], *(aux_weight * loss for loss in losses[1:])]).sum()


def head_losses(outputs: Sequence[Tensor], labels: Tensor) -> tuple[Tensor, ...]:
    """The cross-entropy of each head."""
    return tuple(F.cross_entropy(output.float(), labels) for output in outputs)


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the gradient of this loss alone."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def answers(module: nn.Module, images: Tensor) -> Tensor:
    """The class that a network in eval mode says for each image."""
    with torch.no_grad():
        output = module(images)
    return leaves(output)[0].argmax(dim=1)


def saved(module: nn.Module) -> dict[str, Tensor]:
    """What a checkpoint holds of a network."""
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def restored(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Put a checkpoint back into a network."""
    module.load_state_dict(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The pieces of a training: exactly these are checked, so a fault in one of them must show."""

    feed: Callable[[Tensor, Augmentation | None, int], Tensor]
    head_losses: Callable[[Sequence[Tensor], Tensor], tuple[Tensor, ...]] = head_losses
    total_loss: Callable[[Sequence[Tensor], float], Tensor] = total_loss
    update: Callable[[torch.optim.Optimizer, Tensor], None] = update
    answers: Callable[[nn.Module, Tensor], Tensor] = answers
    train_mode: Callable[[nn.Module], object] = nn.Module.train
    eval_mode: Callable[[nn.Module], object] = nn.Module.eval
    saved: Callable[[nn.Module], dict[str, Tensor]] = saved
    restored: Callable[[nn.Module, dict[str, Tensor]], None] = restored
