# mypy: ignore-errors
import functools
import torch
from torch import nn


def relu_after(cls):
    """Class decorator: the output goes through a ReLU."""
    old = cls.forward

    @functools.wraps(old)
    def forward(self, x):
        return torch.relu(old(self, x))
    cls.forward = forward
    return cls


@relu_after
class Conv(nn.Conv2d):
    pass


class StemMixin:
    def make_stem(self):
        self.conv1 = Conv(3, 64, 7, 2, 3, bias=False)  # !1
        self.conv2a = Conv(64, 64, 1, bias=False)  # !1
        self.conv2b = Conv(64, 192, 3, padding=1, bias=False)  # !1
        self.lrn = nn.LocalResponseNorm(5)
        self.mp = nn.MaxPool2d(3, 2, ceil_mode=True)

    def stem(self, x):
        x = self.lrn(self.mp(self.conv1(x)))
        return self.mp(self.lrn(self.conv2b(self.conv2a(x))))


class AuxMixin:
    def make_aux(self, n):
        for k, i in (("4a", 512), ("4d", 528)):
            self.add_module("aux" + k, nn.Sequential(
                nn.AvgPool2d(5, 3), Conv(i, 128, 1), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(),
                nn.Dropout(0.7), nn.Linear(1024, n)))


class Inception(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.x1, self.x2, self.x3 = Conv(i, a, 1), Conv(i, b, 1), Conv(b, c, 3, padding=1)
        self.x4, self.x5 = Conv(i, d, 1), Conv(d, e, 5, padding=2)
        self.x6, self.x7 = nn.MaxPool2d(3, 1, 1), Conv(i, f, 1)

    def forward(self, x):
        return torch.cat([self.x1(x), self.x3(self.x2(x)), self.x5(self.x4(x)), self.x7(self.x6(x))], 1)


class GoogLeNet(StemMixin, AuxMixin, nn.Module):
    TABLE = {
        "3a": (192, 64, 96, 128, 16, 32, 32), "3b": (256, 128, 128, 192, 32, 96, 64), "p3": None,
        "4a": (480, 192, 96, 208, 16, 48, 64), "4b": (512, 160, 112, 224, 24, 64, 64),
        "4c": (512, 128, 128, 256, 24, 64, 64), "4d": (512, 112, 144, 288, 32, 64, 64),
        "4e": (528, 256, 160, 320, 32, 128, 128), "p4": None,
        "5a": (832, 256, 160, 320, 32, 128, 128), "5b": (832, 384, 192, 384, 48, 128, 128)}

    def __init__(self, num_classes=1000):
        super().__init__()
        self.make_stem()
        self.make_aux(num_classes)
        self.mods = nn.ModuleDict({k: Inception(*v) if v else nn.MaxPool2d(3, 2, ceil_mode=True)
                                   for k, v in self.TABLE.items()})
        self.gap = nn.AvgPool2d(7)
        self.fc = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(0.4)

    def forward(self, x):
        x = self.stem(x)
        out = {}
        for k, m in self.mods.items():
            x = m(x)
            if self.training and hasattr(self, "aux" + k):
                out[k] = getattr(self, "aux" + k)(x)
        x = self.gap(x).flatten(1)
        x = self.dropout(self.fc(x))  # !2
        out["main"] = x
        return out
