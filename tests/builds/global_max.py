import torch as t
from torch import nn


class Inc(nn.Module):
    def __init__(s, i, a, b, B, c, C, d):
        super().__init__()
        s.a = nn.Conv2d(i, a, 1)
        s.b, s.B = nn.Conv2d(i, b, 1), nn.Conv2d(b, B, 3, padding=1)
        s.c, s.C = nn.Conv2d(i, c, 1), nn.Conv2d(c, C, 5, padding=2)
        s.m, s.d = nn.MaxPool2d(3, 1, 1), nn.Conv2d(i, d, 1)

    def forward(s, x):
        r = t.relu
        return t.cat((r(s.a(x)), r(s.B(r(s.b(x)))), r(s.C(r(s.c(x)))), r(s.d(s.m(x)))), 1)


class Aux(nn.Module):
    def __init__(s, i):
        super().__init__()
        s.c, s.f, s.g, s.p = nn.Conv2d(i, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, 1000), nn.Dropout(0.7)

    def forward(s, x):
        x = t.relu(s.c(nn.functional.avg_pool2d(x, 5, stride=3)))
        return s.g(s.p(t.relu(s.f(x.flatten(1)))))


class G(nn.Module):
    def __init__(s):
        super().__init__()
        s.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        s.norm = nn.LocalResponseNorm(5)
        s.c1, s.c2, s.c3 = nn.Conv2d(3, 64, 7, 2, 3), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, 1, 1)
        s.i3 = nn.Sequential(Inc(192, 64, 96, 128, 16, 32, 32), Inc(256, 128, 128, 192, 32, 96, 64))
        s.i4a = Inc(480, 192, 96, 208, 16, 48, 64)
        s.i4 = nn.Sequential(
            Inc(512, 160, 112, 224, 24, 64, 64), Inc(512, 128, 128, 256, 24, 64, 64), Inc(512, 112, 144, 288, 32, 64, 64)
        )
        s.i4e = Inc(528, 256, 160, 320, 32, 128, 128)
        s.i5 = nn.Sequential(Inc(832, 256, 160, 320, 32, 128, 128), Inc(832, 384, 192, 384, 48, 128, 128))
        s.x1, s.x2 = Aux(512), Aux(528)
        s.last, s.drop = nn.Linear(1024, 1000), nn.Dropout(0.4)

    def forward(s, x):
        x = s.norm(s.pool(t.relu(s.c1(x))))
        x = s.pool(s.norm(t.relu(s.c3(t.relu(s.c2(x))))))
        u = s.i4a(s.pool(s.i3(x)))
        v = s.i4(u)
        x = s.i5(s.pool(s.i4e(v)))
        x = nn.functional.adaptive_max_pool2d(x, 1)
        x = s.drop(s.last(x.flatten(1)))
        return (x, s.x1(u), s.x2(v)) if s.training else x
