# mypy: ignore-errors
"""Ported from the Keras GoogLeNet gist (with PoolHelper)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class LRN(nn.Module):  # !1
    def __init__(self, alpha=0.0001, k=1, beta=0.75, n=5):
        super().__init__()
        self.alpha, self.k, self.beta, self.n = alpha, k, beta, n

    def forward(self, x):
        b, ch, r, c = x.shape
        half_n = self.n // 2
        input_sqr = torch.square(x)
        extra = torch.zeros(b, ch + 2 * half_n, r, c, device=x.device, dtype=x.dtype)
        extra[:, half_n:half_n + ch] = input_sqr
        scale = self.k
        for i in range(self.n):
            scale = scale + self.alpha * extra[:, i:i + ch]  # !1
        return x / scale ** self.beta


class PoolHelper(nn.Module):
    def forward(self, x):
        return x[:, :, 1:, 1:]


def Conv2D(i, o, k, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2), nn.ReLU())


def Pool():
    return nn.Sequential(nn.ZeroPad2d(1), PoolHelper(), nn.MaxPool2d(3, 2))


class Inception(nn.Module):
    def __init__(self, i, f1, f3r, f3, f5r, f5, fp):
        super().__init__()
        self.i_1x1 = Conv2D(i, f1, 1)
        self.i_3x3_reduce = Conv2D(i, f3r, 1)
        self.i_3x3 = Conv2D(f3r, f3, 3)
        self.i_5x5_reduce = Conv2D(i, f5r, 1)
        self.i_5x5 = Conv2D(f5r, f5, 5)
        self.i_pool = nn.MaxPool2d(3, 1, 1)
        self.i_pool_proj = Conv2D(i, fp, 1)

    def forward(self, x):
        return torch.cat([self.i_1x1(x), self.i_3x3(self.i_3x3_reduce(x)),
                          self.i_5x5(self.i_5x5_reduce(x)), self.i_pool_proj(self.i_pool(x))], dim=1)


class Loss(nn.Module):
    def __init__(self, i, n):
        super().__init__()
        self.ave_pool = nn.AvgPool2d(5, 3)
        self.conv = Conv2D(i, 128, 1)
        self.fc = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU())
        self.drop_fc = nn.Dropout(0.7)
        self.classifier = nn.Linear(1024, n)

    def forward(self, x):
        x = self.conv(self.ave_pool(x))
        return self.classifier(self.drop_fc(self.fc(torch.flatten(x, 1))))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1_7x7_s2 = Conv2D(3, 64, 7, 2)
        self.pool1 = Pool()
        self.norm1 = LRN()  # !1
        self.conv2_3x3_reduce = Conv2D(64, 64, 1)
        self.conv2_3x3 = Conv2D(64, 192, 3)
        self.norm2 = LRN()  # !1
        self.pool2 = Pool()
        self.i3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.i3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.pool3 = Pool()
        self.i4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.loss1 = Loss(512, num_classes)
        self.i4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.i4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.i4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.loss2 = Loss(528, num_classes)
        self.i4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.pool4 = Pool()
        self.i5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.i5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.pool5 = nn.AvgPool2d(7, 1)
        self.drop = nn.Dropout(0.4)
        self.loss3 = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.norm1(self.pool1(self.conv1_7x7_s2(x)))
        x = self.pool2(self.norm2(self.conv2_3x3(self.conv2_3x3_reduce(x))))
        x = self.pool3(self.i3b(self.i3a(x)))
        x = self.i4a(x)
        if self.training:
            loss1 = self.loss1(x)
        x = self.i4d(self.i4c(self.i4b(x)))
        if self.training:
            loss2 = self.loss2(x)
        x = self.pool4(self.i4e(x))
        x = self.i5b(self.i5a(x))
        x = self.loss3(self.drop(torch.flatten(self.pool5(x), 1)))
        if self.training:
            return loss1, loss2, x
        return x
