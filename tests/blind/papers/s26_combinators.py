# mypy: ignore-errors
"""Operator-overloaded little combinators: a >> b, a | b."""
import torch
from torch import nn


class Op(nn.Module):
    def __rshift__(self, other):
        return Chain(self, other)

    def __or__(self, other):
        return Fork(self, other)


class Chain(Op):
    def __init__(self, *ops):
        super().__init__()
        self.ops = nn.ModuleList(ops)

    def forward(self, x):
        for o in self.ops:
            x = o(x)
        return x


class Fork(Op):
    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x):
        return torch.cat((self.a(x), self.b(x)), 1)


class W(Op):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, x):
        return self.m(x)


class Conv(Op):
    def __init__(self, i, o, k=1, s=1):
        super().__init__()
        self.c = nn.Conv2d(i, o, k, s, k // 2)

    def forward(self, x):
        return self.c(x).relu()


def mp(): return W(nn.MaxPool2d(3, 2, ceil_mode=True))
def mp1(): return W(nn.MaxPool2d(3, 1, 1))
def lrn(): return W(nn.LocalResponseNorm(5))


def inc(i, a, b, c, d, e, f):
    one, three, five = Conv(i, a), Conv(i, b) >> Conv(b, c, 3), Conv(i, d) >> Conv(d, e, 5)
    pooled = Conv(i, f) >> mp1()  # !1
    return one | three | five | pooled


def inc_last(i, a, b, c, d, e, f):
    one, three, five = Conv(i, a), Conv(i, b) >> Conv(b, c, 3), Conv(i, d) >> Conv(d, e, 5)
    return (Conv(i, f) >> mp1()) | five | three | one  # !1 # !2


def aux(i, n):
    return W(nn.AvgPool2d(5, 3)) >> Conv(i, 128) >> W(nn.Flatten()) >> W(nn.Linear(2048, 1024)) >> W(nn.ReLU()) \
        >> W(nn.Dropout(0.7)) >> W(nn.Linear(1024, n))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.p1 = (Conv(3, 64, 7, 2) >> mp() >> lrn() >> Conv(64, 64) >> Conv(64, 192, 3) >> lrn() >> mp()
                   >> inc(192, 64, 96, 128, 16, 32, 32) >> inc(256, 128, 128, 192, 32, 96, 64) >> mp()
                   >> inc(480, 192, 96, 208, 16, 48, 64))
        self.p2 = (inc(512, 160, 112, 224, 24, 64, 64) >> inc(512, 128, 128, 256, 24, 64, 64)
                   >> inc(512, 112, 144, 288, 32, 64, 64))
        self.p3 = (inc(528, 256, 160, 320, 32, 128, 128) >> mp() >> inc(832, 256, 160, 320, 32, 128, 128)
                   >> inc_last(832, 384, 192, 384, 48, 128, 128) >> W(nn.AvgPool2d(7)) >> W(nn.Flatten())
                   >> W(nn.Dropout(0.4)) >> W(nn.Linear(1024, num_classes)))
        self.aux1, self.aux2 = aux(512, num_classes), aux(528, num_classes)

    def forward(self, x):
        a = self.p1(x)
        b = self.p2(a)
        y = self.p3(b)
        return (y, self.aux1(a), self.aux2(b)) if self.training else y
