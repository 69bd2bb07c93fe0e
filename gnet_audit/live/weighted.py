"""Torch functions as ops: convolutions and linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from torch import Tensor

from gnet_audit.live.calls import Call, Handler, Step, Steps, padding_of, pair
from gnet_audit.network import Conv2d, Elementwise, Flatten, Linear, Shape, Unknown


def _conv2d(call: Call) -> Steps:
    stride, padding = call.get(3, "stride", 1), call.get(4, "padding", 0)
    return _convolution(call, stride, padding, call.get(5, "dilation", 1), call.get(6, "groups", 1))


def _convolution(
    call: Call,
    stride: int | Sequence[int],
    padding: int | str | Sequence[int],
    dilation: int | Sequence[int],
    groups: int,
) -> Steps:
    image, weight, bias = call.tensor(), call.tensor(1, "weight"), call.get(2, "bias")
    if weight.ndim != 4 or call.is_data(weight):
        return ()
    kernel = (weight.shape[2], weight.shape[3])
    op = Conv2d(
        out_channels=weight.shape[0],
        kernel=kernel,
        stride=pair(stride),
        padding=padding_of(padding, kernel, pair(dilation)),
        dilation=pair(dilation),
        groups=groups,
        bias=bias is not None,
    )
    return (Step(op=op, inputs=(image,), weights=_weights(weight, bias), macs=_conv_macs(call.result, weight)),)


def _conv_macs(positions: Tensor, weight: Tensor) -> int:
    return prod(positions.shape[2 - weight.ndim :]) * weight.numel()


def _weights(weight: Tensor, bias: Tensor | None) -> tuple[tuple[str, Tensor], ...]:
    return (("weight", weight),) if bias is None else (("weight", weight), ("bias", bias))


def _conv_transpose2d(call: Call) -> Steps:
    stride, padding, spare, groups, dilation = (
        call.get(place, name, default)
        for place, name, default in (
            (3, "stride", 1),
            (4, "padding", 0),
            (5, "output_padding", 0),
            (6, "groups", 1),
            (7, "dilation", 1),
        )
    )
    return _transposed(call, stride, padding, spare, groups, dilation)


def _transposed(
    call: Call,
    stride: int | Sequence[int],
    padding: int | Sequence[int],
    spare: int | Sequence[int],
    groups: int,
    dilation: int | Sequence[int],
) -> Steps:
    image, weight, bias = call.tensor(), call.tensor(1, "weight"), call.get(2, "bias")
    if weight.ndim != 4 or call.is_data(weight) or any(pair(spare)):
        return ()
    op = Conv2d(
        out_channels=weight.shape[1] * groups,
        kernel=(weight.shape[2], weight.shape[3]),
        stride=pair(stride),
        padding=padding_of(padding),
        dilation=pair(dilation),
        groups=groups,
        bias=bias is not None,
        transposed=True,
    )
    return (Step(op=op, inputs=(image,), weights=_weights(weight, bias), macs=_conv_macs(image, weight)),)


def _any_convolution(call: Call) -> Steps:
    """The form that torch.jit.trace writes for every convolution."""
    stride, padding, dilation, transposed, spare, groups = (call.get(place, "", 0) for place in range(3, 9))
    if transposed:
        return _transposed(call, stride, padding, spare, groups, dilation)
    return _convolution(call, stride, padding, dilation, groups)


def _linear(call: Call) -> Steps:
    return _dense(call, call.tensor(), call.tensor(1, "weight"), call.get(2, "bias"), transpose=False)


def _addmm(call: Call) -> Steps:
    if call.kwargs.get("beta", 1) != 1 or call.kwargs.get("alpha", 1) != 1:
        return ()
    return _dense(call, call.tensor(1, "mat1"), call.tensor(2, "mat2"), call.tensor(), transpose=True)


def _matmul(call: Call) -> Steps:
    return _dense(call, call.tensor(), call.tensor(1, "mat2" if call.name == "mm" else "other"), None, transpose=True)


def _einsum(call: Call) -> Steps:
    """A linear layer by letters: of the batch, of what it reads and of what it gives; or a sum over axes."""
    left, _, right = call.args[0].replace(" ", "").replace("...", "*").partition("->")
    names, tensors = left.split(","), call.tensors()
    if len(names) == len(tensors) == 1:
        return _summed(call, tensors[0], left, right)
    if len(names) != 2 or len(tensors) != 2:
        return ()
    (data, vector), (own, weight) = sorted(
        zip(names, tensors, strict=True), key=lambda operand: not call.is_data(operand[1])
    )
    if len(data) != 2 or len(own) != 2 or len({*data, *own}) != 3 or data[1] not in own:
        return ()
    transpose = own[0] == data[1]
    if transpose and weight.shape[0] == weight.shape[-1]:
        return ()
    return _dense(call, vector, weight, None, transpose=transpose) if right == data[0] + own[transpose] else ()


def _summed(call: Call, values: Tensor, left: str, right: str) -> Steps:
    """A sum over the axes whose letters are left out, where the others stay in their order."""
    if "*" in left:
        rest = "0123456789"[: values.ndim - len(left) + 1]
        left, right = left.replace("*", rest), right.replace("*", rest)
    gone = [dim for dim, letter in enumerate(left) if letter not in right]
    axes = call.axes(values, gone)
    if len(set(left)) != values.ndim or axes is None or right != "".join(one for one in left if one in right):
        return ()
    return (Step(op=Elementwise(function="sum", constants=tuple(map(float, axes))), inputs=(values,)),)


def _dense(call: Call, vector: Tensor, weight: Tensor, bias: Tensor | None, *, transpose: bool) -> Steps:
    shape = call.shape(vector)
    if shape is None or weight.ndim != 2 or not call.is_data(vector) or not call.is_weight(weight):
        return ()
    features = weight.shape[1 if transpose else 0]
    if prod(shape[:-1]) != 1:
        return _pointwise(vector, shape, features, _weights(weight, bias)) if len(shape) == 3 < vector.ndim else ()
    op = Linear(out_features=features, bias=bias is not None)
    return (Step(op=op, inputs=(vector,), weights=_weights(weight, bias), macs=weight.numel()),)


def _pointwise(vector: Tensor, shape: Shape, features: int, weights: tuple[tuple[str, Tensor], ...]) -> Steps:
    """A product along the last axis of a map is a 1×1 convolution of the map with that axis in front."""
    *around, channels = shape
    there, behind = (channels, *around), (features, *around)
    op = Conv2d(out_channels=features, kernel=(1, 1), bias=len(weights) > 1)
    return (
        Step(op=Flatten(shape=there, of=shape, order=(2, 0, 1)), inputs=(vector,), shape=there, called="permute"),
        Step(op=op, weights=weights, shape=behind, macs=prod(around) * weights[0][1].numel()),
        Step(op=Flatten(shape=(*around, features), of=behind, order=(1, 2, 0)), called="permute"),
    )


def _other_conv(call: Call) -> Steps:
    """A convolution outside the vocabulary: unknown, but its work is counted."""
    weight = call.tensor(1, "weight")
    return (
        Step(
            op=Unknown(function=call.name),
            inputs=call.inputs(),
            weights=_weights(weight, call.get(2, "bias")),
            macs=_conv_macs(call.tensor() if "transpose" in call.name else call.result, weight),
        ),
    )


WEIGHTED: dict[str, Handler] = {
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "convolution": _any_convolution,
    "_convolution": _any_convolution,
    "conv1d": _other_conv,
    "conv3d": _other_conv,
    "conv_transpose1d": _other_conv,
    "conv_transpose3d": _other_conv,
    "linear": _linear,
    "addmm": _addmm,
    "matmul": _matmul,
    "__matmul__": _matmul,
    "mm": _matmul,
    "einsum": _einsum,
}
"""Functions of an image or vector and a weight."""
