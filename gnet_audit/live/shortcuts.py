"""Results on meta by torch's ordinary kernels, run on a batch of no images.

Torch's meta kernels are written in Python and import a computer algebra system at the first call, which takes as long
as torch itself. A batch of none costs nothing either, and what torch gives for it, or refuses, is its own. Whatever
may depend on the batch goes to meta.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

_NAMES = """
conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution _convolution linear addmm matmul mm
__matmul__ max_pool2d max_pool2d_with_indices avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_max_pool2d lp_pool2d
adaptive_max_pool2d_with_indices batch_norm group_norm layer_norm local_response_norm dropout dropout2d
feature_dropout alpha_dropout softmax log_softmax prelu pad constant_pad_nd
relu relu6 leaky_relu rrelu elu celu selu silu mish gelu tanh sigmoid logsigmoid hardswish hardsigmoid hardtanh
hardshrink softshrink softplus softsign tanhshrink threshold clamp clamp_min clamp_max
add sub mul div true_divide pow rsub __rsub__ __rdiv__ __rtruediv__ __rpow__ __add__ __radd__ __sub__ __mul__ __rmul__
__truediv__ __pow__ maximum minimum gt ge lt le masked_fill square sqrt rsqrt reciprocal neg exp log abs mean sum amax
"""
EACH_IMAGE_ALONE = frozenset(_NAMES.split())
"""Functions that treat each image by itself."""

_JOINING = frozenset({"cat", "concat", "concatenate"})
_META = torch.device("meta")
_SEQUENCES = (list, tuple)


def result_of(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    data: Container[int],
    batch: int,
) -> Any:
    """The result of a function on meta; None where torch must be asked. `data` holds what has a batch, by identity."""
    plain = name[:-1] if name.endswith("_") and not name.endswith("__") else name
    if plain not in EACH_IMAGE_ALONE and not (plain in _JOINING and _apart(args, kwargs)):
        return None
    stand_ins: dict[int, tuple[Tensor, Tensor]] = {}

    def smaller(tensor: Tensor) -> Tensor:
        small = _small(tensor, batch, has_batch=id(tensor) in data)
        stand_ins[id(small)] = tensor, small
        return small

    def larger(small: Tensor) -> Tensor:
        known = stand_ins.get(id(small))
        if known is not None:
            if not small.is_inference() and small._version:  # noqa: SLF001
                increment_version(known[0])
            return known[0]
        shape = small.shape
        if not shape or shape[0] or 0 in shape[1:]:
            raise _OddError
        return torch.empty((batch, *shape[1:]), dtype=small.dtype, device=_META)

    try:
        if plain == "batch_norm" and not _normalisable(*args, *kwargs.values()):
            return None
        given = [mapped(value, smaller) for value in args]
        named = {key: mapped(value, smaller) for key, value in kwargs.items()} if kwargs else kwargs
        return mapped(function(*given, **named), larger)
    except (_OddError, RuntimeError, ValueError, IndexError, TypeError, AttributeError):
        # What is wrong is told by torch itself, with the true numbers.
        return None


class _OddError(Exception):
    """A tensor that the trick does not hold for."""


def _small(tensor: Tensor, batch: int, *, has_batch: bool) -> Tensor:
    if not tensor.is_meta:
        if tensor.ndim:
            raise _OddError
        return tensor
    shape = tensor.shape
    if not has_batch:
        # Never read: memory that nobody touches is no memory.
        return torch.empty(shape, dtype=tensor.dtype, device="cpu")
    if not shape or shape[0] != batch or not tensor.is_contiguous():
        raise _OddError
    return torch.empty((0, *shape[1:]), dtype=tensor.dtype, device="cpu")


def _normalisable(image: Tensor, *others: Any) -> bool:
    """What batch normalisation does not check without images: one statistic a channel, several values for each."""
    width = image.shape[1:2]
    fits = all(other.shape == width for other in others if isinstance(other, Tensor))
    return fits and image.numel() > image.shape[1]


def _apart(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether tensors are joined along another axis than the batch."""
    parts = args[0] if args else kwargs.get("tensors", ())
    dim = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis", 0))
    return bool(parts) and isinstance(dim, int) and dim not in (0, -parts[0].ndim)


def mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A value with another tensor for each tensor in it."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, _SEQUENCES):
        if all([type(item) is int for item in value]):  # noqa: C419 - kernel sizes: a generator takes twice as long
            return value
        items = [mapped(item, change) for item in value]
        if hasattr(value, "_fields"):
            return type(value)(*items)
        return type(value)(items) if type(value) in (list, tuple) else value
    return value


def tensors_of(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors of an argument list, and in lists and tuples within it."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_of(value)


def as_zeros(tensor: Tensor) -> Tensor:
    """Numbers for a tensor without any."""
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device="cpu") if tensor.is_meta else tensor


def on_meta(tensor: Tensor) -> Tensor:
    """A tensor of the same form without numbers."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
