# mypy: ignore-errors
# TensorFlow habits: NHWC flatten, "same" strings, l.*-naming.
import torch
from torch import nn
import torch.nn.functional as F


def conv2d(i, o, k, strides=1):
    return nn.Conv2d(i, o, k, strides, padding="same" if strides == 1 else k // 2)


class InceptionModule(nn.Module):
    def __init__(self, i, filters):
        super().__init__()
        f = filters
        self.tower = nn.ModuleDict({
            "a": conv2d(i, f[0], 1), "b0": conv2d(i, f[1], 1), "b1": conv2d(f[1], f[2], 3),
            "c0": conv2d(i, f[3], 1), "c1": conv2d(f[3], f[4], 5), "d": conv2d(i, f[5], 1)})

    def forward(self, x):
        t = {k: (lambda z, m=m: F.relu(m(z))) for k, m in self.tower.items()}
        return torch.cat([t["a"](x), t["b1"](t["b0"](x)), t["c1"](t["c0"](x)),
                          t["d"](F.max_pool2d(x, 3, 1, 1))], axis=1)


class AuxClassifier(nn.Module):
    def __init__(self, i, classes):
        super().__init__()
        self.conv = conv2d(i, 128, 1)
        self.dense = nn.Linear(2048, 1024)
        self.logits = nn.Linear(1024, classes)

    def forward(self, x):
        x = F.avg_pool2d(x, 5, 3)
        x = F.relu(self.conv(x))
        x = x.permute(0, 2, 3, 1).flatten(1)  # !2
        x = F.dropout(x, 0.7, self.training)  # !1
        x = F.relu(self.dense(x))
        return self.logits(x)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.c1, self.c2, self.c3 = conv2d(3, 64, 7, 2), conv2d(64, 64, 1), conv2d(64, 192, 3)
        self.blocks = nn.ModuleList(InceptionModule(i, f) for i, f in [
            (192, (64, 96, 128, 16, 32, 32)), (256, (128, 128, 192, 32, 96, 64)),
            (480, (192, 96, 208, 16, 48, 64)), (512, (160, 112, 224, 24, 64, 64)),
            (512, (128, 128, 256, 24, 64, 64)), (512, (112, 144, 288, 32, 64, 64)),
            (528, (256, 160, 320, 32, 128, 128)), (832, (256, 160, 320, 32, 128, 128)),
            (832, (384, 192, 384, 48, 128, 128))])
        self.aux1 = AuxClassifier(512, num_classes)
        self.aux2 = AuxClassifier(528, num_classes)
        self.dense = nn.Linear(1024, num_classes)

    def forward(self, inputs):
        mp = lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)
        lrn = lambda x: F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)
        net = lrn(mp(F.relu(self.c1(inputs))))
        net = mp(lrn(F.relu(self.c3(F.relu(self.c2(net))))))
        ends = {}
        for i, b in enumerate(self.blocks):
            if i in (2, 7):
                net = mp(net)
            net = b(net)
            ends[i] = net
        net = net.mean(dim=[2, 3])
        net = F.dropout(net, 0.4, self.training)
        y = self.dense(net)
        return (y, self.aux1(ends[2]), self.aux2(ends[5])) if self.training else y
