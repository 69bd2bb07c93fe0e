# mypy: ignore-errors
"""A network in the manner of Inception v3: factorised convolutions with batch normalisation."""
import torch
import torch.nn as nn


class BC(nn.Sequential):
    def __init__(self, i, o, k, s=1, p=0):
        super().__init__(nn.Conv2d(i, o, k, s, p, bias=False), nn.BatchNorm2d(o, eps=0.001), nn.ReLU(True))


class Par(nn.ModuleList):
    def forward(self, x):
        return torch.cat([m(x) for m in self], 1)


def A(i, p):
    S = nn.Sequential
    return Par([BC(i, 64, 1), S(BC(i, 48, 1), BC(48, 64, 5, p=2)), S(BC(i, 64, 1), BC(64, 96, 3, p=1), BC(96, 96, 3, p=1)),
                S(nn.AvgPool2d(3, 1, 1), BC(i, p, 1))])


def B(i):
    return Par([BC(i, 384, 3, 2), nn.Sequential(BC(i, 64, 1), BC(64, 96, 3, p=1), BC(96, 96, 3, 2)), nn.MaxPool2d(3, 2)])


def Cc(i, c):
    S = nn.Sequential
    return Par([BC(i, 192, 1), S(BC(i, c, 1), BC(c, c, (1, 7), p=(0, 3)), BC(c, 192, (7, 1), p=(3, 0))),
                S(BC(i, c, 1), BC(c, c, (7, 1), p=(3, 0)), BC(c, c, (1, 7), p=(0, 3)), BC(c, c, (7, 1), p=(3, 0)),
                  BC(c, 192, (1, 7), p=(0, 3))),
                S(nn.AvgPool2d(3, 1, 1), BC(i, 192, 1))])


class Net(nn.Sequential):
    def __init__(self, n=1000):
        super().__init__(
            BC(3, 32, 3, 2), BC(32, 32, 3), BC(32, 64, 3, p=1), nn.MaxPool2d(3, 2), BC(64, 80, 1), BC(80, 192, 3),
            nn.MaxPool2d(3, 2), A(192, 32), A(256, 64), A(288, 64), B(288), Cc(768, 128), Cc(768, 160), Cc(768, 160),
            Cc(768, 192), nn.AdaptiveAvgPool2d(1), nn.Dropout(), nn.Flatten(), nn.Linear(768, n))
