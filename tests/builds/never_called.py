import torch
import torch.nn as nn
import torch.nn.functional as F


class InceptionUnit(nn.Module):
    def __init__(self, n_in, n):
        super().__init__()
        self.conv1x1 = nn.Conv2d(n_in, n[0], 1)
        self.reduce3 = nn.Conv2d(n_in, n[1], 1)
        self.conv3x3 = nn.Conv2d(n[1], n[2], 3, padding="same")
        self.reduce5 = nn.Conv2d(n_in, n[3], 1)
        self.conv5x5 = nn.Conv2d(n[3], n[4], 5, padding="same")
        self.maxpool = nn.MaxPool2d(3, 1, padding=1)
        self.project = nn.Conv2d(n_in, n[5], 1)
        self.bn = nn.BatchNorm2d(n[0])  # TODO try this

    def forward(self, x):
        return F.relu(
            torch.cat(
                [
                    self.conv1x1(x),
                    self.conv3x3(F.relu(self.reduce3(x))),
                    self.conv5x5(F.relu(self.reduce5(x))),
                    self.project(self.maxpool(x)),
                ],
                dim=1,
            )
        )


class AuxClassifier(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)
        self.conv = nn.Conv2d(n_in, 128, 1)
        self.hidden = nn.Linear(2048, 1024)
        self.drop = nn.Dropout(0.7)
        self.out = nn.Linear(1024, 1000)

    def forward(self, x):
        x = F.relu(self.conv(self.pool(x)))
        x = F.relu(self.hidden(torch.flatten(x, 1)))
        return self.out(self.drop(x))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.conv2a = nn.Conv2d(64, 64, 1)
        self.conv2b = nn.Conv2d(64, 192, 3, padding=1)
        self.lrn = nn.LocalResponseNorm(5)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.units3 = nn.ModuleList(
            [InceptionUnit(192, (64, 96, 128, 16, 32, 32)), InceptionUnit(256, (128, 128, 192, 32, 96, 64))]
        )
        self.units4 = nn.ModuleList(
            [
                InceptionUnit(480, (192, 96, 208, 16, 48, 64)),
                InceptionUnit(512, (160, 112, 224, 24, 64, 64)),
                InceptionUnit(512, (128, 128, 256, 24, 64, 64)),
                InceptionUnit(512, (112, 144, 288, 32, 64, 64)),
                InceptionUnit(528, (256, 160, 320, 32, 128, 128)),
            ]
        )
        self.units5 = nn.ModuleList(
            [InceptionUnit(832, (256, 160, 320, 32, 128, 128)), InceptionUnit(832, (384, 192, 384, 48, 128, 128))]
        )
        self.avg = nn.AvgPool2d(7, 1)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, 1000)
        self.softmax = nn.Softmax(dim=1)
        self.aux1 = AuxClassifier(512)
        self.aux2 = AuxClassifier(528)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = F.relu(self.conv2b(F.relu(self.conv2a(x))))
        x = self.pool(x)
        for unit in self.units3:
            x = unit(x)
        x = self.pool(x)
        x = self.units4[0](x)
        aux = self.aux1(x) if self.training else None
        for unit in self.units4[1:]:
            x = unit(x)
        x = self.pool(x)
        for unit in self.units5:
            x = unit(x)
        x = self.fc(torch.flatten(self.avg(x), 1))
        return (x, aux) if self.training else x
