import torch
from torch import nn
from torch.nn import functional as F


class Inception(nn.Module):
    # c1--c4 are the output widths of the four paths
    def __init__(self, c1, c2, c3, c4, **kwargs):
        super().__init__(**kwargs)
        self.b1_1 = nn.LazyConv2d(c1, kernel_size=1)
        self.b2_1 = nn.LazyConv2d(c2[0], kernel_size=1)
        self.b2_2 = nn.LazyConv2d(c2[1], kernel_size=3, padding=1)
        self.b3_1 = nn.LazyConv2d(c3[0], kernel_size=1)
        self.b3_2 = nn.LazyConv2d(c3[1], kernel_size=5, padding=2)
        self.b4_1 = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.b4_2 = nn.LazyConv2d(c4, kernel_size=1)

    def forward(self, x):
        p4 = F.relu(self.b4_2(self.b4_1(x)))
        p1 = F.relu(self.b1_1(x))
        p3 = F.relu(self.b3_2(F.relu(self.b3_1(x))))
        p2 = F.relu(self.b2_2(F.relu(self.b2_1(x))))
        return torch.cat((p1, p2, p3, p4), dim=1)


class Side(nn.Sequential):
    def __init__(self, classes):
        super().__init__(
            nn.AvgPool2d(5, stride=3),
            nn.LazyConv2d(128, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.LazyLinear(1024),
            nn.ReLU(),
            nn.Dropout(p=0.7),
            nn.LazyLinear(classes),
        )


class GoogleNet(nn.Module):
    def b1(self):
        return nn.Sequential(
            nn.LazyConv2d(64, kernel_size=7, stride=2, padding=3),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            nn.LocalResponseNorm(5),
        )

    def b2(self):
        return nn.Sequential(
            nn.LazyConv2d(64, kernel_size=1),
            nn.ReLU(),
            nn.LazyConv2d(192, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
        )

    def b3(self):
        return nn.Sequential(
            Inception(64, (96, 128), (16, 32), 32),
            Inception(128, (128, 192), (32, 96), 64),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
        )

    def b4(self):
        return nn.ModuleList(
            [
                Inception(192, (96, 208), (16, 48), 64),
                Inception(160, (112, 224), (24, 64), 64),
                Inception(128, (128, 256), (24, 64), 64),
                Inception(112, (144, 288), (32, 64), 64),
                Inception(256, (160, 320), (32, 128), 128),
            ]
        )

    def b5(self):
        return nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            Inception(256, (160, 320), (32, 128), 128),
            Inception(384, (192, 384), (48, 128), 128),
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(),
        )

    def __init__(self, num_classes=1000):
        super().__init__()
        self.start = nn.Sequential(self.b1(), self.b2(), self.b3())
        self.middle = self.b4()
        self.end = nn.Sequential(self.b5(), nn.Dropout(0.4), nn.LazyLinear(num_classes))
        self.sides = nn.ModuleDict({"0": Side(num_classes), "3": Side(num_classes)})

    def forward(self, X):
        X, extra = self.start(X), {}
        for number, block in enumerate(self.middle):
            X = block(X)
            if self.training and str(number) in self.sides:
                extra[f"side{number}"] = self.sides[str(number)](X)
        X = self.end(X)
        return {"main": X, **extra} if extra else X
