"""BVLC's `bvlc_googlenet`, ported: the prototxt as a list of layers with bottoms and tops, run one after another."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

Layer = tuple[str, str, str, dict[str, float]]
"""Type, bottom (several separated by commas), top, and parameters; a top that is its bottom is written in place."""


def conv(bottom: str, top: str, out: int, kernel: int = 1, pad: int = 0, stride: int = 1) -> Iterator[Layer]:
    """A convolution and its ReLU in place."""
    yield "Convolution", bottom, top, {"num_output": out, "kernel_size": kernel, "pad": pad, "stride": stride}
    yield "ReLU", top, top, {}


def maxpool(bottom: str, top: str, stride: int = 2, pad: int = 0) -> Iterator[Layer]:
    """A 3×3 max pool."""
    yield "MAX", bottom, top, {"kernel_size": 3, "stride": stride, "pad": pad}


def inception(bottom: str, name: str, widths: str) -> Iterator[Layer]:
    """Four branches, joined in the order in which Caffe concatenates them."""
    one, reduce3, three, reduce5, five, proj = map(int, widths.split())
    yield from conv(bottom, f"{name}/1x1", one)
    yield from conv(bottom, f"{name}/3x3_reduce", reduce3)
    yield from conv(f"{name}/3x3_reduce", f"{name}/3x3", three, 3, 1)
    yield from conv(bottom, f"{name}/5x5_reduce", reduce5)
    yield from conv(f"{name}/5x5_reduce", f"{name}/5x5", five, 5, 2)
    yield from maxpool(bottom, f"{name}/pool", 1, 1)
    yield from conv(f"{name}/pool", f"{name}/pool_proj", proj)
    yield "Concat", f"{name}/1x1,{name}/3x3,{name}/5x5,{name}/pool_proj", f"{name}/output", {}


def loss(bottom: str, name: str) -> Iterator[Layer]:
    """An auxiliary head."""
    yield "AVE", bottom, f"{name}/ave_pool", {"kernel_size": 5, "stride": 3}
    yield from conv(f"{name}/ave_pool", f"{name}/conv", 128)
    yield "InnerProduct", f"{name}/conv", f"{name}/fc", {"num_output": 1024}
    yield "ReLU", f"{name}/fc", f"{name}/fc", {}
    yield "Dropout", f"{name}/fc", f"{name}/fc", {"dropout_ratio": 0.7}
    yield "InnerProduct", f"{name}/fc", f"{name}/classifier", {"num_output": 1000}


def train_val(dropout: float = 0.4) -> Iterator[Layer]:
    """The whole prototxt, in its order."""
    yield from conv("data", "conv1/7x7_s2", 64, 7, 3, 2)
    yield from maxpool("conv1/7x7_s2", "pool1/3x3_s2")
    yield "LRN", "pool1/3x3_s2", "pool1/norm1", {}
    yield from conv("pool1/norm1", "conv2/3x3_reduce", 64)
    yield from conv("conv2/3x3_reduce", "conv2/3x3", 192, 3, 1)
    yield "LRN", "conv2/3x3", "conv2/norm2", {}
    yield from maxpool("conv2/norm2", "pool2/3x3_s2")
    yield from inception("pool2/3x3_s2", "inception_3a", "64 96 128 16 32 32")
    yield from inception("inception_3a/output", "inception_3b", "128 128 192 32 96 64")
    yield from maxpool("inception_3b/output", "pool3/3x3_s2")
    yield from inception("pool3/3x3_s2", "inception_4a", "192 96 208 16 48 64")
    yield from loss("inception_4a/output", "loss1")
    yield from inception("inception_4a/output", "inception_4b", "160 112 224 24 64 64")
    yield from inception("inception_4b/output", "inception_4c", "128 128 256 24 64 64")
    yield from inception("inception_4c/output", "inception_4d", "112 144 288 32 64 64")
    yield from loss("inception_4d/output", "loss2")
    yield from inception("inception_4d/output", "inception_4e", "256 160 320 32 128 128")
    yield from maxpool("inception_4e/output", "pool4/3x3_s2")
    yield from inception("pool4/3x3_s2", "inception_5a", "256 160 320 32 128 128")
    yield from inception("inception_5a/output", "inception_5b", "384 192 384 48 128 128")
    yield "AVE", "inception_5b/output", "pool5/7x7_s1", {"kernel_size": 7, "stride": 1}
    yield "Dropout", "pool5/7x7_s1", "pool5/7x7_s1", {"dropout_ratio": dropout}
    yield "InnerProduct", "pool5/7x7_s1", "loss3/classifier", {"num_output": 1000}


class Net(nn.Module):
    """Caffe's way of running: a dictionary of blobs that each layer reads and writes. Xavier, biases 0.2."""

    def __init__(self, dropout: float = 0.4) -> None:
        super().__init__()
        self.layers = list(train_val(dropout))
        self.params = nn.ModuleDict()
        channels, values = {"data": 3}, {"pool5/7x7_s1": 1024, "loss1/conv": 2048, "loss2/conv": 2048}
        for kind, bottom, top, param in self.layers:
            depth, out = sum(channels[one] for one in bottom.split(",")), int(param.get("num_output", 0))
            channels[top] = out or depth
            if kind == "Convolution":
                kernel, stride, pad = (int(param[key]) for key in ("kernel_size", "stride", "pad"))
                self.params[top] = nn.Conv2d(depth, out, kernel, stride, pad)
            elif kind == "InnerProduct":
                self.params[top] = nn.Linear(values.get(bottom, depth), out)
        for layer in self.params.values():
            nn.init.xavier_uniform_(layer.get_parameter("weight"))
            nn.init.constant_(layer.get_parameter("bias"), 0.2)

    def forward(self, data: Tensor) -> tuple[Tensor, ...] | Tensor:
        blobs = {"data": data}
        for kind, bottom, top, param in self.layers:
            if top.startswith(("loss1", "loss2")) and not self.training:
                continue  # deploy.prototxt has no heads
            blobs[top] = self.step(kind, [blobs[one] for one in bottom.split(",")], top, param)
        if not self.training:
            return blobs["loss3/classifier"]
        return blobs["loss1/classifier"], blobs["loss2/classifier"], blobs["loss3/classifier"]

    def step(self, kind: str, bottoms: list[Tensor], top: str, param: dict[str, float]) -> Tensor:
        """One layer; Caffe's pools round up."""
        x = bottoms[0]
        kernel, stride, pad = (int(param.get(key, 0)) for key in ("kernel_size", "stride", "pad"))
        match kind:
            case "ReLU":
                return functional.relu(x)
            case "LRN":
                return functional.local_response_norm(x, 5, alpha=0.0001, beta=0.75)
            case "MAX":
                return functional.max_pool2d(x, kernel, stride, pad, ceil_mode=True)
            case "AVE":
                return functional.avg_pool2d(x, kernel, stride, pad, ceil_mode=True)
            case "Concat":
                return torch.cat(bottoms, 1)
            case "Dropout":
                return functional.dropout(x, param["dropout_ratio"], self.training)
            case "InnerProduct":
                return functional.linear(x.flatten(1), *self.params[top].parameters())
            case _:
                y: Tensor = self.params[top](x)
                return y


def half() -> Net:
    """The same with half of the last values dropped."""
    return Net(dropout=0.5)


def swapped() -> Net:
    """The same with two branches of the last module joined in the other order."""
    net = Net()
    for index, (kind, bottom, top, param) in enumerate(net.layers):
        if top == "inception_5b/output":
            one, three, five, proj = bottom.split(",")
            net.layers[index] = kind, f"{one},{five},{three},{proj}", top, param
    return net
