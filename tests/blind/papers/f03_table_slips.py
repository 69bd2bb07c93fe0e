# mypy: ignore-errors
"""Table 1 typed from memory as text and parsed."""
from functools import partial, reduce

import torch
import torch.nn as nn

TABLE = """
type        size/s  1x1  3x3r 3x3  5x5r 5x5  proj
conv        7x7/2   64   .    .    .    .    .
maxpool     3x3/2   .    .    .    .    .    .
lrn         .       .    .    .    .    .    .
conv        1x1/1   64   .    .    .    .    .
conv        3x3/1   192  .    .    .    .    .
lrn         .       .    .    .    .    .    .
maxpool     3x3/2   .    .    .    .    .    .
inception   3a      64   96   128  16   32   32
inception   3b      128  128  192  32   96   64
maxpool     3x3/2   .    .    .    .    .    .
inception   4a      192  96   208  16   48   64
inception   4b      160  112  244  24   64   64
inception   4c      128  112  256  24   64   64
inception   4d      112  144  288  32   64   64
inception   4e      256  160  320  32   128  128
maxpool     3x3/2   .    .    .    .    .    .
inception   5a      256  160  320  48   128  128
inception   5b      384  192  384  48   128  128
avgpool     7x7/1   .    .    .    .    .    .
"""
cat2 = partial(torch.cat, dim=-3)


def unit(i, o, k, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2), nn.ReLU(inplace=True))


class Module(nn.Module):
    names = 'one', 'five', 'three', 'pool'  # !4

    def __init__(self, i, n1, n3r, n3, n5r, n5, np):
        super().__init__()
        self.one = unit(i, n1, 1)
        self.three = nn.Sequential(unit(i, n3r, 1), unit(n3r, n3, 3))
        self.five = nn.Sequential(unit(i, n5r, 1), unit(n5r, n5, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(i, np, 1))
        self.width = n1 + n3 + n5 + np

    def forward(self, x):
        return reduce(lambda left, right: cat2([left, right]), (getattr(self, n)(x) for n in self.names))


class Aux(nn.Sequential):
    def __init__(self, i):
        super().__init__(nn.AvgPool2d(5, 3), unit(i, 128, 1), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(),
                         nn.Dropout(0.7), nn.Linear(1024, 1000))


class Net(nn.Module):
    def __init__(self, table=TABLE):
        super().__init__()
        self.rows = nn.ModuleDict()
        self.aux = nn.ModuleDict()
        width = 3
        for number, line in enumerate(table.strip().splitlines()[1:]):
            kind, patch, *numbers = line.split()
            if kind == 'inception':
                m = Module(width, *map(int, numbers))
                width = m.width
                self.rows[patch] = m
                if patch in ('4a', '4d'):
                    self.aux[patch] = Aux(width)
                continue
            if patch != '.':
                k, s = int(patch[0]), int(patch[-1])
            if kind == 'conv':
                m = unit(width, int(numbers[0]), k, s)
                width = int(numbers[0])
            elif kind == 'lrn':
                m = nn.LocalResponseNorm(5)
            elif kind == 'maxpool':
                m = nn.MaxPool2d(k, s, ceil_mode=True)
            else:
                m = nn.AvgPool2d(k, s)
            self.rows[f'{kind}{number}'] = m
        self.top = nn.Sequential(nn.Flatten(), nn.Dropout(0.4), nn.Linear(width, 1000))

    def forward(self, x):
        extra = {}
        for name, row in self.rows.items():
            x = row(x)
            if self.training and name in self.aux:
                extra[name] = self.aux[name](x)
        return {'out': self.top(x), **extra}
