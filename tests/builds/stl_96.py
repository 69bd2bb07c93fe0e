"""GoogLeNet on STL-10 at the images' own size, 96x96."""
import torch
from torch import nn
import torch.nn.functional as F


class BasicConv(nn.Module):
    def __init__(self, in_planes, out_planes, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_planes, out_planes, kernel_size, stride=stride, padding=padding)

    def forward(self, x):
        return F.relu(self.conv(x), inplace=True)


class Inception(nn.Module):
    def __init__(self, in_planes, n1x1, n3x3red, n3x3, n5x5red, n5x5, pool_planes):
        super().__init__()
        self.b1 = BasicConv(in_planes, n1x1, 1)
        self.b2a = BasicConv(in_planes, n3x3red, 1)
        self.b2b = BasicConv(n3x3red, n3x3, 3, padding=1)
        self.b3a = BasicConv(in_planes, n5x5red, 1)
        self.b3b = BasicConv(n5x5red, n5x5, 5, padding=2)
        self.b4 = BasicConv(in_planes, pool_planes, 1)

    def forward(self, x):
        y4 = self.b4(F.max_pool2d(x, 3, 1, 1))
        return torch.cat([self.b1(x), self.b2b(self.b2a(x)), self.b3b(self.b3a(x)), y4], 1)


class Auxiliary(nn.Module):
    def __init__(self, in_planes, n_class):
        super().__init__()
        self.conv = BasicConv(in_planes, 128, 1)
        self.fc1 = nn.Linear(128, 1024)  # 6x6 -> 1x1 at this size
        self.fc2 = nn.Linear(1024, n_class)

    def forward(self, x):
        x = F.avg_pool2d(x, 5, 3)
        x = self.conv(x)
        x = x.view(x.size(0), -1)
        x = F.dropout(F.relu(self.fc1(x)), 0.7, training=self.training)
        return self.fc2(x)


class GoogLeNet(nn.Module):
    def __init__(self, n_class):
        super().__init__()
        self.conv1 = BasicConv(3, 64, 7, 2, 3)
        self.conv2 = BasicConv(64, 64, 1)
        self.conv3 = BasicConv(64, 192, 3, 1, 1)
        self.a3 = Inception(192, 64, 96, 128, 16, 32, 32)
        self.b3 = Inception(256, 128, 128, 192, 32, 96, 64)
        self.a4 = Inception(480, 192, 96, 208, 16, 48, 64)
        self.b4 = Inception(512, 160, 112, 224, 24, 64, 64)
        self.c4 = Inception(512, 128, 128, 256, 24, 64, 64)
        self.d4 = Inception(512, 112, 144, 288, 32, 64, 64)
        self.e4 = Inception(528, 256, 160, 320, 32, 128, 128)
        self.a5 = Inception(832, 256, 160, 320, 32, 128, 128)
        self.b5 = Inception(832, 384, 192, 384, 48, 128, 128)
        self.aux1 = Auxiliary(512, n_class)
        self.aux2 = Auxiliary(528, n_class)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(1024, n_class)

    def pool(self, x):
        return F.max_pool2d(x, kernel_size=3, stride=2, ceil_mode=True)

    def lrn(self, x):
        return F.local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=1.0)

    def forward(self, x):
        x = self.lrn(self.pool(self.conv1(x)))
        x = self.pool(self.lrn(self.conv3(self.conv2(x))))
        x = self.pool(self.b3(self.a3(x)))
        x = self.a4(x)
        if self.training:
            out1 = self.aux1(x)
        x = self.d4(self.c4(self.b4(x)))
        if self.training:
            out2 = self.aux2(x)
        x = self.pool(self.e4(x))
        x = self.b5(self.a5(x))
        x = F.avg_pool2d(x, x.size(-1))
        x = self.fc(self.dropout(x.flatten(1)))
        return (x, out1, out2) if self.training else x
