# mypy: ignore-errors
"""The network from a text config, like darknet's."""
import torch
from torch import nn

TEXT = """
conv 64 7 2 2
max 3 2
lrn
conv 64 1 1 0
conv 192 3 1 1
lrn
max 3 2
inception 64 96 128 16 32 32
inception 128 128 192 32 96 64
max 3 2
inception 192 96 208 16 48 64
aux
inception 160 112 224 24 64 64
inception 128 128 256 24 64 64
inception 112 144 288 32 64 64
aux
inception 256 160 320 32 128 128
max 3 2
inception 256 160 320 32 128 128
inception 384 192 384 48 128 128
gap
dropout 0.4
"""


class Split(nn.Module):
    def __init__(self, *b):
        super().__init__()
        self.b = nn.ModuleList(b)

    def forward(self, x):
        return torch.cat([f(x) for f in self.b], 1)


def conv(o, k, s, p):
    return nn.Sequential(nn.LazyConv2d(o, k, s, p), nn.ReLU())  # !1: conv 64 7 2 2


def parse(line):
    op, *a = line.split()
    if op == "conv":
        return conv(*map(int, a))
    if op == "max":
        return nn.MaxPool2d(*map(int, a), ceil_mode=True)
    if op == "lrn":
        return nn.LocalResponseNorm(5)
    if op == "inception":
        n1, r3, n3, r5, n5, p = map(int, a)
        return Split(conv(n1, 1, 1, 0), nn.Sequential(conv(r3, 1, 1, 0), conv(n3, 3, 1, 1)),
                     nn.Sequential(conv(r5, 1, 1, 0), conv(n5, 5, 1, 2)),
                     nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(p, 1, 1, 0)))
    if op == "gap":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if op == "dropout":
        return nn.Dropout(float(a[0]))
    raise ValueError(line)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.layers, self.heads = nn.ModuleList(), nn.ModuleDict()
        for line in TEXT.strip().splitlines():
            if line == "aux":
                self.heads[str(len(self.layers) - 1)] = nn.Sequential(
                    nn.AvgPool2d(5, 3), conv(128, 1, 1, 0), nn.Flatten(), nn.LazyLinear(1024), nn.ReLU(),
                    nn.Dropout(0.7), nn.LazyLinear(num_classes))
            else:
                self.layers.append(parse(line))
        self.fc = nn.LazyLinear(num_classes)

    def forward(self, x):
        aux = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if self.training and str(i) in self.heads:
                aux.append(self.heads[str(i)](x))
        x = self.fc(x)
        return (x, *aux) if self.training else x
