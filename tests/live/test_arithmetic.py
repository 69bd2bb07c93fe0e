"""Plain arithmetic: which operand is a number, and which a tensor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gnet_audit.network import Activation, Add, Elementwise, Mean, Op, Unknown
from tests.live.running import Calls, layers, network, only, op


def _e(function: str, *constants: float | None) -> Elementwise:
    return Elementwise(function=function, constants=constants)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x + 1, _e("add", None, 1.0)),
        (lambda x: 1 + x, _e("add", None, 1.0)),
        (lambda x: x.add(2), _e("add", None, 2.0)),
        (lambda x: x - 1, _e("sub", None, 1.0)),
        (lambda x: 1 - x, _e("sub", 1.0, None)),
        (lambda x: torch.rsub(x, 3), _e("sub", 3.0, None)),
        (lambda x: x * 2, _e("mul", None, 2.0)),
        (lambda x: 0.5 * x, _e("mul", None, 0.5)),
        (lambda x: x.mul_(2), _e("mul", None, 2.0)),
        (lambda x: x / 4, _e("div", None, 4.0)),
        (lambda x: 4 / x, _e("div", 4.0, None)),
        (lambda x: torch.div(x, 4), _e("div", None, 4.0)),
        (lambda x: x**2, _e("pow", None, 2.0)),
        (lambda x: x**-0.75, _e("pow", None, -0.75)),
        (lambda x: torch.pow(x, exponent=0.75), _e("pow", None, 0.75)),
        (lambda x: x.pow(2), _e("pow", None, 2.0)),
        (lambda x: 2**x, _e("pow", 2.0, None)),
        (lambda x: x.square(), _e("square", None)),
        (lambda x: x.sqrt(), _e("pow", None, 0.5)),
        (lambda x: x.rsqrt(), _e("pow", None, -0.5)),
        (lambda x: x.reciprocal(), _e("div", 1.0, None)),
        (lambda x: -x, _e("neg", None)),
        (lambda x: x * x, _e("mul", None, None)),
        (lambda x: x / x, _e("div", None, None)),
        (lambda x: torch.maximum(x, x), _e("maximum", None, None)),
        (lambda x: torch.max(x, x), _e("maximum", None, None)),
        (lambda x: x + x, Add()),
        (lambda x: torch.add(x, x), Add()),
        (lambda x: torch.add(x, x, alpha=2), Unknown(function="add")),
        (lambda x: torch.div(x, 2, rounding_mode="floor"), Unknown(function="div")),
        (lambda x: x.max(1)[0], Unknown(function="max")),
        (lambda x: x.mean((2, 3)), Mean(axes=(1, 2))),
        (lambda x: x.mean(dim=[-1, -2], keepdim=True), Mean(axes=(1, 2), keepdim=True)),
        (lambda x: torch.mean(x, 1), Mean(axes=(0,))),
        (lambda x: x.mean(), Unknown(function="mean")),
        (lambda x: x.mean((0, 1)), Unknown(function="mean")),
        (lambda x: x.sum((2, 3)), _e("sum", 1.0, 2.0)),
        (lambda x: torch.sum(x, dim=1), _e("sum", 0.0)),
        (lambda x: x > 0, _e("gt", None, 0.0)),
        (lambda x: x < 0, _e("lt", None, 0.0)),
        (lambda x: torch.ge(x, 1), _e("ge", None, 1.0)),
        (lambda x: x.le(2), _e("le", None, 2.0)),
    ],
)
def test_an_expression_is_one_layer(function: Callable[[Tensor], object], expected: Op) -> None:
    assert op(function) == expected


def test_means_have_the_shapes_that_torch_gives() -> None:
    assert only(lambda x: x.mean((2, 3))).shape == (4,)
    assert only(lambda x: x.mean((2, 3), True)).shape == (4, 1, 1)  # noqa: FBT003
    assert only(lambda x: x.sum(1)).shape == (12, 10)


def test_a_sum_of_unlike_shapes_is_no_add() -> None:
    mean, add = layers(lambda x: x + x.mean((2, 3), keepdim=True))
    assert add.op == _e("add", None, None)
    assert add.inputs == ("input", mean.name)
    assert add.shape == (4, 12, 10)


def test_the_sum_of_a_list_adds_zero_first() -> None:
    zero, one, two = layers(lambda x: sum([x, x, x]))
    assert zero.op == _e("add", None, 0.0)
    assert one.op == two.op == Add()
    assert two.inputs == (one.name, "input")


class Normalised(nn.Module):
    """Input normalised with buffers, and scaled by a parameter."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(4, 1, 1))
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.plain = torch.ones(4, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale / self.plain


def test_buffers_and_parameters_are_weights_and_a_plain_tensor_is_a_stranger() -> None:
    found = network(Normalised())
    sub, mul, div = found.layers[1:]
    assert (sub.op, [weight.name for weight in sub.weights]) == (_e("sub", None), ["mean"])
    assert (mul.op, [weight.name for weight in mul.weights], mul.params) == (_e("mul", None), ["scale"], 4)
    assert div.op == Unknown(function="div")
    assert [(entry.what, entry.why) for entry in found.unverified] == [
        ("div", "unknown op div"),
        ("div", "div reads a tensor that is neither input nor parameter"),
    ]


def _in_place(x: Tensor, zero: Tensor) -> Tensor:
    zero += x
    return zero


def _written(x: Tensor, zero: Tensor) -> Tensor:
    zero[:, 1:].fill_(3)
    return zero + x


def _added_twice(x: Tensor, zero: Tensor) -> Tensor:
    total = zero + x
    zero.fill_(1)
    return total + zero


ZEROS: list[Callable[[Tensor], Tensor]] = [
    torch.zeros_like,
    lambda x: x.new_zeros(x.shape),
    lambda x: torch.zeros(x.shape),
    lambda x: torch.zeros(x.shape, dtype=x.dtype, device=x.device),
]


@pytest.mark.parametrize("zeros", ZEROS)
def test_a_sum_that_starts_from_a_tensor_of_zeros_adds_the_number_zero(zeros: Callable[[Tensor], Tensor]) -> None:
    assert op(lambda x: zeros(x) + x) == _e("add", None, 0.0)
    assert op(lambda x: torch.add(x, zeros(x))) == _e("add", None, 0.0)
    assert op(lambda x: _in_place(x, zeros(x))) == _e("add", None, 0.0)
    assert [layer.op for layer in layers(lambda x: zeros(x) + x + x)] == [_e("add", None, 0.0), Add()]
    assert not [note for note in network(Calls(lambda x: zeros(x) + x)).unverified if note.what == "add"]


@pytest.mark.parametrize("zeros", ZEROS)
def test_a_tensor_of_zeros_is_not_the_number_zero_where_it_matters(zeros: Callable[[Tensor], Tensor]) -> None:
    unknown = Unknown(function="add")
    assert op(lambda x: zeros(x) * x) == Unknown(function="mul")
    assert op(lambda x: _written(x, zeros(x))) == unknown
    assert [layer.op for layer in layers(lambda x: _added_twice(x, zeros(x)))] == [_e("add", None, 0.0), unknown]
    assert layers(lambda x: x[:, :1] + zeros(x))[-1].op == unknown
    assert op(torch.inference_mode()(lambda x: _written(x, zeros(x)))) == unknown


def test_zeros_that_change_the_type_or_the_shape_of_a_sum_are_no_number() -> None:
    unknown = Unknown(function="add")
    assert op(lambda x: x + torch.zeros(x.shape, dtype=torch.float64)) == unknown
    assert op(lambda x: x + torch.zeros(2, *x.shape)) == unknown


# --- a ReLU without its name --------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [*ZEROS, lambda _: torch.tensor(0.0), lambda x: x.new_zeros(())])
def test_the_larger_of_a_map_and_zeros_is_a_relu(zeros: Callable[[Tensor], Tensor]) -> None:
    assert op(lambda x: torch.maximum(x, zeros(x))) == Activation(function="relu")
    assert op(lambda x: torch.max(zeros(x), x)) == Activation(function="relu")
    assert op(lambda x: x.max(zeros(x))) == Activation(function="relu")


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: torch.maximum(x, torch.tensor(1.0)), "maximum"),
        (lambda x: torch.maximum(x, torch.ones_like(x)), "maximum"),
        (lambda x: torch.minimum(x, torch.zeros_like(x)), "minimum"),
        (lambda x: torch.max(x, 0), "max"),
        (lambda x: torch.maximum(x, _written(x, torch.zeros_like(x)) - x), "add"),
    ],
)
def test_the_larger_of_a_map_and_something_else_is_no_relu(function: Callable[[Tensor], object], name: str) -> None:
    found = [layer.op for layer in layers(function)]
    assert Activation(function="relu") not in found
    assert Unknown(function=name) in found


def test_a_choice_has_a_condition_and_two_branches_each_a_map_or_a_number() -> None:
    condition, choice = layers(lambda x: torch.where(x > 0, x, 0.0))
    assert (choice.op, choice.inputs) == (_e("where", None, None, 0.0), (condition.name, "input"))
    assert layers(lambda x: torch.where(x > 0, torch.zeros_like(x), x))[-1].op == _e("where", None, 0.0, None)
    assert layers(lambda x: x.masked_fill(x < 0, 2))[-1].op == _e("where", None, 2.0, None)
    assert layers(lambda x: torch.where(x > 0, x, x * 2))[-1].op == _e("where", None, None, None)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.where(x > 0, 1.0, 0.0),
        lambda x: torch.where(x > 0, x, torch.ones_like(x)),
        lambda x: torch.where(torch.ones_like(x) > 0, x, 0.0),
    ],
)
def test_a_choice_of_what_the_trace_does_not_know_is_unknown(function: Callable[[Tensor], object]) -> None:
    assert layers(function)[-1].op == Unknown(function="where")
