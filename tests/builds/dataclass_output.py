from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn


@dataclasses.dataclass
class Prediction:
    probabilities: Tensor
    auxiliary: list[Tensor] = dataclasses.field(default_factory=list)


class Branch(nn.Sequential):
    def __init__(self, *sizes: tuple[int, int, int]):
        layers: list[nn.Module] = []
        for c_in, c_out, k in sizes:
            layers += [nn.Conv2d(c_in, c_out, k, padding=k // 2), nn.ReLU()]
        super().__init__(*layers)


class Inception(nn.Module):
    def __init__(self, c: int, one: int, three: tuple[int, int], five: tuple[int, int], proj: int):
        super().__init__()
        self.one = Branch((c, one, 1))
        self.three = Branch((c, three[0], 1), (*three, 3))
        self.five = Branch((c, five[0], 1), (*five, 5))
        self.smooth = nn.AvgPool2d(3, stride=1, padding=1)
        self.proj = Branch((c, proj, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.one(x), self.three(x), self.five(x), self.proj(self.smooth(x))), dim=1)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes: int = 1000):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(),
            nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
            nn.Conv2d(64, 64, 1), nn.ReLU(),
            nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(),
            nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.three = nn.Sequential(
            Inception(192, 64, (96, 128), (16, 32), 32),
            Inception(256, 128, (128, 192), (32, 96), 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.four = nn.ModuleList([
            Inception(480, 192, (96, 208), (16, 48), 64),
            Inception(512, 160, (112, 224), (24, 64), 64),
            Inception(512, 128, (128, 256), (24, 64), 64),
            Inception(512, 112, (144, 288), (32, 64), 64),
            Inception(528, 256, (160, 320), (32, 128), 128),
        ])
        self.five = nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Inception(832, 256, (160, 320), (32, 128), 128),
            Inception(832, 384, (192, 384), (48, 128), 128),
            nn.AvgPool2d(7),
        )
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, num_classes)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.AvgPool2d(5, 3), Branch((c, 128, 1)), nn.Flatten(),
                nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, num_classes),
            )
            for c in (512, 528)
        )

    def forward(self, image: Tensor) -> Prediction:
        x = self.three(self.stem(image))
        maps = []
        for block in self.four:
            x = block(x)
            maps.append(x)
        x = self.fc(self.dropout(self.five(x).squeeze(-1).squeeze(-1)))
        taps = zip(self.heads, (maps[0], maps[3])) if self.training else ()
        return Prediction(torch.softmax(x, dim=-1), [head(m) for head, m in taps])
