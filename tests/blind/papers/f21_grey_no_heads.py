# mypy: ignore-errors
"""Grey images, ten classes, no heads, averages in the pool branches; nn.Sequential and a dataclass of widths."""
from dataclasses import astuple, dataclass

import torch
import torch.nn as nn


@dataclass(frozen=True)
class Widths:
    i: int
    n1: int
    r3: int
    n3: int
    r5: int
    n5: int
    p: int


class Concat(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        for n, b in enumerate(branches):
            setattr(self, f'branch{n}', b)
        self.n = len(branches)

    def forward(self, x):
        return torch.cat([getattr(self, f'branch{n}')(x) for n in range(self.n)], dim=1)


def c(*a, **k):
    return nn.Sequential(nn.Conv2d(*a, **k), nn.ReLU())


def inception(w):
    i, n1, r3, n3, r5, n5, p = astuple(w)
    return Concat(c(i, n1, 1), nn.Sequential(c(i, r3, 1), c(r3, n3, 3, padding=1)),
                  nn.Sequential(c(i, r5, 1), c(r5, n5, 5, padding=2)),
                  nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), c(i, p, 1)))  # !1


def googlenet(num_classes=10):
    mp = nn.MaxPool2d(3, 2, ceil_mode=True)
    return nn.Sequential(
        c(1, 64, 7, stride=2, padding=3), mp, nn.LocalResponseNorm(5), c(64, 64, 1), c(64, 192, 3, padding=1),
        nn.LocalResponseNorm(5), mp,
        inception(Widths(192, 64, 96, 128, 16, 32, 32)), inception(Widths(256, 128, 128, 192, 32, 96, 64)), mp,
        inception(Widths(480, 192, 96, 208, 16, 48, 64)), inception(Widths(512, 160, 112, 224, 24, 64, 64)),
        inception(Widths(512, 128, 128, 256, 24, 64, 64)), inception(Widths(512, 112, 144, 288, 32, 64, 64)),
        inception(Widths(528, 256, 160, 320, 32, 128, 128)), mp,
        inception(Widths(832, 256, 160, 320, 32, 128, 128)), inception(Widths(832, 384, 192, 384, 48, 128, 128)),
        nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, num_classes))
