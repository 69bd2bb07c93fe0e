"""Tensors full of zeros: a sum that starts from one adds the number 0, and the larger of a map and one is a ReLU."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

_BIRTHS = frozenset({"zeros", "zeros_like", "new_zeros"})
_SCALARS = frozenset({"tensor", "as_tensor", "scalar_tensor"})
_OPERATIONS = frozenset({"add", "__add__", "__radd__", "__iadd__", "maximum", "max"})


@dataclass(frozen=True, slots=True, eq=False)
class Zeros:
    """The zeros of one forward, by identity; whoever keeps them keeps the tensors alive."""

    known: dict[int, tuple[tuple[Tensor, int], ...]] = field(default_factory=dict)
    """The tensors that share a value, each with its version: one that was written into is no zero any more."""

    def born(self, name: str, made: Iterable[Tensor]) -> None:
        """Remember what a function made, if it makes zeros."""
        if name in _BIRTHS or (name in _SCALARS and all(_is_number_zero(one) for one in made)):
            # In inference mode torch does not count what is written, so nothing is taken for a zero there.
            self.known.update({id(one): ((one, one._version),) for one in made if not one.is_inference()})  # noqa: SLF001

    def copied(self, old: Tensor, new: Tensor) -> None:
        """The copy of a zero is one as long as both are."""
        if id(old) in self.known and not new.is_inference():
            self.known[id(new)] = (*self.known[id(old)], (new, new._version))  # noqa: SLF001

    def as_number(self, name: str, args: tuple[Any, ...], result: Any) -> tuple[Any, ...]:
        """The operands of a sum or a maximum, the number 0 for a zero that changes neither the other's shape nor its type.

        The number comes last, as where torch adds a tensor to a number; between two branches it stays in its place.
        """
        if self.known and name == "where" and len(args) == 3:
            zero = [
                self._is_zero(one, result) and _alike(other, result)
                for one, other in zip(args[1:], args[:0:-1], strict=True)
            ]
            return (args[0], *(0.0 if none else one for one, none in zip(args[1:], zero, strict=True)))
        if self.known and name in _OPERATIONS and len(args) == 2:
            for one, other in (args, args[::-1]):
                if self._is_zero(one, result) and _alike(other, result):
                    return other, 0.0
        return args

    def _is_zero(self, value: Any, result: Any) -> bool:
        # In place the sum has been written into the zero already, once.
        written = 1 if value is result else 0
        return id(value) in self.known and all(
            tensor._version == version + (written if tensor is value else 0)  # noqa: SLF001
            for tensor, version in self.known[id(value)]
        )


def _is_number_zero(value: Tensor) -> bool:
    return value.ndim == 0 and not value.is_meta and value.item() == 0


def _alike(one: Any, other: Any) -> bool:
    return isinstance(one, Tensor) and one.shape == other.shape and one.dtype == other.dtype
