# mypy: ignore-errors
import torch
from torch import nn
import torch.nn.functional as F


class Branch(nn.Sequential):
    """Branch(in, (out, k), ...) or with a leading 'pool'."""

    def __init__(self, cin, *layers):
        seq = []
        for l in layers:
            if l == "pool":
                seq.append(nn.MaxPool2d(3, stride=1, padding=1))
                continue
            cout, k = l
            seq.extend([nn.Conv2d(cin, cout, k, padding=(k - 1) // 2), nn.ReLU()])
            cin = cout
        super().__init__(*seq)


class Inception(nn.Module):
    def __init__(self, c, a, b, d, e, f, g):
        super().__init__()
        self.one = Branch(c, (a, 1))
        self.three = Branch(c, (b, 1), (d, 3))
        self.five = Branch(c, (e, 1), (f, 5))
        self.pool = Branch(c, "pool", (g, 1))
        self.n = (a, d, f, g)

    def forward(self, x):
        y = x.new_empty(x.size(0), sum(self.n), x.size(2), x.size(3))
        at = 0
        for n, m in zip(self.n, (self.one, self.three, self.five, self.pool)):
            y[:, at:at + n] = m(x)
            at += n
        return y


class AuxMax(nn.Module):
    def __init__(self, c, n, width=128):
        super().__init__()
        self.conv = nn.Conv2d(c, width, 1)
        self.fc = nn.Linear(width * 16, 1024)
        self.cls = nn.Linear(1024, n)

    def forward(self, x):
        x = F.max_pool2d(x, 5, 3)  # !2
        x = torch.relu(self.conv(x)).flatten(1)
        return self.cls(F.dropout(torch.relu(self.fc(x)), 0.7, self.training))


class AuxAvg(AuxMax):
    def forward(self, x):
        x = F.avg_pool2d(x, 5, 3)
        x = torch.relu(self.conv(x)).flatten(1)
        return self.cls(F.dropout(torch.relu(self.fc(x)), 0.7, self.training))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.c1, self.c2, self.c3 = nn.Conv2d(3, 64, 7, 2, 3), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, 1, 1)
        self.lrn = nn.LocalResponseNorm(5)
        self.i3 = nn.Sequential(Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64))
        self.i4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.i4bcd = nn.Sequential(Inception(512, 160, 112, 224, 24, 64, 64), Inception(512, 128, 128, 256, 24, 64, 64),
                                   Inception(512, 112, 144, 288, 32, 64, 64))
        self.i4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.i5 = nn.Sequential(Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128))
        self.aux1 = AuxAvg(512, num_classes, width=64)  # !1
        self.aux2 = AuxMax(528, num_classes)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 3, 2, ceil_mode=True)
        x = F.relu(self.c3(F.relu(self.c2(self.lrn(x)))))
        x = F.max_pool2d(self.lrn(x), 3, 2, ceil_mode=True)
        a = self.i4a(F.max_pool2d(self.i3(x), 3, 2, ceil_mode=True))
        d = self.i4bcd(a)
        x = F.max_pool2d(self.i4e(d), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(self.i5(x), 7, 1)
        x = self.fc(F.dropout(x.flatten(1), 0.4, self.training))
        if self.training:
            return [self.aux1(a), self.aux2(d), x]
        return [x]
