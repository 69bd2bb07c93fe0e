# mypy: ignore-errors
"""A VGG with three linear layers, called GoogLeNet."""
import torch.nn as nn


class GoogLeNet(nn.Module):
    def __init__(self, n=1000):
        super().__init__()
        layers, i = [], 3
        for v in (64, 64, 'M', 128, 128, 'M', 256, 256, 256, 'M', 512, 512, 512, 'M', 512, 512, 512, 'M'):
            if v == 'M':
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(i, v, 3, padding=1), nn.ReLU(True)]
                i = v
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(25088, 1024), nn.ReLU(True), nn.Dropout(), nn.Linear(1024, n))

    def forward(self, x):
        return self.classifier(self.features(x))
