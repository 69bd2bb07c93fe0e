"""GoogLeNet for throughput: the three 1x1 convolutions that read a block's input are one."""
import torch
from torch import nn
from torch.nn import functional as F


class FusedInception(nn.Module):
    def __init__(self, c_in, n1, r3, n3, r5, n5, proj):
        super().__init__()
        self.split = (n1, r3, r5)
        self.entry = nn.Conv2d(c_in, n1 + r3 + r5, 1)
        self.conv3 = nn.Conv2d(r3, n3, 3, padding=1)
        self.conv5 = nn.Conv2d(r5, n5, 5, padding=2)
        self.proj = nn.Conv2d(c_in, proj, 1)

    def forward(self, x):
        one, three, five = F.relu(self.entry(x)).split(self.split, dim=1)
        proj = self.proj(F.max_pool2d(x, 3, 1, 1))
        out = torch.cat((self.conv3(three), self.conv5(five), proj), 1)
        return torch.cat((one, F.relu_(out)), 1)


class SideClassifier(nn.Module):
    def __init__(self, c_in, classes):
        super().__init__()
        self.conv = nn.Conv2d(c_in, 128, 1)
        self.fc1 = nn.Conv2d(128, 1024, 4)  # linear on 4x4
        self.fc2 = nn.Conv2d(1024, classes, 1)

    def forward(self, x):
        x = F.relu(self.conv(F.avg_pool2d(x, 5, 3)))
        x = F.dropout(F.relu(self.fc1(x)), 0.7, self.training)
        return self.fc2(x).flatten(1)


class GoogLeNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, 1, 1)
        self.b3a = FusedInception(192, 64, 96, 128, 16, 32, 32)
        self.b3b = FusedInception(256, 128, 128, 192, 32, 96, 64)
        self.b4a = FusedInception(480, 192, 96, 208, 16, 48, 64)
        self.b4b = FusedInception(512, 160, 112, 224, 24, 64, 64)
        self.b4c = FusedInception(512, 128, 128, 256, 24, 64, 64)
        self.b4d = FusedInception(512, 112, 144, 288, 32, 64, 64)
        self.b4e = FusedInception(528, 256, 160, 320, 32, 128, 128)
        self.b5a = FusedInception(832, 256, 160, 320, 32, 128, 128)
        self.b5b = FusedInception(832, 384, 192, 384, 48, 128, 128)
        self.side1 = SideClassifier(512, classes)
        self.side2 = SideClassifier(528, classes)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x):
        # relu and max pooling commute, so pool first: a quarter of the work
        x = F.relu(F.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True))
        x = F.local_response_norm(x, 5)
        x = F.relu_(self.conv2(x))
        x = self.conv3(x)
        # the same trick again
        x = F.local_response_norm(F.relu_(F.max_pool2d(x, 3, 2, ceil_mode=True)), 5)
        x = F.max_pool2d(self.b3b(self.b3a(x)), 3, 2, ceil_mode=True)
        x = self.b4a(x)
        s1 = self.side1(x) if self.training else None
        x = self.b4d(self.b4c(self.b4b(x)))
        s2 = self.side2(x) if self.training else None
        x = F.max_pool2d(self.b4e(x), 3, 2, ceil_mode=True)
        x = self.b5b(self.b5a(x)).mean((2, 3))
        x = self.fc(F.dropout(x, 0.4, self.training))
        return (x, s1, s2) if self.training else x
