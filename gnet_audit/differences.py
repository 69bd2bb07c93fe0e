"""What differs between one unit of the paper and its counterpart: attribute by attribute, causes only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gnet_audit import derive, notation
from gnet_audit.align import Pair
from gnet_audit.costs import same_windows
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Edit, Insert, Remove, SetFields, SetOp
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    CodeOrigin,
    Concat,
    Conv2d,
    Dropout,
    Layer,
    Linear,
    Location,
    Mode,
    Op,
    Padding,
    Pair as Size,
    Pool2d,
    PoolKind,
    Shape,
    Softmax,
    Source,
    SpecOrigin,
    Status,
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
    reason: str = ""
    cure: str = ""
    edits: tuple[Edit, ...] = ()


def pair_differences(pair: Pair, mode: Mode) -> Iterator[Difference]:
    """All differences of two units taken for each other."""
    expected, found = pair.expected, pair.found
    assert expected is not None
    assert found is not None
    for difference in (*_anchor(expected, found, mode), *_trail(expected, found)):
        yield replace(difference, reason=pair.reason)


def _anchor(expected: Unit, found: Unit, mode: Mode) -> Iterator[Difference]:
    one, two = expected.anchor.op, found.anchor.op
    at = _Place(expected, found)
    match one, two:
        case Conv2d(), Conv2d():
            yield from _conv(at, one, two)
        case Linear(), Linear():
            yield from _linear(at, one, two)
        case (Linear(), Conv2d()) | (Conv2d(), Linear()):
            yield from _dense(at, one, two)
        case (Pool2d() | AdaptivePool2d(), Pool2d() | AdaptivePool2d()):
            yield from _pool(at, one, two)
        case LRN(), LRN():
            yield from _lrn(at, one, two)
        case Dropout(), Dropout():
            yield from _dropout(at, one, two, mode)
        case Softmax(), Softmax():
            yield from _softmax(at, two, mode)
        case _ if one != two:
            yield from _kind(at, one, two)
        case _:
            pass


@dataclass(frozen=True, slots=True)
class _Place:
    """Two units, and how to speak of a difference between them."""

    expected: Unit
    found: Unit

    @property
    def slot(self) -> str:
        return self.expected.name

    def origin(self) -> SpecOrigin | None:
        origin = self.expected.anchor.origin
        return origin if isinstance(origin, SpecOrigin) else None

    def is_classes(self) -> bool:
        origin = self.origin()
        return origin is not None and "classes" in dict(origin.attributes)

    def say(
        self, rule: str, attribute: str, expected: str, found: str, *fields: tuple[str, object], facts: tuple[str, ...] = ()
    ) -> Difference:
        """A difference of the anchor's op in `fields`, which are set to what was found."""
        source = source_of(self.expected.anchor, *(facts or (attribute,)))
        severity = _severity(rule, source, resized=bool(fields) and self._resizes(dict(fields)))
        edits = (SetFields(layer=self.slot, fields=fields),) if fields else (SetOp(layer=self.slot, op=self.found.anchor.op),)
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


# --- convolutions and linear layers ------------------------------------------------------------------


def _conv(at: _Place, one: Conv2d, two: Conv2d) -> Iterator[Difference]:
    if one.transposed != two.transposed:
        yield at.say("GA218", "layer", notation.op_text(one), notation.op_text(two))
        return
    if one.out_channels != two.out_channels:
        yield _width(at, one.out_channels, two.out_channels)
    patch = [name for name in ("kernel", "dilation") if getattr(one, name) != getattr(two, name)]
    padding = one.padding != two.padding and not _same_padding(at, one, two)
    absorbed = bool(patch) and (_natural(two) or two.padding == one.padding or _keeps_size(at, two))
    fields = [(name, getattr(two, name)) for name in patch]
    fields += [("padding", two.padding)] if absorbed and padding else []
    if "kernel" in patch:
        found = notation.pair_text(two.kernel) + (f" dilation {two.dilation[0]}" if "dilation" in patch else "")
        yield at.say("GA202", "kernel", notation.pair_text(one.kernel), found, *fields)
    elif patch:
        yield at.say("GA205", "dilation", _pair(one.dilation), _pair(two.dilation), *fields)
    if one.stride != two.stride:
        yield at.say("GA203", "stride", _pair(one.stride), _pair(two.stride), ("stride", two.stride))
    if padding and not absorbed:
        yield _padding(at, one, two)
    if one.groups != two.groups:
        yield at.say("GA206", "groups", str(one.groups), str(two.groups), ("groups", two.groups))
    if one.bias != two.bias and not _has_batch_norm(at.found):
        yield at.say("GA207", "bias", _yes(one.bias), _yes(two.bias), ("bias", two.bias))
    if one.padding_mode != two.padding_mode and any(two.padding):
        yield at.say("GA216", "padding_mode", one.padding_mode, two.padding_mode, ("padding_mode", two.padding_mode))


