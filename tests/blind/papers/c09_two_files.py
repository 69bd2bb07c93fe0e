# mypy: ignore-errors
"""Half of the network stands in a second file; the heads in a wrapper that returns a dataclass."""
from dataclasses import dataclass
from typing import Optional

from torch import Tensor, nn

from c09_trunk import Lower, Upper


@dataclass
class Result:
    logits: Tensor
    aux_a: Optional[Tensor] = None
    aux_d: Optional[Tensor] = None


class Auxiliary(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.net = nn.Sequential(nn.AvgPool2d(5, stride=3), nn.Conv2d(channels, 128, 1), nn.ReLU(), nn.Flatten(),
                                 nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, 1000))

    def forward(self, x):
        return self.net(x)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lower = Lower()
        self.upper = Upper()
        self.aux_a = Auxiliary(512)
        self.aux_d = Auxiliary(528)

    def forward(self, images):
        a = self.lower(images)
        d, logits = self.upper(a)
        if self.training:
            return Result(logits, aux_a=self.aux_a(a), aux_d=self.aux_d(d))
        return Result(logits)


def build():
    return Model()
