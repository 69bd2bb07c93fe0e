"""TF-slim's `inception_v1`, ported: 5×5 branches 3×3, batch norm without scale, SAME padding, no LRN, no heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

MIXED = {
    "Mixed_3b": (64, (96, 128), (16, 32), 32),
    "Mixed_3c": (128, (128, 192), (32, 96), 64),
    "Mixed_4b": (192, (96, 208), (16, 48), 64),
    "Mixed_4c": (160, (112, 224), (24, 64), 64),
    "Mixed_4d": (128, (128, 256), (24, 64), 64),
    "Mixed_4e": (112, (144, 288), (32, 64), 64),
    "Mixed_4f": (256, (160, 320), (32, 128), 128),
    "Mixed_5b": (256, (160, 320), (32, 128), 128),
    "Mixed_5c": (384, (192, 384), (48, 128), 128),
}
"""Branch 0, branch 1, branch 2 and the projection behind the pool."""


def same(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """TensorFlow's SAME: as many as are needed, the odd one behind."""
    height, width = x.shape[-2:]
    down = max((-(-height // stride) - 1) * stride + kernel - height, 0)
    over = max((-(-width // stride) - 1) * stride + kernel - width, 0)
    return functional.pad(x, (over // 2, over - over // 2, down // 2, down - down // 2), value=value)


class SlimConv2d(nn.Module):
    """`slim.conv2d` in the scope of inception: no bias, batch norm (epsilon 0.001, center and no scale), ReLU."""

    def __init__(self, depth: int, out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.weights = nn.Parameter(torch.empty(out, depth, kernel, kernel))
        self.beta = nn.Parameter(torch.zeros(out))
        self.register_buffer("moving_mean", torch.zeros(out))
        self.register_buffer("moving_variance", torch.ones(out))
        nn.init.trunc_normal_(self.weights, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.get_buffer("moving_mean"), self.get_buffer("moving_variance")
        x = functional.conv2d(same(x, self.kernel, self.stride), self.weights, stride=self.stride)
        return functional.relu(
            functional.batch_norm(x, mean, variance, None, self.beta, self.training, momentum=0.0003, eps=0.001)
        )


class Mixed(nn.Module):
    """One inception module; its third branch is 3×3 where the paper has 5×5."""

    def __init__(self, depth: int, one: int, three: tuple[int, int], five: tuple[int, int], pool: int) -> None:
        super().__init__()
        self.branch_0 = SlimConv2d(depth, one, 1)
        self.branch_1 = nn.Sequential(SlimConv2d(depth, three[0], 1), SlimConv2d(*three, 3))
        self.branch_2 = nn.Sequential(SlimConv2d(depth, five[0], 1), SlimConv2d(*five, 3))
        self.branch_3 = SlimConv2d(depth, pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = functional.max_pool2d(same(x, 3, 1, float("-inf")), 3, 1)
        return torch.cat([self.branch_0(x), self.branch_1(x), self.branch_2(x), self.branch_3(pooled)], dim=1)


class InceptionV1(nn.Module):
    """`inception_v1`: end points of `inception_v1_base`, then average pool, dropout and a 1×1 convolution as classifier."""

    def __init__(self, num_classes: int = 1000, dropout_keep_prob: float = 0.8, last_pool: int = 2) -> None:
        super().__init__()
        self.last_pool, self.keep = last_pool, dropout_keep_prob
        self.conv2d_1a = SlimConv2d(3, 64, 7, 2)
        self.conv2d_2b = SlimConv2d(64, 64, 1)
        self.conv2d_2c = SlimConv2d(64, 192, 3)
        depth = 192
        for name, (one, three, five, pool) in MIXED.items():
            self.add_module(name, Mixed(depth, one, three, five, pool))
            depth = one + three[1] + five[1] + pool
        self.logits = nn.Conv2d(depth, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv2d_1a(x), 3)
        x = self.pool(self.conv2d_2c(self.conv2d_2b(x)), 3)
        for name in MIXED:
            if name == "Mixed_4b":
                x = self.pool(x, 3)
            if name == "Mixed_5b":
                x = self.pool(x, self.last_pool)
            x = self.get_submodule(name)(x)
        x = functional.avg_pool2d(x, 7, 1)
        x = self.logits(functional.dropout(x, 1 - self.keep, self.training))
        return x.squeeze(3).squeeze(2)

    @staticmethod
    def pool(x: Tensor, kernel: int) -> Tensor:
        """`slim.max_pool2d` at stride 2."""
        return functional.max_pool2d(same(x, kernel, 2, float("-inf")), kernel, 2)


def retained() -> InceptionV1:
    """The same with another dropout."""
    return InceptionV1(dropout_keep_prob=0.6)


def overlapping() -> InceptionV1:
    """The same with the paper's own pool before 5a."""
    return InceptionV1(last_pool=3)
