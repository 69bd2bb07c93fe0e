# mypy: ignore-errors
"""The three 1x1 convolutions of a module in one, split by narrow; pairs concatenated; dropout by nn.Dropout after flatten."""
import torch
import torch.nn as nn


class FusedInception(nn.Module):
    def __init__(self, in_ch, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.sizes = (c1, c3r, c5r)
        self.stem = nn.Conv2d(in_ch, sum(self.sizes), kernel_size=(1, 1))
        self.conv3 = nn.Conv2d(c3r, c3, kernel_size=(3, 3), padding='same')
        self.conv5 = nn.Conv2d(c5r, c5, kernel_size=(5, 5), padding='same')
        self.proj = nn.Conv2d(in_ch, cp, kernel_size=(1, 1))

    def forward(self, x):
        z = self.stem(x).relu()
        c1, c3r, c5r = self.sizes
        a = z.narrow(1, 0, c1)
        b = z.narrow(1, c1, c3r)
        c = z.narrow(1, c1 + c3r, c5r)
        p = self.proj(nn.functional.max_pool2d(x, 3, stride=1, padding=1))
        left = torch.cat([a, self.conv3(b)], dim=1)
        right = torch.concat([self.conv5(c), p], dim=1)
        return torch.hstack([left, right]).clamp(min=0)


class Classifier(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size=5, stride=3)
        self.conv = nn.Conv2d(ch, 128, 1)
        self.hidden = nn.Linear(4 * 4 * 128, 1024)
        self.drop = nn.Dropout(p=0.7)
        self.out = nn.Linear(1024, 1000)

    def forward(self, x):
        x = self.conv(self.pool(x)).relu().view(-1, 2048)
        return self.out(self.drop(self.hidden(x).relu()))


class GoogLeNet(nn.Module):
    def __init__(self, aux=True):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.conv2a = nn.Conv2d(64, 64, 1)
        self.conv2b = nn.Conv2d(64, 192, 3, padding=1)
        self.norm = nn.LocalResponseNorm(size=5, alpha=0.0001, beta=0.75, k=1.0)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.i3 = nn.ModuleList([FusedInception(192, 64, 96, 128, 16, 32, 32),
                                 FusedInception(256, 128, 128, 192, 32, 96, 64)])
        self.i4 = nn.ModuleList([FusedInception(480, 192, 96, 208, 16, 48, 64),
                                 FusedInception(512, 160, 112, 224, 24, 64, 64),
                                 FusedInception(512, 128, 128, 256, 24, 64, 64),
                                 FusedInception(512, 112, 144, 288, 32, 64, 64),
                                 FusedInception(528, 256, 160, 320, 32, 128, 128)])
        self.i5 = nn.ModuleList([FusedInception(832, 256, 160, 320, 32, 128, 128),
                                 FusedInception(832, 384, 192, 384, 48, 128, 128)])
        self.aux = nn.ModuleList([Classifier(512), Classifier(528)]) if aux else None
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x):
        x = self.norm(self.pool(self.conv1(x).relu_()))
        x = self.norm(self.conv2b(self.conv2a(x).relu_()).relu_())
        x = self.pool(x)
        for m in self.i3:
            x = m(x)
        x = self.pool(x)
        taps = []
        for m in self.i4:
            x = m(x)
            taps.append(x)
        x = self.pool(x)
        for m in self.i5:
            x = m(x)
        x = x.mean([2, 3])
        x = self.fc(self.drop(x))
        if self.training and self.aux is not None:
            return x, self.aux[1](taps[3]), self.aux[0](taps[0])
        return x
