# mypy: ignore-errors
import torch as t
import torch.nn as nn


class BasicConv(nn.Module):
    def __init__(self, nin, nout, **kw):
        super().__init__()
        self.c = nn.Conv2d(nin, nout, **kw)
        self.r = nn.ReLU()

    def forward(self, x):
        x = self.c(x)
        x = self.r(x)
        return x


class IncepBlock(nn.Module):
    def __init__(self, nin, params):
        super().__init__()
        (c1,), (r3, c3), (r5, c5), (cp,) = params
        self.left = BasicConv(nin, c1, kernel_size=1)
        self.midleft = nn.Sequential(BasicConv(nin, r3, kernel_size=1), BasicConv(r3, c3, kernel_size=3, padding=1))
        self.midright = nn.Sequential(BasicConv(nin, r5, kernel_size=1),
                                      BasicConv(r5, c5, kernel_size=3, padding=2, dilation=2))  # !1
        self.right = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), BasicConv(nin, cp, kernel_size=1))

    def forward(self, x):
        outs = t.empty(0)
        parts = []
        for br in (self.left, self.midleft, self.midright, self.right):
            parts.append(br(x))
        return t.cat(parts, dim=1)


class SideNet(nn.Module):
    def __init__(self, nin, ncls):
        super().__init__()
        self.avg = nn.AvgPool2d(5, stride=3, padding=0)
        self.conv = BasicConv(nin, 128, kernel_size=1)
        self.dense = nn.Linear(2048, 1024)
        self.act = nn.ReLU()
        self.dp = nn.Dropout(0.7)
        self.out = nn.Linear(1024, ncls)

    def forward(self, x):
        x = self.conv(self.avg(x))
        x = x.view(x.shape[0], -1)
        return self.out(self.dp(self.act(self.dense(x))))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1 = BasicConv(3, 64, kernel_size=7, stride=2, padding=3)
        self.mp = nn.MaxPool2d(3, stride=2, padding=1)  # !2
        self.lrn = nn.LocalResponseNorm(5, alpha=1e-4, beta=.75, k=1)
        self.conv2 = BasicConv(64, 64, kernel_size=1)
        self.conv3 = BasicConv(64, 192, kernel_size=3, padding=1)
        self.inc3a = IncepBlock(192, [(64,), (96, 128), (16, 32), (32,)])
        self.inc3b = IncepBlock(256, [(128,), (128, 192), (32, 96), (64,)])
        self.inc4a = IncepBlock(480, [(192,), (96, 208), (16, 48), (64,)])
        self.inc4b = IncepBlock(512, [(160,), (112, 224), (24, 64), (64,)])
        self.inc4c = IncepBlock(512, [(128,), (128, 256), (24, 64), (64,)])
        self.inc4d = IncepBlock(512, [(112,), (144, 288), (32, 64), (64,)])
        self.inc4e = IncepBlock(528, [(256,), (160, 320), (32, 128), (128,)])
        self.inc5a = IncepBlock(832, [(256,), (160, 320), (32, 128), (128,)])
        self.inc5b = IncepBlock(832, [(384,), (192, 384), (48, 128), (128,)])
        self.side1 = SideNet(512, num_classes)
        self.side2 = SideNet(528, num_classes)
        self.gap = nn.AvgPool2d(7, 1)
        self.drop = nn.Dropout(p=0.4)
        self.linear = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.lrn(self.mp(self.conv1(x)))
        x = self.mp(self.lrn(self.conv3(self.conv2(x))))
        x = self.mp(self.inc3b(self.inc3a(x)))
        x = self.inc4a(x)
        s1 = self.side1(x) if self.training else None
        x = self.inc4d(self.inc4c(self.inc4b(x)))
        s2 = self.side2(x) if self.training else None
        x = self.inc5b(self.inc5a(self.mp(self.inc4e(x))))
        x = self.linear(self.drop(self.gap(x).squeeze()if False else self.gap(x).flatten(1)))
        return x if not self.training else (x, s1, s2)
