"""Arithmetic on ops, held against PyTorch itself on meta."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, get_args

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from gnet_audit import derive
from gnet_audit.errors import ShapeError
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
    Layer,
    Linear,
    Mean,
    Op,
    Pad,
    Pool2d,
    PoolKind,
    Shape,
    Slice,
    Softmax,
    Unknown,
    Weight,
)

Draw: TypeAlias = st.DrawFn
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))
SIZES = st.integers(1, 24)
PATIENT = settings(deadline=None)
"""torch's first call of an op takes its time."""
POOL = Pool2d(kind=PoolKind.MAX, kernel=(5, 5), stride=(3, 3))


def shape_of(op: Op, *shapes: Shape) -> Shape:
    """The derived shape."""
    return derive.output_shape(op, shapes)


# --- convolutions and linear layers --------------------------------------------------------------------


@st.composite
def convolutions(draw: Draw) -> tuple[Conv2d, Shape]:
    groups = draw(st.integers(1, 3))
    pads = st.integers(0, 3)
    op = Conv2d(
        out_channels=groups * draw(st.integers(1, 4)),
        kernel=draw(PAIRS),
        stride=draw(PAIRS),
        padding=(draw(pads), draw(pads), draw(pads), draw(pads)),
        dilation=draw(PAIRS),
        groups=groups,
        bias=draw(st.booleans()),
    )
    return op, (groups * draw(st.integers(1, 4)), draw(SIZES), draw(SIZES))


@PATIENT
@given(case=convolutions())
def test_a_convolution_has_torchs_shape_parameters_and_work(case: tuple[Conv2d, Shape]) -> None:
    op, shape = case
    module = nn.Conv2d(
        shape[0], op.out_channels, op.kernel, op.stride, dilation=op.dilation, groups=op.groups, bias=op.bias,
    )  # fmt: skip
    top, bottom, left, right = op.padding
    padded = F.pad(torch.zeros(1, *shape), (left, right, top, bottom))  # not on meta: torch 2.6 refuses nothing there
    try:
        expected = tuple(module(padded).shape[1:])
    except RuntimeError:
        with pytest.raises(ShapeError):
            shape_of(op, shape)
        return
    assert shape_of(op, shape) == expected
    assert derive.parameters(op, (shape,)) == sum(weight.numel() for weight in module.parameters())
    per_output = module.weight[0].numel()
    assert derive.multiply_accumulates(op, (shape,), expected) == per_output * expected[0] * expected[1] * expected[2]


@PATIENT
@given(case=convolutions())
def test_a_transposed_convolution_has_torchs_shape_and_parameters(case: tuple[Conv2d, Shape]) -> None:
    plain, shape = case
    pad = plain.padding[0]
    op = Conv2d(
        out_channels=plain.out_channels, kernel=plain.kernel, stride=plain.stride, padding=(pad, pad, pad, pad),
        dilation=plain.dilation, groups=plain.groups, bias=plain.bias, transposed=True,
    )  # fmt: skip
    module = nn.ConvTranspose2d(
        shape[0], op.out_channels, op.kernel, op.stride, pad, groups=op.groups, bias=op.bias, dilation=op.dilation,
        device="meta",
    )  # fmt: skip
    try:
        expected = tuple(module(torch.empty(1, *shape, device="meta")).shape[1:])
    except RuntimeError:
        with pytest.raises(ShapeError):
            shape_of(op, shape)
        return
    assume(min(expected) > 0)
    assert shape_of(op, shape) == expected
    assert derive.parameter_shapes(op, (shape,)) == {name: tuple(own.shape) for name, own in module.named_parameters()}
    # Each input value is multiplied with its kernel once for each output channel of its group.
    work = shape[0] * shape[1] * shape[2] * op.kernel[0] * op.kernel[1] * op.out_channels // op.groups
    assert derive.multiply_accumulates(op, (shape,), expected) == work


@PATIENT
@given(features=st.integers(1, 9), bias=st.booleans(), shape=st.lists(SIZES, min_size=1, max_size=3))
def test_a_linear_layer_reads_all_values(features: int, bias: bool, shape: list[int]) -> None:
    image = torch.empty(1, *shape, device="meta").flatten(1)
    module = nn.Linear(image.shape[1], features, bias=bias, device="meta")
    op = Linear(out_features=features, bias=bias)
    assert shape_of(op, tuple(shape)) == tuple(module(image).shape[1:])
    assert derive.parameters(op, (tuple(shape),)) == sum(weight.numel() for weight in module.parameters())
    assert derive.multiply_accumulates(op, (tuple(shape),), (features,)) == module.weight.numel()


