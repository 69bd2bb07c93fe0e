# mypy: ignore-errors
"""The trunk from a second file; both heads share their linear layers; probabilities come out."""
from dataclasses import dataclass
from typing import Optional

from torch import Tensor, nn

from c09_trunk import Lower, Upper


@dataclass
class Result:
    logits: Tensor
    aux_a: Optional[Tensor] = None
    aux_d: Optional[Tensor] = None


class Auxiliaries(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleDict({'a': nn.Conv2d(512, 128, 1), 'd': nn.Conv2d(528, 128, 1)})
        self.pool = nn.AvgPool2d(5, stride=3)
        self.classify = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7),  # !1
                                      nn.Linear(1024, 1000))  # !1

    def forward(self, **taps):
        return {'aux_' + k: self.classify(self.convs[k](self.pool(v))) for k, v in taps.items()}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lower = Lower()
        self.upper = Upper()
        self.heads = Auxiliaries()

    def forward(self, images):
        a = self.lower(images)
        d, logits = self.upper(a)
        logits = logits.softmax(-1)  # !2
        if self.training:
            return Result(logits, **self.heads(a=a, d=d))
        return Result(logits)


def build():
    return Model()
