# mypy: ignore-errors
"""The trunk of c09_two_files.py."""
import torch
from torch import nn


class Mixed(nn.Module):
    def __init__(self, i, ones, threes, fives, proj):
        super().__init__()
        self.ones = nn.Conv2d(i, ones, 1)
        self.threes_in, self.threes = nn.Conv2d(i, threes[0], 1), nn.Conv2d(*threes, 3, padding=1)
        self.fives_in, self.fives = nn.Conv2d(i, fives[0], 1), nn.Conv2d(*fives, 5, padding=2)
        self.proj = nn.Conv2d(i, proj, 1)

    def forward(self, x):
        f = torch.relu
        pooled = torch.max_pool2d(x, [3, 3], [1, 1], [1, 1])
        return f(torch.cat([self.ones(x), self.threes(f(self.threes_in(x))), self.fives(f(self.fives_in(x))),
                            self.proj(pooled)], 1))


def shrink():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


class Lower(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 64, 7, 2, 3), shrink(), nn.ReLU(), nn.LocalResponseNorm(5),  # max and ReLU commute
            nn.Conv2d(64, 64, 1), nn.ReLU(), nn.Conv2d(64, 192, 3, 1, 1), nn.ReLU(), nn.LocalResponseNorm(5), shrink(),
            Mixed(192, 64, (96, 128), (16, 32), 32), Mixed(256, 128, (128, 192), (32, 96), 64), shrink(),
            Mixed(480, 192, (96, 208), (16, 48), 64))


class Upper(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = Mixed(512, 160, (112, 224), (24, 64), 64)
        self.c = Mixed(512, 128, (128, 256), (24, 64), 64)
        self.d = Mixed(512, 112, (144, 288), (32, 64), 64)
        self.e = Mixed(528, 256, (160, 320), (32, 128), 128)
        self.shrink = shrink()
        self.f = Mixed(832, 256, (160, 320), (32, 128), 128)
        self.g = Mixed(832, 384, (192, 384), (48, 128), 128)
        self.out = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1000))

    def forward(self, x):
        d = self.d(self.c(self.b(x)))
        return d, self.out(self.g(self.f(self.shrink(self.e(d)))))
