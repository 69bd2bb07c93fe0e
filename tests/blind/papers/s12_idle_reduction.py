# mypy: ignore-errors
import torch
import torch.nn as nn
import torch.nn.functional as F


class inception(nn.Module):
    def __init__(self, n_in, c1, c2, c3, c4):
        super().__init__()
        # c2 = (reduce, out), c3 = (reduce, out)
        self.p1 = nn.Conv2d(n_in, c1, 1)
        self.p2_1 = nn.Conv2d(n_in, c2[0], 1)
        self.p2_2 = nn.Conv2d(c2[0], c2[1], 3, padding=1)
        self.p3_1 = nn.Conv2d(n_in, c3[0], 1)  # !2
        self.p3_2 = nn.Conv2d(c2[0], c3[1], 5, padding=2)  # !2
        self.p4_2 = nn.Conv2d(n_in, c4, 1)

    def forward(self, x):
        p1 = F.relu(self.p1(x))
        r2 = F.relu(self.p2_1(x))
        p2 = F.relu(self.p2_2(r2))
        p3 = F.relu(self.p3_2(r2))  # !2
        p4 = self.p4_2(F.max_pool2d(x, 3, stride=1, padding=1))  # !1
        return torch.cat((p1, p2, p3, p4), dim=1)


class aux(nn.Module):
    def __init__(self, n_in, n):
        super().__init__()
        self.c = nn.Conv2d(n_in, 128, 1)
        self.l1, self.l2 = nn.Linear(4 * 4 * 128, 1024), nn.Linear(1024, n)

    def forward(self, x):
        x = F.relu(self.c(F.avg_pool2d(x, kernel_size=5, stride=3)))
        x = F.relu(self.l1(torch.flatten(x, 1)))
        return self.l2(F.dropout(x, p=0.7, training=self.training))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.b1 = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
                                nn.LocalResponseNorm(5))
        self.b2 = nn.Sequential(nn.Conv2d(64, 64, 1), nn.ReLU(), nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(),
                                nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.b3 = nn.Sequential(inception(192, 64, (96, 128), (16, 32), 32),
                                inception(256, 128, (128, 192), (32, 96), 64),
                                nn.MaxPool2d(3, 2, ceil_mode=True))
        self.b4a = inception(480, 192, (96, 208), (16, 48), 64)
        self.b4bd = nn.Sequential(inception(512, 160, (112, 224), (24, 64), 64),
                                  inception(512, 128, (128, 256), (24, 64), 64),
                                  inception(512, 112, (144, 288), (32, 64), 64))
        self.b4e = nn.Sequential(inception(528, 256, (160, 320), (32, 128), 128),
                                 nn.MaxPool2d(3, 2, ceil_mode=True))
        self.b5 = nn.Sequential(inception(832, 256, (160, 320), (32, 128), 128),
                                inception(832, 384, (192, 384), (48, 128), 128),
                                nn.AvgPool2d(7, 1), nn.Flatten())
        self.fc = nn.Linear(1024, num_classes)
        self.aux1, self.aux2 = aux(512, num_classes), aux(528, num_classes)

    def forward(self, X):
        X = self.b4a(self.b3(self.b2(self.b1(X))))
        Y = self.b4bd(X)
        out = self.fc(F.dropout(self.b5(self.b4e(Y)), 0.4, self.training))
        if self.training:
            return out, self.aux1(X), self.aux2(Y)
        return out
