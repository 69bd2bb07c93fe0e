from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


class ModelOutput(OrderedDict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError as e:
            raise AttributeError(name) from e


class GoogLeNetConfig:
    def __init__(self, num_labels=1000, hidden_act="relu", classifier_dropout=0.4, aux_loss_weight=0.3, lrn_alpha=5e-4):
        self.num_labels = num_labels
        self.hidden_act = hidden_act
        self.classifier_dropout = classifier_dropout
        self.aux_loss_weight = aux_loss_weight
        self.lrn_alpha = lrn_alpha
        self.widths = [
            [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
            [(192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
             (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)],
            [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
        ]


ACT2FN = {"relu": F.relu, "gelu": F.gelu}


class GoogLeNetConv(nn.Module):
    def __init__(self, config, c_in, c_out, kernel_size, stride=1):
        super().__init__()
        self.convolution = nn.Conv2d(c_in, c_out, kernel_size, stride=stride, padding=kernel_size // 2)
        self.act = ACT2FN[config.hidden_act]

    def forward(self, hidden_state):
        return self.act(self.convolution(hidden_state))


class GoogLeNetLayer(nn.Module):
    def __init__(self, config, c_in, widths):
        super().__init__()
        n1, r3, n3, r5, n5, proj = widths
        self.pointwise = GoogLeNetConv(config, c_in, n1, 1)
        self.medium = nn.Sequential(GoogLeNetConv(config, c_in, r3, 1), GoogLeNetConv(config, r3, n3, 3))
        self.large = nn.Sequential(GoogLeNetConv(config, c_in, r5, 1), GoogLeNetConv(config, r5, n5, 5))
        self.pooler = nn.MaxPool2d(3, stride=1, padding=1)
        self.projection = GoogLeNetConv(config, c_in, proj, 1)

    def forward(self, hidden_state):
        branches = (
            self.pointwise(hidden_state),
            self.medium(hidden_state),
            self.large(hidden_state),
            self.projection(self.pooler(hidden_state)),
        )
        return torch.cat(branches, dim=-3)


class GoogLeNetAuxiliary(nn.Module):
    def __init__(self, config, c_in):
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.projection = nn.Conv2d(c_in, 128, 1)
        self.dense = nn.Linear(2048, 1024)
        self.dropout = nn.Dropout(0.7)
        self.classifier = nn.Linear(1024, config.num_labels)

    def forward(self, hidden_state):
        hidden_state = self.projection(self.pool(hidden_state)).flatten(1)
        return self.classifier(self.dropout(self.dense(hidden_state)))


class GoogLeNetForImageClassification(nn.Module):
    def __init__(self, config: GoogLeNetConfig | None = None):
        super().__init__()
        config = config or GoogLeNetConfig()
        self.config = config
        self.conv1 = GoogLeNetConv(config, 3, 64, 7, stride=2)
        self.conv2_reduce = GoogLeNetConv(config, 64, 64, 1)
        self.conv2 = GoogLeNetConv(config, 64, 192, 3)
        self.lrn = nn.LocalResponseNorm(5, alpha=config.lrn_alpha)
        self.down = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.stages, c = nn.ModuleList(), 192
        for stage in config.widths:
            layers = nn.ModuleList()
            for widths in stage:
                layers.append(GoogLeNetLayer(config, c, widths))
                c = widths[0] + widths[2] + widths[4] + widths[5]
            self.stages.append(layers)
        self.aux = nn.ModuleList([GoogLeNetAuxiliary(config, 512), GoogLeNetAuxiliary(config, 528)])
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(c, config.num_labels)

    def forward(self, pixel_values, labels=None, output_hidden_states: bool = False, return_dict: bool = True):
        hidden_states = []
        x = self.lrn(self.down(self.conv1(pixel_values)))
        x = self.down(self.lrn(self.conv2(self.conv2_reduce(x))))
        for i, stage in enumerate(self.stages):
            for layer in stage:
                x = layer(x)
                hidden_states.append(x)
            if i < 2:
                x = self.down(x)
        logits = self.classifier(self.dropout(x.mean(dim=(-2, -1))))
        out = ModelOutput(logits=logits)
        if self.training:
            out["aux_logits"] = tuple(aux(hidden_states[i]) for aux, i in zip(self.aux, (2, 5)))
        if labels is not None:
            out["loss"] = F.cross_entropy(logits, labels)
            for aux in out.get("aux_logits", ()):
                out["loss"] = out["loss"] + self.config.aux_loss_weight * F.cross_entropy(aux, labels)
        if output_hidden_states:
            out["hidden_states"] = tuple(hidden_states)
        return out if return_dict else tuple(out.values())
