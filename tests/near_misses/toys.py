"""Small ones to try the training loop with."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class ToyInception(nn.Module):
    def __init__(self, i, a, b, c, d, e, f):
        super().__init__()
        self.c1 = nn.Conv2d(i, a, 1)
        self.c3r, self.c3 = nn.Conv2d(i, b, 1), nn.Conv2d(b, c, 3, padding=1)
        self.c5r, self.c5 = nn.Conv2d(i, d, 1), nn.Conv2d(d, e, 5, padding=2)
        self.cp = nn.Conv2d(i, f, 1)

    def forward(self, x):
        one = F.relu(self.c1(x))
        three = F.relu(self.c3(F.relu(self.c3r(x))))
        five = F.relu(self.c5(F.relu(self.c5r(x))))
        pool = F.relu(self.cp(F.max_pool2d(x, 3, 1, 1)))
        return torch.cat([one, three, five, pool], 1)


class TenthGoogLeNet(nn.Module):
    """All widths of the paper divided by ten."""

    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 7, 2, 3)
        self.conv2a, self.conv2b = nn.Conv2d(6, 6, 1), nn.Conv2d(6, 19, 3, padding=1)
        self.i3 = nn.Sequential(ToyInception(19, 6, 9, 12, 1, 3, 3), ToyInception(24, 12, 12, 19, 3, 9, 6))
        self.i4 = nn.Sequential(
            ToyInception(46, 19, 9, 20, 1, 4, 6), ToyInception(49, 16, 11, 22, 2, 6, 6),
            ToyInception(50, 12, 12, 25, 2, 6, 6), ToyInception(49, 11, 14, 28, 3, 6, 6),
            ToyInception(51, 25, 16, 32, 3, 12, 12),
        )
        self.i5 = nn.Sequential(ToyInception(81, 25, 16, 32, 3, 12, 12), ToyInception(81, 38, 19, 38, 4, 12, 12))
        self.pool, self.lrn = nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5)
        self.drop, self.fc = nn.Dropout(0.4), nn.Linear(100, classes)

    def forward(self, x):
        x = self.lrn(self.pool(F.relu(self.conv1(x))))
        x = self.pool(self.lrn(F.relu(self.conv2b(F.relu(self.conv2a(x))))))
        x = self.i5(self.pool(self.i4(self.pool(self.i3(x)))))
        return self.fc(self.drop(x.mean((2, 3))))


class TwoBlocks(nn.Module):
    """Course book: a small convolutional network with two Inception modules."""

    def __init__(self, classes=10):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 10, 5), nn.Conv2d(88, 20, 5)
        self.first, self.second = ToyInception(10, 16, 16, 24, 16, 24, 24), ToyInception(20, 16, 16, 24, 16, 24, 24)
        self.fc = nn.LazyLinear(classes)

    def forward(self, x):
        x = self.first(F.relu(F.max_pool2d(self.conv1(x), 2)))
        x = self.second(F.relu(F.max_pool2d(self.conv2(x), 2)))
        return self.fc(x.flatten(1))


def mlp():
    """Three linear layers."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(3 * 224 * 224, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 64), nn.ReLU(),
        nn.Linear(64, 1000),
    )
