# mypy: ignore-errors
# PyTorch Lightning refugee
import torch
from torch import nn


class GNModule(nn.Module):
    def __init__(self, cin, cfg):
        super().__init__()
        act = nn.ReLU()
        self.branches = nn.ModuleList()
        for spec in cfg:
            seq, c = [], cin
            for item in spec:
                if item == "M":
                    seq.append(nn.MaxPool2d(3, 1, 1))
                else:
                    k, o = item
                    seq += [nn.Conv2d(c, o, k, padding=k // 2), act]
                    c = o
            self.branches.append(nn.Sequential(*seq))

    def forward(self, x):
        return torch.cat(list(map(lambda b: b(x), self.branches)), dim=1)


def cfg(a, b, c, d, e, f):
    return [[(1, a)], [(1, b), (3, c)], [(1, d), (5, e)], ["M", (1, f)]]


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(),
            nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            nn.Conv2d(64, 192, 3, 1, 1), nn.ReLU(),
            nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.m3 = nn.Sequential(GNModule(192, cfg(64, 96, 128, 16, 32, 32)),
                                GNModule(256, cfg(128, 128, 192, 32, 96, 64)),
                                nn.MaxPool2d(3, 2, ceil_mode=True))
        self.m4a = GNModule(480, cfg(192, 96, 204, 16, 48, 64))  # !1
        self.m4d = nn.Sequential(GNModule(508, cfg(160, 112, 224, 24, 64, 64)),
                                 GNModule(512, cfg(128, 128, 256, 24, 64, 64)),
                                 GNModule(512, cfg(112, 144, 288, 32, 64, 64)))
        self.m5 = nn.Sequential(GNModule(528, cfg(256, 160, 320, 32, 128, 128)),
                                nn.MaxPool2d(3, 2, ceil_mode=True),
                                GNModule(832, cfg(256, 160, 320, 48, 128, 128)),  # !2
                                GNModule(832, cfg(384, 192, 384, 48, 128, 128)))
        self.cls = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, num_classes))
        self.aux = nn.ModuleList([self._aux(508, num_classes), self._aux(528, num_classes)])

    @staticmethod
    def _aux(c, n):
        return nn.Sequential(nn.AvgPool2d(5, 3), nn.Conv2d(c, 128, 1), nn.ReLU(), nn.Flatten(),
                             nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, n))

    def forward(self, x):
        x = a = self.m4a(self.m3(self.stem(x)))
        x = d = self.m4d(x)
        y = self.cls(self.m5(x))
        if not self.training:
            return y
        return {"y": y, "aux": [self.aux[0](a), self.aux[1](d)]}
