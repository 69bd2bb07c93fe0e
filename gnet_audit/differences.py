"""One wrong thing at one slot: how it is spoken of, how much it weighs, where in the code it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gnet_audit import derive, notation
from gnet_audit.align import Alignment
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Edit, SetFields, SetOp
from gnet_audit.network import (
    BatchNorm,
    CodeOrigin,
    Layer,
    Location,
    Op,
    Padding,
    PoolKind,
    Source,
    SpecOrigin,
    Status,
)
from gnet_audit.network import (
    Pair as Size,
)
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One wrong thing at one slot; equal ones are grouped into a finding later."""

    rule: str
    attribute: str
    slot: str
    expected: str
    found: str
    severity: Severity
    source: Source | None = None
    layer: str = ""
    location: Location | None = None
    lines: tuple[Location, ...] = ()
    """Lines that it may be, the likeliest first; `pointing` chooses when all differences are known."""
    words: tuple[str, ...] = ()
    """How the wrong value may be written there, surest first."""
    beside: str = ""
    """The model's layer whose lines these are, where it is not the one named."""
    reason: str = ""
    cure: str = ""
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Two units, and how to speak of a difference between them."""

    expected: Unit
    found: Unit

    @property
    def slot(self) -> str:
        """The paper's slot."""
        return self.expected.name

    def origin(self) -> SpecOrigin | None:
        """Where the paper speaks of it."""
        origin = self.expected.anchor.origin
        return origin if isinstance(origin, SpecOrigin) else None

    def is_classes(self) -> bool:
        """Whether its width is the number of classes."""
        origin = self.origin()
        return origin is not None and "classes" in dict(origin.attributes)

    def say(
        self,
        rule: str,
        attribute: str,
        expected: str,
        found: str,
        *fields: tuple[str, object],
        facts: tuple[str, ...] = (),
    ) -> Difference:
        """A difference of the anchor's op in `fields`, which are set to what was found."""
        source = source_of(self.expected.anchor, *(facts or (attribute,)))
        severity = _severity(rule, source, resized=bool(fields) and self._resizes(dict(fields)))
        edits = (
            (SetFields(layer=self.slot, fields=fields),)
            if fields
            else (SetOp(layer=self.slot, op=self.found.anchor.op),)
        )
        return Difference(
            rule=rule,
            attribute=attribute,
            slot=self.slot,
            expected=expected,
            found=found,
            severity=severity,
            source=source,
            layer=self.found.name,
            location=locate(self.found.anchor, literals(fields)),
            lines=lines_of(self.found.anchor),
            words=literals(fields),
            cure=_cure(self.expected.anchor.op, fields) or BY_ID[rule].cure,
            edits=edits,
        )

    def _resizes(self, fields: dict[str, object]) -> bool:
        """Whether these values alone change the output size at the paper's own input of this layer."""
        op, before = self.expected.anchor.op, self.expected.in_shape
        if before is None or self.expected.anchor.shape is None:
            return False
        try:
            shape = derive.output_shape(replace(op, **fields), (before,))  # type: ignore[arg-type]
        except (ShapeError, TypeError):
            return True
        return shape[1:] != self.expected.anchor.shape[1:]


# --- sources, severities, lines -------------------------------------------------------------------


def source_of(layer: Layer, *attributes: str) -> Source | None:
    """The paper's source for the first of these attributes that has one of its own, else the row's."""
    origin = layer.origin
    if not isinstance(origin, SpecOrigin):
        return None
    own = dict(origin.attributes)
    return next((own[name] for name in attributes if name in own), origin.source)


def _severity(rule: str, source: Source | None, *, resized: bool) -> Severity:
    """An inferred fact weighs a warning, unless departing from it changes a size that the paper prints."""
    if BY_ID[rule].severity is Severity.NOTE:
        return Severity.NOTE
    inferred = source is not None and source.status is Status.INFERRED
    return Severity.WARNING if inferred and not resized else Severity.ERROR


def literals(fields: tuple[tuple[str, object], ...]) -> tuple[str, ...]:
    """How the values of these fields may be written in the user's statement, surest first."""
    words: list[str] = []
    for field, value in fields:
        name = _ARGUMENTS.get(field, field)
        texts = list(dict.fromkeys(_spellings(value)))
        words += [f"{name}={text}" for text in texts] + texts
    return tuple(words)


def _spellings(value: object) -> Iterator[str]:
    yield str(value)
    if isinstance(value, PoolKind | str):
        yield repr(str(value))
    if isinstance(value, tuple) and len(set(value)) == 1:
        yield str(value[0])


_ARGUMENTS = {
    "kernel": "kernel_size",
    "rate": "p",
    "bias": "bias",
}


def locate(layer: Layer, words: tuple[str, ...] = ()) -> Location | None:
    """The line where one of these words is written, innermost first; else where the module was made, or called."""
    origin = layer.origin
    if not isinstance(origin, CodeOrigin):
        return None
    lines = [*origin.constructed, *([origin.call] if origin.call else [])]
    for word in words:
        for line in lines:
            if word in line.literals:
                return line
    return lines[0] if lines else None


