import torch
import torch.nn as nn


def conv_block(i, o, **kw):
    return nn.Sequential(nn.Conv2d(i, o, **kw), nn.ReLU())


class InceptionBlock(nn.Module):
    def __init__(self, i, o1, r3, o3, r5, o5, op):
        super().__init__()
        self.b1 = conv_block(i, o1, kernel_size=1)
        self.b2 = nn.Sequential(conv_block(i, r3, kernel_size=1), conv_block(r3, o3, kernel_size=3, padding=1))
        self.b3 = nn.Sequential(conv_block(i, r5, kernel_size=1), conv_block(r5, o5, kernel_size=5, padding=2))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_block(i, op, kernel_size=1))

    def forward(self, x):
        return torch.cat([self.b1(x), self.b2(x), self.b3(x), self.b4(x)], 1)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1 = conv_block(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.lrn = nn.LocalResponseNorm(5)
        self.conv2 = conv_block(64, 64, kernel_size=1)
        self.conv3 = conv_block(64, 192, kernel_size=3, padding=1)
        self.i3a = InceptionBlock(192, 64, 96, 128, 16, 32, 32)
        self.i3b = InceptionBlock(256, 128, 128, 192, 32, 96, 64)
        self.i4a = InceptionBlock(480, 192, 96, 208, 16, 48, 64)
        self.i4b = InceptionBlock(512, 160, 112, 224, 24, 64, 64)
        self.i4c = InceptionBlock(512, 128, 128, 256, 24, 64, 64)
        self.i4d = InceptionBlock(512, 112, 144, 288, 32, 64, 64)
        self.i4e = InceptionBlock(528, 256, 160, 320, 32, 128, 128)
        self.i5a = InceptionBlock(832, 256, 160, 320, 32, 128, 128)
        self.i5b = InceptionBlock(832, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AvgPool2d(7, 1)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, num_classes)

        def forward(self, x):
            x = self.lrn(self.maxpool(self.conv1(x)))
            x = self.maxpool(self.lrn(self.conv3(self.conv2(x))))
            x = self.maxpool(self.i3b(self.i3a(x)))
            x = self.i4e(self.i4d(self.i4c(self.i4b(self.i4a(x)))))
            x = self.i5b(self.i5a(self.maxpool(x)))
            x = self.avgpool(x).flatten(1)
            return self.fc(self.dropout(x))
