"""The paper's network written once more, as one plain function of named weights: the examiner's own arithmetic.

It knows nothing of gnet_audit. `correct.py` copies each correct build's weights into it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
LEAVES = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
Weights = Mapping[str, tuple[Tensor, Tensor]]
TABLE = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def shapes() -> dict[str, tuple[int, ...]]:
    """Slot → shape of its weight, from Table 1 and section 5."""
    found: dict[str, tuple[int, ...]] = {
        "conv1": (64, 3, 7, 7),
        "conv2_reduce": (64, 64, 1, 1),
        "conv2": (192, 64, 3, 3),
        "linear": (1000, 1024),
    }
    width = 192
    for module, (a, b, c, d, e, f) in TABLE.items():
        sizes = ((a, width, 1), (b, width, 1), (c, b, 3), (d, width, 1), (e, d, 5), (f, width, 1))
        found |= {f"{module}.{leaf}": (o, i, k, k) for leaf, (o, i, k) in zip(LEAVES, sizes, strict=True)}
        width = a + c + e + f
    for head, channels in (("aux1", 512), ("aux2", 528)):
        found |= {f"{head}.conv": (128, channels, 1, 1), f"{head}.fc1": (1024, 2048), f"{head}.fc2": (1000, 1024)}
    return found


def lrn(x: Tensor) -> Tensor:
    """Across 5 channels, alpha 1e-4, beta 0.75, k 1, as Caffe: the sum by a convolution along the channels."""
    n, c, h, w = x.shape
    ones = torch.ones(1, 1, 5, dtype=x.dtype)
    total = functional.conv1d((x**2).permute(0, 2, 3, 1).reshape(-1, 1, c), ones, padding=2)
    return x / (1 + 1e-4 / 5 * total.reshape(n, h, w, c).permute(0, 3, 1, 2)) ** 0.75


def drop(x: Tensor, rate: float, *, training: bool) -> Tensor:
    """A dropout whose rate shows in the numbers: its expectation without the usual scaling."""
    return x * (1 - rate) if training else x


def network(weights: Weights, x: Tensor, *, training: bool) -> dict[str, Tensor]:
    """Logits, and in training those of both heads."""

    def conv(x: Tensor, slot: str, stride: int = 1) -> Tensor:
        weight, bias = weights[slot]
        return functional.conv2d(x, weight, bias, stride, weight.shape[-1] // 2).clamp(min=0)

    def linear(x: Tensor, slot: str) -> Tensor:
        weight, bias = weights[slot]
        return x @ weight.T + bias

    def down(x: Tensor) -> Tensor:
        return functional.max_pool2d(functional.pad(x, (0, 1, 0, 1), value=-torch.inf), 3, 2)

    def inception(x: Tensor, m: str) -> Tensor:
        pooled = functional.max_pool2d(functional.pad(x, (1, 1, 1, 1), value=-torch.inf), 3, 1)
        three, five = conv(x, f"{m}.3x3_reduce"), conv(x, f"{m}.5x5_reduce")
        parts = conv(x, f"{m}.1x1"), conv(three, f"{m}.3x3"), conv(five, f"{m}.5x5"), conv(pooled, f"{m}.pool_proj")
        return torch.cat(parts, 1)

    def head(x: Tensor, h: str) -> Tensor:
        x = conv(functional.avg_pool2d(x, 5, 3), f"{h}.conv").flatten(1)
        return linear(drop(linear(x, f"{h}.fc1").clamp(min=0), 0.7, training=training), f"{h}.fc2")

    out = {}
    x = lrn(down(conv(x, "conv1", 2)))
    x = down(lrn(conv(conv(x, "conv2_reduce"), "conv2")))
    for module in MODULES:
        x = inception(x, module)
        if module in ("3b", "4e"):
            x = down(x)
        if training and module in ("4a", "4d"):
            out["aux1" if module == "4a" else "aux2"] = head(x, "aux1" if module == "4a" else "aux2")
    out["main"] = linear(drop(x.mean((2, 3)), 0.4, training=training), "linear")
    return out
