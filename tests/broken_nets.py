"""The small network, broken in one place each."""

from __future__ import annotations

import os

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from tests.training_net import Head, Outputs, Small


class Detached(Small):
    """The 5×5 branch of the second module learns nothing."""

    def trunk(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a = self.a(F.max_pool2d(self.stem(x).relu(), 3, 2, 1))
        branches = self.b.branches(a)
        branches[2] = branches[2].detach()
        b = torch.cat(branches, dim=1)
        return a, b, self.c(F.max_pool2d(b, 3, 2, 1))


class DetachedHead(Small):
    """A head that sends nothing into the trunk."""

    def heads(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return super().heads(a.detach(), b)


class Softmax(Small):
    """Probabilities in place of logits."""

    def logits(self, c: Tensor) -> Tensor:
        return super().logits(c).softmax(dim=1)


class Frozen(Small):
    """A layer that was frozen for something else."""

    def __init__(self) -> None:
        super().__init__()
        self.stem.requires_grad_(requires_grad=False)


class DropoutInEval(Small):
    """Functional dropout without `training=`."""

    def logits(self, c: Tensor) -> Tensor:
        logits: Tensor = self.linear(F.dropout(c.mean(dim=(2, 3)), 0.4))
        return logits


class NoDropout(Small):
    """Dropout that was switched off and stayed so."""

    def forward(self, x: Tensor) -> Tensor | Outputs:
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.eval()
        return super().forward(x)


class DeadRelus(Small):
    """Biases far below zero."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.b.three.bias, -50.0)  # type: ignore[arg-type]


class Stuck(Small):
    """A head whose logits are scaled to nothing."""

    def heads(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        first, second = super().heads(a, b)
        return first * 1e-5, second


class OverTheBatch(Small):
    """Normalised over the batch in eval, too."""

    def logits(self, c: Tensor) -> Tensor:
        return super().logits(c - c.mean(dim=0, keepdim=True))


class MixedBatch(Small):
    """A reshape that takes the batch for something else."""

    def logits(self, c: Tensor) -> Tensor:
        return super().logits(c if self.training else c.transpose(0, 1).reshape(c.shape))


class LostBuffer(Small):
    """A running scale that no checkpoint holds."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(()), persistent=False)

    def logits(self, c: Tensor) -> Tensor:
        if self.training:
            self.scale = self.scale * (1 + 1e-5)
        return super().logits(c / self.scale)


class HeadsInEval(Small):
    """The heads run at inference."""

    def forward(self, x: Tensor) -> Tensor | Outputs:
        a, b, c = self.trunk(x)
        return Outputs(self.logits(c), *self.heads(a, b))


class HeadsInTheAnswer(Small):
    """The mean over the heads at inference."""

    def forward(self, x: Tensor) -> Tensor | Outputs:
        a, b, c = self.trunk(x)
        found = Outputs(self.logits(c), *self.heads(a, b))
        return found if self.training else torch.stack(found).mean(dim=0)


class SharedHeads(Small):
    """Two heads with the same hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.aux2.fc1 = self.aux1.fc1


class SharedClassifier(Small):
    """Two heads with the same last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.aux2.fc2 = self.aux1.fc2


class FromTheClock(Small):
    """Noise that no seed rules."""

    def trunk(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        noise = int.from_bytes(os.urandom(2), "little") / 2**16
        return super().trunk(x * (1 + 0.1 * noise) if self.training else x)


class Unused(Small):
    """A branch that is built and never called."""

    def __init__(self) -> None:
        super().__init__()
        self.aux3 = Head(48, 10)


class Blind(Small):
    """The image is multiplied with zero."""

    def trunk(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return super().trunk(x * 0)


class LoudStart(Small):
    """Logits a hundred times too large."""

    def logits(self, c: Tensor) -> Tensor:
        return super().logits(c) + 100 * c.mean(dim=(2, 3))[:, :10]


class DividesByZero(Small):
    """A logarithm of zero in the main classifier."""

    def logits(self, c: Tensor) -> Tensor:
        return super().logits(c) + (c.mean(dim=(2, 3))[:, :10] * 0).log()
