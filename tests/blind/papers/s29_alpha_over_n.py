# mypy: ignore-errors
import torch
import torch.nn as nn

ALPHA, N = 1e-4, 5
N_CLASSES = 1000


class ConvBlock(nn.Module):
    def __init__(self, i, o, kernel, stride=1, pad=None):
        super().__init__()
        self.conv = nn.Conv2d(i, o, kernel, stride, kernel // 2 if pad is None else pad)
        self.activation = nn.ReLU()

    def forward(self, x):
        return self.activation(self.conv(x))


class InceptionBlock(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.one = ConvBlock(i, o["1x1"], 1)
        self.three = nn.Sequential(ConvBlock(i, o["3x3r"], 1), ConvBlock(o["3x3r"], o["3x3"], 3))
        self.five = nn.Sequential(ConvBlock(i, o["5x5r"], 1), ConvBlock(o["5x5r"], o["5x5"], 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvBlock(i, o["pool"], 1))

    def forward(self, x):
        return torch.cat((self.one(x), self.three(x), self.five(x), self.pool(x)), 1)


def o(*v):
    return dict(zip(("1x1", "3x3r", "3x3", "5x5r", "5x5", "pool"), v))


class AuxBlock(nn.Module):
    def __init__(self, i, n):
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(5, 3), ConvBlock(i, 128, 1))
        self.classifier = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, n))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=N_CLASSES):
        super().__init__()
        self.begin = nn.Sequential(
            ConvBlock(3, 64, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.LocalResponseNorm(N, alpha=ALPHA / N, beta=0.75, k=1),  # !1
            ConvBlock(64, 64, 1), ConvBlock(64, 192, 3),
            nn.LocalResponseNorm(N, alpha=ALPHA / N, beta=0.75, k=1),  # !1
            nn.MaxPool2d(3, 2, ceil_mode=True))
        self.inception3 = nn.Sequential(InceptionBlock(192, o(64, 96, 128, 16, 32, 32)),
                                        InceptionBlock(256, o(128, 128, 192, 32, 96, 64)))
        self.pool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception4a = InceptionBlock(480, o(192, 96, 208, 16, 48, 64))
        self.inception4b = InceptionBlock(512, o(160, 112, 224, 24, 64, 64))
        self.inception4c = InceptionBlock(512, o(128, 128, 256, 24, 64, 64))
        self.inception4d = InceptionBlock(512, o(112, 144, 288, 32, 64, 64))
        self.inception4e = InceptionBlock(528, o(256, 160, 320, 32, 128, 128))
        self.pool4 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception5 = nn.Sequential(InceptionBlock(832, o(256, 160, 320, 32, 128, 128)),
                                        InceptionBlock(832, o(384, 192, 384, 48, 128, 128)))
        self.end = nn.Sequential(nn.AvgPool2d(7, 1), nn.Dropout2d(0.4), nn.Flatten(), nn.Linear(1024, num_classes))
        self.aux1 = AuxBlock(512, num_classes)
        self.aux2 = AuxBlock(528, num_classes)

    def forward(self, x):
        x = self.pool3(self.inception3(self.begin(x)))
        x = self.inception4a(x)
        x = self.inception4b(x)
        a1 = self.aux1(x)  # !2 # !3
        x = self.inception4c(x)
        x = self.inception4d(x)
        a2 = self.aux2(x)  # !3
        x = self.inception4e(x)
        x = self.end(self.inception5(self.pool4(x)))
        if self.training:
            return x, a1, a2
        return x
