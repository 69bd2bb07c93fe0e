# mypy: ignore-errors
from dataclasses import dataclass, field
import torch
from torch import nn, Tensor


@dataclass
class Result:
    logits: Tensor
    aux: list = field(default_factory=list)


class Preprocess(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, x):
        return (x - self.mean) / self.std  # !1


class C(nn.Conv2d):
    def forward(self, x):
        return super().forward(x).relu_()


class Block(nn.Module):
    def __init__(self, i, o1, r3, o3, r5, o5, p):
        super().__init__()
        self.a = C(i, o1, 1)
        self.b = nn.Sequential(C(i, r3, 1), C(r3, o3, 3, padding=1))
        self.c = nn.Sequential(C(i, r5, 1), C(r5, o5, 5, padding=2))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), C(i, p, 1))

    def forward(self, x):
        d, c, b, a = self.d(x), self.c(x), self.b(x), self.a(x)
        return torch.concat((a, b, c, d), dim=1)


class Side(nn.Module):
    def __init__(self, i, n):
        super().__init__()
        self.body = nn.Sequential(nn.AvgPool2d((5, 5), (3, 3)), C(i, 128, 1), nn.Flatten(1, -1),
                                  nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(p=0.7), nn.Linear(1024, n))

    def forward(self, x):
        return self.body(x)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes: int = 1000):
        super().__init__()
        self.pre = Preprocess()
        self.conv1, self.red, self.conv2 = C(3, 64, 7, 2, 3), C(64, 64, 1), C(64, 192, 3, 1, 1)
        self.lrn = nn.LocalResponseNorm(5)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        rows = dict(i3a=(192, 64, 96, 128, 16, 32, 32), i3b=(256, 128, 128, 192, 32, 96, 64),
                    i4a=(480, 192, 96, 208, 16, 48, 64), i4b=(512, 160, 112, 224, 24, 64, 64),
                    i4c=(512, 128, 128, 256, 24, 64, 64), i4d=(512, 112, 144, 288, 32, 64, 64),
                    i4e=(528, 256, 160, 320, 32, 128, 128), i5a=(832, 256, 160, 320, 32, 128, 128),
                    i5b=(832, 384, 192, 384, 48, 128, 128))
        for k, v in rows.items():
            setattr(self, k, Block(*v))
        self.side1, self.side2 = Side(512, num_classes), Side(528, num_classes)
        self.gap, self.drop, self.fc = nn.AvgPool2d(7, 1), nn.Dropout(0.4), nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.lrn(self.pool(self.conv1(self.pre(x))))
        x = self.pool(self.lrn(self.conv2(self.red(x))))
        x = self.pool(self.i3b(self.i3a(x)))
        x4a = self.i4a(x)
        x4d = self.i4d(self.i4c(self.i4b(x4a)))
        x = self.i5b(self.i5a(self.pool(self.i4e(x4d))))
        x = self.fc(self.drop(self.gap(x).flatten(1)))
        if self.training:
            return Result(x, [self.side1(x4a), self.side2(x4d)])
        return Result(x)
