"""Which columns of a table fit a width, and how wide each becomes: arithmetic without any drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gnet_audit.formats.view import Column

GAP = 2
"""Blank characters between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How wide a column likes to be, and how narrow it may become by wrapping or shortening."""

    natural: int
    minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns shown with their widths, in their order, and those left out."""

    widths: tuple[tuple[Column, int], ...]
    dropped: tuple[Column, ...]


def fit(extents: Mapping[Column, Extent], width: int, expendable: tuple[Column, ...]) -> Layout:
    """Drop expendable columns until the rest can fit `width` (0: any), then narrow the rest evenly.

    What cannot be dropped stays, even where the table then is wider than asked.
    """
    kept = list(extents)
    for column in expendable:
        if not width or _total(extents[name].minimum for name in kept) <= width:
            break
        if column in kept:
            kept.remove(column)
    widths = {column: extents[column].natural for column in kept}
    while width and _total(widths.values()) > width:
        slack = {column: widths[column] - extents[column].minimum for column in kept}
        widest = max(kept, key=lambda column: slack[column])
        if slack[widest] <= 0:
            break
        widths[widest] -= 1
    return Layout(widths=tuple(widths.items()), dropped=tuple(column for column in extents if column not in kept))


def least(extents: Mapping[Column, Extent]) -> int:
    """The narrowest width at which no column is dropped."""
    return _total(extent.minimum for extent in extents.values())


def _total(widths: Iterable[int]) -> int:
    all_widths = tuple(widths)
    return sum(all_widths) + GAP * (len(all_widths) - 1)
