# mypy: ignore-errors
"""A trunk without heads, and a wrapper whose forward hooks collect what the heads read."""
import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, n_in, *n):
        super().__init__()
        self.b = nn.ModuleList()
        for path in (
            [(n_in, n[0], 1)], [(n_in, n[1], 1), (n[1], n[2], 3)], [(n_in, n[3], 1), (n[3], n[4], 5)], [(n_in, n[5], 1)],
        ):
            layers = [nn.MaxPool2d(3, 1, 1)] if len(self.b) == 3 else []
            for i, o, k in path:
                layers += [nn.Conv2d(i, o, k, padding=(k - 1) // 2), nn.ReLU(True)]
            self.b.append(nn.Sequential(*layers))

    def forward(self, x):
        return torch.cat(tuple(b(x) for b in self.b), dim=1)


def trunk():
    pool = nn.MaxPool2d(3, 2, ceil_mode=True)  # one object is enough, it has no weights
    relu = nn.ReLU()
    lrn = nn.LocalResponseNorm(5)
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3), relu, pool, lrn, nn.Conv2d(64, 64, 1), relu, nn.Conv2d(64, 192, 3, 1, 1), relu, lrn,
        pool, Block(192, 64, 96, 128, 16, 32, 32), Block(256, 128, 128, 192, 32, 96, 64), pool,
        Block(480, 192, 96, 208, 16, 48, 64), Block(512, 160, 112, 224, 24, 64, 64),
        Block(512, 128, 128, 256, 24, 64, 64), Block(512, 112, 144, 288, 32, 64, 64),
        Block(528, 256, 160, 320, 32, 128, 128), pool, Block(832, 256, 160, 320, 32, 128, 128),
        Block(832, 384, 192, 384, 48, 128, 128), nn.AvgPool2d(7, 1), nn.Flatten(), nn.Dropout(0.4),
        nn.Linear(1024, 1000),
    )


class Supervised(nn.Module):
    def __init__(self, where=(13, 16)):
        super().__init__()
        self.trunk = trunk()
        self.aux = nn.ModuleList()
        self._caught = {}
        for i in where:
            width = sum(c[-2].out_channels for c in self.trunk[i].b)
            self.aux.append(nn.Sequential(
                nn.AvgPool2d(5, 3), nn.Conv2d(width, 128, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(),
                nn.Dropout(0.7), nn.Linear(1024, 1000)))
            self.trunk[i].register_forward_hook(self._catch(len(self.aux) - 1))

    def _catch(self, number):
        def hook(module, args, output):
            if self.training:
                self._caught[number] = output
        return hook

    def forward(self, x):
        self._caught.clear()
        result = {'logits': self.trunk(x)}
        if self.training:
            result['aux'] = [head(self._caught[i]) for i, head in enumerate(self.aux)]
        return result
