import torch
import torch.nn as nn


class InceptionBlock(nn.Module):
    """branches are given as tuples: (reduce, out)"""

    def __init__(self, in_ch, b1, b2, b3, b4):
        super().__init__()
        self.branch1 = nn.Sequential(nn.Conv2d(in_ch, b1, 1), nn.ReLU(True))
        self.branch2 = nn.Sequential(
            nn.Conv2d(in_ch, b2[0], 1),
            nn.ReLU(True),
            nn.Conv2d(b2[0], b2[1], 3, 1, 1),
            nn.ReLU(True),
        )
        self.branch3 = nn.Sequential(
            nn.Conv2d(in_ch, b3[0], 1),
            nn.ReLU(True),
            nn.Conv2d(b3[0], b3[1], 5, 1, 2),
            nn.ReLU(True),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, 1),
            nn.Conv2d(in_ch, b4, 1),
            nn.ReLU(True),
        )

    def forward(self, x):
        outs = (self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x))
        return torch.cat(outs, dim=1)


class AuxBlock(nn.Module):
    def __init__(self, in_ch, n_out):
        super().__init__()
        self.net = nn.Sequential(
            nn.AvgPool2d(5, 3),
            nn.Conv2d(in_ch, 128, 1),
            nn.ReLU(True),
            nn.Flatten(),
            nn.Linear(4 * 4 * 128, 1024),
            nn.ReLU(True),
            nn.Dropout(0.5),
            nn.Linear(1024, n_out),
        )

    def forward(self, x):
        return self.net(x)


class GoogLeNet(nn.Module):
    def __init__(self, n_out=1000):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3),
            nn.ReLU(True),
            nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(64, 64, 1),
            nn.ReLU(True),
            nn.Conv2d(64, 192, 3, 1, 1),
            nn.ReLU(True),
            nn.MaxPool2d(3, 2, 1),
        )
        self.block3 = nn.Sequential(
            InceptionBlock(192, 64, (96, 128), (16, 32), 32),
            InceptionBlock(256, 128, (128, 192), (32, 96), 64),
            nn.MaxPool2d(3, 2, 1),
        )
        self.block4_1 = InceptionBlock(480, 192, (96, 208), (16, 48), 64)
        self.block4_2 = nn.Sequential(
            InceptionBlock(512, 160, (112, 224), (24, 64), 64),
            InceptionBlock(512, 128, (128, 256), (24, 64), 64),
            InceptionBlock(512, 112, (144, 288), (32, 64), 64),
        )
        self.block4_3 = nn.Sequential(
            InceptionBlock(528, 256, (160, 320), (32, 128), 128),
            nn.MaxPool2d(3, 2, 1),
        )
        self.block5 = nn.Sequential(
            InceptionBlock(832, 256, (160, 320), (32, 128), 128),
            InceptionBlock(832, 384, (192, 384), (48, 128), 128),
            nn.AvgPool2d(7, 1),
            nn.Dropout(0.4),
        )
        self.classifier = nn.Linear(1024, n_out)
        self.aux_a = AuxBlock(512, n_out)
        self.aux_b = AuxBlock(528, n_out)

    def forward(self, x):
        x = self.block3(self.stem(x))
        x = self.block4_1(x)
        first = self.aux_a(x) if self.training else None
        x = self.block4_2(x)
        second = self.aux_b(x) if self.training else None
        x = self.block5(self.block4_3(x))
        x = self.classifier(x.view(x.shape[0], -1))
        if self.training:
            return x, first, second
        return x
