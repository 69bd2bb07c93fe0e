"""The executor op by op: against sums written out by hand, or against torch's own modules where those are the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from gnet_audit.live import execute
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Linear,
    Mean,
    Op,
    Pad,
    Pool2d,
    PoolKind,
    Slice,
    Softmax,
    Unknown,
)
from tests.networks import network

RAMP = torch.arange(2 * 4 * 6 * 6, dtype=torch.float64).reshape(2, 4, 6, 6).sin()


def value(op: Op, *inputs: Tensor, **weights: Tensor) -> Tensor:
    """One op on the ramp, or on other inputs."""
    return execute.apply(op, inputs or (RAMP,), weights)


def test_a_convolution_is_the_sum_of_products() -> None:
    weight, bias = torch.randn(2, 4, 3, 3, dtype=torch.float64), torch.randn(2, dtype=torch.float64)
    op = Conv2d(out_channels=2, kernel=(3, 3), stride=(2, 1), padding=(1, 0, 2, 0))
    found = value(op, weight=weight, bias=bias)
    padded = torch.zeros(2, 4, 7, 8, dtype=torch.float64)
    padded[:, :, 1:, 2:] = RAMP
    by_hand = (padded[1, :, 2:5, 3:6] * weight[1]).sum() + bias[1]
    assert found.shape == (2, 2, 3, 6)
    assert torch.isclose(found[1, 1, 1, 3], by_hand)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_a_convolution_pads_as_its_mode_says(mode: Literal["reflect", "replicate", "circular"]) -> None:
    conv = nn.Conv2d(4, 3, 3, padding=1, padding_mode=mode, bias=False).double()
    op = Conv2d(out_channels=3, kernel=(3, 3), padding=(1, 1, 1, 1), padding_mode=mode, bias=False)
    assert torch.allclose(value(op, weight=conv.weight), conv(RAMP))


def test_a_transposed_convolution_is_torchs() -> None:
    conv = nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, groups=2, dilation=2).double()
    op = Conv2d(
        out_channels=6, kernel=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1), groups=2, dilation=(2, 2), transposed=True
    )
    weights = {name: parameter.detach() for name, parameter in conv.named_parameters()}
    assert torch.equal(value(op, **weights), conv(RAMP))


def test_uneven_padding_of_a_maximum_never_wins() -> None:
    op = Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(2, 2), padding=(0, 1, 0, 1))
    found = value(op, -1 - RAMP.abs())
    assert found.shape == (2, 4, 3, 3)
    assert (found < 0).all()


def test_uneven_padding_of_an_average_counts_as_zeros() -> None:
    op = Pool2d(kind=PoolKind.AVG, kernel=(2, 2), stride=(2, 2), padding=(1, 1, 0, 0))
    assert torch.isclose(value(op)[0, 0, 0, 0], RAMP[0, 0, 0, :2].sum() / 4)


def test_normalisation_across_channels_and_across_space() -> None:
    squares = RAMP[0, :3, 2, 2].square().sum()
    op = LRN(size=5, alpha=0.5, beta=0.75, k=2.0)
    assert torch.isclose(value(op)[0, 0, 2, 2], RAMP[0, 0, 2, 2] / (2 + 0.5 / 5 * squares) ** 0.75)
    around = RAMP[0, 0, 1:4, 1:4].square().sum()
    op = LRN(size=3, alpha=0.5, beta=0.75, k=2.0, across="space")
    assert torch.isclose(value(op)[0, 0, 2, 2], RAMP[0, 0, 2, 2] / (2 + 0.5 / 9 * around) ** 0.75)


def test_batch_norm_uses_the_batch_or_what_was_learnt() -> None:
    weights = {
        role: torch.rand(4, dtype=torch.float64) + 0.5 for role in ("weight", "bias", "running_mean", "running_var")
    }
    learnt = value(BatchNorm(eps=0.1), **weights)
    mean, var = weights["running_mean"][1], weights["running_var"][1]
    by_hand = (RAMP[1, 1, 3, 3] - mean) / (var + 0.1).sqrt() * weights["weight"][1] + weights["bias"][1]
    assert torch.isclose(learnt[1, 1, 3, 3], by_hand)
    shift = torch.arange(4, dtype=torch.float64)  # TF-slim's has a bias and no weight
    shifted = value(BatchNorm(affine=False), running_mean=torch.zeros_like(shift), running_var=shift + 1, bias=shift)
    assert torch.allclose(shifted[0, 3], RAMP[0, 3] / (4 + 1e-5) ** 0.5 + 3)
    batch = value(BatchNorm(eps=1e-12, affine=False, batch_statistics=True))
    assert torch.allclose(batch.mean((0, 2, 3)), torch.zeros(4, dtype=torch.float64))
    assert torch.allclose(batch.var((0, 2, 3), correction=0), torch.ones(4, dtype=torch.float64), atol=1e-6)


@pytest.mark.parametrize(
    ("op", "module"),
    [
        (Activation(function="relu"), nn.ReLU()),
        (Activation(function="leaky_relu", parameters=(0.1,)), nn.LeakyReLU(0.1)),
        (Activation(function="gelu"), nn.GELU()),
        (Activation(function="tanh"), nn.Tanh()),
        (Softmax(axis=0), nn.Softmax(dim=1)),
        (Softmax(axis=0, log=True), nn.LogSoftmax(dim=1)),
        (AdaptivePool2d(kind=PoolKind.AVG, output_size=(4, 3)), nn.AdaptiveAvgPool2d((4, 3))),
        (AdaptivePool2d(kind=PoolKind.MAX, output_size=(1, 1)), nn.AdaptiveMaxPool2d(1)),
        (Flatten(), nn.Flatten()),
        (Pad(padding=(1, 2, 3, 0), value=0.5), nn.ConstantPad2d((3, 0, 1, 2), 0.5)),
    ],
)
def test_an_op_is_torchs_module_of_this_name(op: Op, module: nn.Module) -> None:
    assert torch.equal(value(op), module(RAMP))


def test_plumbing() -> None:
    assert torch.equal(value(Slice(axis=0, start=1, stop=3)), RAMP[:, 1:3])
    assert torch.equal(value(Mean(axes=(1, 2))), RAMP.mean((2, 3)))
    assert torch.equal(value(Concat(), RAMP, -RAMP), torch.cat((RAMP, -RAMP), 1))
    assert torch.equal(value(Add(), RAMP, RAMP, RAMP), RAMP + RAMP + RAMP)
    assert torch.equal(value(Elementwise(function="sub", constants=(1.0, None))), 1 - RAMP)
    weight = torch.randn(3, 4 * 36, dtype=torch.float64)
    assert torch.allclose(value(Linear(out_features=3, bias=False), weight=weight), RAMP.flatten(1) @ weight.t())


def test_dropout_drops_the_same_values_of_a_map_and_of_its_flat_form_at_its_rate() -> None:
    ones = torch.ones(1, 1000, 2, 2, dtype=torch.float64)
    dropped = value(Dropout(rate=0.4), ones)
    assert torch.equal(dropped.flatten(1), value(Dropout(rate=0.4), ones.flatten(1)))
    assert set(dropped.flatten().tolist()) == {0.0, 1 / 0.6}
    assert (dropped == 0).double().mean().item() == pytest.approx(0.4, abs=0.03)
    assert not torch.equal(dropped, value(Dropout(rate=0.5), ones))
    assert torch.equal(value(Dropout(rate=0.4, active=False), ones), ones)


def test_axes_in_another_order() -> None:
    order = Flatten(of=(4, 6, 6), order=(1, 2, 0))
    assert torch.equal(value(order), RAMP.permute(0, 2, 3, 1).flatten(1))
    assert torch.equal(value(replace(order, shape=(6, 6, 4)), RAMP.flatten(1)), RAMP.permute(0, 2, 3, 1))


def test_dropout_drops_the_same_values_of_a_map_whose_axes_stand_in_another_order() -> None:
    text = "r: relu\nf: flatten\nd: dropout 0.5\ne: dropout 0.3"
    net = network(text, input_shape=(4, 6, 6))
    order = Flatten(of=(4, 6, 6), order=(1, 2, 0))
    moved = replace(net, layers=tuple(replace(one, op=order) if one.name == "f" else one for one in net.layers))
    plain, other = (execute.run(one, lambda _: {}, RAMP)["e"] for one in (net, moved))
    assert not torch.equal(plain, other)
    assert torch.equal(plain.reshape(RAMP.shape).permute(0, 2, 3, 1).flatten(1), other)


def test_comparisons_choices_and_zeros_beside_the_channels() -> None:
    above = value(Elementwise(function="gt", constants=(None, 0.5)))
    assert torch.equal(above, RAMP > 0.5)
    choice = Elementwise(function="where", constants=(None, None, 1.5))
    assert torch.equal(value(choice, above, RAMP), torch.where(RAMP > 0.5, RAMP, 1.5))
    padded = value(Elementwise(function="channel_pad", constants=(1.0, 2.0)))
    assert padded.shape == (len(RAMP), 7, 6, 6)
    assert torch.equal(padded[:, 1:5], RAMP)
    assert not padded[:, [0, 5, 6]].any()


@pytest.mark.parametrize("inputs", [0, 1, 2, 3])
def test_an_unknown_op_is_one_whatever_it_reads(inputs: int) -> None:
    with pytest.raises(NotImplementedError, match="unknown op where"):
        execute.apply(Unknown(function="where"), [RAMP] * inputs, {})


def test_an_unknown_op_is_named_with_its_slot() -> None:
    net = network("a: conv 1 2\nodd: unknown group_norm")
    weights = {"weight": torch.ones(2, 3, 1, 1), "bias": torch.zeros(2)}
    with pytest.raises(execute.UnknownOpError, match="unknown op group_norm at odd"):
        execute.run(net, lambda _: weights, torch.ones(1, 3, 32, 32))
