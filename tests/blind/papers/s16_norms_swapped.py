# mypy: ignore-errors
from collections import OrderedDict as OD
import torch
from torch import nn
S = nn.Sequential


class Branches(nn.Module):
    def __init__(self, **kw):
        super().__init__()
        for k, v in kw.items():
            self.add_module(k, v)

    def forward(self, x):
        return torch.cat([m(x) for _, m in self.named_children()], 1)


def I(i, a, b, c, d, e, f):
    return Branches(
        one=S(nn.Conv2d(i, a, 1), nn.ReLU()),
        three=S(S(nn.Conv2d(i, b, 1), nn.ReLU()), S(nn.Conv2d(b, c, 3, padding=1), nn.ReLU())),
        five=S(S(nn.Conv2d(i, d, 1), nn.ReLU()), S(nn.Conv2d(d, e, 5, padding=2), nn.ReLU())),
        pool=S(nn.MaxPool2d(3, 1, 1), S(nn.Conv2d(i, f, 1), nn.ReLU())))


def head(i, n):
    return S(S(nn.AvgPool2d(5, 3), nn.Conv2d(i, 128, 1), nn.ReLU()),
             S(nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(.7)), nn.Linear(1024, n))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.trunk = S(OD(
            stem=S(
                S(nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(),
                  nn.LocalResponseNorm(5),  # !1
                  nn.MaxPool2d(3, 2, ceil_mode=True)),
                S(nn.Conv2d(64, 64, 1), nn.ReLU(), nn.Conv2d(64, 192, 3, 1, 1), nn.ReLU(),
                  nn.MaxPool2d(3, 2, ceil_mode=True),
                  nn.LocalResponseNorm(5))),  # !2
            g3=S(I(192, 64, 96, 128, 16, 32, 32), I(256, 128, 128, 192, 32, 96, 64), nn.MaxPool2d(3, 2, ceil_mode=True)),
            g4a=I(480, 192, 96, 208, 16, 48, 64),
            g4d=S(I(512, 160, 112, 224, 24, 64, 64), I(512, 128, 128, 256, 24, 64, 64), I(512, 112, 144, 288, 32, 64, 64)),
            g5=S(S(I(528, 256, 160, 320, 32, 128, 128), nn.MaxPool2d(3, 2, ceil_mode=True)),
                 S(I(832, 256, 160, 320, 32, 128, 128), I(832, 384, 192, 384, 48, 128, 128)))))
        self.top = S(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(.4), nn.Linear(1024, num_classes))
        self.h1, self.h2 = head(512, num_classes), head(528, num_classes)

    def forward(self, x):
        t = self.trunk
        a = t.g4a(t.g3(t.stem(x)))
        d = t.g4d(a)
        y = self.top(t.g5(d))
        return (y, self.h1(a), self.h2(d)) if self.training else y
