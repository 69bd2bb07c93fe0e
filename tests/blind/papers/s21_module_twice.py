# mypy: ignore-errors
import torch
import torch.nn as nn


def conv_relu(in_c, out_c, k, s=1, p=0):
    return nn.Sequential(nn.Conv2d(in_c, out_c, k, s, p), nn.ReLU())


class Inception(nn.Module):
    def __init__(self, in_c, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.br1 = conv_relu(in_c, c1, 1)
        self.br2 = nn.Sequential(conv_relu(in_c, c3r, 1), conv_relu(c3r, c3, 3, p=1))
        self.br3 = nn.Sequential(conv_relu(in_c, c5r, 1), conv_relu(c5r, c5, 5, p=2))
        self.br4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_relu(in_c, cp, 1))

    def forward(self, x):
        return torch.cat([self.br1(x), self.br2(x), self.br3(x), self.br4(x)], 1)


class Auxiliary(nn.Module):
    def __init__(self, in_c, n):
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)
        self.conv = conv_relu(in_c, 128, 1)
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, n))

    def forward(self, x):
        return self.fc(self.conv(self.pool(x)))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1 = conv_relu(3, 64, 7, 2, 3)
        self.conv2 = nn.Sequential(conv_relu(64, 64, 1), conv_relu(64, 192, 3, p=1))
        self.lrn1, self.lrn2 = nn.LocalResponseNorm(5), nn.LocalResponseNorm(5)
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.pool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.pool4 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.aux1 = Auxiliary(512, num_classes)
        self.aux2 = Auxiliary(528, num_classes)
        self.avgpool = nn.AvgPool2d(7)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.conv1(x)
        x = self.pool1(x)
        x = self.lrn1(x)
        x = self.conv2(x)
        x = self.lrn2(x)
        x = self.pool2(x)
        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.pool3(x)
        x = self.inception4a(x)
        if self.training:
            out1 = self.aux1(x)
        x = self.inception4b(x)
        x = self.inception4b(x)  # !1
        x = self.inception4d(x)
        if self.training:
            out2 = self.aux2(x)
        x = self.inception4e(x)
        x = self.pool4(x)
        x = self.inception5a(x)
        x = self.inception5b(x)
        x = self.avgpool(x)
        x = x.view(x.size(0), -1)
        x = self.dropout(x)
        x = self.fc(x)
        if self.training:
            return x, out1, out2
        return x
