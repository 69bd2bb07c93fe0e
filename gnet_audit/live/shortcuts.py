"""Results of common functions on meta, without torch's own meta kernels.

Those are written in Python and import a computer algebra system at the first call, which takes as long as torch itself.
Windows are measured by the very function on a single channel of real zeros; what keeps a shape keeps it. Whatever
is not plain goes to torch, and so does whatever is wrong, so that the error is torch's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor

Arguments: TypeAlias = tuple[Any, ...]
Named: TypeAlias = dict[str, Any]
Rule: TypeAlias = Callable[[Callable[..., Any], Arguments, Named], Any]
"""From a function and its arguments to its result; None where torch must be asked."""


def _meta(shape: Sequence[int], like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device="meta")


def _plain(value: object, dtype: torch.dtype | None = None) -> bool:
    """Whether a value is an ordinary tensor on meta, of a type if one is given."""
    if not isinstance(value, Tensor) or not value.is_meta or not value.is_contiguous():
        return False
    return value.is_floating_point() if dtype is None else value.dtype is dtype


def _optional(value: object, shape: tuple[int, ...], dtype: torch.dtype) -> bool:
    return value is None or (isinstance(value, Tensor) and _plain(value, dtype) and tuple(value.shape) == shape)


@lru_cache(maxsize=64)
def _thin(high: int, wide: int) -> Tensor:
    return torch.zeros(1, 1, high, wide)


# --- rules ----------------------------------------------------------------------------------------------------


def _same(_: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    """Functions of each value alone: one tensor among the arguments."""
    image = args[0]
    if not _plain(image) or any(isinstance(value, Tensor) for value in (*args[1:], *kwargs.values())):
        return None
    return _meta(image.shape, image) if kwargs.get("dtype") is None else None


def _norm(_: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    """Batch normalisation; too few values to have a variance are torch's to refuse."""
    image = args[0]
    tensors = [value for value in (*args[1:], *kwargs.values()) if value is not None and isinstance(value, Tensor)]
    if not _plain(image) or image.ndim < 2 or image.numel() <= image.shape[1]:
        return None
    fit = all(_plain(value, image.dtype) and value.shape == image.shape[1:2] for value in tensors)
    return _meta(image.shape, image) if fit else None


def _pool(function: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    image = args[0]
    if not _plain(image) or image.ndim != 4:
        return None
    with torch.no_grad():
        small = function(_thin(*image.shape[2:]), *args[1:], **kwargs)
    if isinstance(small, tuple):
        return tuple(torch.empty((*image.shape[:2], *t.shape[2:]), dtype=t.dtype, device="meta") for t in small)
    return _meta((*image.shape[:2], *small.shape[2:]), image)


def _conv2d(function: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    given: list[Any] = [args[at] if len(args) > at else kwargs.get(name, other) for at, name, other in _CONV2D]
    image, weight, bias, groups = given
    if not (isinstance(weight, Tensor) and _plain(image) and _plain(weight, image.dtype)):
        return None
    if image.ndim != 4 or weight.ndim != 4 or type(groups) is not int or groups < 1:
        return None
    width, inner = weight.shape[:2]
    if image.shape[1] != inner * groups or width % groups or not _optional(bias, (width,), image.dtype):
        return None
    settings = {name: value for name, value in kwargs.items() if name in {"stride", "padding", "dilation"}}
    with torch.no_grad():
        small = function(_thin(*image.shape[2:]), _thin(*weight.shape[2:]), None, *args[3:6], **settings)
    return _meta((image.shape[0], width, *small.shape[2:]), image)


_CONV2D = ((0, "input", None), (1, "weight", None), (2, "bias", None), (6, "groups", 1))
_LINEAR = ("input", "weight", "bias")


def _linear(_: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    given: list[Any] = [args[at] if len(args) > at else kwargs.get(name) for at, name in enumerate(_LINEAR)]
    vector, weight, bias = given
    if not (_plain(vector) and isinstance(weight, Tensor) and _plain(weight, vector.dtype)):
        return None
    if weight.ndim != 2 or not vector.ndim or vector.shape[-1] != weight.shape[1]:
        return None
    return (
        _meta((*vector.shape[:-1], weight.shape[0]), vector)
        if _optional(bias, weight.shape[:1], vector.dtype)
        else None
    )


def _cat(_: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    parts, dim = args[0], args[1] if len(args) > 1 else kwargs.get("dim", 0)
    if not parts or not _plain(parts[0]) or not all(_plain(part, parts[0].dtype) for part in parts):
        return None
    first = parts[0]
    if type(dim) is not int or not -first.ndim <= dim < first.ndim or kwargs.keys() - {"dim", "tensors"}:
        return None
    dim %= first.ndim
    shapes = {(*part.shape[:dim], *part.shape[dim + 1 :]) for part in parts}
    if len(shapes) > 1 or any(part.ndim != first.ndim for part in parts):
        return None
    return _meta((*first.shape[:dim], sum(part.shape[dim] for part in parts), *first.shape[dim + 1 :]), first)


def _binary(_: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    """Arithmetic of a tensor with a number, or of two tensors of one shape."""
    if len(args) != 2 or kwargs:
        return None
    first, second = args
    if _plain(first) and type(second) in (int, float):
        return _meta(first.shape, first)
    if _plain(second) and type(first) in (int, float):
        return _meta(second.shape, second)
    alike = _plain(first) and _plain(second, first.dtype) and first.shape == second.shape
    return _meta(first.shape, first) if alike else None


def _mean(_: Callable[..., Any], args: Arguments, kwargs: Named) -> Any:
    image = args[0]
    dims, keep = (
        args[place] if len(args) > place else kwargs.get(name) for place, name in ((1, "dim"), (2, "keepdim"))
    )
    wanted = (dims,) if type(dims) is int else dims
    if not _plain(image) or kwargs.get("dtype") is not None or not isinstance(wanted, tuple | list) or not wanted:
        return None
    if not all(type(dim) is int and -image.ndim <= dim < image.ndim for dim in wanted):
        return None
    gone = {dim % image.ndim for dim in wanted}
    if len(gone) < len(wanted):
        return None
    sizes = enumerate(image.shape)
    return _meta([1 if at in gone else size for at, size in sizes if keep or at not in gone], image)


_SAME = (
    "relu relu6 leaky_relu elu gelu silu mish tanh sigmoid hardswish hardsigmoid hardtanh softplus selu celu clamp "
    "clamp_min dropout dropout2d local_response_norm softmax log_softmax square sqrt rsqrt neg exp abs log reciprocal"
)
_BINARY = (
    "add sub mul div true_divide pow rsub __rsub__ __rdiv__ __rtruediv__ __pow__ __add__ __sub__ __mul__ __truediv__"
)
_POOLS = (
    "max_pool2d max_pool2d_with_indices avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d "
    "adaptive_max_pool2d_with_indices lp_pool2d"
)
RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME.split(), _same),
    **dict.fromkeys(_BINARY.split(), _binary),
    **dict.fromkeys(_POOLS.split(), _pool),
    **dict.fromkeys(("cat", "concat", "concatenate"), _cat),
    **dict.fromkeys(("mean", "sum", "amax"), _mean),
    "batch_norm": _norm,
    "conv2d": _conv2d,
    "linear": _linear,
}
"""What is known about a function's result, by the function's name."""


def result_of(function: Callable[..., Any], name: str, args: Arguments, kwargs: Named) -> Any:
    """The result of a function on meta; None where torch must be asked."""
    rule = RULES.get(name)
    if rule is None or not args:
        return None
    try:
        return rule(function, args, kwargs)
    except RuntimeError:
        return None
