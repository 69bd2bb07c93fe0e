"""The ops of a plan: each builder sees the tensors that reach it, so that widths follow by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

Part: TypeAlias = Callable[..., Tensor]
Settings: TypeAlias = dict[str, Any]
Reads: TypeAlias = tuple[Tensor, ...]


class Cat(nn.Module):
    """Branches side by side along the channels."""

    def forward(self, *branches: Tensor) -> Tensor:
        return torch.cat(branches, dim=1)


class Sum(nn.Module):
    """Branches on top of each other."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = first + other
        return first


class Do(nn.Module):
    """A plain function."""

    def __init__(self, function: Part) -> None:
        super().__init__()
        self.function = function

    def forward(self, *reads: Tensor) -> Tensor:
        return self.function(*reads)


class Flat(nn.Module):
    """A linear layer behind a flatten."""

    def __init__(self, linear: nn.Module) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.flatten(x, 1))  # type: ignore[no-any-return]


class SetDropout(nn.Module):
    """Dropout that does not listen to the model's mode."""

    def __init__(self, *, p: float, on: bool) -> None:
        super().__init__()
        self.p, self.on = p, on

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, p=self.p, training=self.on)


class TwoConvs(nn.Module):
    """One convolution written as two, with a ReLU between."""

    def __init__(self, channels: int, *, middle: int, out: int, first: Settings, second: Settings) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, middle, **first)
        self.second = nn.Conv2d(middle, out, **second)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))  # type: ignore[no-any-return]


class Separable(nn.Module):
    """A depthwise convolution and a pointwise one."""

    def __init__(self, channels: int, *, out: int, multiplier: int, **window: int) -> None:
        super().__init__()
        self.depth = nn.Conv2d(channels, channels * multiplier, groups=channels, **window)  # type: ignore[arg-type]
        self.point = nn.Conv2d(channels * multiplier, out, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.point(self.depth(x))  # type: ignore[no-any-return]


def _width(reads: Reads) -> int:
    return reads[0].shape[1]


def _linear(reads: Reads, settings: Settings) -> nn.Module:
    return Flat(nn.Linear(reads[0][0].numel(), **settings))


PARTS: dict[str, Callable[[Reads, Settings], Part]] = {
    "conv": lambda reads, settings: nn.Conv2d(_width(reads), **settings),
    "two_convs": lambda reads, settings: TwoConvs(_width(reads), **settings),
    "separable": lambda reads, settings: Separable(_width(reads), **settings),
    "maxpool": lambda _, settings: nn.MaxPool2d(**settings),
    "avgpool": lambda _, settings: nn.AvgPool2d(**settings),
    "lppool": lambda _, settings: nn.LPPool2d(**settings),
    "adaptive_avg": lambda _, settings: nn.AdaptiveAvgPool2d(**settings),
    "adaptive_max": lambda _, settings: nn.AdaptiveMaxPool2d(**settings),
    "lrn": lambda _, settings: nn.LocalResponseNorm(**settings),
    "batch_norm": lambda reads, settings: nn.BatchNorm2d(_width(reads), **settings),
    "group_norm": lambda reads, settings: nn.GroupNorm(num_channels=_width(reads), **settings),
    "instance_norm": lambda reads, settings: nn.InstanceNorm2d(_width(reads), **settings),
    "linear": _linear,
    "dropout": lambda _, settings: nn.Dropout(**settings),
    "dropout2d": lambda _, settings: nn.Dropout2d(**settings),
    "alpha_dropout": lambda _, settings: nn.AlphaDropout(**settings),
    "set_dropout": lambda _, settings: SetDropout(**settings),
    "concat": lambda _, __: Cat(),
    "sum": lambda _, __: Sum(),
    "identity": lambda _, __: nn.Identity(),
    "relu": lambda _, settings: nn.ReLU(**settings),
    "leaky_relu": lambda _, settings: nn.LeakyReLU(**settings),
    "relu6": lambda _, __: nn.ReLU6(),
    "gelu": lambda _, __: nn.GELU(),
    "silu": lambda _, __: nn.SiLU(),
    "elu": lambda _, __: nn.ELU(),
    "tanh": lambda _, __: nn.Tanh(),
    "sigmoid": lambda _, __: nn.Sigmoid(),
    "prelu": lambda _, __: nn.PReLU(),
    "softmax": lambda _, __: nn.Softmax(dim=1),
    "log_softmax": lambda _, __: nn.LogSoftmax(dim=1),
    "do": lambda _, settings: Do(settings["function"]),
    "module": lambda _, settings: settings["build"](),
}
"""Each kind of step: from what reaches it and its arguments to something that can be called."""
