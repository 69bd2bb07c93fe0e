import torch
import torch.nn as nn


def C(i, o, k, **kw):
    return nn.Sequential(nn.Conv2d(i, o, k, **kw), nn.ReLU(inplace=True))


class IncBlk(nn.Module):
    def __init__(self, i, o1, r3, o3, r5, o5, op):
        super().__init__()
        self.p1 = C(i, o1, 1)
        self.p2 = nn.Sequential(C(i, r3, 1), C(r3, o3, 3, padding=1))
        self.p3 = nn.Sequential(C(i, r5, 1), C(r5, o5, 5, padding=2))
        self.p4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), C(i, op, 1))

    def forward(self, x):
        return torch.cat([self.p1(x), self.p2(x), self.p3(x), self.p4(x)], dim=1)


class EmbeddingHead(nn.Module):
    """Gives back its embedding too, for the contrastive loss."""

    def __init__(self, i, n_cls, n_embed=512):
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size=5, stride=3)
        self.conv = C(i, 128, 1)
        self.embed = nn.Sequential(nn.Linear(2048, n_embed), nn.ReLU())
        self.drop = nn.Dropout(p=0.7)
        self.cls = nn.Linear(n_embed, n_cls)

    def forward(self, x):
        e = self.embed(self.conv(self.pool(x)).flatten(start_dim=1))
        return e, self.cls(self.drop(e))


class EmbeddingGoogLeNet(nn.Module):
    def __init__(self, n_cls=1000):
        super().__init__()
        mp = dict(kernel_size=3, stride=2, ceil_mode=True)
        self.s1 = nn.Sequential(C(3, 64, 7, stride=2, padding=3), nn.MaxPool2d(**mp), nn.LocalResponseNorm(5))
        self.s2 = nn.Sequential(
            C(64, 64, 1), C(64, 192, 3, padding=1), nn.LocalResponseNorm(5), nn.MaxPool2d(**mp)
        )
        self.s3 = nn.Sequential(
            IncBlk(192, 64, 96, 128, 16, 32, 32), IncBlk(256, 128, 128, 192, 32, 96, 64), nn.MaxPool2d(**mp)
        )
        self.s4a = IncBlk(480, 192, 96, 208, 16, 48, 64)
        self.s4b = IncBlk(512, 160, 112, 224, 24, 64, 64)
        self.s4c = IncBlk(512, 128, 128, 256, 24, 64, 64)
        self.s4d = IncBlk(512, 112, 144, 288, 32, 64, 64)
        self.s4e = IncBlk(528, 256, 160, 320, 32, 128, 128)
        self.s5 = nn.Sequential(
            nn.MaxPool2d(**mp), IncBlk(832, 256, 160, 320, 32, 128, 128), IncBlk(832, 384, 192, 384, 48, 128, 128)
        )
        self.pool = nn.AvgPool2d(7)
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(1024, n_cls))
        self.aux = nn.ModuleList([EmbeddingHead(512, n_cls), EmbeddingHead(832, n_cls)])

    def forward(self, x):
        a = self.s4a(self.s3(self.s2(self.s1(x))))
        e = self.s4e(self.s4d(self.s4c(self.s4b(a))))
        f = self.pool(self.s5(e)).flatten(start_dim=1)
        logits = self.head(f)
        if not self.training:
            return logits, f
        return (logits, f), self.aux[0](a), self.aux[1](e)
