# mypy: ignore-errors
"""A student's first evening: the stem and 3a, written correctly, and nothing after it."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Begun(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.c2 = nn.Conv2d(64, 64, 1)
        self.c3 = nn.Conv2d(64, 192, 3, 1, 1)
        self.a1, self.a3r, self.a3 = nn.Conv2d(192, 64, 1), nn.Conv2d(192, 96, 1), nn.Conv2d(96, 128, 3, 1, 1)
        self.a5r, self.a5, self.ap = nn.Conv2d(192, 16, 1), nn.Conv2d(16, 32, 5, 1, 2), nn.Conv2d(192, 32, 1)
        # TODO 3b ... 5b, classifier, aux

    def forward(self, x):
        x = F.local_response_norm(F.max_pool2d(F.relu(self.c1(x)), 3, 2, ceil_mode=True), 5)
        x = F.local_response_norm(F.relu(self.c3(F.relu(self.c2(x)))), 5)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        r = F.relu
        return torch.cat([r(self.a1(x)), r(self.a3(r(self.a3r(x)))), r(self.a5(r(self.a5r(x)))),
                          r(self.ap(F.max_pool2d(x, 3, 1, 1)))], 1)
