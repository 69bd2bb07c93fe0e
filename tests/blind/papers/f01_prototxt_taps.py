# mypy: ignore-errors
"""A Caffe prototxt as a list of layers, the heads on the blobs of 4b and 4e."""
import torch
import torch.nn as nn
import torch.nn.functional as F

NET = []


def conv(name, bottom, n, k, s=1, p=0, phase=None):
    NET.append(dict(type='Convolution', name=name, bottom=[bottom], top=name, n=n, k=k, s=s, p=p, phase=phase))
    NET.append(dict(type='ReLU', name=name + '/relu', bottom=[name], top=name, phase=phase))
    return name


def pool(name, bottom, k, s, p=0, kind='MAX', phase=None):
    NET.append(dict(type='Pooling', name=name, bottom=[bottom], top=name, k=k, s=s, p=p, kind=kind, phase=phase))
    return name


def lrn(name, bottom):
    NET.append(dict(type='LRN', name=name, bottom=[bottom], top=name))
    return name


def inception(pre, bottom, a, b, c, d, e, f):
    o1 = conv(pre + '/1x1', bottom, a, 1)
    o2 = conv(pre + '/3x3', conv(pre + '/3x3_reduce', bottom, b, 1), c, 3, p=1)
    o3 = conv(pre + '/5x5', conv(pre + '/5x5_reduce', bottom, d, 1), e, 5, p=2)
    o4 = conv(pre + '/pool_proj', pool(pre + '/pool', bottom, 3, 1, 1), f, 1)
    NET.append(dict(type='Concat', name=pre + '/output', bottom=[o1, o2, o3, o4], top=pre + '/output'))
    return pre + '/output'


def ip(name, bottom, n, phase=None):
    NET.append(dict(type='InnerProduct', name=name, bottom=[bottom], top=name, n=n, phase=phase))
    return name


def drop(name, bottom, ratio, phase=None):
    NET.append(dict(type='Dropout', name=name, bottom=[bottom], top=bottom, ratio=ratio, phase=phase))
    return bottom


def loss(pre, bottom):
    x = conv(pre + '/conv', pool(pre + '/ave_pool', bottom, 5, 3, kind='AVE', phase='TRAIN'), 128, 1, phase='TRAIN')
    x = ip(pre + '/fc', x, 1024, phase='TRAIN')
    NET.append(dict(type='ReLU', name=pre + '/relu_fc', bottom=[x], top=x, phase='TRAIN'))
    return ip(pre + '/classifier', drop(pre + '/drop_fc', x, 0.7, phase='TRAIN'), 1000, phase='TRAIN')


x = pool('pool1/3x3_s2', conv('conv1/7x7_s2', 'data', 64, 7, 2, 3), 3, 2)
x = conv('conv2/3x3_reduce', lrn('pool1/norm1', x), 64, 1)
x = lrn('conv2/norm2', conv('conv2/3x3', x, 192, 3, p=1))
x = pool('pool2/3x3_s2', x, 3, 2)
x = inception('inception_3a', x, 64, 96, 128, 16, 32, 32)
x = inception('inception_3b', x, 128, 128, 192, 32, 96, 64)
x = pool('pool3/3x3_s2', x, 3, 2)
x = inception('inception_4a', x, 192, 96, 208, 16, 48, 64)
x = inception('inception_4b', x, 160, 112, 224, 24, 64, 64)
LOSS1 = loss('loss1', x)
x = inception('inception_4c', x, 128, 128, 256, 24, 64, 64)
x = inception('inception_4d', x, 112, 144, 288, 32, 64, 64)
x = inception('inception_4e', x, 256, 160, 320, 32, 128, 128)
LOSS2 = loss('loss2', x)
x = pool('pool4/3x3_s2', x, 3, 2)
x = inception('inception_5a', x, 256, 160, 320, 32, 128, 128)
x = inception('inception_5b', x, 384, 192, 384, 48, 128, 128)
x = drop('pool5/drop_7x7_s1', pool('pool5/7x7_s1', x, 7, 1, kind='AVE'), 0.5)
LOSS3 = ip('loss3/classifier', x, 1000)


class CaffeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.params = nn.ModuleDict()
        blobs = {'data': torch.Size((1, 3, 224, 224))}
        for l in NET:  # shape inference as Caffe's SetUp does
            shapes = [blobs[b] for b in l['bottom']]
            n, c, *hw = shapes[0]
            if l['type'] == 'Convolution':
                self.params[l['name']] = nn.Conv2d(c, l['n'], l['k'], l['s'])  # padded in forward
                out = (n, l['n'], *[(h + 2 * l['p'] - l['k']) // l['s'] + 1 for h in hw])
            elif l['type'] == 'Pooling':
                out = (n, c, *[-(-(h + 2 * l['p'] - l['k']) // l['s']) + 1 for h in hw])
            elif l['type'] == 'InnerProduct':
                self.params[l['name']] = nn.Linear(shapes[0][1:].numel(), l['n'])
                out = (n, l['n'])
            elif l['type'] == 'Concat':
                out = (n, sum(s[1] for s in shapes), *hw)
            else:
                out = shapes[0]
            blobs[l['top']] = torch.Size(out)

    def forward(self, data):
        blobs = {'data': data}
        phase = 'TRAIN' if self.training else 'TEST'
        for l in NET:
            if l.get('phase') not in (None, phase):
                continue
            ins = [blobs[b] for b in l['bottom']]
            x = ins[0]
            if l['type'] == 'Convolution':
                p = l['p']
                if p:
                    x = F.pad(x, (p, p, p, p))
                y = self.params[l['name']](x)
            elif l['type'] == 'ReLU':
                y = F.relu(x)
            elif l['type'] == 'Pooling':
                k, s, p = l['k'], l['s'], l['p']
                h, w = x.shape[-2:]
                # Caffe rounds up: the last window hangs over the edge
                extra_h = (-(-(h + 2 * p - k) // s)) * s + k - (h + 2 * p)
                extra_w = (-(-(w + 2 * p - k) // s)) * s + k - (w + 2 * p)
                if l['kind'] == 'MAX':
                    x = F.pad(x, (p, p + extra_w, p, p + extra_h), value=float('-inf'))
                    y = F.max_pool2d(x, k, s)
                else:
                    assert not p and not extra_h and not extra_w
                    y = F.avg_pool2d(x, k, s)
            elif l['type'] == 'LRN':
                y = F.local_response_norm(x, 5, 0.0001, 0.75, 1.0)
            elif l['type'] == 'Dropout':
                y = F.dropout(x, l['ratio'], self.training)
            elif l['type'] == 'InnerProduct':
                y = self.params[l['name']](x.flatten(1))
            else:
                y = torch.cat(ins, 1)
            blobs[l['top']] = y
        if self.training:
            return blobs[LOSS1], blobs[LOSS2], blobs[LOSS3]
        return blobs[LOSS3]
