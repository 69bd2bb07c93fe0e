"""Ops in words."""

from __future__ import annotations

from typing import get_args

import pytest

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
    Identity,
    Input,
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
from gnet_audit.notation import field_text, op_text, padding_text, pair_text, shape_text

TEXTS: tuple[tuple[Op, str], ...] = (
    (Conv2d(out_channels=64, kernel=(7, 7), stride=(2, 2), padding=(3, 3, 3, 3)), "conv 7×7/2 pad 3, 64"),
    (Conv2d(out_channels=64, kernel=(1, 1)), "conv 1×1, 64"),
    (Conv2d(out_channels=8, kernel=(3, 1), stride=(2, 1), bias=False), "conv 3×1/2×1, 8 no bias"),
    (Conv2d(out_channels=8, kernel=(3, 3), dilation=(2, 2), groups=4), "conv 3×3 dilation 2 groups 4, 8"),
    (Conv2d(out_channels=8, kernel=(3, 3), padding=(1, 1, 1, 1), padding_mode="reflect"),
     "conv 3×3 pad 1 reflect padding, 8"),
    (Conv2d(out_channels=8, kernel=(3, 3), padding=(0, 1, 0, 1)), "conv 3×3 pad 0,1,0,1, 8"),
    (Conv2d(out_channels=8, kernel=(2, 2), transposed=True), "transposed conv 2×2, 8"),
    (Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(2, 2), ceil_mode=True), "max pool 3×3/2 ceil"),
    (Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1), dilation=(2, 2)),
     "max pool 3×3/1 pad 1 dilation 2"),
    (Pool2d(kind=PoolKind.AVG, kernel=(7, 7), stride=(1, 1)), "avg pool 7×7/1"),
    (Pool2d(kind=PoolKind.AVG, kernel=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1), count_include_pad=False),
     "avg pool 3×3/2 pad 1 not counted"),
    (AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1)), "global avg pool"),
    (AdaptivePool2d(kind=PoolKind.AVG, output_size=(4, 4)), "adaptive avg pool 4×4"),
    (AdaptivePool2d(kind=PoolKind.MAX, output_size=(1, 1)), "global max pool"),
    (LRN(size=5, alpha=1e-4, beta=0.75, k=1.0), "LRN size 5 alpha 0.0001 beta 0.75 k 1"),
    (LRN(size=5, alpha=1e-4, beta=0.75, k=2, across="space"), "LRN size 5 alpha 0.0001 beta 0.75 k 2 across space"),
    (BatchNorm(eps=0.001), "batch norm eps 0.001"),
    (BatchNorm(affine=False), "batch norm eps 1e-05 not affine"),
    (Linear(out_features=1000), "linear 1000"),
    (Linear(out_features=10, bias=False), "linear 10 no bias"),
    (Activation(function="relu"), "relu"),
    (Activation(function="leaky_relu", parameters=(0.1,)), "leaky_relu 0.1"),
    (Dropout(rate=0.4), "dropout 0.4"),
    (Softmax(), "softmax"),
    (Softmax(axis=1, log=True), "log softmax over axis 1"),
    (Concat(), "concat"),
    (Concat(axis=1), "concat axis 1"),
    (Add(), "add"),
    (Flatten(), "flatten"),
    (Flatten(of=(8, 4, 2), order=(1, 2, 0)), "flatten height, width, channels"),
    (Flatten(of=(8, 4, 2), order=(0, 2, 1), shape=(8, 2, 4)), "permute channels, width, height"),
    (Flatten(of=(2, 4), order=(1, 0), shape=(4, 2)), "permute axis 1, axis 0"),
    (Input(), "input"),
    (Identity(), "identity"),
    (Pad(padding=(1, 1, 1, 1)), "pad 1"),
    (Pad(padding=(1, 1, 2, 2), padding_mode="reflect"), "pad 1×2 reflect"),
    (Pad(padding=(0, 1, 0, 1), value=-1), "pad 0,1,0,1 with -1"),
    (Mean(axes=(1, 2)), "mean over axes 1, 2"),
    (Slice(axis=0, start=0, stop=64), "slice 0:64 of axis 0"),
    (Elementwise(function="mul", constants=(None, 2.0)), "mul 2"),
    (Unknown(function="my::op"), "unknown op my::op"),
)  # fmt: skip


@pytest.mark.parametrize(("op", "text"), TEXTS)
def test_an_op_is_said_in_the_papers_words_with_what_is_unusual(op: Op, text: str) -> None:
    assert op_text(op) == text


def test_every_op_of_the_vocabulary_has_words() -> None:
    assert {type(op) for op, _ in TEXTS} == set(get_args(Op))


def test_shapes_are_in_the_papers_order() -> None:
    assert shape_text((64, 112, 112)) == "112×112×64"
    assert shape_text((1000,)) == "1000"
    assert shape_text((2, 3)) == "3×2"
    assert shape_text(()) == "a single number"
    assert pair_text((3, 5)) == "3×5"


def test_padding_is_as_short_as_it_is_exact() -> None:
    assert padding_text((3, 3, 3, 3)) == "3"
    assert padding_text((0, 0, 1, 1)) == "0×1"
    assert padding_text((2, 3, 2, 3)) == "2,3,2,3"


def test_a_field_of_an_op_is_written_as_its_kind_of_value() -> None:
    conv = Conv2d(out_channels=64, kernel=(7, 7), stride=(2, 2), padding=(3, 3, 3, 3))
    told = {name: field_text(conv, name) for name in ("out_channels", "kernel", "bias", "padding_mode", "rate")}
    assert told == {"out_channels": "64", "kernel": "7×7", "bias": "yes", "padding_mode": "zeros", "rate": ""}
