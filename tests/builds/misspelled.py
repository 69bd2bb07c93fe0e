import torch
import torch.nn as nn


class Convultion(nn.Module):
    def __init__(self, inchanel, outchanel, kernal, strid=1, pading=0):
        super(Convultion, self).__init__()
        self.convultion = nn.Conv2d(inchanel, outchanel, kernal, strid, pading)
        self.rellu = nn.LeakyReLU(0.1)

    def forward(self, x):
        return self.rellu(self.convultion(x))


class Incpetion(nn.Module):
    def __init__(self, inchanel, ch1, ch3red, ch3, ch5red, ch5, chpol):
        super(Incpetion, self).__init__()
        self.barnch1 = Convultion(inchanel, ch1, 1)
        self.barnch2 = nn.Sequential(Convultion(inchanel, ch3red, 1), Convultion(ch3red, ch3, 3, pading=1))
        self.barnch3 = nn.Sequential(Convultion(inchanel, ch5red, 1), Convultion(ch5red, ch5, 5, pading=2))
        self.barnch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Convultion(inchanel, chpol, 1))

    def forward(self, x):
        reslut = [self.barnch1(x), self.barnch2(x), self.barnch3(x), self.barnch4(x)]
        return torch.cat(reslut, 1)


class Auxilliary(nn.Module):
    def __init__(self, inchanel, calsses):
        super(Auxilliary, self).__init__()
        self.avrage = nn.AvgPool2d(5, 3)
        self.convultion = Convultion(inchanel, 128, 1)
        self.liner1 = nn.Linear(2048, 1024)
        self.liner2 = nn.Linear(1024, calsses)
        self.drouput = nn.Dropout(0.7)

    def forward(self, x):
        x = self.convultion(self.avrage(x))
        x = x.view(x.size(0), -1)
        x = torch.relu(self.liner1(x))
        return self.liner2(self.drouput(x))


class GoogelNet(nn.Module):
    def __init__(self, calsses=1000):
        super(GoogelNet, self).__init__()
        self.convultion1 = Convultion(3, 64, 7, 2, 3)
        self.maxpol1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.locall1 = nn.LocalResponseNorm(5, 0.0001, 0.75)
        self.convultion2 = Convultion(64, 64, 1)
        self.convultion3 = Convultion(64, 192, 3, pading=1)
        self.locall2 = nn.LocalResponseNorm(5, 0.0001, 0.75)
        self.maxpol2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.incpetion3a = Incpetion(192, 64, 96, 128, 16, 32, 32)
        self.incpetion3b = Incpetion(256, 128, 128, 192, 32, 96, 64)
        self.maxpol3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.incpetion4a = Incpetion(480, 192, 96, 208, 16, 48, 64)
        self.incpetion4b = Incpetion(512, 160, 112, 224, 24, 64, 64)
        self.incpetion4c = Incpetion(512, 128, 128, 256, 24, 64, 64)
        self.incpetion4d = Incpetion(512, 112, 144, 288, 32, 64, 64)
        self.incpetion4e = Incpetion(528, 256, 160, 320, 32, 128, 128)
        self.maxpol4 = nn.MaxPool2d(3, 2, 1)
        self.incpetion5a = Incpetion(832, 256, 160, 320, 32, 128, 128)
        self.incpetion5b = Incpetion(832, 384, 192, 384, 48, 128, 128)
        self.avrage = nn.AvgPool2d(7)
        self.drouput = nn.Dropout(0.4)
        self.liner = nn.Linear(1024, calsses)
        self.auxilliary1 = Auxilliary(512, calsses)
        self.auxilliary2 = Auxilliary(528, calsses)

    def forward(self, x):
        x = self.locall1(self.maxpol1(self.convultion1(x)))
        x = self.maxpol2(self.locall2(self.convultion3(self.convultion2(x))))
        x = self.maxpol3(self.incpetion3b(self.incpetion3a(x)))
        x4a = self.incpetion4a(x)
        x4d = self.incpetion4d(self.incpetion4c(self.incpetion4b(x4a)))
        x = self.maxpol4(self.incpetion4e(x4d))
        x = self.avrage(self.incpetion5b(self.incpetion5a(x)))
        x = self.drouput(x.view(-1, 1024))
        x = self.liner(x)
        if self.training:
            return x, self.auxilliary1(x4a), self.auxilliary2(x4d)
        return x
