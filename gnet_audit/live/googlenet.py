"""The paper's network in plain PyTorch, to be read beside Table 1, figure 3 and section 5 of the paper.

Nothing here comes from the spec file: the audit of this build would prove nothing if it did.

Where the paper is silent, this build does as its authors' later Caffe releases and the text around the gap
suggest: local response normalisation with size 5, alpha 0.0001, beta 0.75 and k 1; a bias on every convolution;
pools that round up; and an initialisation of its own (`initialise`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit


class Outputs(NamedTuple):
    """What the network returns in training: the logits of the classifier and of both auxiliary heads."""

    logits: Tensor
    aux1: Tensor
    aux2: Tensor


class Conv(nn.Module):
    """A convolution and its rectified linear activation (section 5: "all the convolutions …")."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, then rectify."""
        return F.relu(self.conv(x), inplace=True)


class Inception(nn.Module):
    """Figure 2(b): four branches side by side, in the order of the columns of Table 1."""

    def __init__(
        self,
        in_channels: int,
        n1x1: int,
        n3x3_reduce: int,
        n3x3: int,
        n5x5_reduce: int,
        n5x5: int,
        pool_proj: int,
    ) -> None:
        super().__init__()
        self.branch1 = Conv(in_channels, n1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            Conv(in_channels, n3x3_reduce, kernel_size=1),
            Conv(n3x3_reduce, n3x3, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            Conv(in_channels, n5x5_reduce, kernel_size=1),
            Conv(n5x5_reduce, n5x5, kernel_size=5, padding=2),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1),
            Conv(in_channels, pool_proj, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Run the branches and put them side by side ("DepthConcat")."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)


class AuxiliaryHead(nn.Module):
    """The classifier on an inner layer (section 5, the list after figure 3)."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size=5, stride=3)
        self.conv = Conv(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(4 * 4 * 128, 1024)
        self.dropout = nn.Dropout(p=0.7)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits; the softmax is in the loss."""
        x = self.conv(self.pool(x))
        x = F.relu(self.fc1(torch.flatten(x, 1)), inplace=True)
        return self.fc2(self.dropout(x))  # type: ignore[no-any-return]


class GoogLeNet(nn.Module):
    """Szegedy et al., "Going Deeper with Convolutions", Table 1."""

    def __init__(self, num_classes: int = 1000, *, aux_heads: bool = True) -> None:
        super().__init__()
        self.aux_heads = aux_heads
        self.conv1 = Conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.pool1 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.lrn1 = nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75, k=1.0)
        self.conv2_reduce = Conv(64, 64, kernel_size=1)
        self.conv2 = Conv(64, 192, kernel_size=3, padding=1)
        self.lrn2 = nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75, k=1.0)
        self.pool2 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        #                                  in  1×1 3×3r  3×3 5×5r  5×5 proj
        self.inception_3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception_3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.pool3 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.inception_4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception_4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception_4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception_4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception_4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.pool4 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.inception_5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception_5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AvgPool2d(kernel_size=7, stride=1)
        self.dropout = nn.Dropout(p=0.4)
        self.linear = nn.Linear(1024, num_classes)
        if aux_heads:
            self.aux1 = AuxiliaryHead(512, num_classes)
            self.aux2 = AuxiliaryHead(528, num_classes)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor | Outputs:
        """Give the logits in eval; in training those of the auxiliary heads as well."""
        x = self.lrn1(self.pool1(self.conv1(image)))
        x = self.pool2(self.lrn2(self.conv2(self.conv2_reduce(x))))
        x = self.pool3(self.inception_3b(self.inception_3a(x)))
        after_4a = self.inception_4a(x)
        after_4d = self.inception_4d(self.inception_4c(self.inception_4b(after_4a)))
        x = self.pool4(self.inception_4e(after_4d))
        x = self.avgpool(self.inception_5b(self.inception_5a(x)))
        logits: Tensor = self.linear(self.dropout(torch.flatten(x, 1)))
        if self.training and self.aux_heads:
            return Outputs(logits, self.aux1(after_4a), self.aux2(after_4d))
        return logits


def initialise(model: nn.Module) -> None:
    """Set the first weights, of which the paper says nothing.

    Kaiming's normal distribution for ReLU on every convolution and hidden layer, standard deviation 0.001 on the
    classifiers, so that training starts at the loss of a uniform guess; biases are zero.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if name.endswith(("linear", "fc2")):
                nn.init.normal_(module.weight, std=0.001)
            else:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)
