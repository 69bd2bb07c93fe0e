"""The paper as its spec gives it, contradictions included: what is printed, and the layers that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from gnet_audit.network import Op, Shape, Source
from gnet_audit.quantity import Quantity
from gnet_audit.spec.words import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One attribute's value, where it stands and at which line of the spec."""

    value: Value
    source: Source
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One layer of a row, with what directly follows it."""

    slot: str
    op: Op
    source: Source
    """Where the layer itself stands: the row's source."""
    facts: tuple[tuple[str, Fact], ...]
    after: tuple[tuple[str, Op], ...] = ()
    """Batch norm and activation behind the layer, each under the last part of its slot's name."""
    line: int = 1

    def has(self, flag: str) -> bool:
        """Whether a flag (`classes`, `in_loss`, `global`) is set."""
        fact = dict(self.facts).get(flag)
        return fact is not None and fact.value is True

    @property
    def names(self) -> tuple[str, ...]:
        """The slots of the layer and of what follows it."""
        return (self.slot, *(f"{self.slot}.{name}" for name, _ in self.after))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the paper's table (or one of its heads): its cells as printed, and its layers."""

    id: str
    title: str
    source: Source
    printed: tuple[tuple[str, str], ...]
    branches: tuple[tuple[Step, ...], ...]
    """A plain row is a single branch; an empty one is a shortcut."""
    merge: Step | None = None
    line: int = 1

    @property
    def steps(self) -> tuple[Step, ...]:
        """All layers in reading order, the merge last."""
        return (*chain.from_iterable(self.branches), *([self.merge] if self.merge else []))

    def cell(self, name: str) -> str:
        """A printed cell as text; empty where nothing is printed."""
        return dict(self.printed).get(name, "")

    def output_of(self, step: Step) -> str:
        """The output size that is printed for one of the layers: its own cell, or the row's for the last one."""
        last = self.merge or self.branches[-1][-1]
        return self.cell(step.slot) or (self.cell("output") if step == last else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Layers that hang on a row and end in an output of their own."""

    row: Row
    tap: str
    """The row (or slot) that it reads."""
    train_only: bool
    loss_weight: Fact

    @property
    def id(self) -> str:
        """The head's name."""
        return self.row.id

    @property
    def title(self) -> str:
        """What the paper calls it."""
        return self.row.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What the paper says of the whole network, as text and as a number."""

    of: str
    """`params` or `macs`."""
    printed: str
    quantity: Quantity
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spec:
    """One paper's network; the same text is read once, so it is the same object."""

    id: str
    title: str
    citation: str
    sha256: str
    """Of the file's bytes."""
    file: str
    input_shape: Shape
    input_source: Source
    sources: tuple[Source, ...]
    rows: tuple[Row, ...]
    heads: tuple[Head, ...]
    totals: tuple[Total, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All layers in reading order, those of the heads last."""
        return tuple(step for row in (*self.rows, *(head.row for head in self.heads)) for step in row.steps)