def lines_of(layer: Layer | None) -> tuple[Location, ...]:
    """Where a layer was made, innermost first, then where it was called."""
    origin = _origin(layer)
    return (*origin.constructed, *origin.calls[:1])


def called_apart(layers: Iterable[Layer], other: Layer | None) -> Location | None:
    """The outermost line that led to these layers and not to the other; None where the same lines led to all.

    Where one call led to several functions (`for part in parts: x = part(x)`), what is written in one of them says
    nothing of why it was called.
    """
    return _apart([_origin(layer).calls for layer in layers], _origin(other).calls, one_function=True)


def constructed_apart(layers: Iterable[Layer], other: Layer | None) -> Location | None:
    """The outermost line that constructed these layers and not the other."""
    return _apart([_origin(layer).constructed for layer in layers], _origin(other).constructed)


def idle_before(layer: Layer) -> tuple[tuple[Location, ...], ...]:
    """The lines that constructed each of the modules that do nothing before a layer."""
    return _origin(layer).idle


def placeholder(layer: Layer) -> Location | None:
    """Of the one module that does nothing before a layer the outermost line that constructed it and not the layer."""
    idle = idle_before(layer)
    return _apart(idle, _origin(layer).constructed) if len(idle) == 1 else None


def _origin(layer: Layer | None) -> CodeOrigin:
    return layer.origin if layer is not None and isinstance(layer.origin, CodeOrigin) else CodeOrigin()


def _apart(
    stacks: Sequence[tuple[Location, ...]], other: tuple[Location, ...], *, one_function: bool = False
) -> Location | None:
    """Of the calls that are common to all, from outside, the first that the other has not; on demand in its function."""
    shortest = min(map(len, stacks), default=0)
    for depth in range(1, shortest + 1):
        line = stacks[0][-depth]
        if any(stack[-depth] != line for stack in stacks):
            return None
        beside = other[-depth] if depth <= len(other) else None
        if beside is None or beside != line or beside.offset != line.offset:
            inside = depth > 1 and _called_alike(line, beside)
            return None if one_function and inside else line
    return None


def _called_alike(line: Location, beside: Location | None) -> bool:
    """Whether one call led to both functions for the same reason; a hook is entered by the call of a module's forward."""
    if beside is not None and beside.function == line.function:
        return False
    hooked = not _is_forward(line) and (beside is None or _is_forward(beside))
    return not hooked


def _is_forward(line: Location) -> bool:
    return line.function.partition(":")[0].rpartition(".")[2] == "forward"


def _cure(op: Op, fields: tuple[tuple[str, object], ...]) -> str:
    """The arguments to write instead, as the expected op has them."""
    if not fields or any(name in {"kind", "axis", "active"} for name, _ in fields):
        return ""
    values = {_ARGUMENTS.get(name, name): getattr(op, name) for name, _ in fields}
    return "Set " + ", ".join(f"{name}={_argument(value)}" for name, value in values.items()) + "."


def _argument(value: object) -> str:
    if isinstance(value, tuple) and len(value) == 4:
        value = (value[0], value[2]) if value[0] == value[1] and value[2] == value[3] else value
    if isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    return repr(value) if not isinstance(value, str) else f"'{value}'"


# --- words ------------------------------------------------------------------------------------------------------


def pair(value: Size) -> str:
    """One number where both are the same."""
    return str(value[0]) if value[0] == value[1] else notation.pair_text(value)


def pads(value: Padding) -> str:
    """A padding in words."""
    if len(set(value)) == 1:
        return str(value[0])
    return "top {}, bottom {}, left {}, right {}".format(*value)


def number(value: object) -> str:
    """A constant, short."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def bias_word(*, bias: bool) -> str:
    """Whether there is a bias, in words."""
    return "bias" if bias else "no bias"


def has_batch_norm(unit: Unit) -> bool:
    """Whether batch normalisation follows the unit."""
    return any(isinstance(layer.op, BatchNorm) for layer in unit.trail)


def counterparts(alignment: Alignment) -> dict[str, str]:
    """For each layer of the model the layer of the paper's network, changed by the findings, that it is."""
    names: dict[str, str] = {}
    for pair in alignment.pairs:
        if pair.found is None:
            continue
        if pair.expected is None:
            names |= {layer.name: f"+{layer.name}" for layer in (pair.found.anchor, *pair.found.trail)}
        else:
            # Who reads a unit reads its last layer.
            names |= {layer.name: pair.expected.last.name for layer in pair.found.trail}
            names[pair.found.name] = pair.expected.last.name if not pair.found.trail else pair.expected.name
    return names


def renamed(layer: Layer, name: str, inputs: tuple[str, ...] = ()) -> Layer:
    """A layer of the model under a name of its own in the paper's network."""
    return replace(layer, name=name, inputs=inputs, origin=None, of=layer.name)


def call_of(layer: Layer) -> Location | None:
    """The line where the layer was called."""
    return layer.origin.call if isinstance(layer.origin, CodeOrigin) else None
