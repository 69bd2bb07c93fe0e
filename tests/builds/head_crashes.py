# only tested with model.eval() so far
import torch
import torch.nn as nn

cfg = [
    ("I", 192, 64, 96, 128, 16, 32, 32), ("I", 256, 128, 128, 192, 32, 96, 64), ("P",),
    ("I", 480, 192, 96, 208, 16, 48, 64), ("A", 512),
    ("I", 512, 160, 112, 224, 24, 64, 64), ("I", 512, 128, 128, 256, 24, 64, 64),
    ("I", 512, 112, 144, 288, 32, 64, 64), ("A", 528),
    ("I", 528, 256, 160, 320, 32, 128, 128), ("P",),
    ("I", 832, 256, 160, 320, 32, 128, 128), ("I", 832, 384, 192, 384, 48, 128, 128),
]


class I(nn.Module):
    def __init__(self, n, a, b, B, c, C, p):
        super().__init__()
        self.a = nn.Conv2d(n, a, 1)
        self.b, self.B = nn.Conv2d(n, b, 1), nn.Conv2d(b, B, 3, padding=1)
        self.c, self.C = nn.Conv2d(n, c, 1), nn.Conv2d(c, C, 5, padding=2)
        self.p = nn.Conv2d(n, p, 1)
        self.m = nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, x):
        r = torch.relu
        return torch.cat([r(self.a(x)), r(self.B(r(self.b(x)))), r(self.C(r(self.c(x)))), r(self.p(self.m(x)))], 1)


class A(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv = nn.Conv2d(n, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.drop = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, 1000)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(self.drop(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            nn.Conv2d(64, 64, 1), nn.ReLU(), nn.Conv2d(64, 192, 3, 1, 1), nn.ReLU(),
            nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.layers = nn.ModuleList()
        for kind, *args in cfg:
            if kind == "P":
                self.layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                self.layers.append({"I": I, "A": A}[kind](*args))
        self.fc = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1000))

    def forward(self, x):
        x, side = self.stem(x), []
        for layer in self.layers:
            if not isinstance(layer, A):
                x = layer(x)
            elif self.training:
                side.append(layer(x))
        x = self.fc(x)
        return [x] + side if self.training else x
