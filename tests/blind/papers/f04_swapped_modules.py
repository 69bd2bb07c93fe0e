# mypy: ignore-errors
"""Two modules in each other's place."""
import torch
from torch import nn


class C(nn.Module):
    def __init__(self, *a, **k):
        super().__init__()
        self.conv = nn.Conv2d(*a, **k)
        nn.init.orthogonal_(self.conv.weight)
        nn.init.uniform_(self.conv.bias, 0, 0.1)
        self.f = nn.ReLU()

    def forward(self, x):
        return self.f(self.conv(x))


class I(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.a, self.b = C(i, a, 1), nn.Sequential(C(i, b, 1), C(b, c, 3, padding=1))
        self.c, self.d = nn.Sequential(C(i, d, 1), C(d, e, 5, padding=2)), nn.Sequential(nn.MaxPool2d(3, 1, 1), C(i, f, 1))

    def forward(self, x):
        out = [self.a(x)]
        for m in (self.b, self.c, self.d):
            out.append(m(x))
        return torch.cat(out, 1)


class Head(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.c, self.l1, self.l2 = C(i, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, 1000)

    def forward(self, x):
        x = self.c(nn.functional.avg_pool2d(x, 5, 3))
        return self.l2(nn.functional.dropout(self.l1(x.flatten(1)).relu(), 0.7, self.training))


class G(nn.Module):
    def __init__(self):
        super().__init__()
        mp = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.s = nn.Sequential(C(3, 64, 7, stride=2, padding=3), mp, nn.LocalResponseNorm(5), C(64, 64, 1),
                               C(64, 192, 3, padding=1), nn.LocalResponseNorm(5), mp)
        self.m = nn.ModuleList([I(192, 64, 96, 128, 16, 32, 32), I(256, 128, 128, 192, 32, 96, 64), mp,
                                I(480, 192, 96, 208, 16, 48, 64), I(512, 160, 112, 224, 24, 64, 64),
                                I(512, 112, 144, 288, 32, 64, 64),  # !1
                                I(528, 128, 128, 256, 24, 64, 64),  # !1
                                I(512, 256, 160, 320, 32, 128, 128), mp, I(832, 256, 160, 320, 32, 128, 128),
                                I(832, 384, 192, 384, 48, 128, 128)])
        self.h = nn.ModuleList([Head(512), Head(512)])
        self.o = nn.Linear(1024, 1000)
        self.p = nn.AdaptiveAvgPool2d((1, 1))

    def forward(self, x):
        x, r = self.s(x), []
        for k, m in enumerate(self.m):
            x = m(x)
            if self.training and k in {3, 6}:
                r.append(self.h[len(r)](x))
        r.insert(0, self.o(nn.functional.dropout(self.p(x).squeeze(), 0.4, self.training).view(x.shape[0], -1)))
        return r if self.training else r[0]
