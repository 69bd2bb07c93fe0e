from collections import OrderedDict

from torch import cat, nn


class Parallel(nn.Sequential):
    """Like Sequential, only side by side."""

    def forward(self, x):
        return cat([branch(x) for branch in self], 1)


def conv(i, o, k, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2), nn.ReLU())


def inception(i, a, b, c, d, e, f):
    return Parallel(
        conv(i, a, 1),
        nn.Sequential(conv(i, b, 1), conv(b, c, 3)),
        nn.Sequential(conv(i, d, 1), conv(d, e, 5)),
        nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(i, f, 1)),
    )


def down():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def googlenet(classes=1000):
    return nn.Sequential(
        OrderedDict(
            stem=nn.Sequential(
                conv(3, 64, 7, 2),
                down(),
                nn.LocalResponseNorm(5),
                conv(64, 64, 1),
                conv(64, 192, 3),
                nn.LocalResponseNorm(5),
                down(),
            ),
            three=nn.Sequential(
                inception(192, 64, 96, 128, 16, 32, 32),
                inception(256, 128, 128, 192, 32, 96, 64),
                down(),
            ),
            four=nn.Sequential(
                inception(480, 192, 96, 208, 16, 48, 64),
                inception(512, 160, 112, 224, 24, 64, 64),
                inception(512, 128, 128, 256, 24, 64, 64),
                inception(512, 112, 144, 288, 32, 64, 64),
                inception(528, 256, 160, 320, 32, 128, 128),
                nn.MaxPool2d(2, 2),
            ),
            five=nn.Sequential(
                inception(832, 256, 160, 320, 32, 128, 128),
                inception(832, 384, 192, 384, 48, 128, 128),
            ),
            top=nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Dropout(0.4),
                nn.Linear(1024, classes),
            ),
        )
    )
