"""A small network with the structure of GoogLeNet, for trainings that must be over in a second."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

SIZE = (3, 40, 40)


class Outputs(NamedTuple):
    """Logits in training."""

    logits: Tensor
    aux1: Tensor
    aux2: Tensor


class Module(nn.Module):
    """An inception module: four branches side by side, 4·width channels."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, width, 1)
        self.three_reduce = nn.Conv2d(channels, width, 1)
        self.three = nn.Conv2d(width, width, 3, padding=1)
        self.five_reduce = nn.Conv2d(channels, width, 1)
        self.five = nn.Conv2d(width, width, 5, padding=2)
        self.pool = nn.Conv2d(channels, width, 1)

    def branches(self, x: Tensor) -> list[Tensor]:
        """The outputs of the branches."""
        return [
            self.one(x).relu(),
            self.three(self.three_reduce(x).relu()).relu(),
            self.five(self.five_reduce(x).relu()).relu(),
            self.pool(F.max_pool2d(x, 3, 1, 1)).relu(),
        ]

    def forward(self, x: Tensor) -> Tensor:
        """Branches side by side."""
        return torch.cat(self.branches(x), dim=1)


class Head(nn.Module):
    """An auxiliary classifier."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 16, 1)
        self.fc1 = nn.Linear(16 * 9, 64)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.conv(F.adaptive_avg_pool2d(x, 3)).relu().flatten(1)
        logits: Tensor = self.fc2(self.dropout(self.fc1(x).relu()))
        return logits


class Small(nn.Module):
    """Stem, three inception modules, heads after the first and the second."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 5, stride=2, padding=2)
        self.a = Module(16, 8)
        self.b = Module(32, 10)
        self.c = Module(40, 12)
        self.dropout = nn.Dropout(0.4)
        self.linear = nn.Linear(48, num_classes)
        self.aux1 = Head(32, num_classes)
        self.aux2 = Head(40, num_classes)

    def heads(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the auxiliary heads."""
        return self.aux1(a), self.aux2(b)

    def trunk(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The outputs of the three modules."""
        a = self.a(F.max_pool2d(self.stem(x).relu(), 3, 2, 1))
        b = self.b(a)
        return a, b, self.c(F.max_pool2d(b, 3, 2, 1))

    def logits(self, c: Tensor) -> Tensor:
        """The main classifier."""
        found: Tensor = self.linear(self.dropout(c.mean(dim=(2, 3))))
        return found

    def forward(self, x: Tensor) -> Tensor | Outputs:
        """Logits; in training those of the heads too."""
        a, b, c = self.trunk(x)
        if self.training:
            return Outputs(self.logits(c), *self.heads(a, b))
        return self.logits(c)
