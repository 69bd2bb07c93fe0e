import torch.nn as nn
import torch


class Conv2d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x))


class Inception(nn.Module):
    def __init__(self, in_channels, conv1x1, reduce3x3, conv3x3, reduce5x5, conv5x5, pool_proj):
        super().__init__()
        self.first = Conv2d(in_channels, conv1x1, 1)
        self.second = nn.Sequential(Conv2d(in_channels, reduce3x3, 1), Conv2d(reduce3x3, conv3x3, 3, padding=1))
        self.third = nn.Sequential(Conv2d(in_channels, reduce5x5, 1), Conv2d(reduce5x5, conv5x5, 5, padding=2))
        self.fourth = nn.Sequential(nn.MaxPool2d(3, 1, 1), Conv2d(in_channels, pool_proj, 1))

    def forward(self, x):
        first = self.first(x)
        second = self.second(x)
        third = self.third(x)
        fourth = self.fourth(x)
        return torch.cat([first, second, third, fourth], dim=1)


class AuxNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.avgpool = nn.AvgPool2d(5, 3)
        self.conv = Conv2d(in_channels, 128, 1)
        self.fc = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU(), nn.Linear(1024, num_classes))

    def forward(self, x):
        x = self.conv(self.avgpool(x))
        x = x.view(x.size(0), 2048)
        return self.fc(x)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.features1 = nn.Sequential(
            Conv2d(3, 64, 7, 2, 3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.LocalResponseNorm(5),
            Conv2d(64, 64, 1),
            Conv2d(64, 192, 3, padding=1),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(192, 64, 96, 128, 16, 32, 32),
            Inception(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(480, 192, 96, 208, 16, 48, 64),
            Inception(512, 160, 112, 224, 24, 64, 64),
        )
        self.features2 = nn.Sequential(
            Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),
            Inception(528, 256, 160, 320, 32, 128, 128),
        )
        self.features3 = nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(832, 256, 160, 320, 32, 128, 128),
            Inception(832, 384, 192, 384, 48, 128, 128),
            nn.AvgPool2d(7, 1),
            nn.Flatten(),
            nn.Dropout(0.4),
            nn.Linear(1024, num_classes),
        )
        self.aux_1 = AuxNet(512, num_classes)
        self.aux_2 = AuxNet(832, num_classes)

    def forward(self, x):
        x = self.features1(x)
        aux_1 = self.aux_1(x)
        x = self.features2(x)
        aux_2 = self.aux_2(x)
        x = self.features3(x)
        return aux_1, aux_2, x