def _width(at: _Place, one: int, two: int) -> Difference:
    field = "out_features" if isinstance(at.expected.anchor.op, Linear) else "out_channels"
    if at.is_classes():
        return at.say("GA102", "num_classes", str(one), str(two), (field, two))
    return at.say("GA201", field, str(one), str(two), (field, two))


def _natural(conv: Conv2d) -> bool:
    """Whether the padding is the one that a kernel of this size usually has."""
    high, wide = ((k - 1) * d // 2 for k, d in zip(conv.kernel, conv.dilation, strict=True))
    return conv.padding == (high, high, wide, wide)


def _keeps_size(at: _Place, conv: Conv2d) -> bool:
    before, after = at.expected.in_shape, at.expected.anchor.shape
    if before is None or after is None:
        return False
    try:
        return derive.output_shape(conv, (before,))[1:] == after[1:]
    except ShapeError:
        return False


def _same_padding(at: _Place, one: Conv2d, two: Conv2d) -> bool:
    """Whether the paddings differ only in rows or columns that no window reads."""
    moved = one.padding[0] != two.padding[0] or one.padding[2] != two.padding[2]
    return not moved and one.kernel == two.kernel and _keeps_size(at, replace(one, padding=two.padding))


def _padding(at: _Place, one: Conv2d, two: Conv2d) -> Difference:
    difference = at.say("GA204", "padding", _pads(one.padding), _pads(two.padding), ("padding", two.padding))
    if two.padding == _tensorflow_same(at.expected.in_shape, one):
        return replace(difference, severity=Severity.NOTE, found=f"{difference.found} (TensorFlow's SAME)")
    return difference


def _tensorflow_same(shape: Shape | None, conv: Conv2d) -> Padding | None:
    """The padding of TensorFlow's SAME: the smaller half before, the larger behind."""
    if shape is None or len(shape) != 3 or conv.stride == (1, 1):
        return None
    pads: list[int] = []
    for size, kernel, stride in zip(shape[1:], conv.kernel, conv.stride, strict=True):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return (pads[0], pads[1], pads[2], pads[3])


def _linear(at: _Place, one: Linear, two: Linear) -> Iterator[Difference]:
    if one.out_features != two.out_features:
        yield _width(at, one.out_features, two.out_features)
    if one.bias != two.bias and not _has_batch_norm(at.found):
        yield at.say("GA207", "bias", _yes(one.bias), _yes(two.bias), ("bias", two.bias))


def _dense(at: _Place, one: Op, two: Op) -> Iterator[Difference]:
    """A linear layer written as a 1×1 convolution on a 1×1 map, or the other way round."""
    yield at.say("GA219", "layer", notation.op_text(one), notation.op_text(two))
    widths = [op.out_features if isinstance(op, Linear) else op.out_channels for op in (one, two) if isinstance(op, Linear | Conv2d)]
    biases = [op.bias for op in (one, two) if isinstance(op, Linear | Conv2d)]
    if widths[0] != widths[1]:
        yield _width(at, widths[0], widths[1])
    if biases[0] != biases[1] and not _has_batch_norm(at.found):
        yield at.say("GA207", "bias", _yes(biases[0]), _yes(biases[1]), ("bias", biases[1]))


# --- pools, normalisation, dropout, merges ---------------------------------------------------------------


def _pool(at: _Place, one: Pool2d | AdaptivePool2d, two: Pool2d | AdaptivePool2d) -> Iterator[Difference]:
    if one.kind != two.kind:
        yield at.say("GA208", "kind", one.kind, two.kind, ("kind", two.kind))
        two = replace(two, kind=one.kind)
        if isinstance(two, Pool2d) and isinstance(one, Pool2d):
            two = replace(two, count_include_pad=one.count_include_pad)
    if same_windows(one, two, at.expected.in_shape):
        if isinstance(one, Pool2d) != isinstance(two, Pool2d):
            yield at.say("GA219", "adaptive", notation.op_text(one), notation.op_text(two))
        return
    if not (isinstance(one, Pool2d) and isinstance(two, Pool2d)):
        yield replace(
            at.say("GA214", "adaptive", notation.op_text(one), notation.op_text(two)),
            location=locate(at.found.anchor, literals((("output_size", getattr(two, "output_size", None)),))),
        )
        return
    yield from _windows(at, one, two)


def _windows(at: _Place, one: Pool2d, two: Pool2d) -> Iterator[Difference]:
    """Pools with other windows: the number that was written wrong, what merely goes with it left aside."""
    place = [name for name in ("padding", "ceil_mode", "count_include_pad") if getattr(one, name) != getattr(two, name)]
    rest = [(name, getattr(two, name)) for name in place]
    before = at.expected.in_shape
    if one.kernel != two.kernel:
        changed = replace(two, stride=one.stride)
        absorbed = rest if _same_size(one, changed, before) or not rest else []
        yield at.say("GA202", "kernel", notation.pair_text(one.kernel), notation.pair_text(two.kernel), ("kernel", two.kernel), *absorbed)
        rest = [] if absorbed else rest
    if one.dilation != two.dilation:
        yield at.say("GA205", "dilation", _pair(one.dilation), _pair(two.dilation), ("dilation", two.dilation))
    if one.stride != two.stride:
        yield at.say("GA203", "stride", _pair(one.stride), _pair(two.stride), ("stride", two.stride))
    aligned = replace(two, kernel=one.kernel, stride=one.stride, dilation=one.dilation)
    if not rest or same_windows(one, aligned, before):
        return
    if one.padding != two.padding:
        yield at.say("GA204", "padding", _placing(one), _placing(two), *rest, facts=("padding",))
    elif one.ceil_mode != two.ceil_mode:
        yield at.say("GA209", "ceil_mode", str(one.ceil_mode), str(two.ceil_mode), *rest)
    elif one.count_include_pad != two.count_include_pad:
        yield at.say("GA210", "count_include_pad", str(one.count_include_pad), str(two.count_include_pad), *rest)


def _same_size(one: Pool2d, two: Pool2d, shape: Shape | None) -> bool:
    try:
        return shape is not None and derive.output_shape(one, (shape,)) == derive.output_shape(two, (shape,))
    except ShapeError:
        return False


def _placing(pool: Pool2d) -> str:
    return _pads(pool.padding) + (", sizes rounded up" if pool.ceil_mode else "")


def _lrn(at: _Place, one: LRN, two: LRN) -> Iterator[Difference]:
    for name in ("size", "alpha", "beta", "k", "across"):
        a, b = getattr(one, name), getattr(two, name)
        if a != b:
            yield at.say("GA211", name, _number(a), _number(b), (name, b))


def _dropout(at: _Place, one: Dropout, two: Dropout, mode: Mode) -> Iterator[Difference]:
    if one.rate != two.rate:
        yield at.say("GA212", "rate", _number(one.rate), _number(two.rate), ("rate", two.rate))
    if one.active != two.active:
        words = {True: f"active in {mode}", False: f"inactive in {mode}"}
        yield at.say("GA309", "active", words[one.active], words[two.active], ("active", two.active))
    if one.channels != two.channels and (at.expected.in_shape or ())[1:] not in {(), (1, 1)}:
        yield at.say("GA218", "layer", notation.op_text(one), f"{notation.op_text(two)} of whole channels")


def _softmax(at: _Place, two: Softmax, mode: Mode) -> Iterator[Difference]:
    """The table's last row: in PyTorch the loss contains it, so one that runs in training is applied twice."""
    if mode is Mode.TRAIN:
        yield replace(
            at.say("GA310", "softmax", "in the loss", f"{notation.op_text(two)} in the model"), severity=Severity.WARNING
        )


def _kind(at: _Place, one: Op, two: Op) -> Iterator[Difference]:
    if isinstance(one, Concat | Add):
        yield at.say("GA305", "merge", notation.op_text(one), notation.op_text(two))
    elif isinstance(one, Activation):
        yield at.say("GA213", "activation", notation.op_text(one), notation.op_text(two))
    else:
        yield at.say("GA218", "layer", notation.op_text(one), notation.op_text(two))


# --- what follows a layer ------------------------------------------------------------------------------------


def _has_batch_norm(unit: Unit) -> bool:
    return any(isinstance(layer.op, BatchNorm) for layer in unit.trail)


def _trail(expected: Unit, found: Unit) -> Iterator[Difference]:
    at = _Place(expected, found)
    yield from _batch_norms(at)
    wanted = next((layer for layer in expected.trail if isinstance(layer.op, Activation)), None)
    present = [layer for layer in found.trail if isinstance(layer.op, Activation)]
    if wanted is None:
        for layer in present:
            yield _activation(at, f"{expected.name}.{_function(layer)}", "none", layer)
    elif not present:
        yield _no_activation(at, wanted)
    elif wanted.op not in [layer.op for layer in present]:
        yield _other_activation(at, wanted, present[0])
    else:
        for layer in present:
            if layer.op != wanted.op:
                yield _activation(at, wanted.name, notation.op_text(wanted.op), layer)


def _function(layer: Layer) -> str:
    return layer.op.function if isinstance(layer.op, Activation) else ""


def _batch_norms(at: _Place) -> Iterator[Difference]:
    expected, found = at.expected, at.found
    wanted = [layer for layer in expected.trail if isinstance(layer.op, BatchNorm)]
    present = [layer for layer in found.trail if isinstance(layer.op, BatchNorm)]
    if len(present) > len(wanted):
        yield _added_batch_norm(at, present[0])
    elif len(wanted) > len(present):
        yield Difference(
            rule="GA301",
            attribute="layer",
            slot=wanted[0].name,
            expected=notation.op_text(wanted[0].op),
            found="none",
            severity=Severity.ERROR,
            source=source_of(wanted[0]),
            layer=found.name,
            location=locate(found.anchor),
            cure="Add the batch normalisation.",
            edits=(Remove(layers=(wanted[0].name,)),),
        )


def _added_batch_norm(at: _Place, norm: Layer) -> Difference:
    """Batch normalisation makes the convolution's bias redundant, so a bias dropped with it is the same finding."""
    one, two = at.expected.anchor.op, at.found.anchor.op
    bias = getattr(one, "bias", None) is True and getattr(two, "bias", None) is False
    position = at.found.trail.index(norm)
    after = at.expected.trail[: position and len(at.expected.trail)]
    late = any(isinstance(layer.op, Activation) for layer in at.found.trail[:position])
    found = "batch norm" + (" after the activation" if late else "") + (", no bias" if bias else "")
    anchor = (after[-1] if late and after else at.expected.anchor).name
    new = replace(norm, name=f"{at.slot}.batch_norm", inputs=(anchor,), origin=None)
    edits: tuple[Edit, ...] = (Insert(after=anchor, layers=(new,)),)
    edits += (SetFields(layer=at.slot, fields=(("bias", False),)),) if bias else ()
    return Difference(
        rule="GA215",
        attribute="batch_norm",
        slot=at.slot,
        expected="no batch norm",
        found=found,
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor),
        layer=norm.name,
        location=locate(norm),
        cure=BY_ID["GA215"].cure,
        edits=edits,
    )


