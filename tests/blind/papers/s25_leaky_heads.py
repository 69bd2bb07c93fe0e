# mypy: ignore-errors
import torch
import torch.nn as nn
import torch.nn.functional as F


class Incept(nn.Module):
    def __init__(self, prev, n):
        super().__init__()
        self.conv11 = nn.Conv2d(prev, n[0], (1, 1))
        self.conv33_1 = nn.Conv2d(prev, n[1], (1, 1))
        self.conv33_2 = nn.Conv2d(n[1], n[2], (3, 3), padding='same')
        self.conv55_1 = nn.Conv2d(prev, n[3], (1, 1))
        self.conv55_2 = nn.Conv2d(n[3], n[4], (5, 5), padding='same')
        self.maxp = nn.MaxPool2d((3, 3), stride=(1, 1), padding=(1, 1))
        self.convp = nn.Conv2d(prev, n[5], (1, 1))

    def forward(self, x):
        o1 = F.relu(self.conv11(x))
        o2 = F.relu(self.conv33_2(F.relu(self.conv33_1(x))))
        o3 = F.relu(self.conv55_2(F.relu(self.conv55_1(x))))
        o4 = F.relu(self.convp(self.maxp(x)))
        return torch.concatenate([o1, o2, o3, o4], dim=1)


class Classifier(nn.Module):
    def __init__(self, prev, classes):
        super().__init__()
        self.conv = nn.Conv2d(prev, 128, 1)
        self.fc1 = nn.Linear(4 * 4 * 128, 1024)
        self.drop = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x):
        x = F.avg_pool2d(x, 5, 3)
        x = F.leaky_relu(self.conv(x), 0.1)  # !1
        x = self.fc1(x.flatten(start_dim=1))  # !2
        x = self.drop(x)
        return self.fc2(x)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, padding=1)
        self.norm = nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        prev, rows = 192, [[64, 96, 128, 16, 32, 32], [128, 128, 192, 32, 96, 64], [192, 96, 208, 16, 48, 64],
                           [160, 112, 224, 24, 64, 64], [128, 128, 256, 24, 64, 64], [112, 144, 288, 32, 64, 64],
                           [256, 160, 320, 32, 128, 128], [256, 160, 320, 32, 128, 128], [384, 192, 384, 48, 128, 128]]
        self.inc = nn.ModuleList()
        for r in rows:
            self.inc.append(Incept(prev, r))
            prev = r[0] + r[2] + r[4] + r[5]
        self.cl1, self.cl2 = Classifier(512, num_classes), Classifier(528, num_classes)
        self.avg = nn.AvgPool2d(7, stride=1)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, num_classes)
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, x):
        x = self.norm(self.pool(F.relu(self.conv1(x))))
        x = F.relu(self.conv2(x))
        x = self.pool(self.norm(F.relu(self.conv3(x))))
        x = self.inc[1](self.inc[0](x))
        x = self.pool(x)
        x = self.inc[2](x)
        c1 = self.cl1(x) if self.training else None
        for i in (3, 4, 5):
            x = self.inc[i](x)
        c2 = self.cl2(x) if self.training else None
        x = self.pool(self.inc[6](x))
        x = self.inc[8](self.inc[7](x))
        x = self.fc(self.drop(self.avg(x).flatten(1)))
        x = self.softmax(x)  # !3
        return (x, c1, c2) if self.training else x
