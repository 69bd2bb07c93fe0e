import torch
import torch.nn as nn


class Conv(nn.Module):
    def __init__(self, in_c, out_c, k, s=1, p=0):
        super(Conv, self).__init__()
        self.conv = nn.Conv2d(in_c, out_c, k, s, p)
        self.relu = nn.ReLU(inplace=True)
        self.bn = nn.BatchNorm2d(out_c)

    def forward(self, x):
        x = self.conv(x)
        x = self.relu(x)
        x = self.bn(x)
        return x


class Inception(nn.Module):
    def __init__(self, in_c, c1, c3r, c3, c5r, c5, cp):
        super(Inception, self).__init__()
        self.conv1 = Conv(in_c, c1, 1)
        self.conv3r = Conv(in_c, c3r, 1)
        self.conv3 = Conv(c3r, c3, 3, p=1)
        self.conv5r = Conv(in_c, c5r, 1)
        self.conv5_1 = Conv(c5r, c5, 3, p=1)
        self.conv5_2 = Conv(c5, c5, 3, p=1)
        self.pool = nn.MaxPool2d(3, 1, 1)
        self.proj = Conv(in_c, cp, 1)

    def forward(self, x):
        x1 = self.conv1(x)
        x2 = self.conv3(self.conv3r(x))
        x3 = self.conv5_2(self.conv5_1(self.conv5r(x)))
        x4 = self.proj(self.pool(x))
        return torch.cat([x1, x2, x3, x4], 1)


class Aux(nn.Module):
    def __init__(self, in_c, classes):
        super(Aux, self).__init__()
        self.avg = nn.AvgPool2d(5, 3)
        self.conv = nn.Conv2d(in_c, 128, 1)
        self.relu = nn.ReLU(inplace=True)
        self.fc1 = nn.Linear(2048, 1024)
        self.drop = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x):
        x = self.relu(self.conv(self.avg(x)))
        x = torch.flatten(x, 1)
        x = self.drop(self.relu(self.fc1(x)))
        return self.fc2(x)


class GoogLeNet_BN(nn.Module):
    def __init__(self, classes=1000):
        super(GoogLeNet_BN, self).__init__()
        self.conv1 = Conv(3, 64, 7, 2, 3)
        self.conv2 = Conv(64, 64, 1)
        self.conv3 = Conv(64, 192, 3, p=1)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inc = nn.ModuleList([
            Inception(192, 64, 96, 128, 16, 32, 32),
            Inception(256, 128, 128, 192, 32, 96, 64),
            Inception(480, 192, 96, 208, 16, 48, 64),
            Inception(512, 160, 112, 224, 24, 64, 64),
            Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),
            Inception(528, 256, 160, 320, 32, 128, 128),
            Inception(832, 256, 160, 320, 32, 128, 128),
            Inception(832, 384, 192, 384, 48, 128, 128),
        ])
        self.aux1 = Aux(512, classes)
        self.aux2 = Aux(528, classes)
        self.avg = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x):
        x = self.pool(self.conv1(x))
        x = self.pool(self.conv3(self.conv2(x)))
        o1 = o2 = None
        for i in range(9):
            if i == 2 or i == 7:
                x = self.pool(x)
            x = self.inc[i](x)
            if self.training and i == 2:
                o1 = self.aux1(x)
            if self.training and i == 5:
                o2 = self.aux2(x)
        x = self.avg(x)
        x = x.reshape(x.shape[0], -1)
        x = self.fc(self.drop(x))
        return x, o1, o2