def test_the_papers_first_convolution_by_hand() -> None:
    conv = Conv2d(out_channels=64, kernel=(7, 7), stride=(2, 2), padding=(3, 3, 3, 3))
    assert shape_of(conv, (3, 224, 224)) == (64, 112, 112)
    assert derive.parameters(conv, ((3, 224, 224),)) == 9_408 + 64
    assert derive.multiply_accumulates(conv, ((3, 224, 224),), (64, 112, 112)) == 118_013_952


# --- other ops ------------------------------------------------------------------------------------------------


def relu(value: Tensor) -> Tensor:
    """A pointwise function."""
    return F.relu(value)


@pytest.mark.parametrize(
    ("op", "run"),
    [
        (LRN(size=5, alpha=1e-4, beta=0.75, k=1), nn.LocalResponseNorm(5)),
        (BatchNorm(), nn.BatchNorm2d(6, device="meta")),
        (Activation(function="relu"), relu),
        (Dropout(rate=0.4), nn.Dropout(0.4)),
        (Softmax(axis=0), nn.Softmax(dim=1)),
        (Identity(), nn.Identity()),
        (Flatten(), nn.Flatten()),
        (Flatten(shape=(3, 2, 20)), nn.Unflatten(1, (3, 2))),
        (Pad(padding=(1, 0, 2, 3)), nn.ZeroPad2d((2, 3, 1, 0))),
        (Mean(axes=(1, 2)), lambda value: value.mean((2, 3))),
        (Mean(axes=(1, 2), keepdim=True), lambda value: value.mean((2, 3), keepdim=True)),
        (Mean(axes=(-3,)), lambda value: value.mean(-3)),
        (Slice(axis=0, start=2, stop=5), lambda value: value[:, 2:5]),
        (Elementwise(function="channel_pad", constants=(2.0, 1.0)), nn.ConstantPad3d((0, 0, 0, 0, 2, 1), 0)),
        (Elementwise(function="channel_pad", constants=(0.0, 3.0)), nn.ConstantPad3d((0, 0, 0, 0, 0, 3), 0)),
        (Slice(axis=-1, start=0, stop=5), lambda value: value[..., 0:5]),
        (Elementwise(function="mul", constants=(None, 2.0)), lambda value: value * 2),
    ],
)
def test_ops_with_one_input_have_torchs_shape(op: Op, run: Callable[[Tensor], Tensor]) -> None:
    shape: Shape = (6, 4, 5)
    if isinstance(op, Flatten) and op.shape:
        assert shape_of(op, shape) == (3, 2, 20)
        return
    assert shape_of(op, shape) == tuple(run(torch.empty(2, *shape, device="meta")).shape[1:])
    owned = run.parameters() if isinstance(run, nn.Module) else ()
    assert derive.parameters(op, (shape,)) == sum(weight.numel() for weight in owned)
    assert derive.multiply_accumulates(op, (shape,), shape) == 0


def test_a_batch_norm_without_affine_has_no_parameters() -> None:
    assert derive.parameters(BatchNorm(affine=False), ((6, 4, 4),)) == 0


def test_a_concatenation_sums_one_axis_and_a_sum_none() -> None:
    assert shape_of(Concat(), (64, 28, 28), (128, 28, 28)) == (192, 28, 28)
    assert shape_of(Concat(axis=1), (2, 3), (2, 4)) == (2, 7)
    assert shape_of(Add(), (2, 3), (2, 3)) == (2, 3)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (((2, 3, 3), (2, 1, 1)), (2, 3, 3)),
        (((2, 1, 3), (2, 4, 1)), (2, 4, 3)),
        (((1, 1), (1, 1)), (1, 1)),
        (((3, 3), (5, 3, 3)), (5, 3, 3)),
        (((6, 4, 5), (6,)), (6, 4, 5)),  # one value a channel
        (((6,), (6, 5)), (6, 5)),
        (((5,), (5,)), (5,)),
        (((),), ()),
        ((), ()),  # nothing but constants
    ],
)
def test_plain_arithmetic_spreads_what_is_one_wide(shapes: tuple[Shape, ...], expected: Shape) -> None:
    assert shape_of(Elementwise(function="mul"), *shapes) == expected


