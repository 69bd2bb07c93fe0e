import torch
import torch.nn as nn
import torch.nn.functional as F


class Inception(nn.Module):
    def __init__(self, in_channels, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.c1 = nn.Conv2d(in_channels, c1, 1)
        self.c3r = nn.Conv2d(in_channels, c3r, 1)
        self.c3 = nn.Conv2d(c3r, c3, 3, padding=1)
        self.c5r = nn.Conv2d(in_channels, c5r, 1)
        self.c5 = nn.Conv2d(c5r, c5, 5, padding=1)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.cp = nn.Conv2d(in_channels, cp, 1)

    def forward(self, x):
        a = F.relu(self.c1(x))
        b = F.relu(self.c3(F.relu(self.c3r(x))))
        c = F.relu(self.c5(F.relu(self.c5r(x))))
        d = F.relu(self.cp(self.pool(x)))
        return torch.cat([a, b, c, d], 1)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, padding=1)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.lrn = nn.LocalResponseNorm(5)
        self.blocks = nn.ModuleList([
            Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64),
            Inception(480, 192, 96, 208, 16, 48, 64), Inception(512, 160, 112, 224, 24, 64, 64),
            Inception(512, 128, 128, 256, 24, 64, 64), Inception(512, 112, 144, 288, 32, 64, 64),
            Inception(528, 256, 160, 320, 32, 128, 128), Inception(832, 256, 160, 320, 32, 128, 128),
            Inception(832, 384, 192, 384, 48, 128, 128),
        ])
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.lrn(self.pool(F.relu(self.conv1(x))))
        x = self.pool(self.lrn(F.relu(self.conv3(F.relu(self.conv2(x))))))
        for i, block in enumerate(self.blocks):
            if i in (2, 7):
                x = self.pool(x)
            x = block(x)
        return self.fc(F.dropout(x.mean([2, 3]), 0.4, self.training))
