# -*- coding: utf-8 -*-
# Homework 3: GoogLeNet on CIFAR-10 (upscaled). Run: python train.py
import torch
import torch.nn as nn
import torch.nn.functional as F

num_class = 10
use_aux = False  # TODO loss explodes with aux, ask TA


class ConvReLU(nn.Module):
    def __init__(self, cin, cout, **kw):
        super(ConvReLU, self).__init__()
        self.c = nn.Conv2d(cin, cout, **kw)

    def forward(self, x):
        return F.relu(self.c(x), True)


class Inception(nn.Module):
    def __init__(self, cin, p1, p2, p3, p4):
        super(Inception, self).__init__()
        self.p1 = ConvReLU(cin, p1, kernel_size=1)
        self.p2_1 = ConvReLU(cin, p2[0], kernel_size=1)
        self.p2_2 = ConvReLU(p2[0], p2[1], kernel_size=3, padding=1)
        self.p3_1 = ConvReLU(cin, p3[0], kernel_size=1)
        self.p3_2 = ConvReLU(p3[0], p3[1], kernel_size=5, padding=2)
        self.p4_1 = nn.MaxPool2d(3, stride=1, padding=1)
        self.p4_2 = ConvReLU(cin, p4, kernel_size=1)

    def forward(self, x):
        p1 = self.p1(x)
        p2 = self.p2_2(self.p2_1(x))
        p3 = self.p3_2(self.p3_1(x))
        p4 = self.p4_2(self.p4_1(x))
        return torch.cat((p1, p2, p3, p4), dim=1)


class Aux(nn.Module):
    def __init__(self, cin):
        super(Aux, self).__init__()
        self.conv = ConvReLU(cin, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_class)

    def forward(self, x):
        x = F.avg_pool2d(x, 5, stride=3)
        x = self.conv(x).view(-1, 2048)
        x = F.dropout(F.relu(self.fc1(x)), p=0.7, training=self.training)
        return self.fc2(x)


class GoogLeNet(nn.Module):
    def __init__(self):
        super(GoogLeNet, self).__init__()
        self.b1 = nn.Sequential(ConvReLU(3, 64, kernel_size=7, stride=2, padding=3), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.b2 = nn.Sequential(
            ConvReLU(64, 64, kernel_size=1),
            ConvReLU(64, 192, kernel_size=3, padding=1),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.b3 = nn.Sequential(
            Inception(192, 64, (96, 128), (16, 32), 32),
            Inception(256, 128, (128, 192), (32, 96), 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.b4a = Inception(480, 192, (96, 208), (16, 48), 64)
        self.b4b = Inception(512, 160, (112, 224), (24, 64), 64)
        self.b4c = Inception(512, 128, (128, 256), (24, 64), 64)
        self.b4d = Inception(512, 112, (144, 288), (32, 64), 64)
        self.b4e = Inception(528, 256, (160, 320), (32, 128), 128)
        self.b5 = nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(832, 256, (160, 320), (32, 128), 128),
            Inception(832, 384, (192, 384), (48, 128), 128),
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, num_class)
        self.aux1 = Aux(512)
        self.aux2 = Aux(528)

    def forward(self, x):
        x = self.b3(self.b2(self.b1(x)))
        x = self.b4a(x)
        if self.training and use_aux:
            a1 = self.aux1(x)
        x = self.b4d(self.b4c(self.b4b(x)))
        if self.training and use_aux:
            a2 = self.aux2(x)
        x = self.b5(self.b4e(x))
        x = self.fc(self.drop(x.squeeze(3).squeeze(2)))
        if self.training and use_aux:
            return x, a1, a2
        return x


net = nn.DataParallel(GoogLeNet())
