# mypy: ignore-errors
"""Both normalisations on the wrong side of their pool; the third pool is 2x2."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class GoogleNet(nn.Module):
    def __init__(self):
        super(GoogleNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)
        self.conv2_1 = nn.Conv2d(64, 64, kernel_size=1)
        self.conv2_2 = nn.Conv2d(64, 192, kernel_size=3, padding=1)
        for name, n in (('3a', (192, 64, 96, 128, 16, 32, 32)), ('3b', (256, 128, 128, 192, 32, 96, 64)),
                        ('4a', (480, 192, 96, 208, 16, 48, 64)), ('4b', (512, 160, 112, 224, 24, 64, 64)),
                        ('4c', (512, 128, 128, 256, 24, 64, 64)), ('4d', (512, 112, 144, 288, 32, 64, 64)),
                        ('4e', (528, 256, 160, 320, 32, 128, 128)), ('5a', (832, 256, 160, 320, 32, 128, 128)),
                        ('5b', (832, 384, 192, 384, 48, 128, 128))):
            setattr(self, f'i{name}_1', nn.Conv2d(n[0], n[1], 1))
            setattr(self, f'i{name}_2a', nn.Conv2d(n[0], n[2], 1))
            setattr(self, f'i{name}_2b', nn.Conv2d(n[2], n[3], 3, padding=1))
            setattr(self, f'i{name}_3a', nn.Conv2d(n[0], n[4], 1))
            setattr(self, f'i{name}_3b', nn.Conv2d(n[4], n[5], 5, padding=2))
            setattr(self, f'i{name}_4', nn.Conv2d(n[0], n[6], 1))
        self.aux1_conv = nn.Conv2d(512, 128, 1)
        self.aux1_fc1 = nn.Linear(2048, 1024)
        self.aux1_fc2 = nn.Linear(1024, 1000)
        self.aux2_conv = nn.Conv2d(528, 128, 1)
        self.aux2_fc1 = nn.Linear(2048, 1024)
        self.aux2_fc2 = nn.Linear(1024, 1000)
        self.fc = nn.Linear(1024, 1000)

    def inc(self, x, n):
        g = lambda s: getattr(self, f'i{n}_{s}')
        b1 = F.relu(g('1')(x))
        b2 = F.relu(g('2b')(F.relu(g('2a')(x))))
        b3 = F.relu(g('3b')(F.relu(g('3a')(x))))
        b4 = F.relu(g('4')(F.max_pool2d(x, 3, 1, 1)))
        return torch.cat((b1, b2, b3, b4), dim=1)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.local_response_norm(x, 5)  # !1
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.relu(self.conv2_1(x))
        x = F.relu(self.conv2_2(x))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.local_response_norm(x, 5)  # !1
        x = self.inc(x, '3a')
        x = self.inc(x, '3b')
        x = F.max_pool2d(x, 2, 2)  # !2
        x = self.inc(x, '4a')
        if self.training:
            a = F.avg_pool2d(x, 5, 3)
            a = F.relu(self.aux1_conv(a))
            a = a.view(a.size(0), -1)
            a = F.relu(self.aux1_fc1(a))
            a = F.dropout(a, 0.7, self.training)
            aux1 = self.aux1_fc2(a)
        x = self.inc(x, '4b')
        x = self.inc(x, '4c')
        x = self.inc(x, '4d')
        if self.training:
            a = F.avg_pool2d(x, 5, 3)
            a = F.relu(self.aux2_conv(a))
            a = a.view(a.size(0), -1)
            a = F.relu(self.aux2_fc1(a))
            a = F.dropout(a, 0.7, self.training)
            aux2 = self.aux2_fc2(a)
        x = self.inc(x, '4e')
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = self.inc(x, '5a')
        x = self.inc(x, '5b')
        x = F.avg_pool2d(x, 7, 1)
        x = x.view(-1, 1024)
        x = F.dropout(x, 0.4, self.training)
        x = self.fc(x)
        if self.training:
            return x, aux1, aux2
        return x
