# mypy: ignore-errors
"""One YAML-like dict for everything; the 3x3 of the last two modules is depthwise separable."""
import torch
from torch import nn

CONFIG = {
    "stem": [
        {"conv": {"out": 64, "kernel": 7, "stride": 2}}, {"max": {"kernel": 3, "stride": 2}}, {"lrn": {"size": 5}},
        {"conv": {"out": 64, "kernel": 1}}, {"conv": {"out": 192, "kernel": 3}}, {"lrn": {"size": 5}},
        {"max": {"kernel": 3, "stride": 2}},
    ],
    "blocks": [
        {"out": [64, 96, 128, 16, 32, 32]},
        {"out": [128, 128, 192, 32, 96, 64], "down": True},
        {"out": [192, 96, 208, 16, 48, 64], "aux": True},
        {"out": [160, 112, 224, 24, 64, 64]},
        {"out": [128, 128, 256, 24, 64, 64]},
        {"out": [112, 144, 288, 32, 64, 64], "aux": True},
        {"out": [256, 160, 320, 32, 128, 128], "down": True},
        {"out": [256, 160, 320, 32, 128, 128], "separable": True},
        {"out": [384, 192, 384, 48, 128, 128], "separable": True},
    ],
    "aux": {"pool": [5, 3], "conv": 128, "hidden": 1024, "dropout": 0.7},
    "dropout": 0.4,
    "classes": 1000,
}


def conv(i, out, kernel, stride=1, separable=False):
    if separable:
        body = [nn.Conv2d(i, i, kernel, stride, kernel // 2, groups=i), nn.Conv2d(i, out, 1)]  # !1
    else:
        body = [nn.Conv2d(i, out, kernel, stride, kernel // 2)]
    return nn.Sequential(*body, nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, i, out, separable=False, **_):
        super().__init__()
        a, b, c, d, e, f = out
        self.paths = nn.ModuleList([
            conv(i, a, 1), nn.Sequential(conv(i, b, 1), conv(b, c, 3, separable=separable)),
            nn.Sequential(conv(i, d, 1), conv(d, e, 5)), nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(i, f, 1)),
        ])
        self.out_channels = a + c + e + f

    def forward(self, x):
        return torch.cat([p(x) for p in self.paths], 1)


class FromConfig(nn.Module):
    def __init__(self, config=CONFIG):
        super().__init__()
        width, stem = 3, []
        for entry in config["stem"]:
            (kind, kw), = entry.items()
            if kind == "conv":
                stem.append(conv(width, **kw))
                width = kw["out"]
            elif kind == "max":
                stem.append(nn.MaxPool2d(kw["kernel"], kw["stride"], ceil_mode=True))
            else:
                stem.append(nn.LocalResponseNorm(kw["size"]))
        self.stem = nn.Sequential(*stem)
        self.blocks, self.aux = nn.ModuleList(), nn.ModuleDict()
        for n, kw in enumerate(config["blocks"]):
            self.blocks.append(Inception(width, **kw))
            width = self.blocks[-1].out_channels
            if kw.get("aux"):
                a = config["aux"]
                self.aux[str(n)] = nn.Sequential(
                    nn.AvgPool2d(*a["pool"]), conv(width, a["conv"], 1), nn.Flatten(), nn.Linear(16 * a["conv"], a["hidden"]),
                    nn.ReLU(), nn.Dropout(a["dropout"]), nn.Linear(a["hidden"], config["classes"]))
        self.down = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.top = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(config["dropout"]),
                                 nn.Linear(width, config["classes"]))
        self.config = config

    def forward(self, x):
        x = self.stem(x)
        side = {}
        for n, (block, kw) in enumerate(zip(self.blocks, self.config["blocks"])):
            x = block(x)
            if kw.get("aux") and self.training:
                side[f"aux{n}"] = self.aux[str(n)](x)
            if kw.get("down"):
                x = self.down(x)
        return {"logits": self.top(x), **side}
