"""Whether the layers of a spec fit each other at its own input size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from gnet_audit import derive
from gnet_audit.errors import Problem, ShapeError
from gnet_audit.network import Shape
from gnet_audit.notation import shape_text
from gnet_audit.spec.values import Row, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A row (or head) as read: None where it has mistakes, but what others may refer to is there."""

    id: str
    row: Row | None
    names: frozenset[str]
    """Its id and its slots."""
    output: Shape | None
    """Its printed output: where the layers are not known, the next row's input."""
    tap: str = ""


def misfits(rows: Sequence[Section], heads: Sequence[Section], size: Shape | None) -> tuple[Problem, ...]:
    """Each layer that cannot be applied to what reaches it; the printed sizes count behind it."""
    walk = _Walk()
    for section in rows:
        size = walk.through(section, size)
    for section in heads:
        walk.through(section, walk.reached.get(section.tap))
    return tuple(walk.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """Follows the shapes; None where one is not known."""

    reached: dict[str, Shape | None] = field(default_factory=dict)
    """The output of each slot and row so far."""
    problems: list[Problem] = field(default_factory=list)

    def through(self, section: Section, shape: Shape | None) -> Shape | None:
        """The shape behind a row."""
        row = section.row
        after = None if row is None else self._behind(row, shape)
        after = after or section.output
        self.reached[section.id] = after
        return after

    def _behind(self, row: Row, shape: Shape | None) -> Shape | None:
        ends: list[Shape | None] = []
        for branch in row.branches:
            reached = shape
            for step in branch:
                reached = self._apply(row, step, (reached,))
            ends.append(reached)
        return self._apply(row, row.merge, tuple(ends)) if row.merge else ends[0]

    def _apply(self, row: Row, step: Step, shapes: tuple[Shape | None, ...]) -> Shape | None:
        known = tuple(shape for shape in shapes if shape is not None)
        result: Shape | None = None
        if len(known) == len(shapes):
            try:
                result = _bounded(step, known, derive.output_shape(step.op, known))
            except ShapeError as error:
                self._note(row, step, error)
        if result and step.has("global") and result[1:] != (1, 1):
            self._note(row, step, ShapeError("the pooling is not global here", got=f"output {shape_text(result)}"))
        self.reached.update(dict.fromkeys(step.names, result))
        return result

    def _note(self, row: Row, step: Step, error: ShapeError) -> None:
        # A block's layers are the same in all rows: it is the row's numbers that do not fit.
        line = row.line if row.merge else step.line
        what = f"does not fit: {error.what}"
        self.problems.append(Problem(line=line, where=step.slot, what=what, expected=error.expected, got=error.got))


def _bounded(step: Step, shapes: tuple[Shape, ...], shape: Shape) -> Shape:
    """The shape behind a layer; ShapeError where the layer is larger than anybody means."""
    size = max(prod(shape), derive.parameters(step.op, shapes))
    if size > derive.MOST_WORK:
        raise ShapeError("too large", got=f"{size:,} values", expected=f"at most {derive.MOST_WORK:,}")
    return shape
