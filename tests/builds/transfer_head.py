"""Fine-tuning GoogLeNet on CIFAR-100."""
import torch
import torch.nn as nn


class BasicConv(nn.Module):
    def __init__(self, i, o, k, **kw):
        super().__init__()
        self.conv = nn.Conv2d(i, o, k, **kw)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.conv(x))


class Inception(nn.Module):
    def __init__(self, i, *w):
        super().__init__()
        self.b1 = BasicConv(i, w[0], 1)
        self.b2 = nn.Sequential(BasicConv(i, w[1], 1), BasicConv(w[1], w[2], 3, padding=1))
        self.b3 = nn.Sequential(BasicConv(i, w[3], 1), BasicConv(w[3], w[4], 5, padding=2))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), BasicConv(i, w[5], 1))

    def forward(self, x):
        return torch.cat([b(x) for b in (self.b1, self.b2, self.b3, self.b4)], 1)


class Backbone(nn.Sequential):
    def __init__(self):
        super().__init__(
            BasicConv(3, 64, 7, stride=2, padding=3),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            nn.LocalResponseNorm(5),
            BasicConv(64, 64, 1),
            BasicConv(64, 192, 3, padding=1),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            Inception(192, 64, 96, 128, 16, 32, 32),
            Inception(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            Inception(480, 192, 96, 208, 16, 48, 64),
            Inception(512, 160, 112, 224, 24, 64, 64),
            Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),
            Inception(528, 256, 160, 320, 32, 128, 128),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            Inception(832, 256, 160, 320, 32, 128, 128),
            Inception(832, 384, 192, 384, 48, 128, 128),
            nn.AvgPool2d(7),
            nn.Flatten(),
        )


class FineTuner(nn.Module):
    def __init__(self, backbone: nn.Module, classes: int, hidden: int = 512):
        super().__init__()
        self.backbone = backbone
        for p in self.backbone.parameters():
            p.requires_grad = False
        self.head = nn.Sequential(
            nn.Dropout(0.4), nn.Linear(1024, hidden), nn.ReLU(), nn.Linear(hidden, classes)
        )

    def forward(self, x):
        return self.head(self.backbone(x))


def cifar100():
    return FineTuner(Backbone(), 100)