def _no_activation(at: _Place, wanted: Layer) -> Difference:
    return Difference(
        rule="GA213",
        attribute="activation",
        slot=wanted.name,
        expected=notation.op_text(wanted.op),
        found="none",
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor, "activation"),
        layer=at.found.name,
        location=_call(at.found.last),
        cure=f"Apply {notation.op_text(wanted.op)} after the layer.",
        edits=(Remove(layers=(wanted.name,)),),
    )


def _other_activation(at: _Place, wanted: Layer, present: Layer) -> Difference:
    return Difference(
        rule="GA213",
        attribute="activation",
        slot=wanted.name,
        expected=notation.op_text(wanted.op),
        found=notation.op_text(present.op),
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor, "activation"),
        layer=present.name,
        location=locate(present),
        cure=f"Use {notation.op_text(wanted.op)} in place of {notation.op_text(present.op)}.",
        edits=(SetOp(layer=wanted.name, op=present.op),),
    )


def _activation(at: _Place, slot: str, expected: str, present: Layer) -> Difference:
    """An activation where the paper has none (or one more than the paper has)."""
    new = replace(present, name=f"{at.slot}+{present.name}", inputs=(at.expected.last.name,), origin=None)
    return Difference(
        rule="GA213",
        attribute="activation",
        slot=slot,
        expected=expected,
        found=notation.op_text(present.op),
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor, "activation"),
        layer=present.name,
        location=locate(present),
        cure=f"Remove the {notation.op_text(present.op)} after the layer.",
        edits=(Insert(after=at.expected.last.name, layers=(new,)),),
    )


def _call(layer: Layer) -> Location | None:
    return layer.origin.call if isinstance(layer.origin, CodeOrigin) else None


# --- words ------------------------------------------------------------------------------------------------------


def _pair(value: Size) -> str:
    return str(value[0]) if value[0] == value[1] else notation.pair_text(value)


def _pads(value: Padding) -> str:
    if len(set(value)) == 1:
        return str(value[0])
    return "top {}, bottom {}, left {}, right {}".format(*value)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _yes(value: bool) -> str:
    return "bias" if value else "no bias"
