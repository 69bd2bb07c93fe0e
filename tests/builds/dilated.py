import torch
import torch.nn as nn

# 3x3 with dilation 2 = 5x5 receptive field but 2.7x cheaper !!


def C(ci, co, k=1, s=1, d=1, relu=True):
    layers = [nn.Conv2d(ci, co, k, s, padding=d * (k // 2), dilation=d)]
    if relu:
        layers.append(nn.ReLU(True))
    return nn.Sequential(*layers)


class Block(nn.Module):
    def __init__(self, ci, cfg):
        super().__init__()
        a, b, c, d, e, f = cfg
        self.b0 = C(ci, a)
        self.b1 = nn.Sequential(C(ci, b), C(b, c, 3))
        self.b2 = nn.Sequential(C(ci, d), C(d, e, 3, d=2))
        self.b3 = nn.Sequential(nn.MaxPool2d(3, 1, 1), C(ci, f))

    def forward(self, x):
        return torch.cat((self.b0(x), self.b1(x), self.b3(x), self.b2(x)), 1)


class DilatedGoogLeNet(nn.Module):
    cfgs = {
        3: [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
        4: [(192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
            (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)],
        5: [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
    }

    def __init__(self):
        super().__init__()
        seq = [C(3, 64, 7, 2), nn.MaxPool2d(2), C(64, 64), C(64, 192, 3), nn.MaxPool2d(2)]
        ci, self.taps = 192, []
        for stage, cfgs in self.cfgs.items():
            for i, cfg in enumerate(cfgs):
                seq.append(Block(ci, cfg))
                ci = cfg[0] + cfg[2] + cfg[4] + cfg[5]
                if (stage, i) in ((4, 0), (4, 3)):
                    self.taps.append(len(seq) - 1)
            if stage < 5:
                seq.append(nn.MaxPool2d(2))
        self.seq = nn.Sequential(*seq)
        self.fc = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(ci, 1000))
        self.aux = nn.ModuleList(
            nn.Sequential(nn.AvgPool2d(5, 3), C(c, 128), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(True),
                          nn.Dropout(0.7), nn.Linear(1024, 1000))
            for c in (512, 528)
        )

    def forward(self, x):
        ys = []
        for i, layer in enumerate(self.seq):
            x = layer(x)
            if self.training and i in self.taps:
                ys.append(self.aux[self.taps.index(i)](x))
        ys.insert(0, self.fc(x))
        return ys if self.training else ys[0]
