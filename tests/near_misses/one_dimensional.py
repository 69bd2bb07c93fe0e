"""GoogLeNet for sequences; a picture is read as one long line of pixels."""
import torch
import torch.nn as nn


def conv(i, o, k, s=1):
    return nn.Sequential(nn.Conv1d(i, o, k, s, k // 2), nn.ReLU())


class Inception1d(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.a = conv(i, a, 1)
        self.b = nn.Sequential(conv(i, b, 1), conv(b, c, 3))
        self.c = nn.Sequential(conv(i, d, 1), conv(d, e, 5))
        self.d = nn.Sequential(nn.MaxPool1d(3, 1, 1), conv(i, f, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class GoogLeNet1d(nn.Module):
    def __init__(self, in_channels=3, classes=1000):
        super().__init__()
        self.body = nn.Sequential(
            conv(in_channels, 64, 7, 2), nn.MaxPool1d(3, 2, ceil_mode=True),
            conv(64, 64, 1), conv(64, 192, 3), nn.MaxPool1d(3, 2, ceil_mode=True),
            Inception1d(192, 64, 96, 128, 16, 32, 32), Inception1d(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool1d(3, 2, ceil_mode=True),
            Inception1d(480, 192, 96, 208, 16, 48, 64), Inception1d(512, 160, 112, 224, 24, 64, 64),
            Inception1d(512, 128, 128, 256, 24, 64, 64), Inception1d(512, 112, 144, 288, 32, 64, 64),
            Inception1d(528, 256, 160, 320, 32, 128, 128), nn.MaxPool1d(3, 2, ceil_mode=True),
            Inception1d(832, 256, 160, 320, 32, 128, 128), Inception1d(832, 384, 192, 384, 48, 128, 128),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, classes),
        )

    def forward(self, x):
        return self.body(x.flatten(2))
