import torch
import torch.nn as nn
import torch.nn.functional as F


class Inception(nn.Module):
    def __init__(self, c_in, c_red: dict, c_out: dict, act_fn):
        """
        c_in  - input channels
        c_red - channels of the reductions, keys "3x3" and "5x5"
        c_out - output channels, keys "1x1", "3x3", "5x5", "max"
        """
        super().__init__()
        self.conv_1x1 = nn.Sequential(nn.Conv2d(c_in, c_out["1x1"], kernel_size=1), act_fn())
        self.conv_3x3 = nn.Sequential(
            nn.Conv2d(c_in, c_red["3x3"], kernel_size=1),
            nn.Conv2d(c_red["3x3"], c_out["3x3"], kernel_size=3, padding=1),
            act_fn(),
        )
        self.conv_5x5 = nn.Sequential(
            nn.Conv2d(c_in, c_red["5x5"], kernel_size=1),
            nn.Conv2d(c_red["5x5"], c_out["5x5"], kernel_size=5, padding=2),
            act_fn(),
        )
        self.max_pool = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, padding=1, stride=1),
            nn.Conv2d(c_in, c_out["max"], kernel_size=1),
            act_fn(),
        )

    def forward(self, x):
        return torch.cat([self.conv_1x1(x), self.conv_3x3(x), self.conv_5x5(x), self.max_pool(x)], dim=1)


BLOCKS = {
    "3a": (192, (96, 16), (64, 128, 32, 32)),
    "3b": (256, (128, 32), (128, 192, 96, 64)),
    "4a": (480, (96, 16), (192, 208, 48, 64)),
    "4b": (512, (112, 24), (160, 224, 64, 64)),
    "4c": (512, (128, 24), (128, 256, 64, 64)),
    "4d": (512, (144, 32), (112, 288, 64, 64)),
    "4e": (528, (160, 32), (256, 320, 128, 128)),
    "5a": (832, (160, 32), (256, 320, 128, 128)),
    "5b": (832, (192, 48), (384, 384, 128, 128)),
}
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000, act_fn_name="relu", **kwargs):
        super().__init__()
        act = ACTIVATIONS[act_fn_name]
        self.input_net = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3),
            act(),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            nn.Conv2d(64, 64, 1),
            nn.Conv2d(64, 192, 3, padding=1),
            act(),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
        )
        self.blocks = nn.ModuleDict(
            {
                name: Inception(
                    c_in, dict(zip(("3x3", "5x5"), red)), dict(zip(("1x1", "3x3", "5x5", "max"), out)), act
                )
                for name, (c_in, red, out) in BLOCKS.items()
            }
        )
        self.down = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.output_net = nn.Sequential(
            nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, num_classes)
        )
        self.aux = nn.ModuleDict({"4a": self.make_aux(512, num_classes), "4d": self.make_aux(528, num_classes)})

    @staticmethod
    def make_aux(c_in, num_classes):
        return nn.Sequential(
            nn.AvgPool2d(5, stride=3),
            nn.Conv2d(c_in, 128, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2048, 1024),
            nn.ReLU(),
            nn.Dropout(0.7),
            nn.Linear(1024, num_classes),
        )

    def forward(self, x):
        outputs = {}
        x = self.input_net(x)
        for name, block in self.blocks.items():
            if name in ("4a", "5a"):
                x = self.down(x)
            x = block(x)
            if self.training and name in self.aux:
                outputs[f"aux_{name}"] = self.aux[name](x)
        outputs["logits"] = self.output_net(x)
        return outputs
