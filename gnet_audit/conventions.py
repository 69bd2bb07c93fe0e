"""The ways in which a printed count may have been rounded, and which of them give what is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product
from math import prod

from gnet_audit import quantity
from gnet_audit.network import Shape
from gnet_audit.quantity import Quantity


class Cell(StrEnum):
    """A printed column of counts."""

    PARAMS = "params"
    OPS = "ops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One way of counting and rounding."""

    k: int
    truncated: bool
    biases: bool

    @property
    def text(self) -> str:
        """As it is named in every output."""
        rounding = "truncated" if self.truncated else "rounded"
        return f"K={self.k} {rounding}{', with biases' if self.biases else ''}"

    def read(self, text: str) -> Quantity:
        """The counts that are printed so."""
        return quantity.parse(text, k=self.k, truncated=self.truncated)


CONVENTIONS = tuple(
    Convention(k=k, truncated=truncated, biases=biases)
    for truncated, k, biases in product((False, True), (1000, 1024), (False, True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Exact counts of a layer or of a row: weights and all parameters, products and products with biases."""

    weights: int = 0
    biases: int = 0
    """Every parameter that is no weight of a product."""
    macs: int = 0
    bias_ops: int = 0
    """One for each value that a bias is added to."""

    def __add__(self, other: Count) -> Count:
        return Count(
            weights=self.weights + other.weights,
            biases=self.biases + other.biases,
            macs=self.macs + other.macs,
            bias_ops=self.bias_ops + other.bias_ops,
        )

    @property
    def params(self) -> int:
        """All parameters."""
        return self.weights + self.biases

    def of(self, cell: Cell, *, biases: bool) -> int:
        """What a column counts."""
        if cell is Cell.PARAMS:
            return self.weights + self.biases * biases
        return self.macs + self.bias_ops * biases


def count(params: int, macs: int, shape: Shape | None) -> Count:
    """A layer's counts from its parameters, its multiply-accumulates and its output: each weight works once a position."""
    positions = prod(shape[1:]) if shape else 1
    weights = min(macs // positions if positions else 0, params)
    return Count(
        weights=weights, biases=params - weights, macs=macs, bias_ops=(params - weights) * positions if macs else 0
    )


def fits(cell: Cell, text: str, counts: Count) -> tuple[Convention, ...]:
    """The conventions under which the counts are printed as this text; those that read it alike only once."""
    return tuple(one for one, printed in readings(text) if counts.of(cell, biases=one.biases) in printed)


@lru_cache
def readings(text: str) -> tuple[tuple[Convention, Quantity], ...]:
    """The conventions that give a text different meanings: without a K in it, what K stands for does not matter."""
    one, other = (quantity.parse(text, k=k) for k in (1000, 1024))
    has_k = (one.low, one.high) != (other.low, other.high)
    return tuple((one, one.read(text)) for one in CONVENTIONS if has_k or one.k == 1000)


def commonest(found: Iterable[tuple[Convention, ...]]) -> tuple[Convention, ...]:
    """Conventions by the number of cells that they fit, the most useful first."""
    tally = Counter(convention for group in found for convention in group)
    return tuple(sorted(tally, key=lambda one: (-tally[one], CONVENTIONS.index(one))))


def named(group: Iterable[Convention], order: tuple[Convention, ...]) -> str:
    """The convention of a cell by name: the one of its that fits most other cells."""
    return min(group, key=lambda one: order.index(one) if one in order else len(order)).text
