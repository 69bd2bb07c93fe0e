"""GoogLeNet with nothing but parameters and torch.nn.functional."""
import math

import torch
import torch.nn.functional as F

TABLE = [
    # name, in, 1x1, 3x3r, 3x3, 5x5r, 5x5, proj
    ("a3", 192, 64, 96, 128, 16, 32, 32),
    ("b3", 256, 128, 128, 192, 32, 96, 64),
    ("a4", 480, 192, 96, 208, 16, 48, 64),
    ("b4", 512, 160, 112, 224, 24, 64, 64),
    ("c4", 512, 128, 128, 256, 24, 64, 64),
    ("d4", 512, 112, 144, 288, 32, 64, 64),
    ("e4", 528, 256, 160, 320, 32, 128, 128),
    ("a5", 832, 256, 160, 320, 32, 128, 128),
    ("b5", 832, 384, 192, 384, 48, 128, 128),
]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.ParameterDict()
        self._new("stem7", 64, 3, 7, 7)
        self._new("stem1", 64, 64, 1, 1)
        self._new("stem3", 192, 64, 3, 3)
        for n, i, o1, r3, o3, r5, o5, p in TABLE:
            self._new(n + "_1", o1, i, 1, 1)
            self._new(n + "_3r", r3, i, 1, 1)
            self._new(n + "_3", o3, r3, 3, 3)
            self._new(n + "_5r", r5, i, 1, 1)
            self._new(n + "_5", o5, r5, 5, 5)
            self._new(n + "_p", p, i, 1, 1)
        for n, i in (("x", 512), ("y", 528)):
            self._new(n + "_c", 128, i, 1, 1)
            self._new(n + "_h", 1024, 2048)
            self._new(n + "_o", 1000, 1024)
        self._new("out", 1000, 1024)

    def _new(self, name, *shape):
        fan_in = math.prod(shape[1:])
        self.w[name + "_w"] = torch.nn.Parameter(torch.randn(*shape) / fan_in**0.5)
        self.w[name + "_b"] = torch.nn.Parameter(torch.zeros(shape[0]))

    def _conv(self, x, name, stride=1):
        w = self.w[name + "_w"]
        return F.relu(F.conv2d(x, w, self.w[name + "_b"], stride=stride, padding=w.shape[-1] // 2))

    def _mix(self, x, n):
        pooled = F.max_pool2d(x, 3, stride=1, padding=1)
        return torch.cat(
            (
                self._conv(x, n + "_1"),
                self._conv(self._conv(x, n + "_3r"), n + "_3"),
                self._conv(self._conv(x, n + "_5r"), n + "_5"),
                self._conv(pooled, n + "_p"),
            ),
            1,
        )

    def _side(self, x, n):
        x = self._conv(F.avg_pool2d(x, 5, 3), n + "_c").flatten(1)
        x = F.relu(F.linear(x, self.w[n + "_h_w"], self.w[n + "_h_b"]))
        x = F.dropout(x, 0.7, self.training)
        return F.linear(x, self.w[n + "_o_w"], self.w[n + "_o_b"])

    def forward(self, x):
        side = []
        x = self._conv(x, "stem7", stride=2)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.local_response_norm(x, 5)
        x = self._conv(self._conv(x, "stem1"), "stem3")
        x = F.local_response_norm(x, 5)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for n, *_ in TABLE:
            x = self._mix(x, n)
            if n in ("b3", "e4"):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            if self.training and n in ("a4", "d4"):
                side.append(self._side(x, "x" if n == "a4" else "y"))
        x = F.avg_pool2d(x, 7).flatten(1)
        x = F.linear(F.dropout(x, 0.4, self.training), self.w["out_w"], self.w["out_b"])
        return (x, *side) if side else x
