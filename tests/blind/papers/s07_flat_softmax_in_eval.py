# mypy: ignore-errors
import torch
import torch.nn as nn
import torch.nn.functional as F


def caffe_lrn(x, n=5, alpha=1e-4, beta=0.75, k=1.0):
    # across channels, the way the old pytorch forum answer has it
    sq = x.pow(2).unsqueeze(1)
    sq = F.pad(sq, (0, 0, 0, 0, n // 2, n // 2))
    avg = F.avg_pool3d(sq, (n, 1, 1), stride=1).squeeze(1)
    return x.div(avg.mul(alpha).add(k).pow(beta))


class GoogLeNet(nn.Module):
    """Everything flat."""

    def __init__(self, num_classes=1000):
        super(GoogLeNet, self).__init__()
        spec = '''3a 192 64 96 128 16 32 32
                  3b 256 128 128 192 32 96 64
                  4a 480 192 96 208 16 48 64
                  4b 512 160 112 224 24 64 64
                  4c 512 128 128 256 24 64 64
                  4d 512 112 144 288 32 64 64
                  4e 528 256 160 320 32 128 128
                  5a 832 256 160 320 32 128 128
                  5b 832 384 192 384 48 128 128'''
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.conv2_r = nn.Conv2d(64, 64, 1)
        self.conv2 = nn.Conv2d(64, 192, 3, padding=1)
        for line in spec.splitlines():
            n, *v = line.split()
            i, a, rb, b, rc, c, d = map(int, v)
            self.add_module(n + '_1', nn.Conv2d(i, a, 1))
            self.add_module(n + '_3r', nn.Conv2d(i, rb, 1))
            self.add_module(n + '_3', nn.Conv2d(rb, b, (3, 3), padding=(1, 1)))
            self.add_module(n + '_5r', nn.Conv2d(i, rc, 1))
            self.add_module(n + '_5', nn.Conv2d(rc, c, (5, 5), padding=(2, 2)))
            self.add_module(n + '_p', nn.Conv2d(i, d, 1))
        for h, i in ((1, 512), (2, 528)):
            setattr(self, f'h{h}_c', nn.Conv2d(i, 128, 1))
            setattr(self, f'h{h}_f', nn.Linear(2048, 1024))
            setattr(self, f'h{h}_o', nn.Linear(1024, num_classes))
        self.fc = nn.Linear(1024, num_classes)
        self.softmax = nn.Softmax(dim=1)

    def m(self, n, x):
        g = lambda s: getattr(self, n + s)
        y1 = g('_1')(x)
        y2 = g('_3')(F.relu(g('_3r')(x)))
        y3 = g('_5')(F.relu(g('_5r')(x)))
        y4 = g('_p')(F.max_pool2d(x, kernel_size=3, stride=1, padding=1))
        return F.relu(torch.cat([y1, y2, y3, y4], 1))

    def aux(self, h, x):
        g = lambda s: getattr(self, f'h{h}_{s}')
        x = F.relu(g('c')(F.avg_pool2d(x, 5, 3)))
        x = F.relu(g('f')(x.view(-1, 2048)))
        return g('o')(F.dropout(x, 0.7, training=self.training))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2, ceil_mode=True)
        x = caffe_lrn(x)
        x = F.relu(self.conv2(F.relu(self.conv2_r(x))))
        x = F.max_pool2d(caffe_lrn(x), 3, 2, ceil_mode=True)
        x = self.m('3b', self.m('3a', x))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = self.m('4a', x)
        a1 = self.aux(1, x) if self.training else None
        x = self.m('4d', self.m('4c', self.m('4b', x)))
        a2 = self.aux(2, x) if self.training else None
        x = F.max_pool2d(self.m('4e', x), 3, 2, ceil_mode=True)
        x = self.m('5b', self.m('5a', x))
        x = F.dropout(F.avg_pool2d(x, 7), 0.4, self.training).view(x.size(0), 1024)
        x = self.fc(x)
        if not self.training:
            return self.softmax(x)
        return x, a1, a2
