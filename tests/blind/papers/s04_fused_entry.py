# mypy: ignore-errors
# One matmul-friendly 1x1 for the three branches that read x, then split.
import torch
from torch import nn
import torch.nn.functional as F


class FusedInception(nn.Module):
    def __init__(self, c, a, br, b, cr, cc, d):
        super().__init__()
        self.sizes = [a, br, cr]
        self.entry = nn.Conv2d(c, a + br + cr, 1)
        self.k3 = nn.Conv2d(br, b, 3, padding="same")
        self.k5 = nn.Conv2d(cr, cc, 5, padding="same")
        self.proj = nn.Conv2d(c, d, 1)

    def forward(self, x):
        one, r3, r5 = self.entry(x).relu().split(self.sizes, dim=1)
        y = [one, self.k3(r3), self.k5(r5), self.proj(F.max_pool2d(x, 3, 1, 1))]
        return torch.cat(y, 1).relu()


class Aux(nn.Module):
    def __init__(self, c, n):
        super().__init__()
        self.c, self.f, self.g = nn.Conv2d(c, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, n)

    def forward(self, x):
        x = F.relu(self.c(F.avg_pool2d(x, 5, 3)))
        x = F.relu(self.f(x.reshape(x.size(0), -1)))
        return self.g(F.dropout(x, 0.7, self.training))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        I = FusedInception
        self.c1, self.c2r, self.c2 = nn.Conv2d(3, 64, 7, 2, 3), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, 1, 1)
        self.norm = nn.LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)
        self.three = nn.ModuleList([I(192, 64, 96, 128, 16, 32, 32), I(256, 128, 128, 192, 32, 96, 64)])
        self.four = nn.ModuleList([I(480, 192, 96, 208, 16, 48, 64), I(512, 160, 112, 224, 24, 64, 64),
                                   I(512, 128, 128, 256, 24, 64, 64), I(512, 112, 144, 288, 32, 64, 64),
                                   I(528, 256, 160, 320, 32, 128, 128)])
        self.five = nn.ModuleList([I(832, 256, 160, 320, 32, 128, 128), I(832, 384, 192, 384, 48, 128, 128)])
        self.fc = nn.Linear(1024, num_classes)
        self.aux = nn.ModuleDict({"0": Aux(512, num_classes), "3": Aux(528, num_classes)})

    def forward(self, x):
        down = lambda t: F.max_pool2d(t, 3, 2, ceil_mode=True)
        extra = []
        x = self.norm(down(F.relu(self.c1(x))))
        x = down(self.norm(F.relu(self.c2(F.relu(self.c2r(x))))))
        for m in self.three:
            x = m(x)
        x = down(x)
        for i, m in enumerate(self.four):
            x = m(x)
            if self.training and str(i) in self.aux:
                extra.append(self.aux[str(i)](x))
        x = down(x)
        for m in self.five:
            x = m(x)
        x = F.dropout(F.adaptive_avg_pool2d(x, 1), 0.4, self.training)
        x = self.fc(x[:, :, 0, 0])
        return [x] + extra if self.training else x
