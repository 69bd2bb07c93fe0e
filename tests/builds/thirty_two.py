'''GoogLeNet for CIFAR-10.'''
import torch
import torch.nn as nn


def unit(planes_in, planes, k):
    return [nn.Conv2d(planes_in, planes, k, padding=k // 2), nn.BatchNorm2d(planes), nn.ReLU(True)]


class Mix(nn.Module):
    def __init__(self, planes_in, p1, p3_in, p3, p5_in, p5, pp):
        super(Mix, self).__init__()
        self.b1 = nn.Sequential(*unit(planes_in, p1, 1))
        self.b2 = nn.Sequential(*unit(planes_in, p3_in, 1), *unit(p3_in, p3, 3))
        # two small ones see as much as one large one
        self.b3 = nn.Sequential(*unit(planes_in, p5_in, 1), *unit(p5_in, p5, 3), *unit(p5, p5, 3))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *unit(planes_in, pp, 1))

    def forward(self, x):
        return torch.cat([b(x) for b in (self.b1, self.b2, self.b3, self.b4)], 1)


class CifarGoogLeNet(nn.Module):
    def __init__(self):
        super(CifarGoogLeNet, self).__init__()
        self.pre = nn.Sequential(*unit(3, 192, 3))
        self.a3 = Mix(192, 64, 96, 128, 16, 32, 32)
        self.b3 = Mix(256, 128, 128, 192, 32, 96, 64)
        self.down = nn.MaxPool2d(3, stride=2, padding=1)
        self.a4 = Mix(480, 192, 96, 208, 16, 48, 64)
        self.b4 = Mix(512, 160, 112, 224, 24, 64, 64)
        self.c4 = Mix(512, 128, 128, 256, 24, 64, 64)
        self.d4 = Mix(512, 112, 144, 288, 32, 64, 64)
        self.e4 = Mix(528, 256, 160, 320, 32, 128, 128)
        self.a5 = Mix(832, 256, 160, 320, 32, 128, 128)
        self.b5 = Mix(832, 384, 192, 384, 48, 128, 128)
        self.mean = nn.AvgPool2d(8, stride=1)
        self.linear = nn.Linear(1024, 10)

    def forward(self, x):
        out = self.pre(x)
        out = self.down(self.b3(self.a3(out)))
        out = self.e4(self.d4(self.c4(self.b4(self.a4(out)))))
        out = self.b5(self.a5(self.down(out)))
        out = self.mean(out)
        return self.linear(out.view(out.size(0), -1))
