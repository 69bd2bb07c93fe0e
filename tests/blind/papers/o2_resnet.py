# mypy: ignore-errors
"""An 18-layer residual network without normalisation."""
import torch.nn as nn
import torch.nn.functional as F


class Basic(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.a, self.b = nn.Conv2d(i, o, 3, s, 1), nn.Conv2d(o, o, 3, 1, 1)
        self.skip = nn.Conv2d(i, o, 1, s) if (i, s) != (o, 1) else nn.Identity()

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))) + self.skip(x))


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1), Basic(64, 64, 1), Basic(64, 64, 1),
                         Basic(64, 128, 2), Basic(128, 128, 1), Basic(128, 256, 2), Basic(256, 256, 1),
                         Basic(256, 512, 2), Basic(512, 512, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))
