# Tiny ImageNet (200 classes), images resized to 224x224
import torch
import torch.nn as nn
import torch.nn.functional as F


class Inception(nn.Module):
    def __init__(self, in_channels, f_1x1, f_3x3_r, f_3x3, f_5x5_r, f_5x5, f_pp):
        super().__init__()
        self.branch1 = nn.Conv2d(in_channels, f_1x1, 1)
        self.branch2a = nn.Conv2d(in_channels, f_3x3_r, 1)
        self.branch2b = nn.Conv2d(f_3x3_r, f_3x3, 3, padding=1)
        self.branch3a = nn.Conv2d(in_channels, f_5x5_r, 1)
        self.branch3b = nn.Conv2d(f_5x5_r, f_5x5, 5, padding=2)
        self.branch4 = nn.Conv2d(in_channels, f_pp, 1)

    def forward(self, x):
        one = F.relu(self.branch1(x))
        two = F.relu(self.branch2b(F.relu(self.branch2a(x))))
        three = F.relu(self.branch3b(F.relu(self.branch3a(x))))
        four = F.relu(self.branch4(F.max_pool2d(x, kernel_size=3, stride=1, padding=1)))
        return torch.cat([one, two, three, four], 1)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=200):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.lrn1 = nn.LocalResponseNorm(5)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, stride=1, padding=1)
        self.lrn2 = nn.LocalResponseNorm(5)
        self.pool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.pool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.pool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.dropout = nn.Dropout(0.4)
        self.linear = nn.Linear(7 * 7 * 1024, num_classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = self.lrn1(self.pool1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        x = self.pool2(self.lrn2(x))
        x = self.inception3b(self.inception3a(x))
        x = self.pool3(x)
        x = self.inception4a(x)
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        x = self.inception4e(x)
        x = self.pool4(x)
        x = self.inception5b(self.inception5a(x))
        x = torch.flatten(x, 1)
        x = self.dropout(x)
        return self.linear(x)
