"""The proof that a build's list of faults is complete: a twin with just these faults computes the same numbers.

Weights are filled by their shape alone, so that two models with the same layers agree whatever the names
and the order; dropout multiplies by a number that tells its rate, so that training is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from math import sqrt
from typing import Any
from zlib import crc32

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

TOLERANCE = 2e-5
"""Of the largest value: rounding stays below, the subtlest fault (a border of biases) moves the logits by more."""


def outputs(model: nn.Module, shape: tuple[int, ...], *, training: bool, batch: int = 1) -> tuple[Tensor, ...]:
    """All tensors that a model returns for a fixed picture or more."""
    model.train(training)
    with torch.no_grad(), _ToldDropout():
        return tuple(value.flatten(1) for value in tensors(model(_picture(shape, batch))))


def within(some: tuple[Tensor, ...], all_of_them: tuple[Tensor, ...]) -> bool:
    """Whether a model returns all that another returns, in whatever order."""
    return all(any(equal(one, other) for other in all_of_them) for one in some)


def equal(one: Tensor, two: Tensor) -> bool:
    """Whether two tensors agree up to rounding, by their own scale."""
    if one.shape != two.shape:
        return False
    scale = max(float(one.abs().max()), 1e-20)
    return bool(float((one - two).abs().max()) <= TOLERANCE * scale)


def shapes(model: nn.Module) -> list[tuple[int, ...]]:
    """The shapes of all parameters, sorted."""
    return sorted(tuple(parameter.shape) for parameter in model.parameters())


def fill(model: nn.Module) -> nn.Module:
    """Give every parameter the values that belong to its shape; statistics of batch norms become trivial."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.data = values(tuple(parameter.shape))
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:  # noqa: SLF001
                module.running_mean.data = torch.zeros(module.num_features)
                module.running_var.data = torch.ones(module.num_features)  # type: ignore[union-attr]
    return model


def tensors(value: object) -> Iterable[Tensor]:
    """The tensors in a returned structure."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from tensors(item)
    elif is_dataclass(value):
        yield from tensors(tuple(getattr(value, field.name) for field in fields(value)))


@cache
def values(shape: tuple[int, ...]) -> Tensor:
    """Random numbers that depend on nothing but the shape; a weight keeps the size of what passes through it."""
    generator = torch.Generator().manual_seed(crc32(repr(shape).encode()))
    fan_in = torch.Size(shape[1:]).numel() if len(shape) > 1 else 4
    return torch.randn(shape, generator=generator) * sqrt(2 / fan_in)


@cache
def _picture(shape: tuple[int, ...], batch: int) -> Tensor:
    # Values as large as pixels', so that the local response normalisation does something.
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(1)) * 100


class NoChance(TorchFunctionMode):
    """Layers that leave their parameters as the memory happens to be: they are filled later, and that saves seconds."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in (Tensor.uniform_, Tensor.normal_):
            return args[0]
        return func(*args, **(kwargs or {}))


class _ToldDropout(TorchFunctionMode):
    """Dropout without chance, its rate still visible in the numbers."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in (F.dropout, F.dropout2d):
            return _told(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _told(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:  # noqa: FBT002 - as in torch
    return input * (1 + p) if training else input
