# mypy: ignore-errors
"""Written for torch.compile and channels_last: no python branching on shapes."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


class ConvAct(nn.Module):
    __constants__ = ["stride", "pad"]

    def __init__(self, cin: int, cout: int, k: int = 1, stride: int = 1):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(cout, cin, k, k, memory_format=torch.channels_last))
        self.bias = nn.Parameter(torch.zeros(cout))
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        self.stride, self.pad = stride, k // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(F.conv2d(x, self.weight, self.bias, self.stride, self.pad))


class Inc(nn.Module):
    def __init__(self, cin, n1, r3, n3, r5, n5, pp):
        super().__init__()
        self.c1 = ConvAct(cin, n1)
        self.c3r, self.c3 = ConvAct(cin, r3), ConvAct(r3, n3, 3)
        self.c5r, self.c5 = ConvAct(cin, r5), ConvAct(r5, n5, 5)
        self.pp = ConvAct(cin, pp)

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.avg_pool2d(x, 3, 1, 1)  # !1
        return torch.cat((self.c1(x), self.c3(self.c3r(x)), self.c5(self.c5r(x)), self.pp(pooled)), 1)


class Aux(nn.Module):
    def __init__(self, cin, n):
        super().__init__()
        self.conv = ConvAct(cin, 128)
        self.fc1, self.fc2 = nn.Linear(2048, 1024), nn.Linear(1024, n)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.avg_pool2d(x, 5, 3)).contiguous().view(x.size(0), -1)
        return self.fc2(F.dropout(F.relu(self.fc1(x)), 0.7, self.training))


def down(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2, 0, ceil_mode=True)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes: int = 1000):
        super().__init__()
        self.conv1, self.red2, self.conv2 = ConvAct(3, 64, 7, 2), ConvAct(64, 64), ConvAct(64, 192, 3)
        self.i3a, self.i3b = Inc(192, 64, 96, 128, 16, 32, 32), Inc(256, 128, 128, 192, 32, 96, 64)
        self.i4a, self.i4b = Inc(480, 192, 96, 208, 16, 48, 64), Inc(512, 160, 112, 224, 24, 64, 64)
        self.i4c, self.i4d = Inc(512, 128, 128, 256, 24, 64, 64), Inc(512, 112, 144, 288, 32, 64, 64)
        self.i4e, self.i5a = Inc(528, 256, 160, 320, 32, 128, 128), Inc(832, 256, 160, 320, 32, 128, 128)
        self.i5b = Inc(832, 384, 192, 384, 48, 128, 128)
        self.a1, self.a2 = Aux(512, num_classes), Aux(528, num_classes)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor):
        x = x.to(memory_format=torch.channels_last)
        x = F.local_response_norm(down(self.conv1(x)), 5, 1e-4, 0.75, 1.0)
        x = down(F.local_response_norm(self.conv2(self.red2(x)), 5, 1e-4, 0.75, 1.0))
        x = down(self.i3b(self.i3a(x)))
        t1 = self.i4a(x)
        t2 = self.i4d(self.i4c(self.i4b(t1)))
        x = self.i5b(self.i5a(down(self.i4e(t2))))
        x = F.dropout(F.avg_pool2d(x, 7).flatten(1), 0.4, self.training)
        y = self.fc(x)
        if self.training:
            return y, (self.a1(t1), self.a2(t2))
        return y
