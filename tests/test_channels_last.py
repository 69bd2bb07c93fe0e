"""Channels that stand last: products along them, normalisations along them, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from gnet_audit import audit
from gnet_audit.canonical import canonical
from gnet_audit.live import execute
from gnet_audit.live.prove import _weights as weights_of
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.live.values import randomised, values
from gnet_audit.network import Activation, AdaptivePool2d, Conv2d, Flatten, Mode, Op, PoolKind, Unknown
from gnet_audit.proof import ProofStatus
from gnet_audit.report import Verdict
from tests.live.running import network
from tests.mistakes.truth import serious

SHAPE = (6, 5, 7)
Product = Callable[..., Tensor]
Form = Callable[[Tensor], Tensor]


class Small(nn.Module):
    """A function of a map, a matrix and a vector."""

    def __init__(self, function: Product, rows: int = 6, columns: int = 4, offset: tuple[int, ...] = (4,)) -> None:
        super().__init__()
        self.function = function
        self.w = nn.Parameter(torch.empty(rows, columns))
        self.b = nn.Parameter(torch.empty(offset))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.w, self.b)


def understood(model: nn.Module, mode: Mode = Mode.EVAL) -> tuple[Op, ...]:
    """The ops that a model is taken for; executed they give what it gives, or they are not all known."""
    held = build(model)
    found = canonical(trace(held, mode, SHAPE).network).network
    own = values(held, randomised(held, SHAPE), mode, SHAPE)

    try:
        result = execute.run(found, lambda layer: weights_of(layer, {layer.name: layer}, own), own.image)[
            found.outputs[0].layer
        ]
    except execute.UnknownOpError:
        pass
    else:
        torch.testing.assert_close(result.flatten(1), own.outputs["output"].flatten(1), rtol=1e-12, atol=1e-12)
    return tuple(layer.op for layer in found.layers[1:])


def last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


def first(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


# --- products -------------------------------------------------------------------------------------------------

POINTWISE: dict[str, Product] = {
    "an operator": lambda x, w, b: first(last(x) @ w + b),
    "matmul": lambda x, w, b: first(torch.matmul(last(x), w) + b),
    "a linear function": lambda x, w, b: first(F.linear(last(x), w.t(), b)),
    "a bias as a map": lambda x, w, b: first(last(x) @ w + b.view(1, 1, 1, -1)),
    "a bias on the other side": lambda x, w, b: first(b + last(x) @ w),
    "a bias where the channels are first": lambda x, w, b: first(last(x) @ w) + b[:, None, None],
    "axes moved": lambda x, w, b: (x.movedim(1, -1) @ w + b).movedim(-1, 1),
    "a view of a kernel": lambda x, w, b: first(last(x) @ w[None, None].reshape(6, 4) + b),
}


@pytest.mark.parametrize("form", POINTWISE)
def test_a_product_along_channels_that_stand_last_is_a_1x1_convolution(form: str) -> None:
    conv = Conv2d(out_channels=4, kernel=(1, 1))
    assert understood(Small(POINTWISE[form])) == (conv,)
    behind: Product = lambda x, w, b: F.relu(POINTWISE[form](x, w, b))  # noqa: E731
    assert understood(Small(behind)) == (conv, Activation(function="relu"))


@pytest.mark.parametrize(
    "flat", [lambda w: w.reshape(6, 4), lambda w: w[0, 0], lambda w: w.squeeze(), lambda w: w.view(6, 4)]
)
def test_the_matrix_may_be_kept_as_a_kernel(flat: Form) -> None:
    model = Small(lambda x, w, b: F.relu(first(last(x) @ flat(w) + b)))
    model.w = nn.Parameter(torch.empty(1, 1, 6, 4))
    assert understood(model) == (Conv2d(out_channels=4, kernel=(1, 1)), Activation(function="relu"))


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_square_matrix_it_is_known_which_way_it_stands(turned: bool) -> None:
    model = Small(lambda x, w, b: first(last(x) @ (w.t() if turned else w) + b), 6, 6, (6,))
    assert understood(model) == (Conv2d(out_channels=6, kernel=(1, 1)),)


def test_the_convolution_has_the_name_the_parameters_and_the_work_of_the_product() -> None:
    there, conv, back = network(nn.Sequential(nn.Linear(7, 3)), SHAPE).layers[1:]
    assert (conv.name, conv.op) == ("0", Conv2d(out_channels=3, kernel=(1, 1)))
    assert (there.name, back.name) == ("0.permute", "0.permute#2")
    assert (there.shape, conv.shape, back.shape) == ((7, 6, 5), (3, 6, 5), (6, 5, 3))
    assert [(one.role, one.name, one.shape) for one in conv.weights] == [
        ("weight", "0.weight", (3, 7, 1, 1)),
        ("bias", "0.bias", (3,)),
    ]
    assert (there.params, conv.params, back.params) == (0, 7 * 3 + 3, 0)
    assert (there.macs, conv.macs, back.macs) == (0, 7 * 3 * 6 * 5, 0)


def test_one_wide_product_may_be_split() -> None:
    def split(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        whole = first(last(x) @ w + b)
        return torch.cat([whole[:, 3:], F.relu(whole[:, :3])], 1)

    ops = understood(Small(split))
    assert [one for one in ops if isinstance(one, Conv2d)] == [
        Conv2d(out_channels=3, kernel=(1, 1)),
        Conv2d(out_channels=1, kernel=(1, 1)),
    ]


OTHERS: dict[str, Small] = {
    "along the width": Small(lambda x, w, b: x @ w + b, 7, 4),
    "along the height": Small(lambda x, w, b: (x.transpose(2, 3) @ w + b).transpose(2, 3), 5, 4),
    "of a map as wide as it has channels": Small(lambda x, w, *_: x[..., :6] @ w, 6, 6),
    "a bias along the width": Small(lambda x, w, b: first(last(x) @ w) + b, 6, 7, (7,)),
    "a bias for each place": Small(lambda x, w, b: first(last(x) @ w + b), 6, 4, (5, 7, 4)),
    "a bias along the width, channels last": Small(lambda x, w, b: first(last(x) @ w + b), 6, 7, (7, 1)),
    "one number for all channels": Small(lambda x, w, b: first(last(x) @ w + b), 6, 4, (1,)),
}


@pytest.mark.parametrize("form", OTHERS)
def test_what_is_no_1x1_convolution_with_a_bias_is_taken_for_none(form: str) -> None:
    ops = understood(OTHERS[form])
    moved = [one for one in ops if isinstance(one, Flatten) and one.order]
    assert moved or Conv2d(out_channels=OTHERS[form].w.shape[1], kernel=(1, 1)) not in ops


def test_a_bias_of_a_convolution_along_another_axis_is_none() -> None:
    class Conv(nn.Module):
        def __init__(self, offset: tuple[int, ...]) -> None:
            super().__init__()
            self.conv, self.b = nn.Conv2d(6, 7, 1, bias=False), nn.Parameter(torch.empty(offset))

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x) + self.b  # type: ignore[no-any-return]

    assert understood(Conv((7, 1, 1))) == (Conv2d(out_channels=7, kernel=(1, 1)),)
    for offset in (7,), (7, 5, 7), (1, 1, 1, 7):
        assert Conv2d(out_channels=7, kernel=(1, 1), bias=False) in understood(Conv(offset))


def test_tokens_are_no_map() -> None:
    assert network(nn.Sequential(nn.Linear(10, 3)), (5, 10)).layers[-1].op == Unknown(function="linear")


# --- through what lies between -----------------------------------------------------------------------------------


def test_an_order_moves_behind_what_reads_each_value_alone_and_behind_what_joins() -> None:
    def plain(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        y = F.relu(last(x) @ w + b)
        z = torch.cat([F.relu(y @ w[:4] + b), last(F.max_pool2d(first(y), 3, 1, 1))], -1)
        return first(F.relu(z))

    conv = Conv2d(out_channels=4, kernel=(1, 1))
    ops = understood(Small(plain))
    assert not [one for one in ops if isinstance(one, Flatten)]
    assert [one for one in ops if isinstance(one, Conv2d)] == [conv, conv]


def test_what_is_returned_with_its_channels_last_stays_the_layer_that_it_is() -> None:
    def run(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return F.relu(last(x) @ w + b)

    found = canonical(network(Small(run), SHAPE)).network
    assert [type(one.op) for one in found.layers[1:]] == [Conv2d, Flatten, Activation]
    assert found.outputs[0].layer == found.layers[-1].name


@pytest.mark.parametrize("mode", Mode)
def test_dropout_where_channels_stand_last_drops_the_same(mode: Mode) -> None:
    def dropped(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        y = F.dropout(F.relu(last(x) @ w + b), 0.5, mode is Mode.TRAIN)
        return torch.cat([first(y), first(y) * 2], 1)

    assert not [one for one in understood(Small(dropped), mode) if isinstance(one, Flatten)]


def test_a_mean_over_height_and_width_of_channels_that_stand_last_is_the_global_average() -> None:
    ops = understood(Small(lambda x, w, *_: torch.cat([last(x) @ w, last(x) @ w], -1).mean((1, 2))))
    assert ops[-1] == AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))
    assert not [one for one in ops if isinstance(one, Flatten)]
    other = understood(Small(lambda x, w, *_: torch.cat([last(x) @ w, last(x) @ w], -1).mean((2, 3))))
    assert Flatten(shape=(5, 7, 8), of=(8, 5, 7), order=(1, 2, 0)) in other


@pytest.mark.parametrize(
    "mean",
    [
        lambda x: last(x).sum((1, 2)) / 35,
        lambda x: torch.einsum("nhwc->nc", last(x)) * (1 / 35),
        lambda x: last(x).mean((1, 2)),
    ],
)
def test_a_sum_over_height_and_width_of_channels_that_stand_last_and_its_share_is_the_global_average(
    mean: Form,
) -> None:
    assert understood(Small(lambda x, *_: mean(x))) == (AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1)),)


@pytest.mark.parametrize(
    "mean",
    [
        lambda x: last(x).sum((1, 2)) / 42,
        lambda x: last(x).sum((2, 3)) / 42,
        lambda x: last(x).sum((1, 2)) * 35,
        lambda x: last(x).sum((0, 1)) / 35,
        lambda x: last(x).sum((1, 3)) / 35,
        lambda x: 35 / last(x).sum((1, 2)),
    ],
)
def test_another_sum_of_channels_that_stand_last_is_none(mean: Form) -> None:
    ops = understood(Small(lambda x, *_: mean(x)))
    assert not [one for one in ops if isinstance(one, AdaptivePool2d)]


# --- the whole network ------------------------------------------------------------------------------------------


def over(x: Tensor, total: Tensor) -> Tensor:
    return x / (1 + 1e-4 / 5 * total) ** 0.75


def shifts(x: Tensor, *places: int) -> list[Tensor]:
    padded = F.pad(x * x, (2, 2))
    return [padded[..., place : place + x.shape[-1]] for place in places]


def shifted(x: Tensor) -> Tensor:
    one, two, three, four, five = shifts(x, 0, 1, 2, 3, 4)
    return one + two + three + four + five


def windowed(x: Tensor, before: int = 2, behind: int = 2, size: int = 5) -> Tensor:
    return F.pad(x * x, (before, behind)).unfold(-1, size, 1).sum(-1)


class Dense(nn.Module):
    """Along the last axis."""

    def __init__(self, inside: int, out: int, product: Product) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(inside, out, device="meta"))
        self.bias = nn.Parameter(torch.empty(out, device="meta"))
        self.product = product

    def forward(self, x: Tensor) -> Tensor:
        return self.product(x, self.kernel, self.bias)


class Kernel(nn.Conv2d):
    """A convolution of a map whose channels stand last."""

    def __init__(self, inside: int, out: int, size: int, step: int = 1) -> None:
        super().__init__(inside, out, size, step, size // 2, device="meta")

    def forward(self, x: Tensor) -> Tensor:
        return last(super().forward(first(x)))


def largest(x: Tensor, step: int) -> Tensor:
    return last(F.max_pool2d(first(x), 3, step, padding=1 if step == 1 else 0, ceil_mode=step == 2))


class Module(nn.Module):
    """Figure 2(b)."""

    def __init__(self, inside: int, widths: tuple[int, ...], product: Product) -> None:
        super().__init__()
        one, before_three, three, before_five, five, behind = widths
        self.one, self.behind = Dense(inside, one, product), Dense(inside, behind, product)
        self.before_three, self.three = Dense(inside, before_three, product), Kernel(before_three, three, 3)
        self.before_five, self.five = Dense(inside, before_five, product), Kernel(before_five, five, 5)

    def forward(self, x: Tensor) -> Tensor:
        three, five = F.relu(self.before_three(x)), F.relu(self.before_five(x))
        branches = self.one(x), self.three(three), self.five(five), self.behind(largest(x, 1))
        return torch.cat([F.relu(branch) for branch in branches], -1)


class Head(nn.Module):
    """Section 5."""

    def __init__(self, inside: int, product: Product) -> None:
        super().__init__()
        self.conv, self.fc1 = Dense(inside, 128, product), nn.Linear(2048, 1024, device="meta")
        self.fc2 = nn.Linear(1024, 1000, device="meta")

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(last(F.avg_pool2d(first(x), 5, 3))))
        return self.fc2(F.dropout(F.relu(self.fc1(first(x).flatten(1))), 0.7, self.training))  # type: ignore[no-any-return]


TABLE = (
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
)  # fmt: skip


class ChannelsLast(nn.Module):
    """The paper's network on maps whose channels stand last."""

    def __init__(self, product: Product, norm: Form) -> None:
        super().__init__()
        self.norm = norm
        self.conv1, self.reduce, self.conv2 = Kernel(3, 64, 7, 2), Dense(64, 64, product), Kernel(64, 192, 3)
        inside = (192, 256, 480, 512, 512, 512, 528, 832, 832)
        self.parts = nn.ModuleList(Module(*one, product) for one in zip(inside, TABLE, strict=True))
        self.heads = nn.ModuleList([Head(512, product), Head(528, product)])
        self.linear = Dense(1024, 1000, product)

    def forward(self, x: Tensor) -> object:
        x = self.norm(largest(F.relu(self.conv1(last(x))), 2))
        x = largest(self.norm(F.relu(self.conv2(F.relu(self.reduce(x))))), 2)
        heads: list[Tensor] = []
        for place, part in enumerate(self.parts):
            x = part(x)
            if self.training and place in {2, 5}:
                heads.append(self.heads[len(heads)](x))
            x = largest(x, 2) if place in {1, 6} else x
        x = self.linear(F.dropout(x.mean((1, 2)), 0.4, self.training))
        return (x, *heads) if self.training else x


