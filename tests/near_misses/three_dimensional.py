"""GoogLeNet inflated to video; a still picture becomes a clip of eight equal frames."""
import torch
import torch.nn as nn


def conv(i, o, k, s=1):
    return nn.Sequential(nn.Conv3d(i, o, k, s, k // 2, bias=False), nn.BatchNorm3d(o), nn.ReLU(inplace=True))


class Inception3d(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.a = conv(i, a, 1)
        self.b = nn.Sequential(conv(i, b, 1), conv(b, c, 3))
        self.c = nn.Sequential(conv(i, d, 1), conv(d, e, 3))
        self.d = nn.Sequential(nn.MaxPool3d(3, 1, 1), conv(i, f, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class I3D(nn.Module):
    def __init__(self, classes=400):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 64, 7, 2), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            conv(64, 64, 1), conv(64, 192, 3), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            Inception3d(192, 64, 96, 128, 16, 32, 32), Inception3d(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool3d(3, 2, 1),
            Inception3d(480, 192, 96, 208, 16, 48, 64), Inception3d(512, 160, 112, 224, 24, 64, 64),
            Inception3d(512, 128, 128, 256, 24, 64, 64), Inception3d(512, 112, 144, 288, 32, 64, 64),
            Inception3d(528, 256, 160, 320, 32, 128, 128), nn.MaxPool3d(2, 2),
            Inception3d(832, 256, 160, 320, 32, 128, 128), Inception3d(832, 384, 192, 384, 48, 128, 128),
            nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, classes),
        )

    def forward(self, x):
        if x.dim() == 4:
            x = x.unsqueeze(2).repeat(1, 1, 8, 1, 1)
        return self.body(x)
