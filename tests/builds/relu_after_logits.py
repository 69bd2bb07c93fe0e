import torch
from torch import nn


class InceptionLayer(nn.Module):
    def __init__(self, input_size, hidden):
        super().__init__()
        c1, r3, c3, r5, c5, cp = hidden
        self.conv1 = nn.Conv2d(input_size, c1, 1)
        self.conv3 = nn.Sequential(nn.Conv2d(input_size, r3, 1), nn.ReLU(), nn.Conv2d(r3, c3, 3, padding=1))
        self.conv5 = nn.Sequential(nn.Conv2d(input_size, r5, 1), nn.ReLU(), nn.Conv2d(r5, c5, 5, padding=2))
        self.maxpool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(input_size, cp, 1))
        self.activation = nn.ReLU()

    def forward(self, x):
        x = [self.conv1(x), self.conv3(x), self.conv5(x), self.maxpool(x)]
        return torch.cat([self.activation(y) for y in x], axis=1)


class AuxiliaryLayer(nn.Module):
    def __init__(self, input_size, output_size):
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool2d(5, stride=3),
            nn.Conv2d(input_size, 128, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2048, 1024),
            nn.ReLU(),
            nn.Linear(1024, output_size),
        )

    def forward(self, x):
        return self.layers(x)


class GoogLeNet(nn.Module):
    def __init__(self, output_size=1000):
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            nn.LocalResponseNorm(5),
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(64, 64, 1),
            nn.ReLU(),
            nn.Conv2d(64, 192, 3, padding=1),
            nn.ReLU(),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
        )
        self.layer3a = InceptionLayer(192, [64, 96, 128, 16, 32, 32])
        self.layer3b = InceptionLayer(256, [128, 128, 192, 32, 96, 64])
        self.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.layer4a = InceptionLayer(480, [192, 96, 208, 16, 48, 64])
        self.layer4b = InceptionLayer(512, [160, 112, 224, 24, 64, 64])
        self.layer4c = InceptionLayer(512, [128, 128, 256, 24, 64, 64])
        self.layer4d = InceptionLayer(512, [112, 144, 288, 32, 64, 64])
        self.layer4e = InceptionLayer(528, [256, 160, 256, 32, 128, 128])
        self.layer5a = InceptionLayer(768, [256, 160, 320, 32, 128, 128])
        self.layer5b = InceptionLayer(832, [384, 192, 384, 48, 128, 128])
        self.avgpool = nn.AvgPool2d(7, stride=1)
        self.dropout = nn.Dropout(0.4)
        self.output = nn.Sequential(nn.Linear(1024, output_size), nn.ReLU())
        self.auxiliary1 = AuxiliaryLayer(512, output_size)
        self.auxiliary2 = AuxiliaryLayer(528, output_size)

    def forward(self, x):
        x = self.layer2(self.layer1(x))
        x = self.maxpool(self.layer3b(self.layer3a(x)))
        x = self.layer4a(x)
        if self.training:
            y1 = self.auxiliary1(x)
        x = self.layer4d(self.layer4c(self.layer4b(x)))
        if self.training:
            y2 = self.auxiliary2(x)
        x = self.maxpool(self.layer4e(x))
        x = self.avgpool(self.layer5b(self.layer5a(x)))
        x = self.output(self.dropout(x.reshape(x.size(0), -1)))
        if self.training:
            return [y1, y2, x]
        return x
