# mypy: ignore-errors
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm as wn


class WN(nn.Sequential):
    def __init__(self, *args, act=True, **kw):
        super().__init__(wn(nn.Conv2d(*args, **kw)), nn.ReLU() if act else nn.Identity())


class Module(nn.Module):
    def __init__(self, i, n1, n3r, n3, n5r, n5, n):
        super().__init__()
        self.n1x1 = WN(i, n1, 1)
        self.n3x3 = nn.Sequential(WN(i, n3r, 1), WN(n3r, n3, 3, padding=1))
        self.n5x5 = nn.Sequential(WN(i, n5r, 1), WN(n5r, n5, 5, padding=2))
        self.npool = nn.Sequential(nn.MaxPool2d(3, 1, 1), WN(i, n, 1))

    def forward(self, x):
        return torch.hstack((self.n1x1(x), self.n3x3(x), self.n5x5(x), self.npool(x)))


class Aux(nn.Module):
    def __init__(self, i, n):
        super().__init__()
        self.net = nn.Sequential(nn.AvgPool2d(5, 3), WN(i, 128, 1), nn.Flatten(), wn(nn.Linear(2048, 1024)),
                                 nn.ReLU(), nn.Dropout(0.7), wn(nn.Linear(1024, n)))

    def forward(self, x):
        return self.net(x)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        P = lambda: nn.MaxPool2d(3, 2, 0, ceil_mode=True)
        self.features = nn.Sequential()
        self.features.add_module("conv1", WN(3, 64, 7, 2, 3))
        self.features.add_module("pool1", P())
        self.features.add_module("norm1", nn.LocalResponseNorm(5))
        self.features.add_module("reduce", WN(64, 64, 1, act=False))  # !1
        self.features.add_module("conv2", WN(64, 192, 3, 1, 1))
        self.features.add_module("norm2", nn.LocalResponseNorm(5))
        self.features.add_module("pool2", P())
        self.features.add_module("i3a", Module(192, 64, 96, 128, 16, 32, 32))
        self.features.add_module("i3b", Module(256, 128, 128, 192, 32, 96, 64))
        self.features.add_module("pool3", P())
        self.features.add_module("i4a", Module(480, 192, 96, 208, 16, 48, 64))
        self.features.add_module("i4b", Module(512, 160, 112, 224, 24, 64, 64))
        self.features.add_module("i4c", Module(512, 128, 128, 256, 24, 64, 64))
        self.features.add_module("i4d", Module(512, 112, 144, 288, 32, 64, 64))
        self.features.add_module("i4e", Module(528, 256, 160, 320, 32, 128, 128))
        self.features.add_module("pool4", P())
        self.features.add_module("i5a", Module(832, 256, 160, 320, 32, 128, 128))
        self.features.add_module("i5b", Module(832, 384, 192, 384, 48, 128, 128))
        self.features.add_module("pool5", nn.AvgPool2d(7, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.4), nn.Flatten(), wn(nn.Linear(1024, num_classes)))
        self.aux = nn.ModuleDict(dict(i4a=Aux(512, num_classes), i4d=Aux(528, num_classes)))

    def forward(self, x):
        outs = []
        for name, layer in self.features.named_children():
            x = layer(x)
            if self.training and name in self.aux:
                outs.append(self.aux[name](x))
        return [self.classifier(x)] + outs if self.training else self.classifier(x)
