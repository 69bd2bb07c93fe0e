# MNIST, resized to 224
import torch
import torch.nn as nn


def conv_relu(c_in, c_out, k, stride=1, padding=0):
    return nn.Sequential(nn.Conv2d(c_in, c_out, k, stride, padding), nn.ReLU())


class inception(nn.Module):
    def __init__(self, c_in, c1, c3_r, c3, c5_r, c5, c_pool):
        super(inception, self).__init__()
        self.path_a = conv_relu(c_in, c1, 1)
        self.path_b = nn.Sequential(conv_relu(c_in, c3_r, 1), conv_relu(c3_r, c3, 3, padding=1))
        self.path_c = nn.Sequential(conv_relu(c_in, c5_r, 1), conv_relu(c5_r, c5, 5, padding=2))
        self.path_d = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv_relu(c_in, c_pool, 1))

    def forward(self, x):
        a = self.path_a(x)
        b = self.path_b(x)
        c = self.path_c(x)
        d = self.path_d(x)
        return torch.cat((a, b, c, d), 1)


class googlenet(nn.Module):
    def __init__(self, in_channel, num_classes):
        super(googlenet, self).__init__()
        self.block1 = nn.Sequential(
            conv_relu(in_channel, 64, 7, 2, 3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.LocalResponseNorm(5),
        )
        self.block2 = nn.Sequential(
            conv_relu(64, 64, 1),
            conv_relu(64, 192, 3, padding=1),
            nn.LocalResponseNorm(5),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.block3 = nn.Sequential(
            inception(192, 64, 96, 128, 16, 32, 32),
            inception(256, 128, 128, 192, 32, 96, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.block4 = nn.Sequential(
            inception(480, 192, 96, 208, 16, 48, 64),
            inception(512, 160, 112, 224, 24, 64, 64),
            inception(512, 128, 128, 256, 24, 64, 64),
            inception(512, 112, 144, 288, 32, 64, 64),
            inception(528, 256, 160, 320, 32, 128, 128),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.block5 = nn.Sequential(
            inception(832, 256, 160, 320, 32, 128, 128),
            inception(832, 384, 192, 384, 48, 128, 128),
            nn.AvgPool2d(7),
            nn.Dropout(0.4),
        )
        self.classifier = nn.Linear(1024, num_classes)

    def forward(self, x):
        x = self.block1(x)
        x = self.block2(x)
        x = self.block3(x)
        x = self.block4(x)
        x = self.block5(x)
        x = x.view(x.shape[0], -1)
        return self.classifier(x)
