"""The reference build: counts by arithmetic from Table 1, sizes as printed."""

from __future__ import annotations

import ast
import inspect

import pytest
import torch
from torch import nn

from gnet_audit.live import googlenet
from gnet_audit.live.googlenet import GoogLeNet, Outputs
from gnet_audit.network import Activation, Mode
from tests.live.running import network

TABLE = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


def _conv(inputs: int, outputs: int, kernel: int) -> int:
    return inputs * outputs * kernel * kernel + outputs


def _module(inputs: int, one: int, three_in: int, three: int, five_in: int, five: int, projection: int) -> int:
    return (
        _conv(inputs, one, 1)
        + _conv(inputs, three_in, 1)
        + _conv(three_in, three, 3)
        + _conv(inputs, five_in, 1)
        + _conv(five_in, five, 5)
        + _conv(inputs, projection, 1)
    )


TRUNK = _conv(3, 64, 7) + _conv(64, 64, 1) + _conv(64, 192, 3) + sum(_module(*row) for row in TABLE.values())


def _head(inputs: int, classes: int) -> int:
    return _conv(inputs, 128, 1) + _conv(4 * 4 * 128, 1024, 1) + _conv(1024, classes, 1)


@pytest.mark.parametrize("classes", [1000, 10])
def test_parameters_are_those_of_table_1(classes: int) -> None:
    with torch.device("meta"):
        plain = GoogLeNet(classes, aux_heads=False)
        trained = GoogLeNet(classes)
    expected = TRUNK + _conv(1024, classes, 1)
    assert sum(p.numel() for p in plain.parameters()) == expected
    assert sum(p.numel() for p in trained.parameters()) == expected + _head(512, classes) + _head(528, classes)


def test_the_published_counts() -> None:
    assert network("reference", (3, 224, 224)).params == 6_998_552
    assert network("reference", (3, 224, 224), Mode.TRAIN).params == 13_378_280


def test_output_sizes_are_those_printed() -> None:
    found = network("reference", (3, 224, 224))
    printed = {
        "conv1.relu": (64, 112, 112),
        "pool1": (64, 56, 56),
        "conv2.relu": (192, 56, 56),
        "pool2": (192, 28, 28),
        "inception_3a.cat": (256, 28, 28),
        "inception_3b.cat": (480, 28, 28),
        "pool3": (480, 14, 14),
        "inception_4a.cat": (512, 14, 14),
        "inception_4d.cat": (528, 14, 14),
        "inception_4e.cat": (832, 14, 14),
        "pool4": (832, 7, 7),
        "inception_5b.cat": (1024, 7, 7),
        "avgpool": (1024, 1, 1),
        "linear": (1000,),
    }
    assert {name: found.by_name[name].shape for name in printed} == printed


def test_training_returns_named_logits_of_the_heads_and_eval_the_logits_alone() -> None:
    model = GoogLeNet(10)
    images = torch.rand(2, 3, 224, 224)
    returned = model.train()(images)
    assert isinstance(returned, Outputs)
    assert {logits.shape for logits in returned} == {(2, 10)}
    logits = model.eval()(images)
    assert logits.shape == (2, 10)
    assert torch.equal(logits, model(images))
    assert model.train().requires_grad_()(images).logits.requires_grad
    without = GoogLeNet(10, aux_heads=False).train()
    assert isinstance(without(images), torch.Tensor)


def test_every_convolution_and_hidden_layer_is_followed_by_relu() -> None:
    found = network("reference", (3, 224, 224), Mode.TRAIN)
    for layer in found.layers:
        weighted = any(weight.role == "weight" for weight in layer.weights)
        if weighted and layer.name not in {output.layer for output in found.outputs}:
            (reader,) = found.consumers[layer.name]
            assert found.by_name[reader].op == Activation(function="relu")


def test_the_first_weights_are_as_documented() -> None:
    torch.manual_seed(0)
    model = GoogLeNet()
    conv = model.conv2.conv
    assert isinstance(conv, nn.Conv2d)
    assert float(conv.weight.detach().std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert float(model.linear.weight.detach().std()) == pytest.approx(0.001, rel=0.02)
    assert all(not bool(p.any()) for name, p in model.named_parameters() if name.endswith("bias"))


def test_it_imports_nothing_of_ours() -> None:
    tree = ast.parse(inspect.getsource(googlenet))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"__future__", "typing", "torch", "torch.nn"}
