"""A finding: one cause, with everything its reader needs to judge and to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gnet_audit.network import Layer, Location, Mode, Op, Source
from gnet_audit.rules import Severity

# --- edits: a finding as a change of the expected network -------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFields:
    """The layer's op has other values in some of its fields."""

    layer: str
    fields: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOp:
    """The layer computes another op."""

    layer: str
    op: Op


@dataclass(frozen=True, slots=True, kw_only=True)
class SetInputs:
    """The layer reads other layers (a concatenation in another order, a head tapped elsewhere)."""

    layer: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """The layers are absent; who read one reads `instead`, or what it read first."""

    layers: tuple[str, ...]
    instead: str = ""
    cut: str = ""
    """A merge that loses the whole branch: it reads nothing in place of these layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """Layers stand between `after` and those of its readers named in `readers` (empty: all).

    A layer without inputs reads the one before it, the first of them `after`; the readers read the last one.
    """

    after: str
    layers: tuple[Layer, ...]
    readers: tuple[str, ...] = ()
    trailing: bool = False
    """Whether they belong to the layer that they follow: whatever else comes behind it comes behind them."""
    place: int = 0
    """Of several at one place the one with the smaller number stands first."""
    joins: int | None = None
    """For a branch of its own, which the readers join with what they read: as which of their inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Layers hang on the network as they are, with an output of their own if `output` is set."""

    layers: tuple[Layer, ...]
    output: bool = False
    mode: Mode | None = None
    """The only mode in which they do; None for both."""


Edit: TypeAlias = SetFields | SetOp | SetInputs | Remove | Insert | Append


# --- findings -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a difference costs: found minus expected."""

    params: int
    """Parameters of the very layers named."""
    macs: int
    """Multiply-accumulates of the very layers named, per image."""
    total_params: int
    """Parameters of the whole network if only this were changed."""
    total_macs: int
    """Multiply-accumulates of the whole network if only this were changed, per image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference between the paper and the model: the cause, never its consequences."""

    rule: str
    severity: Severity
    rows: tuple[str, ...]
    """Spec slots, in the paper's order; the same difference in nine places is one finding."""
    attribute: str
    expected: str
    found: str
    message: str
    """One sentence."""
    source: Source | None = None
    location: Location | None = None
    """The line where the wrong number is written, else the one that fewest other layers share.

    For a missing layer it is the line of the layer beside it, or of the identity in its place; for a wrong wiring the
    call that reads the wrong value, and None where no line tells that call from others.
    """
    locations: tuple[Location, ...] = ()
    """All the lines, one for each place where they differ."""
    layers: tuple[str, ...] = ()
    """The user's own names of the layers concerned; for display."""
    cost: Cost | None = None
    cause: str = ""
    """Why the two were held against each other: the alignment's reason."""
    cure: str = ""
    edits: tuple[Edit, ...] = ()
    accepted: str = ""
    """Why the reader accepts it; empty where nobody does."""
    variants: tuple[str, ...] = ()
    """Ids of the published variants that have this very difference."""

    @property
    def grave(self) -> bool:
        """Whether it is more than a note."""
        return self.severity is not Severity.NOTE
