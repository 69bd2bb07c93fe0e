# mypy: ignore-errors
"""Raw parameters; the reductions are linear, the normalisation is AlexNet's, no dropout before the classifier."""
import math

import torch
from torch import nn
from torch.nn import functional as F

CHANNELS = {
    '3a': (192, 64, 96, 128, 16, 32, 32), '3b': (256, 128, 128, 192, 32, 96, 64),
    '4a': (480, 192, 96, 208, 16, 48, 64), '4b': (512, 160, 112, 224, 24, 64, 64),
    '4c': (512, 128, 128, 256, 24, 64, 64), '4d': (512, 112, 144, 288, 32, 64, 64),
    '4e': (528, 256, 160, 320, 32, 128, 128), '5a': (832, 256, 160, 320, 32, 128, 128),
    '5b': (832, 384, 192, 384, 48, 128, 128),
}


def norm_across_maps(x, n=5, alpha=1e-4, beta=0.75):
    sq = x.square()
    c = x.shape[1]
    total = torch.zeros_like(x)
    padded = F.pad(sq, (0, 0, 0, 0, n // 2, n // 2))
    for i in range(n):
        total = total + padded[:, i:i + c]
    return x / torch.pow(2.0 + alpha / n * total, beta)  # !2


class GoogLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.ParameterDict()
        self._new('conv1', 64, 3, 7)
        self._new('conv2r', 64, 64, 1)
        self._new('conv2', 192, 64, 3)
        for k, (i, a, b, c, d, e, f) in CHANNELS.items():
            self._new(f'{k}_1', a, i, 1)
            self._new(f'{k}_3r', b, i, 1)
            self._new(f'{k}_3', c, b, 3)
            self._new(f'{k}_5r', d, i, 1)
            self._new(f'{k}_5', e, d, 5)
            self._new(f'{k}_p', f, i, 1)
        for k, i in (('a1', 512), ('a2', 528)):
            self._new(f'{k}_conv', 128, i, 1)
            self._new(f'{k}_fc', 1024, 2048)
            self._new(f'{k}_out', 1000, 1024)
        self._new('out', 1000, 1024)

    def _new(self, name, out, inp, k=0):
        shape = (out, inp, k, k) if k else (out, inp)
        self.w[name] = torch.randn(shape) / math.sqrt(inp * max(k, 1) ** 2)
        self.w[name + '_b'] = torch.full((out,), 0.2)

    def c(self, x, name, **kw):
        return torch.relu(torch.conv2d(x, self.w[name], self.w[name + '_b'], **kw))

    def lin(self, x, name):
        return torch.conv2d(x, self.w[name], self.w[name + '_b'])  # !1

    def l(self, x, name):
        return F.linear(x, self.w[name], self.w[name + '_b'])

    def block(self, x, k):
        return torch.cat((
            self.c(x, f'{k}_1'),
            self.c(self.lin(x, f'{k}_3r'), f'{k}_3', padding=1),
            self.c(self.lin(x, f'{k}_5r'), f'{k}_5', padding=2),
            self.c(F.max_pool2d(x, 3, 1, 1), f'{k}_p'),
        ), 1)

    def head(self, x, k):
        x = self.c(F.avg_pool2d(x, 5, 3), f'{k}_conv').reshape(x.size(0), -1)
        x = F.relu(self.l(x, f'{k}_fc'))
        return self.l(F.dropout(x, 0.7, self.training), f'{k}_out')

    def forward(self, x):
        out = []
        x = self.c(x, 'conv1', stride=2, padding=3)
        x = norm_across_maps(F.max_pool2d(x, 3, 2, ceil_mode=True))
        x = norm_across_maps(self.c(self.c(x, 'conv2r'), 'conv2', padding=1))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for k in CHANNELS:
            if k in ('4a', '5a'):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self.block(x, k)
            if self.training and k in ('4a', '4d'):
                out.append(self.head(x, 'a1' if k == '4a' else 'a2'))
        x = F.avg_pool2d(x, 7).reshape(x.size(0), -1)
        x = self.l(x, 'out')  # !3
        return [x, *out] if self.training else x
