# mypy: ignore-errors
"""For CIFAR-10: a 3x3 first layer, no first pool, no heads. Blocks as one function of tensors, a cache by name."""
import torch
import torch.nn as nn
import torch.nn.functional as F

ARCH = "64-96-128-16-32-32 128-128-192-32-96-64 M 192-96-208-16-48-64 160-112-224-24-64-64 128-128-256-24-64-64 " \
       "112-144-288-32-64-64 256-160-320-32-128-128 M 256-160-320-32-128-128 384-192-384-48-128-128"


class CIFARGoogLeNet(nn.Module):
    def __init__(self, n_classes=10):
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(True), nn.LocalResponseNorm(5),  # !1
                                  nn.Conv2d(64, 64, 1), nn.ReLU(True), nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(True),
                                  nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.ms = nn.ModuleList()
        w = 192
        for word in ARCH.split():
            if word == 'M':
                self.ms.append(nn.MaxPool2d(3, 2, ceil_mode=True))
                continue
            a, b, c, d, e, f = map(int, word.split('-'))
            self.ms.append(nn.ModuleList([nn.Conv2d(w, a, 1), nn.Conv2d(w, b, 1), nn.Conv2d(b, c, 3, padding=1),
                                          nn.Conv2d(w, d, 1), nn.Conv2d(d, e, 5, padding=2), nn.Conv2d(w, f, 1)]))
            w = a + c + e + f
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(w, n_classes)

    def forward(self, x):
        x = self.head(x)
        for m in self.ms:
            if isinstance(m, nn.MaxPool2d):
                x = m(x)
                continue
            a, b, c, d, e, f = m
            x = F.relu(torch.cat([a(x), c(F.relu(b(x))), e(F.relu(d(x))), f(F.max_pool2d(x, 3, 1, 1))], 1))
        x = F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1)
        return self.out(self.drop(x))
