# mypy: ignore-errors
"""timm-like."""
from functools import partial
from typing import NamedTuple, Optional, Tuple
import torch
import torch.nn as nn
import torch.nn.functional as F


class Out(NamedTuple):
    logits: torch.Tensor
    aux2: Optional[torch.Tensor] = None
    aux1: Optional[torch.Tensor] = None


class ConvNormAct(nn.Module):
    def __init__(self, cin, cout, kernel_size=1, stride=1, padding='', norm_layer=None, act_layer=nn.ReLU):
        super().__init__()
        pad = (kernel_size - 1) // 2
        self.conv = nn.Conv2d(cin, cout, kernel_size, stride, pad, bias=norm_layer is None)
        self.bn = norm_layer(cout) if norm_layer else nn.Identity()
        self.act = act_layer(inplace=True) if act_layer else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class MaxPoolSame(nn.MaxPool2d):
    def forward(self, x):
        h, w = x.shape[-2:]
        k, s = self.kernel_size, self.stride
        ph = max((-(-h // s) - 1) * s + k - h, 0)
        pw = max((-(-w // s) - 1) * s + k - w, 0)
        x = F.pad(x, (pw // 2, pw - pw // 2, ph // 2, ph - ph // 2), value=float('-inf'))
        return F.max_pool2d(x, k, s)


class InceptionBlock(nn.Module):
    def __init__(self, cin, widths: Tuple[int, ...], conv=ConvNormAct):
        super().__init__()
        w1, w3r, w3, w5r, w5, wp = widths
        self.branch_1x1 = conv(cin, w1)
        self.branch_3x3_1, self.branch_3x3_2 = conv(cin, w3r), conv(w3r, w3, 3)
        self.branch_5x5_1, self.branch_5x5_2 = conv(cin, w5r), conv(w5r, w5, 5)
        self.branch_pool, self.proj = MaxPoolSame(3, 1), conv(cin, wp)
        self.out_chs = w1 + w3 + w5 + wp

    def _forward(self, x):
        yield self.branch_1x1(x)
        yield self.branch_3x3_2(self.branch_3x3_1(x))
        yield self.branch_5x5_2(self.branch_5x5_1(x))
        yield self.proj(self.branch_pool(x))

    def forward(self, x):
        return torch.cat([*self._forward(x)], dim=1)


class ClassifierHead(nn.Module):
    def __init__(self, chs, num_classes, drop_rate):
        super().__init__()
        self.drop_rate = drop_rate
        self.fc = nn.Linear(chs, num_classes) if num_classes else nn.Identity()

    def forward(self, x):
        x = x.mean((2, 3))
        x = F.dropout(x, p=self.drop_rate, training=self.training)
        return self.fc(x)


class AuxHead(nn.Module):
    def __init__(self, chs, num_classes):
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv = ConvNormAct(chs, 128)
        self.pre_logits = nn.Sequential(nn.Flatten(), nn.Linear(128 * 4 * 4, 1024), nn.ReLU(), nn.Dropout(0.7))
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x):
        return self.fc(self.pre_logits(self.conv(self.pool(x))))


class GoogLeNet(nn.Module):
    widths = (((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
              ((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
               (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)),
              ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)))

    def __init__(self, num_classes=1000, in_chans=3, drop_rate=0.4, norm_layer=None, aux_logits=True):
        super().__init__()
        conv = partial(ConvNormAct, norm_layer=norm_layer)
        self.stem = nn.Sequential(
            conv(in_chans, 64, 7, 2), MaxPoolSame(3, 2), nn.LocalResponseNorm(5),
            conv(64, 64), conv(64, 192, 3), nn.LocalResponseNorm(5), MaxPoolSame(3, 2))
        self.stages = nn.ModuleList()
        self.aux = nn.ModuleList()
        chs = 192
        for s, stage in enumerate(self.widths):
            blocks = []
            for b, w in enumerate(stage):
                blk = InceptionBlock(chs, w, conv)
                chs = blk.out_chs
                blocks.append(blk)
                if aux_logits and (s, b) in ((1, 0), (1, 3)):
                    self.aux.append(AuxHead(chs, num_classes))
            self.stages.append(nn.ModuleList(blocks))
        self.downs = nn.ModuleList([MaxPoolSame(3, 2), MaxPoolSame(3, 2), nn.Identity()])
        self.head = ClassifierHead(chs, num_classes, drop_rate)

    def forward_features(self, x):
        feats = []
        x = self.stem(x)
        for blocks, down in zip(self.stages, self.downs):
            for b in blocks:
                x = b(x)
                feats.append(x)
            x = down(x)
        return x, feats

    def forward(self, x):
        x, feats = self.forward_features(x)
        y = self.head(x)
        if self.training and len(self.aux):
            return Out(y, self.aux[1](feats[5]), self.aux[0](feats[2]))
        return y
