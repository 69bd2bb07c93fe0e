import torch
from torch import nn

KEEP_PROB = 0.6
AUX_KEEP_PROB = 0.3


class Net(nn.Module):
    """Every stage is a method, found by its name."""

    PLAN = "stem i3a i3b down i4a side1 i4b i4c i4d side2 i4e down i5a i5b top".split()
    SIZES = {
        "i3a": (192, 64, 96, 128, 16, 32, 32),
        "i3b": (256, 128, 128, 192, 32, 96, 64),
        "i4a": (480, 192, 96, 208, 16, 48, 64),
        "i4b": (512, 160, 112, 224, 24, 64, 64),
        "i4c": (512, 128, 128, 256, 24, 64, 64),
        "i4d": (512, 112, 144, 288, 32, 64, 64),
        "i4e": (528, 256, 160, 320, 32, 128, 128),
        "i5a": (832, 256, 160, 320, 32, 128, 128),
        "i5b": (832, 384, 192, 384, 48, 128, 128),
    }

    def __init__(self, n_outputs=1000):
        super().__init__()
        self.conv_a = nn.Conv2d(3, 64, 7, 2, 3)
        self.conv_b = nn.Conv2d(64, 64, 1)
        self.conv_c = nn.Conv2d(64, 192, 3, 1, 1)
        for name, (i, a, b, c, d, e, f) in self.SIZES.items():
            self.add_module(name + "_1", nn.Conv2d(i, a, 1))
            self.add_module(name + "_3", nn.Sequential(nn.Conv2d(i, b, 1), nn.ReLU(), nn.Conv2d(b, c, 3, 1, 1)))
            self.add_module(name + "_5", nn.Sequential(nn.Conv2d(i, d, 1), nn.ReLU(), nn.Conv2d(d, e, 5, 1, 2)))
            self.add_module(name + "_p", nn.Conv2d(i, f, 1))
        for n, width in ((1, 512), (2, 528)):
            setattr(self, f"side{n}_conv", nn.Conv2d(width, 128, 1))
            setattr(self, f"side{n}_fc", nn.Linear(2048, 1024))
            setattr(self, f"side{n}_out", nn.Linear(1024, n_outputs))
        self.fc = nn.Linear(1024, n_outputs)
        self.dropout = nn.Dropout(KEEP_PROB)
        self.side_dropout = nn.Dropout(AUX_KEEP_PROB)

    def forward(self, x):
        if self.training:
            return self._forward_train(x)
        return self._forward_test(x)

    def _forward_test(self, x):
        for step in self.PLAN:
            if not step.startswith("side"):
                x = self._dispatch(step, x)
        return x

    def _forward_train(self, x):
        losses = []
        for step in self.PLAN:
            if step.startswith("side"):
                losses.append(self._dispatch(step, x))
            else:
                x = self._dispatch(step, x)
        return (x, *losses)

    def _dispatch(self, step, x):
        if step in self.SIZES:
            return self._inception(step, x)
        if step.startswith("side"):
            return self._side(step, x)
        return getattr(self, "_" + step)(x)

    def _stem(self, x):
        def lrn(y):
            return nn.functional.local_response_norm(y, 5)

        x = lrn(self._down(torch.relu(self.conv_a(x))))
        x = torch.relu(self.conv_b(x))
        return self._down(lrn(torch.relu(self.conv_c(x))))

    def _down(self, x):
        return nn.functional.max_pool2d(x, 3, 2, ceil_mode=True)

    def _inception(self, name, x):
        pooled = nn.functional.max_pool2d(x, 3, 1, 1)
        outs = [torch.relu(getattr(self, name + suffix)(x)) for suffix in ("_1", "_3", "_5")]
        outs.append(getattr(self, name + "_p")(pooled))
        return torch.cat(outs, 1)

    def _side(self, name, x):
        x = torch.relu(getattr(self, name + "_conv")(nn.functional.avg_pool2d(x, 5, 3)))
        x = torch.relu(getattr(self, name + "_fc")(x.flatten(1)))
        return getattr(self, name + "_out")(self.side_dropout(x))

    def _top(self, x):
        return self.fc(self.dropout(x.mean(-1).mean(-1)))
