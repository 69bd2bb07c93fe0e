from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class ModelConfig:
    n_classes: int = 1000
    in_channels: int = 3
    dropout: float = 0.2
    aux_dropout: float = 0.7
    bn_eps: float = 1e-3
    stages: dict = field(
        default_factory=lambda: {
            "3": [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
            "4": [
                (192, 96, 208, 16, 48, 64),
                (160, 112, 224, 24, 64, 64),
                (128, 128, 256, 24, 64, 64),
                (112, 144, 288, 32, 64, 64),
                (256, 160, 320, 32, 128, 128),
            ],
            "5": [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
        }
    )
    tap: tuple = ((4, 0), (4, 3))


class ConvBNReLU(nn.Sequential):
    def __init__(self, cfg, cin, cout, k, s=1):
        super().__init__(
            nn.Conv2d(cin, cout, k, stride=s, padding=(k - 1) // 2, bias=False),
            nn.BatchNorm2d(cout, eps=cfg.bn_eps),
            nn.ReLU(inplace=True),
        )


class Mixed(nn.Module):
    def __init__(self, cfg, cin, spec):
        super().__init__()
        a, b, c, d, e, f = spec
        self.width = a + c + e + f
        self.paths = nn.ModuleList(
            [
                ConvBNReLU(cfg, cin, a, 1),
                nn.Sequential(ConvBNReLU(cfg, cin, b, 1), ConvBNReLU(cfg, b, c, 3)),
                nn.Sequential(ConvBNReLU(cfg, cin, d, 1), ConvBNReLU(cfg, d, e, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), ConvBNReLU(cfg, cin, f, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([path(x) for path in self.paths], dim=1)


class SideHead(nn.Module):
    def __init__(self, cfg, cin):
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(5, stride=3), ConvBNReLU(cfg, cin, 128, 1), nn.Flatten())
        self.classifier = nn.Sequential(
            nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(cfg.aux_dropout), nn.Linear(1024, cfg.n_classes)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


class InceptionNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            ConvBNReLU(config, config.in_channels, 64, 7, 2),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            ConvBNReLU(config, 64, 64, 1),
            ConvBNReLU(config, 64, 192, 3),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
        )
        self.stages, self.heads, width = nn.ModuleDict(), nn.ModuleDict(), 192
        for stage, specs in config.stages.items():
            self.stages[stage] = nn.ModuleList()
            for i, spec in enumerate(specs):
                block = Mixed(config, width, spec)
                width = block.width
                self.stages[stage].append(block)
                if (int(stage), i) in config.tap:
                    self.heads[f"{stage}{i}"] = SideHead(config, width)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.top = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(config.dropout), nn.Linear(width, config.n_classes)
        )

    def forward(self, x):
        x, side = self.stem(x), []
        for stage, blocks in self.stages.items():
            for i, block in enumerate(blocks):
                x = block(x)
                if self.training and f"{stage}{i}" in self.heads:
                    side.append(self.heads[f"{stage}{i}"](x))
            if stage != "5":
                x = self.pool(x)
        x = self.top(x)
        return (x, side) if self.training else x