@pytest.mark.parametrize(
    ("op", "shapes", "told"),
    [
        (Conv2d(out_channels=4, kernel=(7, 7)), ((3, 5, 5),), "conv 7×7, 4: the 7×7 kernel does not fit; got 5×5×3"),
        (
            Conv2d(out_channels=4, kernel=(1, 1), groups=2),
            ((3, 5, 5),),
            "conv 1×1 groups 2, 4: 2 groups do not divide the channels; got 3 in, 4 out",
        ),
        (
            Conv2d(out_channels=4, kernel=(1, 1), groups=3),
            ((3, 5, 5),),
            "conv 1×1 groups 3, 4: 3 groups do not divide the channels; got 3 in, 4 out",
        ),
        (
            Conv2d(out_channels=4, kernel=(1, 1), groups=0),
            ((3, 5, 5),),
            "conv 1×1 groups 0, 4: 0 groups do not divide the channels; got 3 in, 4 out",
        ),
        (
            Conv2d(out_channels=4, kernel=(1, 1)),
            ((3,),),
            "conv 1×1, 4: needs an image (channels, height, width); got 3",
        ),
        (POOL, ((3, 2, 2),), "max pool 5×5/3: the 5×5 window does not fit; got size 2"),
        (POOL, ((3, 2),), "max pool 5×5/3: needs an image (channels, height, width); got 2×3"),
        (POOL, ((3, 0, 5),), "max pool 5×5/3: nothing is left to work on; got 0×5×3"),
        (Linear(out_features=2), ((),), "linear 2: nothing is left to work on; got a single number"),
        (Linear(out_features=2), ((3,), (3,)), "linear 2: takes one input; got 2"),
        (Linear(out_features=2), (), "linear 2: takes one input; got 0"),
        (
            Concat(),
            ((3, 2, 2), (3, 3, 3)),
            "concat: the inputs differ in more than the axis joined; got 2×2×3, 3×3×3",
        ),
        (
            Concat(),
            ((3, 2, 2), (3, 3, 2)),
            "concat: the inputs differ in more than the axis joined; got 2×2×3, 3×2×3",
        ),
        (Concat(), (), "concat: no axis 0 to concatenate along; got nothing"),
        (Concat(axis=1), ((4,),), "concat: no axis 1 to concatenate along; got 4"),
        (Concat(axis=-1), ((4,),), "concat: no axis -1 to concatenate along; got 4"),
        (Add(), ((3, 2, 2), (4, 2, 2)), "add: the inputs are not of one shape; got 2×2×3, 2×2×4"),
        (Add(), (), "add: the inputs are not of one shape; got nothing"),
        (Elementwise(function="add"), ((3, 2), (3, 4)), "the inputs' shapes do not go together; got 2×3, 4×3"),
        (Elementwise(function="add"), ((4,), (3, 2, 2)), "the inputs' shapes do not go together; got 4, 2×2×3"),
        (Flatten(shape=(7,)), ((3, 2),), "flatten: another number of values than 7; got 2×3"),
        (
            Elementwise(function="channel_pad", constants=(1.0, 1.0)),
            ((4, 2),),
            "channel_pad 1 1: needs an image (channels, height, width); got 2×4",
        ),
        (
            Elementwise(function="channel_pad", constants=(1.0, 1.0)),
            ((4, 2, 2), (4, 2, 2)),
            "channel_pad 1 1: takes one input; got 2",
        ),
        (Slice(axis=0, start=2, stop=5), ((4, 2, 2),), "slice 2:5 of axis 0: outside the input; got 2×2×4"),
        (Slice(axis=0, start=2, stop=2), ((4, 2, 2),), "slice 2:2 of axis 0: outside the input; got 2×2×4"),
        (Slice(axis=0, start=-1, stop=2), ((4, 2, 2),), "slice -1:2 of axis 0: outside the input; got 2×2×4"),
        (Slice(axis=3, start=0, stop=1), ((4, 2, 2),), "slice 0:1 of axis 3: no axis 3; got 2×2×4"),
        (Pad(padding=(1, 1, 1, 1)), ((4,),), "pad 1: needs an image (channels, height, width); got 4"),
        (Mean(axes=(3,)), ((4, 2, 2),), "mean over axes 3: no axis 3; got 2×2×4"),
        (Mean(axes=(-4,)), ((4, 2, 2),), "mean over axes -4: no axis -4; got 2×2×4"),
        (Softmax(axis=1), ((4,),), "softmax over axis 1: no axis 1; got 4"),
        (Pad(padding=(-1, -1, 0, 0)), ((4, 2, 2),), "pad -1×0: nothing is left to work on; got 2×2×4"),
        (Unknown(function="my::op"), ((4, 2, 2),), "unknown op my::op: what this op does is not known"),
    ],
)
def test_what_cannot_be_applied_is_one_line_with_what_was_got(op: Op, shapes: tuple[Shape, ...], told: str) -> None:
    with pytest.raises(ShapeError) as stop:
        derive.output_shape(op, shapes)
    assert stop.value.line == told


