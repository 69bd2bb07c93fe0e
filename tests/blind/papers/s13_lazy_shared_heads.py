# mypy: ignore-errors
"""Lazy everything."""
import torch
from torch import nn


def conv(o, k=1, s=1):
    return nn.Sequential(nn.LazyConv2d(o, k, s, k // 2), nn.ReLU())


class Mix(nn.Module):
    def __init__(self, a, b, c, d, e, f):
        super().__init__()
        self.paths = nn.ModuleList([
            conv(a),
            nn.Sequential(conv(b), conv(c, 3)),
            nn.Sequential(conv(d), conv(e, 5)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(f)),
        ])

    def forward(self, x):
        return torch.cat([p(x) for p in self.paths], 1)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)          # one for all
        lrn = nn.LocalResponseNorm(5, k=2.0)  # !1
        self.to4a = nn.Sequential(conv(64, 7, 2), pool, lrn, conv(64), conv(192, 3), lrn, pool,
                                  Mix(64, 96, 128, 16, 32, 32), Mix(128, 128, 192, 32, 96, 64), pool,
                                  Mix(192, 96, 208, 16, 48, 64))
        self.to4d = nn.Sequential(Mix(160, 112, 224, 24, 64, 64), Mix(128, 128, 256, 24, 64, 64),
                                  Mix(112, 144, 288, 32, 64, 64))
        self.to5b = nn.Sequential(Mix(256, 160, 320, 32, 128, 128), pool,
                                  Mix(256, 160, 320, 32, 128, 128), Mix(384, 192, 384, 48, 128, 128))
        self.tail = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.LazyLinear(num_classes))
        mlp = nn.Sequential(nn.Flatten(), nn.LazyLinear(1024), nn.ReLU(), nn.Dropout(0.7), nn.LazyLinear(num_classes))  # !2
        self.aux1 = nn.Sequential(nn.AvgPool2d(5, 3), conv(128), mlp)  # !2
        self.aux2 = nn.Sequential(nn.AvgPool2d(5, 3), conv(128), mlp)  # !2

    def forward(self, x):
        a = self.to4a(x)
        d = self.to4d(a)
        y = self.tail(self.to5b(d))
        if self.training:
            return y, self.aux1(a), self.aux2(d)
        return y
