"""The trunk does not know of its auxiliary heads: they listen to it by forward hooks."""
from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn


def conv(name: str, c_in: int, c_out: int, k: int, s: int = 1) -> list[tuple[str, nn.Module]]:
    return [(name, nn.Conv2d(c_in, c_out, k, s, k // 2)), (f"{name}_relu", nn.ReLU(inplace=True))]


def chain(*layers: tuple[str, nn.Module]) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))


class Module(nn.Module):
    def __init__(self, c: int, n1: int, n3r: int, n3: int, n5r: int, n5: int, np: int) -> None:
        super().__init__()
        self.left = chain(*conv("c1", c, n1, 1))
        self.mid = chain(*conv("c3r", c, n3r, 1), *conv("c3", n3r, n3, 3))
        self.right = chain(*conv("c5r", c, n5r, 1), *conv("c5", n5r, n5, 5))
        self.pool = chain(("pool", nn.MaxPool2d(3, 1, 1)), *conv("proj", c, np, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.left(x), self.mid(x), self.right(x), self.pool(x)], dim=1)


class Listener(nn.Module):
    def __init__(self, c: int, classes: int) -> None:
        super().__init__()
        self.net = chain(
            ("pool", nn.AvgPool2d(5, 3)), *conv("conv", c, 128, 1), ("flat", nn.Flatten()),
            ("fc1", nn.Linear(2048, 1024)), ("relu", nn.ReLU()), ("drop", nn.Dropout(0.7)),
            ("fc2", nn.Linear(1024, classes)),
        )
        self.heard: list[torch.Tensor] = []

    def attach(self, module: nn.Module) -> None:
        module.register_forward_hook(self.listen)

    def listen(self, module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        if self.training:
            self.heard.append(self.net(output))


def trunk() -> nn.Sequential:
    lrn = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}
    return chain(
        *conv("conv1", 3, 64, 7, 2), ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)), ("lrn1", nn.LocalResponseNorm(**lrn)),
        *conv("conv2r", 64, 64, 1), *conv("conv2", 64, 192, 3), ("lrn2", nn.LocalResponseNorm(**lrn)),
        ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),
        ("3a", Module(192, 64, 96, 128, 16, 32, 32)), ("3b", Module(256, 128, 128, 192, 32, 96, 64)),
        ("pool3", nn.MaxPool2d(3, 2, ceil_mode=True)),
        ("4a", Module(480, 192, 96, 208, 16, 48, 64)), ("4b", Module(512, 160, 112, 224, 24, 64, 64)),
        ("4c", Module(512, 128, 128, 256, 24, 64, 64)), ("4d", Module(512, 112, 144, 288, 32, 64, 64)),
        ("4e", Module(528, 256, 160, 320, 32, 128, 128)), ("pool4", nn.MaxPool2d(3, 2, ceil_mode=True)),
        ("5a", Module(832, 256, 160, 320, 32, 128, 128)), ("5b", Module(832, 384, 192, 384, 48, 128, 128)),
    )


class GoogLeNet(nn.Module):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.trunk = trunk()
        self.top = chain(
            ("pool", nn.AvgPool2d(7)), ("drop", nn.Dropout(0.4)), ("flat", nn.Flatten()), ("fc", nn.Linear(1024, classes))
        )
        self.listeners = nn.ModuleList([Listener(512, classes), Listener(528, classes)])
        for listener, name in zip(self.listeners, ("4b", "4d")):
            listener.attach(getattr(self.trunk, name))

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        for listener in self.listeners:
            listener.heard.clear()
        logits = self.top(self.trunk(x))
        heard = [listener.heard.pop() for listener in self.listeners if listener.heard]
        return (logits, *heard) if heard else logits
