"""A number as a paper prints it: its text, and which exact counts would be printed so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil

from gnet_audit.errors import UsageError

_TEXT = re.compile(r"(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{1,9}))? *([a-zA-Z]*)")
_SUFFIXES = {"": 0, "k": 1, "thousand": 1, "m": 2, "million": 2, "g": 3, "b": 3, "billion": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A printed number, read one way: the counts from `low` to below `high` are printed so."""

    text: str
    low: int
    high: int
    k: int = 1000
    """What one K stands for."""
    truncated: bool = False
    """Whether the digits after the last printed one were cut off instead of rounded."""

    def __contains__(self, count: int) -> bool:
        """Whether an exact count would be printed as this text."""
        return self.low <= count < self.high

    def with_k(self, k: int) -> Quantity:
        """The same text with another meaning of K (1024); larger suffixes keep theirs."""
        return parse(self.text, k=k, truncated=self.truncated)

    def cut(self) -> Quantity:
        """The same text as the beginning of a longer number."""
        return parse(self.text, k=self.k, truncated=True)


@lru_cache(maxsize=4096)
def parse(text: str, *, k: int = 1000, truncated: bool = False) -> Quantity:
    """The counts that are printed as `2.7K`, `34M`, `1.5 billion`, `6,998,552`; UsageError for any other text."""
    match = _TEXT.fullmatch(text.strip())
    power = _SUFFIXES.get(match[3].lower()) if match else None
    if match is None or power is None or (match[2] and not power):
        raise UsageError("not a quantity", expected="a number such as 2.7K, 34M or 1.5 billion", got=repr(text))
    whole, digits = match[1].replace(",", ""), match[2] or ""
    unit = Fraction(k if match[3] in {"k", "K"} else 1000**power, 10 ** len(digits))
    value = int(whole + digits) * unit
    low = value if truncated else value - unit / 2
    return Quantity(text=text, low=max(0, ceil(low)), high=ceil(low + unit), k=k, truncated=truncated)
