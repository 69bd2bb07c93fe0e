# mypy: ignore-errors
from typing import List, Optional
import torch
import torch.nn as nn


class GoogLeNetOutputs(dict):
    __getattr__ = dict.__getitem__


class Conv2dReLU(nn.Sequential):
    def __init__(self, i, o, k=1, s=1, bn=False):
        mods: List[nn.Module] = [nn.Conv2d(i, o, k, s, k // 2)]
        if bn:
            mods.append(nn.BatchNorm2d(o))  # !1
        mods.append(nn.ReLU())
        super().__init__(*mods)


class InceptionV1(nn.Module):
    def __init__(self, i: int, o: List[int]):
        super().__init__()
        self.branch0 = Conv2dReLU(i, o[0])
        self.branch1 = nn.Sequential(Conv2dReLU(i, o[1]), Conv2dReLU(o[1], o[2], 3))
        self.branch2 = nn.Sequential(Conv2dReLU(i, o[3]), Conv2dReLU(o[3], o[4], 5))
        self.branch3 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Conv2dReLU(i, o[5]))

    def forward(self, x):
        return torch.cat([getattr(self, f"branch{i}")(x) for i in range(4)], dim=1)


class GoogLeNet(nn.Module):
    def __init__(self, num_classes: int = 1000, aux_weight: Optional[float] = 0.3):
        super().__init__()
        self.layer1 = nn.Sequential(Conv2dReLU(3, 64, 7, 2, bn=True), nn.MaxPool2d(3, 2, ceil_mode=True),  # !1
                                    nn.LocalResponseNorm(5))
        self.layer2 = nn.Sequential(Conv2dReLU(64, 64, bn=True), Conv2dReLU(64, 192, 3, bn=True),  # !1
                                    nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.layer3 = nn.Sequential(InceptionV1(192, [64, 96, 128, 16, 32, 32]),
                                    InceptionV1(256, [128, 128, 192, 32, 96, 64]), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.layer4 = nn.ModuleList([InceptionV1(480, [192, 96, 208, 16, 48, 64]),
                                     InceptionV1(512, [160, 112, 224, 24, 64, 64]),
                                     InceptionV1(512, [128, 128, 256, 24, 64, 64]),
                                     InceptionV1(512, [112, 144, 288, 32, 64, 64]),
                                     InceptionV1(528, [256, 160, 320, 32, 128, 128])])
        self.layer5 = nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), InceptionV1(832, [256, 160, 320, 32, 128, 128]),
                                    InceptionV1(832, [384, 192, 384, 48, 128, 128]))
        self.aux_weight = aux_weight
        if aux_weight:
            self.aux1, self.aux2 = self._make_aux(512, num_classes), self._make_aux(528, num_classes)
        self.classifier = nn.Sequential(nn.AvgPool2d(7, 1), nn.Flatten(), nn.Dropout(0.4),
                                        nn.Linear(1024, num_classes), nn.ReLU())  # !2

    def _make_aux(self, i, n):
        return nn.Sequential(nn.AvgPool2d(5, 3), Conv2dReLU(i, 128), nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(),
                             nn.Dropout(0.7), nn.Linear(1024, n))

    def forward(self, x):
        out = GoogLeNetOutputs()
        x = self.layer3(self.layer2(self.layer1(x)))
        for i, m in enumerate(self.layer4):
            x = m(x)
            if i == 0 and self.training and self.aux_weight:
                out["aux1"] = self.aux1(x)
            if i == 3 and self.training and self.aux_weight:
                out["aux2"] = self.aux2(x)
        out["logits"] = self.classifier(self.layer5(x))
        return out
