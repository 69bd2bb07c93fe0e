"""Torch functions as ops: sums, means and plain arithmetic, the raw material of hand-written layers."""

from __future__ import annotations

from numbers import Real
from typing import Any

from torch import Tensor

from gnet_audit.live.calls import LEADING, Call, Handler, Step, Steps
from gnet_audit.network import Activation, Add, Elementwise, Mean

IMAGE = 3
"""Axes of a map without the batch."""
_ROLES = {"add": "bias", "mul": "weight"}


def _binary(function: str, *, swapped: bool = False) -> Handler:
    def handler(call: Call) -> Steps:
        operands: list[Any] = [call.get(0, "input"), call.get(1, "other", call.kwargs.get("exponent"))]
        if call.get(2, "alpha", 1) != 1 or call.kwargs.get("rounding_mode") is not None:
            return ()
        if swapped:
            operands.reverse()
        return _arithmetic(call, function, operands)

    return handler


def _arithmetic(call: Call, function: str, operands: list[Any]) -> Steps:
    data = tuple(value for value in operands if call.is_data(value))
    others = [value for value in operands if isinstance(value, Tensor) and not call.is_data(value)]
    if any(not isinstance(value, Tensor | Real) for value in operands) or not all(map(call.is_weight, others)):
        return ()
    if others:
        weights = tuple((_ROLES.get(function, "weight"), value) for value in others)
        constants = tuple(float(value) if isinstance(value, Real) else None for value in data)
        return (Step(op=Elementwise(function=function, constants=constants), inputs=data, weights=weights),)
    if function == "add" and len(data) == 2 and data[0].shape == data[1].shape:
        return (Step(op=Add(), inputs=data),)
    constants = tuple(None if isinstance(value, Tensor) else float(value) for value in operands)
    return (Step(op=Elementwise(function=function, constants=constants), inputs=data),)


def _unary(function: str, *constants: float | None) -> Handler:
    op = Elementwise(function=function, constants=constants or (None,))

    def handler(call: Call) -> Steps:
        return (Step(op=op, inputs=(call.tensor(),)),) if len(call.args) == 1 and not call.kwargs else ()

    return handler


def _extreme(function: str) -> Handler:
    """The larger or smaller of two tensors, or of one and a tensor of zeros; over an axis it is another op."""
    pairwise = _binary(function)

    def handler(call: Call) -> Steps:
        other = call.get(1, "other")
        if function == "maximum" and isinstance(other, float) and other == 0:
            return (Step(op=Activation(function="relu"), inputs=(call.tensor(),)),)
        return pairwise(call) if isinstance(other, Tensor) else ()

    return handler


_MAXIMUM = _extreme("maximum")


def _max(call: Call) -> Steps:
    return _MAXIMUM(call) if isinstance(call.result, Tensor) else largest_of_windows(call)


def largest_of_windows(call: Call) -> Steps:
    """The largest along axes behind those of a map; torch's `max` gives their places too, which are no layer's value."""
    values, axes = call.tensor(), call.axes(call.tensor(), call.get(1, "dim", ()))
    if axes is None or axes[0] < IMAGE or call.get(2, "keepdim", False):
        return ()
    return (Step(op=Elementwise(function="amax", constants=tuple(map(float, axes))), inputs=(values,)),)


def _where(call: Call) -> Steps:
    """A choice between two values, each a map or a number."""
    if call.name == "masked_fill":
        chosen, other, condition = call.get(2, "value"), call.tensor(), call.get(1, "mask")
    else:
        condition, chosen, other = (call.get(place, name) for place, name in enumerate(("condition", "input", "other")))
    operands = [condition, chosen, other]
    if not all(isinstance(value, Real) or call.is_data(value) for value in operands) or len(call.inputs()) < 2:
        return ()
    return _arithmetic(call, "where", operands)


def _mean(call: Call) -> Steps:
    values, dims = call.tensor(), call.get(1, "dim", call.kwargs.get("axis"))
    if call.leads(values, dims):
        shared = Elementwise(function="div", constants=(None, float(values.shape[0])))
        return (*_sum(call), Step(op=shared, shape=call.shape(call.result)))
    axes = None if dims is None else call.axes(values, dims)
    if axes is None:
        return ()
    return (Step(op=Mean(axes=axes, keepdim=bool(call.get(2, "keepdim", False))), inputs=(values,)),)


def _sum(call: Call) -> Steps:
    values, dims = call.tensor(), call.get(1, "dim", call.kwargs.get("axis"))
    axes = (LEADING,) if call.leads(values, dims) else None if dims is None else call.axes(values, dims)
    if axes is None:
        return ()
    return (Step(op=Elementwise(function="sum", constants=tuple(map(float, axes))), inputs=(values,)),)


ARITHMETIC: dict[str, Handler] = {
    **dict.fromkeys(("add", "__add__", "__radd__"), _binary("add")),
    **dict.fromkeys(("sub", "subtract", "__sub__"), _binary("sub")),
    **dict.fromkeys(("rsub", "__rsub__"), _binary("sub", swapped=True)),
    **dict.fromkeys(("mul", "multiply", "__mul__", "__rmul__"), _binary("mul")),
    **dict.fromkeys(("div", "divide", "true_divide", "__truediv__", "__div__"), _binary("div")),
    **dict.fromkeys(("__rdiv__", "__rtruediv__"), _binary("div", swapped=True)),
    **dict.fromkeys(("pow", "__pow__"), _binary("pow")),
    "__rpow__": _binary("pow", swapped=True),
    "maximum": _MAXIMUM,
    "max": _max,
    **dict.fromkeys(("minimum", "min"), _extreme("minimum")),
    **dict.fromkeys(("gt", "__gt__", "greater"), _binary("gt")),
    **dict.fromkeys(("ge", "__ge__", "greater_equal"), _binary("ge")),
    **dict.fromkeys(("lt", "__lt__", "less"), _binary("lt")),
    **dict.fromkeys(("le", "__le__", "less_equal"), _binary("le")),
    **dict.fromkeys(("where", "masked_fill"), _where),
    "square": _unary("square"),
    "sqrt": _unary("pow", None, 0.5),
    "rsqrt": _unary("pow", None, -0.5),
    "reciprocal": _unary("div", 1.0, None),
    "neg": _unary("neg"),
    "__neg__": _unary("neg"),
    "exp": _unary("exp"),
    "log": _unary("log"),
    "abs": _unary("abs"),
    "mean": _mean,
    "sum": _sum,
}
"""Arithmetic by the names that torch gives its functions, methods and operators."""
