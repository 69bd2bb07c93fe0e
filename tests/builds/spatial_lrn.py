"""Port of the published weights (those with 204 and 48 channels)."""
import torch
import torch.nn as nn


class LRN(nn.Module):
    def __init__(self, local_size=1, alpha=1.0, beta=0.75, ACROSS_CHANNELS=False):
        super(LRN, self).__init__()
        self.ACROSS_CHANNELS = ACROSS_CHANNELS
        if self.ACROSS_CHANNELS:
            self.average = nn.AvgPool3d(
                kernel_size=(local_size, 1, 1), stride=1, padding=(int((local_size - 1.0) / 2), 0, 0)
            )
        else:
            self.average = nn.AvgPool2d(kernel_size=local_size, stride=1, padding=int((local_size - 1.0) / 2))
        self.alpha = alpha
        self.beta = beta

    def forward(self, x):
        if self.ACROSS_CHANNELS:
            div = x.pow(2).unsqueeze(1)
            div = self.average(div).squeeze(1)
            div = div.mul(self.alpha).add(1.0).pow(self.beta)
        else:
            div = x.pow(2)
            div = self.average(div)
            div = div.mul(self.alpha).add(1.0).pow(self.beta)
        x = x.div(div)
        return x


class InceptionModule(nn.Module):
    def __init__(self, inplane, outplane_a1x1, outplane_b1x1, outplane_b3x3, outplane_c1x1, outplane_c5x5, pool_conv):
        super(InceptionModule, self).__init__()
        a = nn.Sequential()
        a.add_module("conv1", nn.Conv2d(inplane, outplane_a1x1, (1, 1), (1, 1), (0, 0)))
        a.add_module("relu1", nn.ReLU())
        b = nn.Sequential()
        b.add_module("conv1", nn.Conv2d(inplane, outplane_b1x1, (1, 1), (1, 1), (0, 0)))
        b.add_module("relu1", nn.ReLU())
        b.add_module("conv3", nn.Conv2d(outplane_b1x1, outplane_b3x3, (3, 3), (1, 1), (1, 1)))
        b.add_module("relu3", nn.ReLU())
        c = nn.Sequential()
        c.add_module("conv1", nn.Conv2d(inplane, outplane_c1x1, (1, 1), (1, 1), (0, 0)))
        c.add_module("relu1", nn.ReLU())
        c.add_module("conv5", nn.Conv2d(outplane_c1x1, outplane_c5x5, (5, 5), (1, 1), (2, 2)))
        c.add_module("relu5", nn.ReLU())
        d = nn.Sequential()
        d.add_module("pool3", nn.MaxPool2d((3, 3), (1, 1), (1, 1)))
        d.add_module("conv1", nn.Conv2d(inplane, pool_conv, (1, 1), (1, 1), (0, 0)))
        d.add_module("relu1", nn.ReLU())
        for container in [a, b, c, d]:
            for name, module in container.named_children():
                self.add_module(container_name(container, (a, b, c, d)) + "_" + name, module)
        self.paths = [a, b, c, d]  # plain list, registered above

    def forward(self, input):
        return torch.cat([path(input) for path in self.paths], 1)


def container_name(container, all_of_them):
    return "abcd"[[c is container for c in all_of_them].index(True)]


class Classifier(nn.Module):
    def __init__(self, inplane, classes):
        super(Classifier, self).__init__()
        self.features = nn.Sequential(
            nn.AvgPool2d((5, 5), (3, 3)), nn.Conv2d(inplane, 128, (1, 1)), nn.ReLU(inplace=True)
        )
        self.dense = nn.Sequential(
            nn.Linear(2048, 1024), nn.ReLU(inplace=True), nn.Dropout(0.7), nn.Linear(1024, classes)
        )

    def forward(self, x):
        return self.dense(self.features(x).view(-1, 2048))


class Inception_v1(nn.Module):
    def __init__(self, num_classes=1000):
        super(Inception_v1, self).__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 64, (7, 7), (2, 2), (3, 3)), nn.ReLU(True))
        self.pool1 = nn.MaxPool2d((3, 3), (2, 2), ceil_mode=True)
        self.norm1 = LRN(local_size=5, alpha=0.0001, beta=0.75)
        self.conv2 = nn.Sequential(
            nn.Conv2d(64, 64, (1, 1)), nn.ReLU(True), nn.Conv2d(64, 192, (3, 3), (1, 1), (1, 1)), nn.ReLU(True)
        )
        self.norm2 = LRN(local_size=5, alpha=0.0001, beta=0.75)
        self.pool2 = nn.MaxPool2d((3, 3), (2, 2), ceil_mode=True)
        self.i3a = InceptionModule(192, 64, 96, 128, 16, 32, 32)
        self.i3b = InceptionModule(256, 128, 128, 192, 32, 96, 64)
        self.pool3 = nn.MaxPool2d((3, 3), (2, 2), ceil_mode=True)
        self.i4a = InceptionModule(480, 192, 96, 204, 16, 48, 64)
        self.i4b = InceptionModule(508, 160, 112, 224, 24, 64, 64)
        self.i4c = InceptionModule(512, 128, 128, 256, 24, 64, 64)
        self.i4d = InceptionModule(512, 112, 144, 288, 32, 64, 64)
        self.i4e = InceptionModule(528, 256, 160, 320, 32, 128, 128)
        self.pool4 = nn.MaxPool2d((3, 3), (2, 2), ceil_mode=True)
        self.i5a = InceptionModule(832, 256, 160, 320, 48, 128, 128)
        self.i5b = InceptionModule(832, 384, 192, 384, 48, 128, 128)
        self.main = nn.Sequential(nn.AvgPool2d((7, 7), (1, 1)), nn.Dropout(0.4))
        self.fc = nn.Linear(1024, num_classes)
        self.branch1 = Classifier(508, num_classes)
        self.branch2 = Classifier(528, num_classes)

    def forward(self, x):
        x = self.norm1(self.pool1(self.conv1(x)))
        x = self.pool2(self.norm2(self.conv2(x)))
        x = self.pool3(self.i3b(self.i3a(x)))
        x = self.i4a(x)
        if self.training:
            b1 = self.branch1(x)
        x = self.i4d(self.i4c(self.i4b(x)))
        if self.training:
            b2 = self.branch2(x)
        x = self.i5b(self.i5a(self.pool4(self.i4e(x))))
        x = self.main(x).view(x.size(0), -1)
        x = self.fc(x)
        return [x, b1, b2] if self.training else x
