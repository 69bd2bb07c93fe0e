"""Inception v2: batch normalisation, two 3x3 for the 5x5, modules that halve the map."""
import torch
import torch.nn as nn


def unit(i, o, k, s=1, p=0):
    return nn.Sequential(nn.Conv2d(i, o, k, s, p, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Block(nn.Module):
    def __init__(self, i, one, three, double, pool, proj):
        super().__init__()
        self.one = unit(i, one, 1)
        self.three = nn.Sequential(unit(i, three[0], 1), unit(three[0], three[1], 3, p=1))
        self.deep = nn.Sequential(
            unit(i, double[0], 1), unit(double[0], double[1], 3, p=1), unit(double[1], double[1], 3, p=1)
        )
        pooling = nn.AvgPool2d(3, 1, 1) if pool == "avg" else nn.MaxPool2d(3, 1, 1)
        self.pool = nn.Sequential(pooling, unit(i, proj, 1))

    def forward(self, x):
        return torch.cat([self.one(x), self.three(x), self.deep(x), self.pool(x)], 1)


class Reduction(nn.Module):
    def __init__(self, i, three, double):
        super().__init__()
        self.three = nn.Sequential(unit(i, three[0], 1), unit(three[0], three[1], 3, s=2, p=1))
        self.deep = nn.Sequential(
            unit(i, double[0], 1), unit(double[0], double[1], 3, p=1), unit(double[1], double[1], 3, s=2, p=1)
        )
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, x):
        return torch.cat([self.three(x), self.deep(x), self.pool(x)], 1)


class BNInception(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.stem = nn.Sequential(
            unit(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1), unit(64, 64, 1), unit(64, 192, 3, p=1), nn.MaxPool2d(3, 2, 1)
        )
        self.stages = nn.Sequential(
            Block(192, 64, (64, 64), (64, 96), "avg", 32),
            Block(256, 64, (64, 96), (64, 96), "avg", 64),
            Reduction(320, (128, 160), (64, 96)),
            Block(576, 224, (64, 96), (96, 128), "avg", 128),
            Block(576, 192, (96, 128), (96, 128), "avg", 128),
            Block(576, 160, (128, 160), (128, 160), "avg", 96),
            Block(576, 96, (128, 192), (160, 192), "avg", 96),
            Reduction(576, (128, 192), (192, 256)),
            Block(1024, 352, (192, 320), (160, 224), "avg", 128),
            Block(1024, 352, (192, 320), (192, 224), "max", 128),
        )
        self.top = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, num_classes))

    def forward(self, x):
        return self.top(self.stages(self.stem(x)))
