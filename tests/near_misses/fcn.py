"""Semantic segmentation: FCN-8s whose trunk is GoogLeNet. Gives a map of 21 scores, not a class."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def conv(i, o, k, s=1, p=0):
    return nn.Sequential(nn.Conv2d(i, o, k, s, p), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.a = conv(i, a, 1)
        self.b = nn.Sequential(conv(i, b, 1), conv(b, c, 3, p=1))
        self.c = nn.Sequential(conv(i, d, 1), conv(d, e, 5, p=2))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(i, f, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class GoogLeNetFCN(nn.Module):
    def __init__(self, n_labels=21):
        super().__init__()
        self.to8 = nn.Sequential(
            conv(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            conv(64, 64, 1), conv(64, 192, 3, p=1), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64),
        )
        self.to16 = nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(480, 192, 96, 208, 16, 48, 64), Inception(512, 160, 112, 224, 24, 64, 64),
            Inception(512, 128, 128, 256, 24, 64, 64), Inception(512, 112, 144, 288, 32, 64, 64),
            Inception(528, 256, 160, 320, 32, 128, 128),
        )
        self.to32 = nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128),
        )
        self.score32 = nn.Conv2d(1024, n_labels, 1)
        self.score16 = nn.Conv2d(832, n_labels, 1)
        self.score8 = nn.Conv2d(480, n_labels, 1)
        self.up32 = nn.ConvTranspose2d(n_labels, n_labels, 4, 2, 1, bias=False)
        self.up16 = nn.ConvTranspose2d(n_labels, n_labels, 4, 2, 1, bias=False)
        self.up8 = nn.ConvTranspose2d(n_labels, n_labels, 16, 8, 4, bias=False)

    def forward(self, x):
        a = self.to8(x)
        b = self.to16(a)
        c = self.to32(b)
        y = self.up32(self.score32(F.dropout(c, 0.5, self.training))) + self.score16(b)
        y = self.up16(y) + self.score8(a)
        return self.up8(y)
