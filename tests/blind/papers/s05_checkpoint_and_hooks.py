# mypy: ignore-errors
"""Activation checkpointing, and forward hooks that catch what the heads need."""
import torch
from torch import nn, Tensor
from torch.utils.checkpoint import checkpoint


def cr(i, o, k=1, **kw):
    return nn.Sequential(nn.Conv2d(i, o, k, **kw), nn.ReLU(inplace=True))


class Par(nn.ModuleList):
    def forward(self, x):
        return torch.cat([m(x) for m in self], 1)


def inc(i, n1, r3, n3, r5, n5, pp):
    return Par([cr(i, n1), nn.Sequential(cr(i, r3), cr(r3, n3, 3, padding=1)),
                nn.Sequential(cr(i, r5), cr(r5, n5, 5, padding=2)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), cr(i, pp))])


class AuxHeads(nn.Module):
    """Lives apart from the trunk."""

    def __init__(self, n):
        super().__init__()
        def make(c):
            return nn.Sequential(nn.AvgPool2d(5, 3), cr(c, 128), nn.Flatten(), nn.Linear(2048, 1024),
                                 nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, n))
        self.early, self.late = make(512), make(528)

    def forward(self, early: Tensor, late: Tensor):
        return self.early(early), self.late(late)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000, use_checkpoint=True):
        super().__init__()
        mp = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        self.stem = nn.Sequential(cr(3, 64, 7, stride=2, padding=3), mp(), nn.LocalResponseNorm(5),
                                  cr(64, 64), cr(64, 192, 3, padding=1), nn.LocalResponseNorm(5), mp())
        self.stage3 = nn.Sequential(inc(192, 64, 96, 128, 16, 32, 32), inc(256, 128, 128, 192, 32, 96, 64), mp())
        self.stage4 = nn.Sequential(inc(480, 192, 96, 208, 16, 48, 64), inc(512, 160, 112, 224, 24, 64, 64),
                                    inc(512, 128, 128, 256, 24, 64, 64), inc(512, 112, 144, 288, 32, 64, 64),
                                    inc(528, 256, 160, 320, 32, 128, 128), mp())
        self.stage5 = nn.Sequential(inc(832, 256, 160, 320, 32, 128, 128), inc(832, 384, 192, 384, 48, 128, 128))
        self.top = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, num_classes))
        self.heads = AuxHeads(num_classes)
        self.use_checkpoint = use_checkpoint
        self._taps = {}
        for i in (0, 3):
            self.stage4[i].register_forward_hook(self._tap(i))

    def _tap(self, i):
        def hook(module, args, out):
            self._taps[i] = out
        return hook

    def forward(self, x):
        for s in (self.stem, self.stage3, self.stage4, self.stage5):
            if self.training and self.use_checkpoint and s is not self.stage4:
                x = checkpoint(s, x, use_reentrant=False)
            else:
                x = s(x)
        y = self.top(x)
        taps, self._taps = self._taps, {}
        if self.training:
            return {"out": y, "aux": self.heads(taps[0], taps[3])}
        return y
