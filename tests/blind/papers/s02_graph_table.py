# mypy: ignore-errors
# A graph in a table, walked by a tiny interpreter.
import torch
import torch.nn as nn

GRAPH = []   # (name, op, inputs)


def add(name, op, *inputs):
    GRAPH.append((name, op, inputs))
    return name


def conv(name, src, i, o, k, s=1):
    add(name + "/conv", lambda: nn.Conv2d(i, o, k, s, k // 2), src)
    return add(name, lambda: nn.ReLU(), name + "/conv")


def inception(name, src, i, n1, n3r, n3, n5r, n5, np):
    a = conv(f"{name}/1x1", src, i, n1, 1)
    b = conv(f"{name}/3x3", conv(f"{name}/3x3_reduce", src, i, n3r, 1), n3r, n3, 3)
    c = conv(f"{name}/5x5", conv(f"{name}/5x5_reduce", src, i, n5r, 1), n5r, n5, 5)
    d = add(f"{name}/pool", lambda: nn.MaxPool2d(3, 1, 1), src)
    d = conv(f"{name}/pool_proj", d, i, np, 1)
    return add(f"{name}/output", None, a, b, c, d)


def maxpool(name, src):
    return add(name, lambda: nn.MaxPool2d(3, 2, ceil_mode=True), src)


def classifier(name, src, i, nc):
    x = add(f"{name}/ave_pool", lambda: nn.AvgPool2d(5, 3), src)
    x = conv(f"{name}/conv", x, i, 128, 1)
    x = add(f"{name}/flat", lambda: nn.Flatten(), x)
    x = add(f"{name}/fc", lambda: nn.Linear(2048, 1024), x)
    x = add(f"{name}/relu_fc", lambda: nn.ReLU(), x)
    x = add(f"{name}/drop_fc", lambda: nn.Dropout(0.7), x)
    return add(f"{name}/classifier", lambda: nn.Linear(1024, nc), x)


def describe(nc):
    GRAPH.clear()
    x = conv("conv1/7x7_s2", "data", 3, 64, 7, 2)
    x = maxpool("pool1/3x3_s2", x)
    x = add("pool1/norm1", lambda: nn.LocalResponseNorm(5, 1e-4, 0.75), x)
    x = conv("conv2/3x3_reduce", x, 64, 64, 1)
    x = conv("conv2/3x3", x, 64, 192, 3)
    x = add("conv2/norm2", lambda: nn.LocalResponseNorm(5, 1e-4, 0.75), x)
    x = maxpool("pool2/3x3_s2", x)
    x = inception("inception_3a", x, 192, 64, 96, 128, 16, 32, 32)
    x = inception("inception_3b", x, 256, 128, 128, 192, 32, 96, 64)
    x = maxpool("pool3/3x3_s2", x)
    x = inception("inception_4a", x, 480, 192, 96, 208, 16, 48, 64)
    classifier("loss1", x, 512, nc)
    x = inception("inception_4b", x, 512, 160, 112, 224, 24, 64, 64)
    x = inception("inception_4c", x, 512, 128, 128, 256, 24, 64, 64)
    x = inception("inception_4d", x, 512, 112, 144, 288, 32, 64, 64)
    classifier("loss2", x, 528, nc)
    x = inception("inception_4e", x, 528, 256, 160, 320, 32, 128, 128)
    x = maxpool("pool4/3x3_s2", x)
    x = inception("inception_5a", x, 832, 256, 160, 320, 32, 128, 128)
    x = inception("inception_5b", x, 832, 384, 192, 384, 48, 128, 128)
    x = add("pool5/7x7_s1", lambda: nn.AvgPool2d(7, 1), x)
    x = add("pool5/drop", lambda: nn.Dropout(0.4), x)
    x = add("flat", lambda: nn.Flatten(), x)
    add("loss3/classifier", lambda: nn.Linear(1024, nc), x)
    return list(GRAPH)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.graph = describe(num_classes)
        self.ops = nn.ModuleDict({n: op() for n, op, _ in self.graph if op is not None})

    def forward(self, data):
        blobs = {"data": data}
        for name, _, inputs in self.graph:
            if not self.training and (name.startswith("loss1") or name.startswith("loss2")):
                continue
            args = [blobs[i] for i in inputs]
            blobs[name] = self.ops[name](*args) if name in self.ops else torch.cat(args, 1)
        if self.training:
            return {k: blobs[f"{k}/classifier"] for k in ("loss1", "loss2", "loss3")}
        return blobs["loss3/classifier"]
