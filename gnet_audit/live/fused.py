"""The reference in a form for inference: the three branches of a module that read its input share one wide 1×1.

The same function with the same weights: fewer and larger products, a module's input is read twice, not four times, and
the normalisation sums five shifted maps where torch's own takes a three-dimensional average pool and a slow power.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.errors import UsageError
from gnet_audit.live.googlenet import Conv, GoogLeNet, Inception


class FusedInception(nn.Module):
    """An Inception module whose 1×1, 3×3 reduction and 5×5 reduction are one convolution, split afterwards."""

    def __init__(self, plain: Inception) -> None:
        super().__init__()
        reduce3, conv3 = _pair(plain.branch2)
        reduce5, conv5 = _pair(plain.branch3)
        first = (plain.branch1.conv, reduce3.conv, reduce5.conv)
        self.widths = [conv.out_channels for conv in first]
        self.entry = nn.Conv2d(first[0].in_channels, sum(self.widths), kernel_size=1)
        self.entry.weight = nn.Parameter(torch.cat([conv.weight.detach() for conv in first]))
        self.entry.bias = nn.Parameter(torch.cat([_bias(conv) for conv in first]))
        self.conv3, self.conv5 = conv3, conv5
        self.pool, self.pool_proj = plain.branch4[0], plain.branch4[1]

    def forward(self, x: Tensor) -> Tensor:
        """One wide convolution, cut into three; then as before."""
        n1x1, reduce3, reduce5 = F.relu(self.entry(x), inplace=True).split(self.widths, dim=1)  # type: ignore[no-untyped-call]
        return torch.cat([n1x1, self.conv3(reduce3), self.conv5(reduce5), self.pool_proj(self.pool(x))], dim=1)


class DirectNorm(nn.Module):
    """Local response normalisation as a sum of shifted maps."""

    def __init__(self, plain: nn.LocalResponseNorm) -> None:
        super().__init__()
        self.size, self.scale, self.beta, self.k = plain.size, plain.alpha / plain.size, plain.beta, plain.k

    def forward(self, x: Tensor) -> Tensor:
        """Square, pad the channels, add up the neighbours, multiply."""
        channels, before = x.shape[1], self.size // 2
        squares = F.pad(x * x, (0, 0, 0, 0, before, self.size - 1 - before))
        total = squares[:, :channels]
        for shift in range(1, self.size):
            total = total + squares[:, shift : shift + channels]
        return x * (total * self.scale + self.k) ** -self.beta


class FusedGoogLeNet(GoogLeNet):
    """The reference with every module fused; `gnet-audit shapes gnet_audit.live.fused:FusedGoogLeNet` proves it."""

    def __init__(self, num_classes: int = 1000, *, aux_heads: bool = True) -> None:
        super().__init__(num_classes, aux_heads=aux_heads)
        fuse(self)


def fuse(model: nn.Module) -> nn.Module:
    """Fuse the reference's modules in place; UsageError for any other model."""
    if not has_fused_form(model):
        raise UsageError("only the reference build has a fused form", got=type(model).__name__)
    for name, part in list(model.named_children()):
        if isinstance(part, Inception):
            setattr(model, name, FusedInception(part))
        elif isinstance(part, nn.LocalResponseNorm):
            setattr(model, name, DirectNorm(part))
    return model


def has_fused_form(model: nn.Module) -> bool:
    """Whether a model is the reference build, or its fused form already."""
    return isinstance(model, GoogLeNet)


def _pair(branch: nn.Module) -> tuple[Conv, Conv]:
    first, second = branch.children()
    assert isinstance(first, Conv)
    assert isinstance(second, Conv)
    return first, second


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None
    return conv.bias.detach()
