import torch
import torch.nn as nn
import torch.nn.functional as F


def lrn(x, n=5, k=2.0, alpha=1e-4, beta=0.75):
    # Krizhevsky et al. 2012, section 3.3
    sq = F.pad(x**2, (0, 0, 0, 0, n // 2, n // 2))
    total = 0
    for i in range(n):
        total = total + sq[:, i : i + x.size(1)]
    return x / (k + alpha * total) ** beta


class inception(nn.Module):
    def __init__(self, i, *o):
        super().__init__()
        self.conv = nn.ModuleList([
            nn.Conv2d(i, o[0], 1),
            nn.Conv2d(i, o[1], 1), nn.Conv2d(o[1], o[2], 3, padding=1),
            nn.Conv2d(i, o[3], 1), nn.Conv2d(o[3], o[4], 5, padding=2),
            nn.Conv2d(i, o[5], 1),
        ])

    def forward(self, x):
        c, r = self.conv, F.relu
        return r(torch.cat([
            c[0](x),
            c[2](r(c[1](x))),
            c[4](r(c[3](x))),
            c[5](F.max_pool2d(x, 3, stride=1, padding=1)),
        ], 1))


class side(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.conv, self.fc1, self.fc2 = nn.Conv2d(i, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, 1000)

    def forward(self, x):
        x = F.avg_pool2d(x, 5, 3)
        x = F.relu(self.conv(x)).flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(F.dropout(x, 0.7))


class googlenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.conv3 = nn.Conv2d(64, 192, 3, padding=1)
        self.blocks = nn.ModuleList([
            inception(192, 64, 96, 128, 16, 32, 32), inception(256, 128, 128, 192, 32, 96, 64),
            inception(480, 192, 96, 208, 16, 48, 64), inception(512, 160, 112, 224, 24, 64, 64),
            inception(512, 128, 128, 256, 24, 64, 64), inception(512, 112, 144, 288, 32, 64, 64),
            inception(528, 256, 160, 320, 32, 128, 128),
            inception(832, 256, 160, 320, 32, 128, 128), inception(832, 384, 192, 384, 48, 128, 128),
        ])
        self.aux = nn.ModuleList([side(512), side(528)])
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x):
        def pool(y):
            return F.max_pool2d(y, 3, stride=2, ceil_mode=True)

        x = lrn(pool(F.relu(self.conv1(x))))
        x = pool(lrn(F.relu(self.conv3(F.relu(self.conv2(x))))))
        outs = []
        for n, block in enumerate(self.blocks):
            if n in (2, 7):
                x = pool(x)
            x = block(x)
            if self.training and n in (2, 5):
                outs.append(self.aux[len(outs)](x))
        x = F.adaptive_avg_pool2d(x, 1).view(-1, 1024)
        x = self.fc(F.dropout(x, 0.4))   # no dropout in eval, pytorch does that
        return [x] + outs
