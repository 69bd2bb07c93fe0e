"""Model zoo: ``build_model("googlenet", num_classes=102)``."""
import torch
import torch.nn as nn

__all__ = ["build_model"]

_CFG = {
    "3a": [64, (96, 128), (16, 32), 32],
    "3b": [128, (128, 192), (32, 96), 64],
    "M1": None,
    "4a": [192, (96, 208), (16, 48), 64],
    "4b": [160, (112, 224), (24, 64), 64],
    "4c": [128, (128, 256), (24, 64), 64],
    "4d": [112, (144, 288), (32, 64), 64],
    "4e": [256, (160, 320), (32, 128), 128],
    "M2": None,
    "5a": [256, (160, 320), (32, 128), 128],
    "5b": [384, (192, 384), (48, 128), 128],
}


def _conv(cin, cout, k, **kwargs):
    kwargs.setdefault("padding", (k - 1) // 2)
    return nn.Sequential(nn.Conv2d(cin, cout, k, **kwargs), nn.ReLU(inplace=True))


class _Block(nn.Module):
    def __init__(self, cin, b1, b2, b3, b4):
        super().__init__()
        self.branches = nn.ModuleList()
        self.branches.append(_conv(cin, b1, 1))
        for k, (mid, out) in zip((3, 5), (b2, b3)):
            # smaller kernels for the squeeze on the 3x3 path
            squeeze = 1 if k == 3 else k
            self.branches.append(nn.Sequential(_conv(cin, mid, squeeze), _conv(mid, out, k)))
        self.branches.append(nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(cin, b4, 1)))
        self.out_channels = b1 + b2[1] + b3[1] + b4

    def forward(self, x):
        return torch.cat([b(x) for b in self.branches], dim=1)


class _Aux(nn.Sequential):
    def __init__(self, cin, num_classes, rate):
        super().__init__(
            nn.AvgPool2d(5, 3),
            _conv(cin, 128, 1),
            nn.Flatten(),
            nn.Linear(2048, 1024),
            nn.ReLU(inplace=True),
            nn.Dropout(rate),
            nn.Linear(1024, num_classes),
        )


class _GoogLeNet(nn.Module):
    def __init__(self, cfg, num_classes, drop_rate=0.5, aux_drop_rate=0.7, aux_at=("4a", "4d")):
        super().__init__()
        self.stem = nn.Sequential(
            _conv(3, 64, 7, stride=2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.LocalResponseNorm(5),
            _conv(64, 64, 1),
            _conv(64, 192, 3),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.body, self.aux, width = nn.ModuleDict(), nn.ModuleDict(), 192
        for name, values in cfg.items():
            if values is None:
                self.body[name] = nn.MaxPool2d(3, 2, ceil_mode=True)
                continue
            self.body[name] = block = _Block(width, *values)
            width = block.out_channels
            if name in aux_at:
                self.aux[name] = _Aux(width, num_classes, aux_drop_rate)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(drop_rate)
        self.fc = nn.Linear(width, num_classes)
        self.reset_parameters()

    def reset_parameters(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.xavier_uniform_(m.weight)
                nn.init.constant_(m.bias, 0.2)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)
                nn.init.zeros_(m.bias)

    def forward_features(self, x):
        side = {}
        x = self.stem(x)
        for name, layer in self.body.items():
            x = layer(x)
            if self.training and name in self.aux:
                side[name] = self.aux[name](x)
        return x, side

    def forward(self, x):
        x, side = self.forward_features(x)
        x = self.fc(self.drop(self.pool(x).flatten(1)))
        return (x, list(side.values())) if self.training else x


def build_model(name="googlenet", num_classes=1000, checkpoint=None, **kwargs):
    if name != "googlenet":
        raise ValueError(f"unknown model {name!r}")
    model = _GoogLeNet(_CFG, num_classes, **kwargs)
    if checkpoint:
        model.load_state_dict(torch.load(checkpoint, map_location="cpu"))
    return model
