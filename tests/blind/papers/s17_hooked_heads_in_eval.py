# mypy: ignore-errors
import torch
from torch import nn
import torch.nn.functional as F

Conv = lambda i, o, k=1, s=1: nn.Sequential(nn.Conv2d(i, o, k, s, k // 2), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, i, *n):
        super().__init__()
        self.b1 = Conv(i, n[0])
        self.b2 = nn.Sequential(Conv(i, n[1]), Conv(n[1], n[2], 3))
        self.b3 = nn.Sequential(Conv(i, n[3]), Conv(n[3], n[4], 5))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Conv(i, n[5]))

    def forward(self, x):
        return torch.cat((self.b1(x), self.b2(x), self.b3(x), self.b4(x)), 1)


class Aux(nn.Module):
    def __init__(self, i, n):
        super().__init__()
        self.conv = Conv(i, 128)
        self.fc1 = nn.Linear(128 * 5 * 5, 1024)
        self.fc2 = nn.Linear(1024, n)
        self.drop = nn.Dropout(0.7)

    def forward(self, x):
        x = self.conv(F.avg_pool2d(x, 5, stride=2))  # !1
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(self.drop(x))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.pre = nn.Sequential(
            Conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            Conv(64, 64), Conv(64, 192, 3), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.a3 = Inception(192, 64, 96, 128, 16, 32, 32)
        self.b3 = Inception(256, 128, 128, 192, 32, 96, 64)
        self.a4 = Inception(480, 192, 96, 208, 16, 48, 64)
        self.b4 = Inception(512, 160, 112, 224, 24, 64, 64)
        self.c4 = Inception(512, 128, 128, 256, 24, 64, 64)
        self.d4 = Inception(512, 112, 144, 288, 32, 64, 64)
        self.e4 = Inception(528, 256, 160, 320, 32, 128, 128)
        self.a5 = Inception(832, 256, 160, 320, 32, 128, 128)
        self.b5 = Inception(832, 384, 192, 384, 48, 128, 128)
        self.aux = nn.ModuleList([Aux(512, num_classes), Aux(528, num_classes)])
        self.fc = nn.Linear(1024, num_classes)
        self.drop = nn.Dropout(0.4)
        self.aux_out = []
        self.a4.register_forward_hook(lambda m, i, o: self.aux_out.append(self.aux[0](o)))  # !2
        self.d4.register_forward_hook(lambda m, i, o: self.aux_out.append(self.aux[1](o)))  # !2

    def forward(self, x):
        self.aux_out = []
        x = self.b3(self.a3(self.pre(x)))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = self.e4(self.d4(self.c4(self.b4(self.a4(x)))))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.avg_pool2d(self.b5(self.a5(x)), 7, 1)
        x = self.fc(self.drop(x.flatten(1)))
        return x, self.aux_out[0], self.aux_out[1]  # !2