@pytest.mark.parametrize(
    ("op", "shape", "own"),
    [
        (Conv2d(out_channels=6, kernel=(3, 2)), (4, 9, 9), {"weight": (6, 4, 3, 2), "bias": (6,)}),
        (Conv2d(out_channels=6, kernel=(3, 2), groups=2, bias=False), (4, 9, 9), {"weight": (6, 2, 3, 2)}),
        (Conv2d(out_channels=6, kernel=(3, 2), groups=2, transposed=True), (4, 9, 9), {"weight": (4, 3, 3, 2), "bias": (6,)}),
        (Linear(out_features=5), (4, 3), {"weight": (5, 12), "bias": (5,)}),
        (Linear(out_features=5, bias=False), (12,), {"weight": (5, 12)}),
        (BatchNorm(), (4, 9, 9), {"weight": (4,), "bias": (4,)}),
        (BatchNorm(affine=False), (4, 9, 9), {}),
    ],
)  # fmt: skip
def test_parameters_have_roles_and_whole_sizes(op: Op, shape: Shape, own: dict[str, Shape]) -> None:
    found = derive.parameter_shapes(op, (shape,))
    assert found == own
    assert all(isinstance(size, int) for sizes in found.values() for size in sizes)


def test_ranges_of_a_parameter_count_each_and_the_same_range_once() -> None:
    def convolution(name: str, rows: tuple[int, int]) -> Layer:
        weight = Weight(role="weight", name="w", shape=(6, 3, 1, 1), rows=rows)
        return Layer(name=name, op=Conv2d(out_channels=2, kernel=(1, 1)), inputs=("input",), weights=(weight,))

    layers = [convolution("a", (0, 2)), convolution("b", (2, 4)), convolution("c", (0, 2))]
    whole = derive.infer([Layer(name="input", op=Input()), *layers], (3, 4, 4))
    # Each has two biases of its own.
    assert [layer.params for layer in whole[1:]] == [3 * 2 + 2, 3 * 2 + 2, 2]


def test_parameters_have_their_role_and_whole_sizes() -> None:
    conv = derive.parameter_shapes(Conv2d(out_channels=6, kernel=(3, 5), groups=2), ((8, 9, 9),))
    assert repr(conv) == "{'weight': (6, 4, 3, 5), 'bias': (6,)}"
    assert derive.parameter_shapes(Linear(out_features=3, bias=False), ((2, 5, 5),)) == {"weight": (3, 50)}
    assert derive.parameter_shapes(BatchNorm(), ((7, 2, 2),)) == {"weight": (7,), "bias": (7,)}


@pytest.mark.parametrize("op", [Conv2d(out_channels=4, kernel=(1, 1)), Linear(out_features=4), BatchNorm()])
def test_parameters_of_a_layer_with_two_inputs_are_not_counted(op: Op) -> None:
    with pytest.raises(ShapeError, match=r"^(conv 1×1, 4|linear 4|batch norm eps 1e-05): takes one input; got 2$"):
        derive.parameters(op, ((3, 2, 2), (3, 2, 2)))


FIELDS: dict[type, dict[str, object]] = {
    Conv2d: {"out_channels": 2, "kernel": (1, 1)},
    Pool2d: {"kind": PoolKind.MAX, "kernel": (1, 1), "stride": (1, 1)},
    AdaptivePool2d: {"kind": PoolKind.MAX, "output_size": (1, 1)},
    LRN: {"size": 5, "alpha": 1.0, "beta": 1.0, "k": 1.0},
    Linear: {"out_features": 2},
    Activation: {"function": "relu"},
    Dropout: {"rate": 0.5},
    Pad: {"padding": (0, 0, 0, 0)},
    Mean: {"axes": (1, 2)},
    Slice: {"axis": 0, "start": 0, "stop": 1},
    Elementwise: {"function": "mul"},
    Unknown: {"function": "x"},
}


