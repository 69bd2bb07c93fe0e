"""Torch functions as ops: normalisations, activations, dropout, concatenation, and the table of all.

Every function here reads one call and gives the layer that it stands for, or nothing where the vocabulary has no
word for it; nothing is guessed.
"""

from __future__ import annotations

from math import inf

from torch import Tensor

from gnet_audit.live.arithmetic import ARITHMETIC
from gnet_audit.live.calls import Call, Handler, Step, Steps
from gnet_audit.live.pools import POOLS
from gnet_audit.live.views import VIEWS
from gnet_audit.live.weighted import WEIGHTED
from gnet_audit.network import LRN, Activation, BatchNorm, Concat, Dropout, Softmax


def _local_response_norm(call: Call) -> Steps:
    op = LRN(
        size=int(call.get(1, "size")),
        alpha=float(call.get(2, "alpha", 1e-4)),
        beta=float(call.get(3, "beta", 0.75)),
        k=float(call.get(4, "k", 1.0)),
    )
    return (Step(op=op, inputs=(call.tensor(),)),)


def _batch_norm(call: Call) -> Steps:
    # torch.batch_norm and torch.nn.functional.batch_norm order their arguments differently.
    order = ("running_mean", "running_var", "weight", "bias") if call.python else _BATCH_NORM
    tensors = {name: call.get(place, name) for place, name in enumerate(order, 1)}
    momentum = call.get(6, "momentum", 0.1)
    op = BatchNorm(
        eps=float(call.get(7, "eps", 1e-5)),
        affine=tensors["weight"] is not None,
        # A module without momentum averages over all batches, with another factor each time.
        momentum=getattr(call.module, "momentum", momentum),
        batch_statistics=bool(call.get(5, "training", False)),
    )
    weights = tuple((name, tensors[name]) for name in _BATCH_NORM if tensors[name] is not None)
    return (Step(op=op, inputs=(call.tensor(),), weights=weights),)


_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


def _dropout(*, channels: bool) -> Handler:
    def handler(call: Call) -> Steps:
        active = call.get(2, "training", call.kwargs.get("train", True))
        op = Dropout(rate=float(call.get(1, "p", 0.5)), active=bool(active), channels=channels)
        return (Step(op=op, inputs=(call.tensor(),)),)

    return handler


def _softmax(*, log: bool) -> Handler:
    def handler(call: Call) -> Steps:
        values, dim = call.tensor(), call.get(1, "dim")
        if dim is None:
            # What torch.nn.functional does without a dim.
            dim = 0 if values.ndim in (0, 1, 3) else 1
        axis = call.axis(values, dim)
        return () if axis is None else (Step(op=Softmax(axis=axis, log=log), inputs=(values,)),)

    return handler


def _activation(function: str, *parameters: tuple[str, float]) -> Handler:
    plain = Activation(function=function)

    def handler(call: Call) -> Steps:
        if not parameters:
            return (Step(op=plain, inputs=(call.tensor(),)),)
        numbers = tuple(float(call.get(place, name, value)) for place, (name, value) in enumerate(parameters, 1))
        return (Step(op=Activation(function=function, parameters=numbers), inputs=(call.tensor(),)),)

    return handler


def _gelu(call: Call) -> Steps:
    exact = call.kwargs.get("approximate", "none") == "none"
    return (Step(op=Activation(function="gelu" if exact else "gelu_tanh"), inputs=(call.tensor(),)),)


def _prelu(call: Call) -> Steps:
    slope = call.tensor(1, "weight")
    return (Step(op=Activation(function="prelu"), inputs=(call.tensor(),), weights=(("weight", slope),)),)


def _clamp(call: Call) -> Steps:
    """A ReLU by its other names."""
    low_name, high_name = ("min_val", "max_val") if call.name == "hardtanh" else ("min", "max")
    standard = (-1.0, 1.0) if call.name == "hardtanh" else (None, None)
    low, high = call.get(1, low_name, standard[0]), call.get(2, high_name, standard[1])
    if call.name == "clamp_max":
        low, high = None, call.get(1, "max")
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        return ()
    bounds = (-inf if low is None else float(low), inf if high is None else float(high))
    op = {(0.0, inf): Activation(function="relu"), (0.0, 6.0): Activation(function="relu6")}.get(bounds)
    return (Step(op=op or Activation(function="hardtanh", parameters=bounds), inputs=(call.tensor(),)),)


def _threshold(call: Call) -> Steps:
    numbers = (float(call.get(1, "threshold")), float(call.get(2, "value")))
    relu = numbers == (0.0, 0.0)
    op = Activation(function="relu") if relu else Activation(function="threshold", parameters=numbers)
    return (Step(op=op, inputs=(call.tensor(),)),)


def _cat(call: Call) -> Steps:
    parts = call.get(0, "tensors")
    dim = 1 if call.name == "hstack" else call.get(1, "dim", call.kwargs.get("axis", 0))
    axis = call.axis(parts[0], dim)
    if axis is None or not all(call.is_data(part) for part in parts):
        return ()
    return (Step(op=Concat(axis=axis), inputs=tuple(parts)),)


# --- the table ------------------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Handler] = {
    "relu": _activation("relu"),
    "relu6": _activation("relu6"),
    "leaky_relu": _activation("leaky_relu", ("negative_slope", 0.01)),
    "rrelu": _activation("rrelu", ("lower", 1 / 8), ("upper", 1 / 3)),
    "elu": _activation("elu", ("alpha", 1.0)),
    "celu": _activation("celu", ("alpha", 1.0)),
    "selu": _activation("selu"),
    "silu": _activation("silu"),
    "mish": _activation("mish"),
    "tanh": _activation("tanh"),
    "sigmoid": _activation("sigmoid"),
    "logsigmoid": _activation("logsigmoid"),
    "hardswish": _activation("hardswish"),
    "hardsigmoid": _activation("hardsigmoid"),
    "hardshrink": _activation("hardshrink", ("lambd", 0.5)),
    "softshrink": _activation("softshrink", ("lambd", 0.5)),
    "softplus": _activation("softplus", ("beta", 1.0), ("threshold", 20.0)),
    "softsign": _activation("softsign"),
    "tanhshrink": _activation("tanhshrink"),
    "gelu": _gelu,
    "hardtanh": _clamp,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": _clamp,
    "clamp_max": _clamp,
    "threshold": _threshold,
}
"""Functions of each value alone, with one tensor among their arguments."""

OPS: dict[str, Handler] = {
    **ACTIVATIONS,
    **ARITHMETIC,
    **VIEWS,
    **WEIGHTED,
    **POOLS,
    "local_response_norm": _local_response_norm,
    "batch_norm": _batch_norm,
    "prelu": _prelu,
    "_prelu_kernel": _prelu,
    "dropout": _dropout(channels=False),
    "dropout2d": _dropout(channels=True),
    "feature_dropout": _dropout(channels=True),
    "softmax": _softmax(log=False),
    "_softmax": _softmax(log=False),
    "log_softmax": _softmax(log=True),
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "hstack": _cat,
}
"""What each torch function stands for, by its name; one that is not here is unknown."""
