# mypy: ignore-errors
"""No linear layer anywhere: the classifier is a 1x1 convolution, the heads' hidden layer a 4x4 one."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CFG = dict(
    a3=(192, 64, 96, 128, 16, 32, 32), b3=(256, 128, 128, 192, 32, 96, 64), a4=(480, 192, 96, 208, 16, 48, 64),
    b4=(512, 160, 112, 224, 24, 64, 64), c4=(512, 128, 128, 256, 24, 64, 64), d4=(512, 112, 144, 288, 32, 64, 64),
    e4=(528, 256, 160, 320, 32, 128, 128), a5=(832, 256, 160, 320, 32, 128, 128), b5=(832, 384, 192, 384, 48, 128, 128),
)


class FCNGoogLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        C = nn.Conv2d
        self.c1, self.c2r, self.c2 = C(3, 64, 7, 2, 3), C(64, 64, 1), C(64, 192, 3, 1, 1)
        for n, (i, *w) in CFG.items():
            for leaf, m in zip('stuvwx', (C(i, w[0], 1), C(i, w[1], 1), C(w[1], w[2], 3, 1, 1), C(i, w[3], 1),
                                          C(w[3], w[4], 5, 1, 2), C(i, w[5], 1))):
                self.add_module(f'{n}_{leaf}', m)
        for n, i in ('h1', 512), ('h2', 528):
            self.add_module(n + '_conv', C(i, 128, 1))
            self.add_module(n + '_fc', C(128, 1024, 4))
            self.add_module(n + '_out', C(1024, 1000, 1))
        self.score = C(1024, 1000, 1)

    def __getitem__(self, name):
        return lambda x: F.relu(getattr(self, name)(x))

    def module(self, x, n):
        return torch.cat([self[n + '_s'](x), self[n + '_u'](self[n + '_t'](x)), self[n + '_w'](self[n + '_v'](x)),
                          self[n + '_x'](F.max_pool2d(x, 3, 1, 1))], 1)

    def head(self, x, n):
        x = self[n + '_fc'](self[n + '_conv'](F.avg_pool2d(x, 5, 3)))
        return getattr(self, n + '_out')(F.dropout(x, 0.7, self.training)).squeeze(-1).squeeze(-1)

    def forward(self, x):
        down = lambda t: F.max_pool2d(t, 3, 2, ceil_mode=True)
        x = F.local_response_norm(down(self['c1'](x)), 5)
        x = down(F.local_response_norm(self['c2'](self['c2r'](x)), 5))
        x = down(self.module(self.module(x, 'a3'), 'b3'))
        x = a = self.module(x, 'a4')
        x = d = self.module(self.module(self.module(x, 'b4'), 'c4'), 'd4')
        x = down(self.module(x, 'e4'))
        x = self.module(self.module(x, 'a5'), 'b5')
        x = F.dropout(F.adaptive_avg_pool2d(x, (1, 1)), 0.4, self.training)
        x = self.score(x).flatten(1)
        if not self.training:
            return x
        return x, self.head(a, 'h1'), self.head(d, 'h2')