def test_every_op_of_the_vocabulary_has_a_shape_or_an_error_of_ours() -> None:
    for kind in get_args(Op):
        op = kind(**FIELDS.get(kind, {}))
        if isinstance(op, Unknown):
            continue
        assert len(derive.output_shape(op, ((2, 3, 3),))) in {1, 3}


# --- a network ---------------------------------------------------------------------------------------------------


def weight(name: str, *shape: int, role: str = "weight") -> Weight:
    """A parameter of a layer."""
    return Weight(role=role, name=name, shape=shape)


def test_a_network_is_filled_in_from_its_input() -> None:
    conv = Conv2d(out_channels=4, kernel=(3, 3))
    layers = (
        Layer(name="input", op=Input()),
        Layer(name="a", op=conv, inputs=("input",)),
        Layer(name="fc", op=Linear(out_features=5), inputs=("a",)),
    )
    filled = derive.infer(layers, (2, 6, 6))
    assert [layer.shape for layer in filled] == [(2, 6, 6), (4, 4, 4), (5,)]
    assert [layer.params for layer in filled] == [0, 4 * 2 * 9 + 4, 64 * 5 + 5]
    assert [layer.macs for layer in filled] == [0, 4 * 2 * 9 * 16, 64 * 5]


def test_a_shared_weight_is_counted_once_and_its_own_bias_too() -> None:
    conv = Conv2d(out_channels=2, kernel=(1, 1))
    layers = (
        Layer(name="input", op=Input()),
        Layer(name="a", op=conv, inputs=("input",), weights=(weight("w", 2, 2, 1, 1), weight("b", 2, role="bias"))),
        Layer(name="b", op=conv, inputs=("a",), weights=(weight("w", 2, 2, 1, 1), weight("b2", 2, role="bias"))),
        Layer(name="c", op=conv, inputs=("b",), weights=(weight("w", 2, 2, 1, 1), weight("b", 2, role="bias"))),
    )
    filled = derive.infer(layers, (2, 3, 3))
    assert [layer.params for layer in filled] == [0, 4 + 2, 2, 0]
    assert [layer.macs for layer in filled] == [0, 36, 36, 36]


def test_a_weight_that_is_computed_is_no_parameter() -> None:
    conv = Conv2d(out_channels=2, kernel=(1, 1), bias=False)
    layer = Layer(name="a", op=conv, inputs=("input",), weights=(weight("", 2, 2, 1, 1),))
    assert derive.infer((Layer(name="input", op=Input()), layer), (2, 3, 3))[1].params == 0


def test_behind_an_unknown_op_without_a_shape_nothing_is_made_up() -> None:
    owned = (weight("u.w", 7), weight("u.b", 2, role="bias"), weight("u.mean", 40, role="running_mean"))
    unknown = Layer(name="u", op=Unknown(function="f"), inputs=("input",), weights=owned)
    after = Layer(name="fc", op=Linear(out_features=5), inputs=("u",), shape=(9,), params=30, macs=25)
    filled = derive.infer((Layer(name="input", op=Input()), unknown, after), (2, 3, 3))
    assert [layer.shape for layer in filled] == [(2, 3, 3), None, None]
    assert [layer.params for layer in filled] == [0, 7 + 2, 30]
    assert [layer.macs for layer in filled] == [0, 0, 25]


def test_an_unknown_op_with_a_known_shape_passes_it_on() -> None:
    unknown = Layer(name="u", op=Unknown(function="f"), inputs=("input",), shape=(6,))
    after = Layer(name="fc", op=Linear(out_features=5), inputs=("u",))
    filled = derive.infer((Layer(name="input", op=Input()), unknown, after), (2, 3, 3))
    assert filled[2].params == 35


def test_a_layer_that_does_not_fit_is_named() -> None:
    layers = (Layer(name="input", op=Input()), Layer(name="pool9", op=POOL, inputs=("input",)))
    with pytest.raises(ShapeError, match=r"^pool9 \(max pool 5×5/3\): the 5×5 window does not fit; got size 2$"):
        derive.infer(layers, (2, 2, 2))
