import torch
import torch.nn as nn

# one object each, used wherever it is needed
POOL_SAME = nn.MaxPool2d(3, stride=1, padding=1)
RELU = nn.ReLU()


class Inception(nn.Module):
    def __init__(self, cin, n1, n3r, n3, n5r, n5, npool):
        super(Inception, self).__init__()
        self.c1 = nn.Conv2d(cin, n1, kernel_size=1)
        self.c3r = nn.Conv2d(cin, n3r, kernel_size=1)
        self.c3 = nn.Conv2d(n3r, n3, kernel_size=3, padding=1)
        self.c5r = nn.Conv2d(cin, n5r, kernel_size=1)
        self.c5 = nn.Conv2d(n5r, n5, kernel_size=3, padding=1)
        self.cp = nn.Conv2d(cin, npool, kernel_size=1)
        self.pool = POOL_SAME
        self.relu = RELU

    def forward(self, x):
        y1 = self.relu(self.c1(x))
        y2 = self.relu(self.c3(self.relu(self.c3r(x))))
        y3 = self.relu(self.c5(self.relu(self.c5r(x))))
        y4 = self.relu(self.cp(self.pool(x)))
        return torch.cat([y1, y2, y3, y4], 1)


class Head(nn.Module):
    def __init__(self, cin):
        super(Head, self).__init__()
        self.conv = nn.Conv2d(cin, 128, 1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, 1000)
        self.drop = nn.Dropout(0.7)
        self.relu = RELU

    def forward(self, x):
        x = nn.functional.avg_pool2d(x, kernel_size=5, stride=3)
        x = self.relu(self.conv(x))
        x = x.reshape(len(x), 128 * 4 * 4)
        return self.fc2(self.drop(self.relu(self.fc1(x))))


class GoogLeNet(nn.Module):
    def __init__(self):
        super(GoogLeNet, self).__init__()
        self.down = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.lrn = nn.LocalResponseNorm(5)
        self.relu = RELU
        self.c1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.c2 = nn.Conv2d(64, 64, 1)
        self.c3 = nn.Conv2d(64, 192, 3, padding=1)
        self.i3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.i3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.i4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.i4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.i4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.i4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.i4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.i5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.i5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.h1 = Head(512)
        self.h2 = Head(528)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x):
        x = self.lrn(self.down(self.relu(self.c1(x))))
        x = self.down(self.lrn(self.relu(self.c3(self.relu(self.c2(x))))))
        x = self.down(self.i3b(self.i3a(x)))
        h1 = x = self.i4a(x)
        h2 = x = self.i4d(self.i4c(self.i4b(x)))
        x = self.down(self.i4e(x))
        x = self.i5b(self.i5a(x))
        x = torch.mean(x, dim=(2, 3))
        x = self.fc(x)
        if not self.training:
            return x
        return [x, self.h1(h1), self.h2(h2)]
