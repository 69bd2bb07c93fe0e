# mypy: ignore-errors
"""Branches by a generator, torch.split of one reduction, normalisation by avg_pool3d, ReLU as clamp and maximum."""
import torch as th
import torch.nn as nn
import torch.nn.functional as F


def lrn(x, size=5, alpha=1e-4, beta=.75, bias=1.):
    div = F.avg_pool3d(F.pad(x.pow(2).unsqueeze(1), (0, 0, 0, 0, size // 2, size // 2)), (size, 1, 1), stride=1).squeeze(1)
    return x * (div * alpha + bias) ** -beta


def rectify(x):
    return th.clamp_min(x, 0)


class Tower(nn.Module):
    def __init__(self, nin, spec):
        super().__init__()
        n1, (r3, n3), (r5, n5), pp = spec
        self.r = (r3, r5)
        self.reduce = nn.Conv2d(nin, r3 + r5, 1)
        self.n1, self.n3, self.n5, self.pp = (nn.Conv2d(nin, n1, 1), nn.Conv2d(r3, n3, 3, padding=1),
                                              nn.Conv2d(r5, n5, 5, padding=2), nn.Conv2d(nin, pp, 1))

    def branches(self, x):
        yield rectify(self.n1(x))
        three, five = th.split(self.reduce(x), self.r, dim=1)
        yield rectify(self.n3(rectify(three)))
        yield rectify(self.n5(rectify(five)))
        yield rectify(self.pp(F.max_pool2d(x, kernel_size=3, stride=1, padding=1)))

    def forward(self, x):
        return th.cat(list(self.branches(x)), dim=1)


SPECS = {
    'mixed_3a': (64, (96, 128), (16, 32), 32), 'mixed_3b': (128, (128, 192), (32, 96), 64), 'pool_3': None,
    'mixed_4a': (192, (96, 208), (16, 48), 64), 'mixed_4b': (160, (112, 224), (24, 64), 64),
    'mixed_4c': (128, (128, 256), (24, 64), 64), 'mixed_4d': (112, (144, 288), (32, 64), 64),
    'mixed_4e': (256, (160, 320), (32, 128), 128), 'pool_4': None,
    'mixed_5a': (256, (160, 320), (32, 128), 128), 'mixed_5b': (384, (192, 384), (48, 128), 128),
}


class Inception_V1(nn.Module):
    aux_after = {'mixed_4a': 0, 'mixed_4d': 1}

    def __init__(self, classes=1000, keep_prob=0.6, aux_keep_prob=0.3):
        super().__init__()
        self.keep, self.aux_keep = keep_prob, aux_keep_prob
        self.conv_1, self.conv_2a, self.conv_2b = nn.Conv2d(3, 64, 7, 2, 3), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, 1, 1)
        width, heads = 192, []
        for name, spec in SPECS.items():
            if spec is None:
                continue
            setattr(self, name, Tower(width, spec))
            width = spec[0] + spec[1][1] + spec[2][1] + spec[3]
            if name in self.aux_after:
                heads.append(nn.ModuleList([nn.Conv2d(width, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, classes)]))
        self.heads = nn.ModuleList(heads)
        self.logits = nn.Linear(width, classes)

    def aux(self, x, head):
        conv, hidden, out = head
        x = th.flatten(rectify(conv(F.avg_pool2d(x, 5, 3))), start_dim=1)
        return out(F.dropout(rectify(hidden(x)), 1 - self.aux_keep, self.training))

    def forward(self, x):
        net = lrn(F.max_pool2d(rectify(self.conv_1(x)), 3, 2, ceil_mode=True))
        net = lrn(rectify(self.conv_2b(rectify(self.conv_2a(net)))))
        net = F.max_pool2d(net, 3, 2, ceil_mode=True)
        end_points = {}
        for name, spec in SPECS.items():
            net = getattr(self, name)(net) if spec else F.max_pool2d(net, 3, 2, ceil_mode=True)
            if self.training and name in self.aux_after:
                end_points[f'aux{self.aux_after[name]}'] = self.aux(net, self.heads[self.aux_after[name]])
        net = net.flatten(2).mean(-1)
        end_points['logits'] = self.logits(F.dropout(net, 1 - self.keep, self.training))
        return end_points
