# mypy: ignore-errors
"""Pure functions over a dict of parameters, as one would write it in JAX."""
import math
import torch
from torch import nn
import torch.nn.functional as F

CFG = {
    "a3": (192, 64, 96, 128, 16, 32, 32), "b3": (256, 128, 128, 192, 32, 96, 64),
    "a4": (480, 192, 96, 208, 16, 48, 64), "b4": (512, 160, 112, 224, 24, 64, 64),
    "c4": (512, 128, 128, 256, 24, 64, 64), "d4": (512, 112, 144, 288, 32, 64, 64),
    "e4": (528, 256, 160, 320, 32, 128, 128), "a5": (832, 256, 160, 320, 32, 128, 128),
    "b5": (832, 384, 192, 384, 48, 128, 128),
}


def glorot(*shape):
    fan = shape[0] + math.prod(shape[1:])
    return torch.randn(*shape) * math.sqrt(2 / fan)


def init(num_classes):
    p = {}

    def conv(name, i, o, k):
        p[name + "_w"], p[name + "_b"] = glorot(o, i, k, k), torch.zeros(o)

    def dense(name, i, o):
        p[name + "_w"], p[name + "_b"] = glorot(o, i), torch.zeros(o)

    conv("s1", 3, 64, 7), conv("s2", 64, 64, 1), conv("s3", 64, 192, 3)
    for k, (i, a, br, b, cr, c, d) in CFG.items():
        conv(k + "p", i, a, 1), conv(k + "qr", i, br, 1), conv(k + "q", br, b, 3)
        conv(k + "rr", i, cr, 1), conv(k + "r", cr, c, 5), conv(k + "s", i, d, 1)
    for k, i in (("x1", 512), ("x2", 528)):
        conv(k + "c", i, 128, 1), dense(k + "h", 2048, 1024), dense(k + "o", 1024, num_classes)
    dense("out", 1024, num_classes)
    return p


def conv(p, name, x, stride=1):
    w = p[name + "_w"]
    return torch.conv2d(x, w, p[name + "_b"], stride, w.shape[-1] // 2).clamp_min(0)


def pool(x, s=2):
    return torch.max_pool2d(x, 3, s, 0, 1, True) if s == 2 else torch.max_pool2d(x, 3, 1, 1)


def block(p, k, x):
    return torch.cat((conv(p, k + "p", x), conv(p, k + "q", conv(p, k + "qr", x)),
                      conv(p, k + "r", conv(p, k + "rr", x)), conv(p, k + "s", pool(x, 1))), -3)


def head(p, k, x, train):
    x = conv(p, k + "c", F.avg_pool2d(x, 5, 3)).flatten(1)
    x = torch.relu(x @ p[k + "h_w"].T + p[k + "h_b"])
    return torch.dropout(x, .7, train) @ p[k + "o_w"].T + p[k + "o_b"]


def apply(p, x, train):
    lrn = lambda t: F.local_response_norm(t, 5)  # torch's defaults are 1e-4, .75, 1
    x = lrn(pool(conv(p, "s1", x, 2)))
    x = pool(lrn(conv(p, "s3", conv(p, "s2", x))))
    x = pool(block(p, "b3", block(p, "a3", x)))
    x = t1 = block(p, "a4", x)
    for k in ("b4", "c4", "d4"):
        x = block(p, k, x)
    t2 = x
    x = pool(block(p, "e4", x))
    x = block(p, "b5", block(p, "a5", x))
    x = torch.dropout(F.avg_pool2d(x, 7, 1).squeeze(-1).squeeze(-1), .4, train)
    y = torch.addmm(p["out_b"], x, p["out_w"].t())
    return (y, head(p, "x1", t1, train), head(p, "x2", t2, train)) if train else y


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.params = nn.ParameterDict(init(num_classes))

    def forward(self, x):
        return apply(self.params, x, self.training)
