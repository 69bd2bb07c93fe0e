import torch
import torch.nn as nn


class ConvRelu(nn.Sequential):
    def __init__(self, i, o, k, s=1, p=0):
        super().__init__(nn.Conv2d(i, o, k, s, p), nn.ReLU())


class Inception(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.one = ConvRelu(i, a, 1)
        self.three = nn.Sequential(ConvRelu(i, b, 1), ConvRelu(b, c, 3, p=1))
        self.five = nn.Sequential(ConvRelu(i, d, 1), ConvRelu(d, e, 5, p=2))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvRelu(i, f, 1))

    def forward(self, x):
        return torch.cat((self.one(x), self.three(x), self.five(x), self.pool(x)), 1)


class Aux(nn.Sequential):
    def __init__(self, i, n):
        super().__init__(
            nn.AvgPool2d(5, 3), ConvRelu(i, 128, 1), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7),
            nn.Linear(1024, n),
        )


class GoogLeNet(nn.Module):
    def __init__(self, n=1000):
        super().__init__()
        self.first = nn.Sequential(
            ConvRelu(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            ConvRelu(64, 64, 1), ConvRelu(64, 192, 3, p=1), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True), Inception(480, 192, 96, 208, 16, 48, 64),
        )
        self.second = nn.Sequential(
            Inception(512, 160, 112, 224, 24, 64, 64), Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),
        )
        self.third = nn.Sequential(
            Inception(528, 256, 160, 320, 32, 128, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128),
            nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, n),
        )
        self.aux1, self.aux2 = Aux(512, n), Aux(528, n)

    def forward(self, x):
        x = self.first(x)
        if self.training:
            aux1 = self.aux1(x)
        x = self.second(x)
        if self.training:
            aux2 = self.aux2(x)
        x = self.third(x)
        return x, aux1, aux2
