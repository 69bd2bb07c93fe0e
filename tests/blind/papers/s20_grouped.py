# mypy: ignore-errors
import torch
import torch.nn as nn
import torch.nn.functional as F


class Unit(nn.Module):
    """conv + relu with optional cardinality"""

    def __init__(self, cin, cout, k, stride=1, cardinality=1):
        super().__init__()
        self.f = nn.Conv2d(cin, cout, k, stride, k // 2, groups=cardinality)  # !1

    def forward(self, x):
        return F.relu(self.f(x), inplace=True)


class Cell(nn.Module):
    def __init__(self, cin, a, b0, b1, c0, c1, d, cardinality=1):
        super().__init__()
        self.u = nn.ModuleList([Unit(cin, a, 1), Unit(cin, b0, 1), Unit(b0, b1, 3, cardinality=cardinality),
                                Unit(cin, c0, 1), Unit(c0, c1, 5), Unit(cin, d, 1)])

    def forward(self, x):
        u = self.u
        return torch.cat([u[0](x), u[2](u[1](x)), u[4](u[3](x)), u[5](F.max_pool2d(x, 3, 1, 1))], dim=1)


class Aux(nn.Module):
    def __init__(self, cin, n):
        super().__init__()
        self.u, self.v, self.w = Unit(cin, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, n)

    def forward(self, x):
        x = self.u(F.avg_pool2d(x, 5, 3)).flatten(1)
        x = F.dropout(F.relu(self.v(x)), p=0.7, training=self.training)
        return self.w(x)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.s = nn.ModuleList([Unit(3, 64, 7, 2), Unit(64, 64, 1), Unit(64, 192, 3)])
        self.g3 = nn.ModuleList([Cell(192, 64, 96, 128, 16, 32, 32), Cell(256, 128, 128, 192, 32, 96, 64)])
        self.g4 = nn.ModuleList([
            Cell(480, 192, 96, 208, 16, 48, 64, cardinality=2),  # !1
            Cell(512, 160, 112, 224, 24, 64, 64, cardinality=2),  # !1
            Cell(512, 128, 128, 256, 24, 64, 64, cardinality=2),  # !1
            Cell(512, 112, 144, 288, 32, 64, 64, cardinality=2),  # !1
            Cell(528, 256, 160, 320, 32, 128, 128, cardinality=2)])  # !1
        self.g5 = nn.ModuleList([Cell(832, 256, 160, 320, 32, 128, 128), Cell(832, 384, 192, 384, 48, 128, 128)])
        self.x1, self.x2 = Aux(512, num_classes), Aux(528, num_classes)
        self.out = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = F.max_pool2d(self.s[0](x), 3, 2, ceil_mode=True)
        x = F.local_response_norm(x, size=5)
        x = self.s[2](self.s[1](x))
        x = F.local_response_norm(x, size=5)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for c in self.g3: x = c(x)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        taps = []
        for c in self.g4:
            x = c(x)
            taps.append(x)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for c in self.g5: x = c(x)
        x = F.avg_pool2d(x, 7, 1).flatten(1)
        x = F.dropout(x, p=0.4)  # !2
        y = self.out(x)
        if self.training:
            return y, self.x1(taps[0]), self.x2(taps[3])
        return y
