# mypy: ignore-errors
"""A squeeze-and-excitation block after 4e; an average in the pool branches; lazy layers."""
from collections import OrderedDict, namedtuple

import torch
from torch import nn

Logits = namedtuple('Logits', 'main aux1 aux2', defaults=(None, None))


def act(*a, **k):
    return OrderedDict(conv=nn.LazyConv2d(*a, **k), relu=nn.ReLU())


class Parallel(nn.ModuleList):
    def forward(self, x):
        return torch.cat([branch(x) for branch in self], 1)


def inception(a, b, c, d, e, f):
    S = nn.Sequential
    return Parallel([
        S(act(a, 1)),
        S(OrderedDict(reduce=S(act(b, 1)), conv=S(act(c, 3, padding=1)))),
        S(OrderedDict(reduce=S(act(d, 1)), conv=S(act(e, 5, padding=2)))),
        S(OrderedDict(pool=nn.AvgPool2d(3, 1, 1), conv=S(act(f, 1)))),  # !2
    ])


def aux():
    return nn.Sequential(nn.AvgPool2d(5, 3), nn.LazyConv2d(128, 1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1024),
                         nn.ReLU(), nn.Dropout(0.7), nn.LazyLinear(1000))


class SE(nn.Module):
    def __init__(self, c, r=16):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, c // r), nn.ReLU(), nn.Linear(c // r, c), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


class GoogLeNet(nn.Sequential):
    def __init__(self):
        mp = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        super().__init__(OrderedDict(
            conv1=nn.Sequential(act(64, 7, stride=2, padding=3)), pool1=mp(), norm1=nn.LocalResponseNorm(5),
            conv2r=nn.Sequential(act(64, 1)), conv2=nn.Sequential(act(192, 3, padding=1)),
            norm2=nn.LocalResponseNorm(5), pool2=mp(),
            i3a=inception(64, 96, 128, 16, 32, 32), i3b=inception(128, 128, 192, 32, 96, 64), pool3=mp(),
            i4a=inception(192, 96, 208, 16, 48, 64), i4b=inception(160, 112, 224, 24, 64, 64),
            i4c=inception(128, 128, 256, 24, 64, 64), i4d=inception(112, 144, 288, 32, 64, 64),
            i4e=inception(256, 160, 320, 32, 128, 128), se=SE(832), pool4=mp(),
            i5a=inception(256, 160, 320, 32, 128, 128), i5b=inception(384, 192, 384, 48, 128, 128),
            pool5=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), drop=nn.Dropout(0.4), fc=nn.LazyLinear(1000),
        ))
        self.heads = nn.ModuleDict({'i4a': aux(), 'i4d': aux()})

    def forward(self, x):
        out = {}
        for name, m in self.named_children():
            if name == 'heads':
                continue
            x = m(x)
            if self.training and name in self.heads:
                out['aux1' if name == 'i4a' else 'aux2'] = self.heads[name](x)
        return Logits(main=x, **out)
