# mypy: ignore-errors
from __future__ import annotations
from dataclasses import dataclass
import torch
from torch import nn


@dataclass(frozen=True)
class InceptionConfig:
    out_1x1: int
    red_3x3: int
    out_3x3: int
    red_5x5: int
    out_5x5: int
    out_pool: int

    @property
    def out(self) -> int:
        return self.out_1x1 + self.out_3x3 + self.out_5x5 + self.out_pool


@dataclass(frozen=True)
class Config:
    num_classes: int = 1000
    dropout: float = 0.4
    aux_dropout: float = 0.7
    blocks: tuple = (
        ("3a", InceptionConfig(64, 96, 128, 16, 32, 32)),
        ("3b", InceptionConfig(128, 128, 192, 32, 96, 64)),
        ("pool", None),
        ("4a", InceptionConfig(192, 96, 208, 16, 48, 64)),
        ("4b", InceptionConfig(160, 112, 224, 24, 64, 64)),
        ("4c", InceptionConfig(128, 128, 256, 32, 64, 64)),  # !1
        ("4d", InceptionConfig(112, 144, 288, 32, 64, 64)),
        ("4e", InceptionConfig(256, 160, 320, 32, 128, 64)),  # !2
        ("pool", None),
        ("5a", InceptionConfig(256, 160, 320, 32, 128, 128)),
        ("5b", InceptionConfig(384, 192, 384, 48, 128, 128)),
    )
    taps: tuple = ("4a", "4d")


class ConvReLU(nn.Module):
    def __init__(self, i, o, k, s=1):
        super().__init__()
        self.weight_layer = nn.Conv2d(i, o, k, s, padding=k // 2)

    def forward(self, x):
        return torch.relu(self.weight_layer(x))


class Inception(nn.Module):
    def __init__(self, i: int, c: InceptionConfig):
        super().__init__()
        self.b = nn.ModuleDict({
            "one": ConvReLU(i, c.out_1x1, 1),
            "three": nn.Sequential(ConvReLU(i, c.red_3x3, 1), ConvReLU(c.red_3x3, c.out_3x3, 3)),
            "five": nn.Sequential(ConvReLU(i, c.red_5x5, 1), ConvReLU(c.red_5x5, c.out_5x5, 5)),
            "pool": nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvReLU(i, c.out_pool, 1)),
        })

    def forward(self, x):
        return torch.cat([f(x) for f in self.b.values()], dim=1)


class Aux(nn.Sequential):
    def __init__(self, i: int, cfg: Config):
        super().__init__(nn.AvgPool2d(5, 3), ConvReLU(i, 128, 1), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(),
                         nn.Dropout(cfg.aux_dropout), nn.Linear(1024, cfg.num_classes))


class Network(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.stem = nn.Sequential(
            ConvReLU(3, 64, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            ConvReLU(64, 64, 1), ConvReLU(64, 192, 3), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.trunk, self.aux, self.names = nn.ModuleList(), nn.ModuleDict(), []
        width = 192
        for name, c in cfg.blocks:
            self.names.append(name)
            if c is None:
                self.trunk.append(nn.MaxPool2d(3, 2, ceil_mode=True))
                continue
            self.trunk.append(Inception(width, c))
            width = c.out
            if name in cfg.taps:
                self.aux[name] = Aux(width, cfg)
        self.head = nn.Sequential(nn.AvgPool2d(7, 1), nn.Flatten(), nn.Dropout(cfg.dropout),
                                  nn.Linear(width, cfg.num_classes))

    def forward(self, x):
        x, aux = self.stem(x), {}
        for name, m in zip(self.names, self.trunk):
            x = m(x)
            if self.training and name in self.aux:
                aux[name] = self.aux[name](x)
        return {"logits": self.head(x), **aux}


def build(num_classes=1000):
    return Network(Config(num_classes=num_classes))