WHOLE: dict[str, tuple[Product, Form]] = {
    "an operator, windows": (lambda x, w, b: x @ w + b, lambda x: over(x, windowed(x))),
    "a function, shifts": (lambda x, w, b: F.linear(x, w.t(), b), lambda x: over(x, shifted(x))),
}


@pytest.mark.parametrize("form", WHOLE)
def test_the_papers_network_with_channels_last_is_proven(form: str) -> None:
    report = audit(ChannelsLast(*WHOLE[form]))
    assert serious(report.findings) == ()
    assert report.verdict is Verdict.MATCHES
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line
    assert [mode.outputs for mode in report.proof.modes] == [1, 3]


def test_a_normalisation_of_four_with_channels_last_is_told_and_proven() -> None:
    def four(x: Tensor) -> Tensor:
        return x / (1 + 1e-4 / 4 * windowed(x, 2, 1, 4)) ** 0.75

    report = audit(ChannelsLast(WHOLE["an operator, windows"][0], four))
    assert [(one.rule, one.rows) for one in serious(report.findings)] == [("GA211", ("lrn1", "lrn2"))]
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line


def test_products_without_a_bias_are_told_with_channels_last() -> None:
    report = audit(ChannelsLast(lambda x, w, *_: x @ w, lambda x: over(x, windowed(x))), prove=False)
    (bias,) = [one for one in report.findings if one.rule == "GA207"]
    assert {"conv2_reduce", "inception_5b.1x1", "aux1.conv", "linear"} <= set(bias.rows)
    assert not {"conv1", "conv2", "inception_5b.3x3", "aux1.fc1"} & set(bias.rows)
