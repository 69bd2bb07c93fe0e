# mypy: ignore-errors
# fastai idioms: store attributes by hand, L-like chains, Lambda layers
import torch
from torch import nn
from functools import partial


class Lambda(nn.Module):
    def __init__(self, f): super().__init__(); self.f = f
    def forward(self, x): return self.f(x)


def ConvLayer(ni, nf, ks=3, stride=1, act_cls=nn.ReLU):
    layers = [nn.Conv2d(ni, nf, ks, stride=stride, padding=(ks - 1) // 2)]
    if act_cls is not None: layers.append(act_cls(inplace=True))
    return nn.Sequential(*layers)


class Concat(nn.ModuleList):
    def __init__(self, ms, dim=1): super().__init__(ms); self.dim = dim
    def forward(self, x): return torch.cat([m(x) for m in self], dim=self.dim)  # !1


def InceptionLayer(ni, n1, r3, n3, r5, n5, npool):  # !1
    return Concat([  # !1
        ConvLayer(ni, n1, 1),  # !1
        nn.Sequential(ConvLayer(ni, r3, 1), ConvLayer(r3, n3, 3)),  # !1
        nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), ConvLayer(ni, npool, 1)),  # !1
        nn.Sequential(ConvLayer(ni, r5, 1), ConvLayer(r5, n5, 5)),  # !1
    ])


Down = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
Flat = partial(Lambda, lambda x: x.flatten(1))
LRN = partial(nn.LocalResponseNorm, 5, 1e-4, 0.75, 1)


def AuxHead(ni, c):
    return nn.Sequential(nn.AvgPool2d(5, 3), ConvLayer(ni, 128, 1), Flat(), nn.Linear(2048, 1024), nn.ReLU(),
                         nn.Dropout(0.7), nn.Linear(1024, c))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.body = nn.ModuleList([
            nn.Sequential(ConvLayer(3, 64, 7, 2), Down(), LRN(), ConvLayer(64, 64, 1), ConvLayer(64, 192), LRN(), Down(),
                          InceptionLayer(192, 64, 96, 128, 16, 32, 32),
                          InceptionLayer(256, 128, 128, 192, 32, 96, 64), Down(),
                          InceptionLayer(480, 192, 96, 208, 16, 48, 64)),
            nn.Sequential(InceptionLayer(512, 160, 112, 224, 24, 64, 64),
                          InceptionLayer(512, 128, 128, 256, 24, 64, 64),
                          InceptionLayer(512, 112, 144, 288, 32, 64, 64)),
            nn.Sequential(InceptionLayer(528, 256, 160, 320, 32, 128, 128), Down(),
                          InceptionLayer(832, 256, 160, 320, 32, 128, 128),
                          InceptionLayer(832, 384, 192, 384, 48, 128, 128)),
        ])
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), Flat(), nn.Dropout(0.5), nn.Linear(1024, num_classes))  # !2
        self.aux = nn.ModuleList([AuxHead(512, num_classes), AuxHead(528, num_classes)])

    def forward(self, x):
        res = []
        for i, b in enumerate(self.body):
            x = b(x)
            if self.training and i < 2: res.append(self.aux[i](x))
        x = self.head(x)
        return (x, *res) if self.training else x
