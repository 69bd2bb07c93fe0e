# mypy: ignore-errors
"""Checkpointed; 5x5 as a dilated 3x3 in the 4 modules, branches in another order, no bias in the heads' last layer."""
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class ConvReLU(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(super().forward(x), inplace=True)


class Inception(nn.Module):
    def __init__(self, i: int, a: int, b: tuple[int, int], c: tuple[int, int], d: int, wide: bool = True):
        super().__init__()
        self.branch1 = ConvReLU(i, a, 1)
        self.branch2 = nn.Sequential(ConvReLU(i, b[0], 1), ConvReLU(b[0], b[1], 3, padding=1))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), ConvReLU(i, d, 1))
        k = dict(kernel_size=5, padding=2) if wide else dict(kernel_size=3, padding=2, dilation=2)  # !1
        self.branch3 = nn.Sequential(ConvReLU(i, c[0], 1), ConvReLU(c[0], c[1], **k))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([b(x) for b in self.children()], 1)  # !2


class Aux(nn.Module):
    def __init__(self, i: int, n: int):
        super().__init__()
        self.conv = ConvReLU(i, 128, 1)
        self.fc = nn.Linear(2048, 1024)
        self.cls = nn.Linear(1024, n, bias=False)  # !3

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(nn.functional.avg_pool2d(x, (5, 5), (3, 3)))
        x = torch.relu(self.fc(torch.flatten(x, 1)))
        return self.cls(nn.functional.dropout(x, p=0.7, training=self.training))


class GoogLeNet(nn.Module):
    def __init__(self, num_classes: int = 1000, recompute: bool = True):
        super().__init__()
        self.recompute = recompute
        self.stem = nn.Sequential(
            ConvReLU(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 0, ceil_mode=True), nn.LocalResponseNorm(5, 1e-4, 0.75, 1),
            ConvReLU(64, 64, 1), ConvReLU(64, 192, 3, 1, 1), nn.LocalResponseNorm(5, 1e-4, 0.75, 1),
            nn.MaxPool2d(3, 2, 0, ceil_mode=True))
        self.blocks = nn.ModuleList([
            Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64),
            Inception(480, 192, (96, 208), (16, 48), 64, False), Inception(512, 160, (112, 224), (24, 64), 64, False),
            Inception(512, 128, (128, 256), (24, 64), 64, False), Inception(512, 112, (144, 288), (32, 64), 64, False),
            Inception(528, 256, (160, 320), (32, 128), 128, False), Inception(832, 256, (160, 320), (32, 128), 128),
            Inception(832, 384, (192, 384), (48, 128), 128)])
        self.aux1 = Aux(512, num_classes)
        self.aux2 = Aux(528, num_classes)
        self.fc = nn.Linear(1024, num_classes)
        for p in self.parameters():
            nn.init.trunc_normal_(p, std=0.01) if p.ndim > 1 else nn.init.constant_(p, 0.2)
        self.to(memory_format=torch.channels_last)

    def run(self, block: nn.Module, x: Tensor) -> Tensor:
        if self.recompute and self.training:
            return checkpoint(block, x, use_reentrant=False)
        return block(x)

    def forward(self, x: Tensor):
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.stem(x)
        aux = []
        for i, block in enumerate(self.blocks):
            if i in (2, 7):
                x = nn.functional.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self.run(block, x)
            if i == 2 and self.training:
                aux.append(self.aux1(x))
            if i == 5 and self.training:
                aux.append(self.aux2(x))
        x = x.mean(dim=(-2, -1))
        x = nn.functional.dropout(x, 0.4, self.training)
        return (self.fc(x), *aux) if aux else self.fc(x)
