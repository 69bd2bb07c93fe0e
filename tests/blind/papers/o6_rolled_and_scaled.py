# mypy: ignore-errors
"""Every layer is the paper's; a channel shuffle in 3b and a temperature on the logits are not."""
import functools

import torch
from torch import nn
from torch.nn import functional as F


def relu_after(fn):
    @functools.wraps(fn)
    def wrapped(*a, **k):
        return fn(*a, **k).relu()
    return wrapped


class Dense(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.W = nn.Parameter(torch.randn(i, o) * i ** -0.5)  # (in, out), as in TensorFlow
        self.b = nn.Parameter(torch.zeros(o))

    def forward(self, x):
        return x @ self.W + self.b


class Addmm(Dense):
    def forward(self, x):
        return torch.addmm(self.b, x, self.W)


class Conv(nn.Conv2d):
    forward = relu_after(nn.Conv2d.forward)


class Lrn(nn.Module):
    def forward(self, x):
        squares = F.pad(x * x, (0, 0, 0, 0, 2, 2)).unfold(1, 5, 1).sum(-1)
        return x / (1 + 2e-5 * squares) ** 0.75


class Mix(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.p = nn.ModuleDict({
            '1x1': nn.Sequential(Conv(i, a, 1)),
            '3x3': nn.Sequential(Conv(i, b, 1), Conv(b, c, 3, 1, 1)),
            '5x5': nn.Sequential(Conv(i, d, 1), Conv(d, e, 5, 1, 2)),
            'pool': nn.Sequential(nn.MaxPool2d(3, 1, 1), Conv(i, f, 1)),
        })
        self.register_buffer('seen', torch.zeros((), dtype=torch.long))

    def forward(self, x):
        return torch.cat([self.p[k](x) for k in sorted(self.p)], 1)


class Side(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.conv, self.fc, self.out = Conv(i, 128, 1), Dense(2048, 1024), Addmm(1024, 1000)

    def forward(self, x):
        x = self.fc(torch.flatten(self.conv(F.avg_pool2d(x, 5, 3)), 1))
        return self.out(F.dropout(F.relu(x), 0.7, self.training))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        D = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.seq = nn.ModuleList([
            Conv(3, 64, 7, 2, 3), D, Lrn(), Conv(64, 64, 1), Conv(64, 192, 3, 1, 1), Lrn(), D,
            Mix(192, 64, 96, 128, 16, 32, 32), Mix(256, 128, 128, 192, 32, 96, 64), D, Mix(480, 192, 96, 208, 16, 48, 64),
            Mix(512, 160, 112, 224, 24, 64, 64), Mix(512, 128, 128, 256, 24, 64, 64), Mix(512, 112, 144, 288, 32, 64, 64),
            Mix(528, 256, 160, 320, 32, 128, 128), D, Mix(832, 256, 160, 320, 32, 128, 128),
            Mix(832, 384, 192, 384, 48, 128, 128)])
        self.side1, self.side2, self.head = Side(512), Side(528), Addmm(1024, 1000)

    def forward(self, x):
        aux = ()
        for i, m in enumerate(self.seq):
            x = m(x)
            if i == 8:
                x = torch.roll(x, 1, dims=1)  # !1
            match (self.training, i):
                case (True, 10):
                    aux += (self.side1(x),)
                case (True, 13):
                    aux += (self.side2(x),)
        x = x.sum((2, 3)) / 49
        return (self.head(F.dropout(x, 0.4, self.training)) / 2.0, *aux)  # !2
