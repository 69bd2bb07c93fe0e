import torch
from torch import nn
import torch.nn.functional as F


class BN_free_conv(nn.Conv2d):
    """Conv2d that applies its own relu"""

    def forward(self, x):
        return F.relu(super().forward(x))


Conv = BN_free_conv


class Inception(nn.Module):
    def __init__(self, n, n1, n3, n5, npool):
        super().__init__()
        self.one = Conv(n, n1, (1, 1))
        self.three = nn.Sequential(Conv(n, n3[0], (1, 1)), Conv(n3[0], n3[1], (3, 3), padding=(1, 1)))
        self.five = nn.Sequential(Conv(n, n5[0], (1, 1)), Conv(n5[0], n5[1], (5, 5), padding=(2, 2)))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), Conv(n, npool, (1, 1)))

    def forward(self, x):
        return torch.concat((self.one(x), self.three(x), self.five(x), self.pool(x)), dim=1)


class Aux(nn.Module):
    def __init__(self, n, classes):
        super().__init__()
        self.conv = Conv(n, 128, 1)
        # the paper says 4x4 but it comes out as 3x3
        self.fc1 = nn.Linear(128 * 3 * 3, 1024)
        self.fc2 = nn.Linear(1024, classes)
        self.drop = nn.Dropout(0.7)

    def forward(self, x):
        x = self.conv(F.avg_pool2d(x, 5, 3))
        x = self.drop(F.relu(self.fc1(x.view(x.size(0), -1))))
        return self.fc2(x)


class GoogLeNetV1(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = Conv(3, 64, 7, 2, 3)
        self.conv2 = Conv(64, 64, 1)
        self.conv3 = Conv(64, 192, 3, padding=1)
        self.lrn = nn.LocalResponseNorm(5, 0.0001, 0.75, 1.0)
        self.pool = nn.MaxPool2d(3, 2)
        self.i3a = Inception(192, 64, (96, 128), (16, 32), 32)
        self.i3b = Inception(256, 128, (128, 192), (32, 96), 64)
        self.i4a = Inception(480, 192, (96, 208), (16, 48), 64)
        self.i4b = Inception(512, 160, (112, 224), (24, 64), 64)
        self.i4c = Inception(512, 128, (128, 256), (24, 64), 64)
        self.i4d = Inception(512, 112, (144, 288), (32, 64), 64)
        self.i4e = Inception(528, 256, (160, 320), (32, 128), 128)
        self.i5a = Inception(832, 256, (160, 320), (32, 128), 128)
        self.i5b = Inception(832, 384, (192, 384), (48, 128), 128)
        self.gap = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, classes)
        self.aux1 = Aux(512, classes)
        self.aux2 = Aux(528, classes)

    def forward(self, x):
        x = self.lrn(self.pool(self.conv1(x)))
        x = self.pool(self.lrn(self.conv3(self.conv2(x))))
        x = self.pool(self.i3b(self.i3a(x)))
        x = a = self.i4a(x)
        x = d = self.i4d(self.i4c(self.i4b(x)))
        x = self.pool(self.i4e(x))
        x = self.gap(self.i5b(self.i5a(x)))
        x = self.fc(self.drop(x).reshape(-1, 1024))
        if not self.training:
            return x
        return self.aux1(a), self.aux2(d), x
