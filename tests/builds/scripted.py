"""TorchScript for the C++ server."""
from typing import Optional, Tuple

import torch
from torch import Tensor, nn


class ConvReLU(nn.Module):
    def __init__(self, cin: int, cout: int, k: int, s: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, k, stride=s, padding=k // 2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


class Inception(nn.Module):
    def __init__(self, cin: int, a: int, b: int, c: int, d: int, e: int, f: int):
        super().__init__()
        self.a = ConvReLU(cin, a, 1)
        self.b = nn.Sequential(ConvReLU(cin, b, 1), ConvReLU(b, c, 3))
        self.c = nn.Sequential(ConvReLU(cin, d, 1), ConvReLU(d, e, 5))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvReLU(cin, f, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class Head(nn.Module):
    def __init__(self, cin: int, n: int):
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)
        self.conv = ConvReLU(cin, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.drop = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, n)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.flatten(self.conv(self.pool(x)), 1)
        return self.fc2(self.drop(torch.relu(self.fc1(x))))


class GoogLeNet(nn.Module):
    def __init__(self, n: int = 1000):
        super().__init__()
        self.stem = nn.Sequential(
            ConvReLU(3, 64, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            ConvReLU(64, 64, 1), ConvReLU(64, 192, 3), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.s3 = nn.Sequential(
            Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.s4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.s4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.s4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.s4d = Inception(512, 112, 144, 288, 24, 64, 64)
        self.s4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.s5 = nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, n),
        )
        self.head1 = Head(512, n)
        self.head2 = Head(528, n)

    def forward(self, x: Tensor) -> Tuple[Tensor, Optional[Tensor], Optional[Tensor]]:
        x = self.s4a(self.s3(self.stem(x)))
        h1: Optional[Tensor] = None
        h2: Optional[Tensor] = None
        if self.training:
            h1 = self.head1(x)
        x = self.s4d(self.s4c(self.s4b(x)))
        if self.training:
            h2 = self.head2(x)
        return self.s5(self.s4e(x)), h1, h2


def export() -> torch.jit.ScriptModule:
    return torch.jit.script(GoogLeNet())
