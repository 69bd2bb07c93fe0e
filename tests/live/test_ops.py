"""Each torch function as an op: parameters as they were written, by place, by name and by default."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Identity,
    Linear,
    Mode,
    Op,
    Pad,
    Pool2d,
    PoolKind,
    Softmax,
    Unknown,
)
from tests.live.running import layers, network, op

MAX, AVG = PoolKind.MAX, PoolKind.AVG

# --- pools, norms, activations, dropout: a function, its op, its output shape on 4×12×10 ----------------------------


def _max(kernel: tuple[int, int], stride: tuple[int, int], **more: object) -> Pool2d:
    return Pool2d(kind=MAX, kernel=kernel, stride=stride, **more)  # type: ignore[arg-type]


def _avg(kernel: tuple[int, int], stride: tuple[int, int], **more: object) -> Pool2d:
    return Pool2d(kind=AVG, kernel=kernel, stride=stride, **more)  # type: ignore[arg-type]


POOLS: list[tuple[Callable[[Tensor], object], Op, tuple[int, ...]]] = [
    (nn.MaxPool2d(3), _max((3, 3), (3, 3)), (4, 4, 3)),
    (nn.MaxPool2d(3, 2, ceil_mode=True), _max((3, 3), (2, 2), ceil_mode=True), (4, 6, 5)),
    (nn.MaxPool2d((3, 2), (2, 1), (1, 0)), _max((3, 2), (2, 1), padding=(1, 1, 0, 0)), (4, 6, 9)),
    (nn.MaxPool2d(3, 1, dilation=2), _max((3, 3), (1, 1), dilation=(2, 2)), (4, 8, 6)),
    (lambda x: F.max_pool2d(x, 3, 2), _max((3, 3), (2, 2)), (4, 5, 4)),
    (lambda x: F.max_pool2d(x, kernel_size=2), _max((2, 2), (2, 2)), (4, 6, 5)),
    (lambda x: torch.max_pool2d(x, (3, 3), (2, 2), ceil_mode=True), _max((3, 3), (2, 2), ceil_mode=True), (4, 6, 5)),
    (lambda x: F.max_pool2d(x, 2, return_indices=True)[0], _max((2, 2), (2, 2)), (4, 6, 5)),
    (lambda x: F.max_pool2d_with_indices(x, (2, 2))[0], _max((2, 2), (2, 2)), (4, 6, 5)),
    (nn.AvgPool2d(5, 3), _avg((5, 5), (3, 3)), (4, 3, 2)),
    (
        nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        _avg((3, 3), (1, 1), padding=(1, 1, 1, 1), count_include_pad=False),
        (4, 12, 10),
    ),
    (lambda x: F.avg_pool2d(x, x.size()[2:]), _avg((12, 10), (12, 10)), (4, 1, 1)),
    (nn.AdaptiveAvgPool2d(1), AdaptivePool2d(kind=AVG, output_size=(1, 1)), (4, 1, 1)),
    (nn.AdaptiveAvgPool2d((4, None)), AdaptivePool2d(kind=AVG, output_size=(4, 10)), (4, 4, 10)),
    (lambda x: F.adaptive_max_pool2d(x, (2, 5)), AdaptivePool2d(kind=MAX, output_size=(2, 5)), (4, 2, 5)),
    (
        lambda x: F.adaptive_max_pool2d(x, 1, return_indices=True)[0],
        AdaptivePool2d(kind=MAX, output_size=(1, 1)),
        (4, 1, 1),
    ),
    (lambda x: x.amax((2, 3)), AdaptivePool2d(kind=MAX, output_size=(1, 1)), (4,)),
    (nn.LPPool2d(2, 3), Unknown(function="lp_pool2d"), (4, 4, 3)),
    (nn.AvgPool2d(2, divisor_override=3), Unknown(function="avg_pool2d"), (4, 6, 5)),
]


@pytest.mark.parametrize(("function", "expected", "shape"), POOLS)
def test_a_pool_has_its_windows_and_its_size(
    function: Callable[[Tensor], object], expected: Op, shape: tuple[int, ...]
) -> None:
    (layer,) = layers(function)
    assert layer.op == expected
    assert layer.shape == shape
    assert (layer.inputs, layer.params, layer.macs) == (("input",), 0, 0)


def _act(name: str, *parameters: float) -> Activation:
    return Activation(function=name, parameters=parameters)


ACTIVATIONS: list[tuple[Callable[[Tensor], object], Op]] = [
    (nn.ReLU(), _act("relu")),
    (nn.ReLU(inplace=True), _act("relu")),
    (F.relu, _act("relu")),
    (F.relu_, _act("relu")),
    (lambda x: F.relu(x, True), _act("relu")),  # noqa: FBT003 - as users write it
    (torch.relu, _act("relu")),
    (lambda x: x.relu_(), _act("relu")),
    (lambda x: x.clamp(min=0), _act("relu")),
    (lambda x: x.clamp_(0), _act("relu")),
    (lambda x: torch.clamp_min(x, 0.0), _act("relu")),
    (lambda x: F.threshold(x, 0, 0), _act("relu")),
    (lambda x: torch.clamp(x, 0, 6), _act("relu6")),
    (nn.ReLU6(), _act("relu6")),
    (nn.Hardtanh(), _act("hardtanh", -1.0, 1.0)),
    (nn.Hardtanh(0.0, 6.0), _act("relu6")),
    (lambda x: x.clamp(max=1), _act("hardtanh", -inf, 1.0)),
    (nn.LeakyReLU(), _act("leaky_relu", 0.01)),
    (nn.LeakyReLU(0.2, inplace=True), _act("leaky_relu", 0.2)),
    (lambda x: F.leaky_relu(x, negative_slope=0.1), _act("leaky_relu", 0.1)),
    (nn.ELU(), _act("elu", 1.0)),
    (nn.SELU(), _act("selu")),
    (nn.SiLU(), _act("silu")),
    (nn.Mish(), _act("mish")),
    (nn.GELU(), _act("gelu")),
    (nn.GELU(approximate="tanh"), _act("gelu_tanh")),
    (nn.Tanh(), _act("tanh")),
    (torch.tanh, _act("tanh")),
    (nn.Sigmoid(), _act("sigmoid")),
    (lambda x: x.sigmoid(), _act("sigmoid")),
    (nn.Hardswish(), _act("hardswish")),
    (nn.Softplus(2.0), _act("softplus", 2.0, 20.0)),
    (nn.Softmax(dim=1), Softmax(axis=0)),
    (nn.Softmax2d(), Softmax(axis=0)),
    (lambda x: x.softmax(-1), Softmax(axis=2)),
    (nn.LogSoftmax(dim=1), Softmax(axis=0, log=True)),
    (lambda x: torch.softmax(x, 0), Unknown(function="softmax")),
    (nn.LocalResponseNorm(5), LRN(size=5, alpha=1e-4, beta=0.75, k=1.0)),
    (nn.LocalResponseNorm(3, 1e-3, 0.5, 2.0), LRN(size=3, alpha=1e-3, beta=0.5, k=2.0)),
    (lambda x: F.local_response_norm(x, size=5, k=2), LRN(size=5, alpha=1e-4, beta=0.75, k=2.0)),
    (nn.CrossMapLRN2d(5, 1e-3, 0.5, 2), LRN(size=5, alpha=1e-3, beta=0.5, k=2.0)),
    (nn.Identity(), Identity()),
    (nn.AlphaDropout(0.4), Unknown(function="alpha_dropout")),
    (nn.FeatureAlphaDropout(0.4), Unknown(function="feature_alpha_dropout")),
    (lambda x: F.layer_norm(x, (10,)), Unknown(function="layer_norm")),
    (F.instance_norm, Unknown(function="instance_norm")),
    (lambda x: torch.cumsum(x, 1), Unknown(function="cumsum")),
]


@pytest.mark.parametrize(("function", "expected"), ACTIVATIONS)
def test_a_function_that_keeps_the_shape(function: Callable[[Tensor], object], expected: Op) -> None:
    found = layers(function)
    if isinstance(expected, Identity):
        assert found == ()
        return
    (layer,) = found
    assert layer.op == expected
    assert layer.shape == (4, 12, 10)


@pytest.mark.parametrize("mode", Mode)
def test_dropout_is_active_as_it_was_called(mode: Mode) -> None:
    train = mode is Mode.TRAIN
    cases: list[tuple[Callable[[Tensor], object], Dropout]] = [
        (F.dropout, Dropout(rate=0.5)),
        (lambda x: F.dropout(x, 0.3, False), Dropout(rate=0.3, active=False)),  # noqa: FBT003
        (lambda x: F.dropout(x, p=0.3, training=True, inplace=True), Dropout(rate=0.3)),
        (lambda x: torch.dropout(x, 0.2, train=False), Dropout(rate=0.2, active=False)),
        (lambda x: F.dropout2d(x, 0.3), Dropout(rate=0.3, channels=True)),
    ]
    for function, expected in cases:
        assert op(function, mode=mode) == expected
    for module, channels in (
        (nn.Dropout(0.4), False),
        (nn.Dropout2d(0.4), True),
        (nn.Dropout(0.4, inplace=True), False),
    ):
        model = nn.Sequential(nn.Conv2d(4, 4, 1), module)
        assert network(model, mode=mode).layers[-1].op == Dropout(rate=0.4, active=train, channels=channels)


# --- layers with weights --------------------------------------------------------------------------------------


def _weighted(module: nn.Module, shape: tuple[int, ...] = (4, 12, 10)) -> tuple[Op, tuple[int, ...] | None, int, int]:
    (layer,) = network(nn.Sequential(module), shape).layers[1:]
    return layer.op, layer.shape, layer.params, layer.macs


def test_a_convolution_has_all_its_attributes() -> None:
    found = _weighted(nn.Conv2d(4, 8, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2))
    expected = Conv2d(
        out_channels=8, kernel=(3, 5), stride=(2, 1), padding=(1, 1, 2, 2), dilation=(1, 2), groups=2, bias=True
    )
    # Width: 10 + 2·2 − (2·(5 − 1) + 1) + 1 = 6.
    assert found == (expected, (8, 6, 6), 8 * 2 * 15 + 8, 8 * 6 * 6 * 2 * 15)


def test_a_convolution_without_bias_and_padding_by_word() -> None:
    same, *_ = _weighted(nn.Conv2d(4, 8, 4, padding="same", bias=False))
    assert same == Conv2d(out_channels=8, kernel=(4, 4), padding=(1, 2, 1, 2), bias=False)
    valid, *_ = _weighted(nn.Conv2d(4, 8, 3, padding="valid"))
    assert valid == Conv2d(out_channels=8, kernel=(3, 3))


def test_another_padding_mode_is_a_pad_and_a_convolution_without() -> None:
    pad, conv = network(nn.Sequential(nn.Conv2d(4, 8, 3, padding=(1, 2), padding_mode="reflect"))).layers[1:]
    assert pad.op == Pad(padding=(1, 1, 2, 2), padding_mode="reflect")
    assert conv.op == Conv2d(out_channels=8, kernel=(3, 3))
    assert (pad.name, conv.name, conv.inputs) == ("0.pad", "0", ("0.pad",))


def test_a_transposed_convolution() -> None:
    found = _weighted(nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1))
    expected = Conv2d(out_channels=8, kernel=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1), transposed=True)
    assert found == (expected, (8, 23, 19), 4 * 8 * 9 + 8, 12 * 10 * 4 * 8 * 9)


def test_convolutions_of_other_ranks_are_unknown_but_counted() -> None:
    found = _weighted(nn.Conv1d(4, 8, 3), (4, 12))
    assert found == (Unknown(function="conv1d"), (8, 10), 4 * 8 * 3 + 8, 10 * 4 * 8 * 3)
    found = _weighted(nn.Conv3d(4, 8, 3), (4, 5, 6, 7))
    assert found == (Unknown(function="conv3d"), (8, 3, 4, 5), 4 * 8 * 27 + 8, 60 * 4 * 8 * 27)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("mode", Mode)
def test_batch_norm(mode: Mode, *, affine: bool, running: bool) -> None:
    norm = nn.BatchNorm2d(4, eps=1e-3, momentum=0.2, affine=affine, track_running_stats=running)
    model = nn.Sequential(nn.Conv2d(4, 4, 1), norm)
    layer = network(model, mode=mode).layers[-1]
    batch = mode is Mode.TRAIN or not running
    assert layer.op == BatchNorm(eps=1e-3, affine=affine, momentum=0.2, batch_statistics=batch)
    roles = [*(("weight", "bias") if affine else ()), *(("running_mean", "running_var") if running else ())]
    assert [weight.role for weight in layer.weights] == roles
    assert [weight.name for weight in layer.weights] == [f"1.{role}" for role in roles]
    assert layer.params == (8 if affine else 0)
    assert [weight.trainable for weight in layer.weights] == [role in {"weight", "bias"} for role in roles]


def test_batch_norm_with_a_cumulative_average_needs_no_data() -> None:
    model = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, momentum=None))
    layer = network(model, mode=Mode.TRAIN).layers[-1]
    assert layer.op == BatchNorm(momentum=None, batch_statistics=True)


class Product(nn.Module):
    """A linear layer in the user's own words."""

    def __init__(self, product: Callable[[Tensor, Tensor, Tensor], Tensor], *, turned: bool = False) -> None:
        super().__init__()
        self.product = product
        self.w = nn.Parameter(torch.empty((6, 5) if turned else (5, 6)))
        self.b = nn.Parameter(torch.empty(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.product(x, self.w, self.b)


@pytest.mark.parametrize(
    ("model", "bias"),
    [
        (Product(F.linear), True),
        (Product(lambda x, w, _: F.linear(x, w)), False),
        (Product(lambda x, w, b: torch.addmm(b, x, w.t())), True),
        (Product(lambda x, w, b: torch.addmm(b, x, w), turned=True), True),
        (Product(lambda x, w, _: x @ w.T), False),
        (Product(lambda x, w, _: torch.matmul(x, w.transpose(0, 1))), False),
        (Product(lambda x, w, _: x.mm(w), turned=True), False),
        (Product(lambda x, w, _: torch.einsum("bi,oi->bo", x, w)), False),
        (Product(lambda x, w, _: torch.einsum("bi, io -> bo", [x, w]), turned=True), False),
        (Product(lambda x, w, _: torch.einsum("kc,nc->nk", w, x)), False),
        (Product(lambda x, w, _: torch.einsum("...i,oi->...o", x, w)), False),
    ],
)
def test_a_product_with_a_parameter_is_a_linear_layer(model: nn.Module, *, bias: bool) -> None:
    (layer,) = network(model, (6,)).layers[1:]
    assert layer.op == Linear(out_features=5, bias=bias)
    weight = layer.weights[0]
    assert (weight.role, weight.name, weight.shape) == ("weight", "w", (5, 6))
    assert (layer.params, layer.macs, layer.shape) == (35 if bias else 30, 30, (5,))


@pytest.mark.parametrize(
    "product",
    [
        lambda x, w, _: torch.einsum("bi,oj->bo", x, w),
        lambda x, w, _: torch.einsum("bi,oi->ob", x, w).T,
        lambda x, w, _: torch.einsum("bi,oi->bi", x, w),
        lambda x, w, _: torch.einsum("bi,oi->b", x, w),
        lambda x, w, _: torch.einsum("bi,oi", x, w),
        lambda x, w, b: torch.einsum("bi,oi,o->bo", x, w, b),
        lambda x, w, _: torch.einsum("bi,bi->b", x, x) * w[0, 0],
    ],
)
def test_other_letters_are_no_linear_layer(product: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    ops = [layer.op for layer in network(Product(product), (6,)).layers]
    assert Unknown(function="einsum") in ops
    assert not [one for one in ops if isinstance(one, Linear)]


def test_a_square_weight_by_letters_is_a_linear_layer_the_usual_way_alone() -> None:
    class Square(nn.Module):
        def __init__(self, letters: str) -> None:
            super().__init__()
            self.w, self.letters = nn.Parameter(torch.empty(6, 6)), letters

        def forward(self, x: Tensor) -> Tensor:
            return torch.einsum(self.letters, x, self.w)

    # From their sizes nobody could tell which of the two axes it is that is read.
    assert network(Square("bi,oi->bo"), (6,)).layers[-1].op == Linear(out_features=6, bias=False)
    assert network(Square("bi,io->bo"), (6,)).layers[-1].op == Unknown(function="einsum")


def test_a_bias_added_afterwards_is_an_add_with_a_weight() -> None:
    product, add = network(Product(lambda x, w, b: x @ w.t() + b), (6,)).layers[1:]
    assert product.op == Linear(out_features=5, bias=False)
    assert add.op == Elementwise(function="add", constants=(None,))
    assert (add.inputs, add.params) == ((product.name,), 5)
    assert [(weight.role, weight.name) for weight in add.weights] == [("bias", "b")]


def test_prelu_and_group_norm_name_their_weights() -> None:
    model = nn.Sequential(nn.PReLU(4), nn.GroupNorm(2, 4))
    prelu, norm = network(model).layers[1:]
    assert prelu.op == Activation(function="prelu")
    assert [(weight.role, weight.name) for weight in prelu.weights] == [("weight", "0.weight")]
    assert norm.op == Unknown(function="group_norm")
    assert [(weight.role, weight.name) for weight in norm.weights] == [("weight", "1.weight"), ("bias", "1.bias")]
    assert (prelu.params, norm.params) == (4, 8)


# --- joining and padding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("join", "axis"),
    [
        (lambda x: torch.cat([x, x], 1), 0),
        (lambda x: torch.cat((x, x), dim=-3), 0),
        (lambda x: torch.concat([x, x], dim=3), 2),
        (lambda x: torch.concatenate([x, x], axis=1), 0),  # type: ignore[call-arg]
        (lambda x: torch.hstack((x, x)), 0),
        (lambda x: torch.cat(tensors=[x, x], dim=2), 1),
    ],
)
def test_tensors_side_by_side(join: Callable[[Tensor], object], axis: int) -> None:
    (layer,) = layers(join)
    assert layer.op == Concat(axis=axis)
    assert layer.inputs == ("input", "input")
    assert layer.shape == tuple(size * (2 if at == axis else 1) for at, size in enumerate((4, 12, 10)))


def test_images_side_by_side_are_not_channels_side_by_side() -> None:
    assert op(lambda x: torch.cat([x, x])) == Unknown(function="cat")


@pytest.mark.parametrize(
    ("pad", "expected"),
    [
        (lambda x: F.pad(x, (1, 2, 3, 4)), Pad(padding=(3, 4, 1, 2))),
        (lambda x: F.pad(x, [0, 1]), Pad(padding=(0, 0, 0, 1))),
        (lambda x: F.pad(x, (0, 1, 0, 1), value=-inf), Pad(padding=(0, 1, 0, 1), value=-inf)),
        (lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"), Pad(padding=(1, 1, 1, 1), padding_mode="replicate")),
        (nn.ZeroPad2d(2), Pad(padding=(2, 2, 2, 2))),
        (nn.ReflectionPad2d((1, 0, 2, 0)), Pad(padding=(2, 0, 1, 0), padding_mode="reflect")),
        (lambda x: F.pad(x, (0, 0, 0, 0, 2, 1)), Elementwise(function="channel_pad", constants=(2.0, 1.0))),
        (lambda x: F.pad(x, (1, 0, 0, 0, 2, 1)), Unknown(function="pad")),
    ],
)
def test_padding_as_an_op(pad: Callable[[Tensor], object], expected: Op) -> None:
    assert op(pad) == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda x: torch.stack([x, x + 1], dim=-1), ("stack", 3.0)),
        (lambda x: torch.stack([x, x + 1], dim=1), ("stack", 0.0)),
        (lambda x: torch.stack([x, x + 1, x]), ("stack", -1.0)),
        (lambda x: torch.stack([x, x + 1, x]).sum(0), ("sum", -1.0)),
        (lambda x: torch.stack([x, x + 1, x]).mean(-5), ("div", 3.0)),
    ],
)
def test_neighbours_along_an_axis_of_their_own(run: Callable[[Tensor], Tensor], expected: tuple[str, float]) -> None:
    found = layers(run)[-1].op
    assert isinstance(found, Elementwise)
    assert (found.function, found.constants[-1]) == expected


@pytest.mark.parametrize(
    "run",
    [
        lambda x: x.unfold(0, 1, 1),
        lambda x: F.unfold(x, 3, 1, 1),
    ],
)
def test_windows_of_images_and_of_patches_are_unknown(run: Callable[[Tensor], Tensor]) -> None:
    assert op(run) == Unknown(function="unfold")


def test_an_average_over_neighbouring_channels() -> None:
    volume, pool, back = layers(
        lambda x: F.avg_pool3d(x.unsqueeze(1), (3, 1, 1), stride=1, padding=(1, 0, 0)).squeeze(1)
    )
    assert pool.op == Elementwise(function="channel_avg_pool", constants=(3.0, 1.0))
    assert (volume.shape, pool.shape, back.shape) == ((1, 4, 12, 10), (1, 4, 12, 10), (4, 12, 10))
    assert layers(lambda x: F.avg_pool3d(x.unsqueeze(1), 3, 1))[-1].op == Unknown(function="avg_pool3d")
