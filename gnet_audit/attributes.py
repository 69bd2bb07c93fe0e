"""What differs between one unit of the paper and its counterpart, attribute by attribute: causes only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gnet_audit import derive, notation, trails
from gnet_audit.align import Pair
from gnet_audit.costs import maps, may_be, same_pool, same_windows
from gnet_audit.differences import Difference, Place, bias_word, has_batch_norm, literals, number, pads, pair
from gnet_audit.errors import ShapeError
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    Concat,
    Conv2d,
    Dropout,
    Linear,
    Mode,
    Op,
    Padding,
    Pool2d,
    Shape,
    Softmax,
)
from gnet_audit.rules import Severity
from gnet_audit.structure import Unit


def pair_differences(both: Pair, mode: Mode) -> Iterator[Difference]:
    """All differences of two units taken for each other."""
    expected, found = both.expected, both.found
    assert expected is not None
    assert found is not None
    if may_be(expected, found):
        return  # what an op does that nobody knows is not checked, nor what of the rest of the layer it does
    for difference in (*_anchor(expected, found, mode), *trails.differences(Place(expected, found))):
        yield replace(difference, reason=both.reason)


def _anchor(expected: Unit, found: Unit, mode: Mode) -> Iterator[Difference]:
    one, two = expected.anchor.op, found.anchor.op
    at = Place(expected, found)
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


# --- convolutions and linear layers ------------------------------------------------------------------


def _conv(at: Place, one: Conv2d, two: Conv2d) -> Iterator[Difference]:
    if one.transposed != two.transposed:
        yield at.say("GA218", "layer", notation.op_text(one), notation.op_text(two))
        return
    if one.out_channels != two.out_channels:
        yield _width(at, one.out_channels, two.out_channels)
    patch = ["kernel"] if one.kernel != two.kernel else []
    patch += ["dilation"] if _spread(one, two) else []
    padding = one.padding != two.padding and not _same_padding(at, one, two)
    absorbed = bool(patch) and (_natural(two) or two.padding == one.padding or _keeps_size(at, two))
    fields = [(name, getattr(two, name)) for name in patch]
    fields += [("padding", two.padding)] if absorbed and padding else []
    if "kernel" in patch:
        found = notation.pair_text(two.kernel) + (f" dilation {two.dilation[0]}" if "dilation" in patch else "")
        yield at.say("GA202", "kernel", notation.pair_text(one.kernel), found, *fields)
    elif patch:
        yield at.say("GA205", "dilation", pair(one.dilation), pair(two.dilation), *fields)
    if one.stride != two.stride:
        yield at.say("GA203", "stride", pair(one.stride), pair(two.stride), ("stride", two.stride))
    if padding and not absorbed:
        yield _padding(at, one, two)
    if one.groups != two.groups:
        yield at.say("GA206", "groups", str(one.groups), str(two.groups), ("groups", two.groups))
    if one.bias != two.bias and not has_batch_norm(at.found):
        yield at.say("GA207", "bias", bias_word(bias=one.bias), bias_word(bias=two.bias), ("bias", two.bias))
    if one.padding_mode != two.padding_mode and any(two.padding):
        yield at.say("GA216", "padding_mode", one.padding_mode, two.padding_mode, ("padding_mode", two.padding_mode))


def _spread(one: Conv2d, two: Conv2d) -> bool:
    """Whether the dilations differ along an axis on which the model's kernel has more than one value."""
    axes = zip(one.dilation, two.dilation, two.kernel, strict=True)
    return any(ours != theirs and size > 1 for ours, theirs, size in axes)


def _width(at: Place, one: int, two: int) -> Difference:
    field = "out_features" if isinstance(at.expected.anchor.op, Linear) else "out_channels"
    if at.is_classes():
        return at.say("GA102", "num_classes", str(one), str(two), (field, two))
    return at.say("GA201", field, str(one), str(two), (field, two))


def _natural(conv: Conv2d) -> bool:
    """Whether the padding is the one that a kernel of this size usually has."""
    high, wide = ((k - 1) * d // 2 for k, d in zip(conv.kernel, conv.dilation, strict=True))
    return conv.padding == (high, high, wide, wide)


def _keeps_size(at: Place, conv: Conv2d) -> bool:
    before, after = at.expected.in_shape, at.expected.anchor.shape
    if before is None or after is None:
        return False
    try:
        return derive.output_shape(conv, (before,))[1:] == after[1:]
    except ShapeError:
        return False


def _same_padding(at: Place, one: Conv2d, two: Conv2d) -> bool:
    """Whether the paddings differ only in rows or columns that no window reads."""
    moved = one.padding[0] != two.padding[0] or one.padding[2] != two.padding[2]
    return not moved and one.kernel == two.kernel and _keeps_size(at, replace(one, padding=two.padding))


def _padding(at: Place, one: Conv2d, two: Conv2d) -> Difference:
    difference = at.say("GA204", "padding", pads(one.padding), pads(two.padding), ("padding", two.padding))
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


def _linear(at: Place, one: Linear, two: Linear) -> Iterator[Difference]:
    if one.out_features != two.out_features:
        yield _width(at, one.out_features, two.out_features)
    if one.bias != two.bias and not has_batch_norm(at.found):
        yield at.say("GA207", "bias", bias_word(bias=one.bias), bias_word(bias=two.bias), ("bias", two.bias))


def _dense(at: Place, one: Op, two: Op) -> Iterator[Difference]:
    """A linear layer written as a 1×1 convolution on a 1×1 map, or the other way round."""
    yield at.say("GA219", "layer", notation.op_text(one), notation.op_text(two))
    widths = [
        op.out_features if isinstance(op, Linear) else op.out_channels
        for op in (one, two)
        if isinstance(op, Linear | Conv2d)
    ]
    biases = [op.bias for op in (one, two) if isinstance(op, Linear | Conv2d)]
    if widths[0] != widths[1]:
        yield _width(at, widths[0], widths[1])
    if biases[0] != biases[1] and not has_batch_norm(at.found):
        yield at.say("GA207", "bias", bias_word(bias=biases[0]), bias_word(bias=biases[1]), ("bias", biases[1]))


# --- pools, normalisation, dropout, merges ---------------------------------------------------------------


def _pool(at: Place, one: Pool2d | AdaptivePool2d, two: Pool2d | AdaptivePool2d) -> Iterator[Difference]:
    if one.kind != two.kind:
        if same_pool(at.expected, at.found) and type(one) is not type(two):
            # The whole op at once: the kind cannot be said of an op in another form.
            yield at.say("GA208", "kind", one.kind, two.kind)
            return
        # Whether the padding counts belongs to the average that stands there.
        counts = (
            (("count_include_pad", two.count_include_pad),)
            if isinstance(one, Pool2d) and isinstance(two, Pool2d)
            else ()
        )
        yield at.say("GA208", "kind", one.kind, two.kind, ("kind", two.kind), *counts)
        two = replace(two, kind=one.kind)
        if isinstance(two, Pool2d) and isinstance(one, Pool2d):
            two = replace(two, count_include_pad=one.count_include_pad)
    if one == two:
        return
    if same_pool(at.expected, replace(at.found, anchor=replace(at.found.anchor, op=two))):
        if isinstance(one, Pool2d) != isinstance(two, Pool2d) or getattr(one, "kernel", 0) != getattr(two, "kernel", 0):
            yield at.say("GA219", "adaptive", notation.op_text(one), notation.op_text(two))
        return
    if not (isinstance(one, Pool2d) and isinstance(two, Pool2d)):
        yield replace(
            at.say("GA214", "adaptive", notation.op_text(one), notation.op_text(two)),
            words=literals((("output_size", getattr(two, "output_size", None)),)),
        )
        return
    yield from _windows(at, one, two)


def _windows(at: Place, one: Pool2d, two: Pool2d) -> Iterator[Difference]:
    """Pools with other windows: the number that was written wrong, what merely goes with it left aside."""
    before = at.expected.in_shape
    place = [name for name in ("padding", "ceil_mode", "count_include_pad") if getattr(one, name) != getattr(two, name)]
    rest = [(name, getattr(two, name)) for name in place]
    if _same(at, two, replace(two, **{name: getattr(one, name) for name in place})):
        # With the model's own kernel and stride these make no difference.
        two, rest = replace(two, **{name: getattr(one, name) for name in place}), []
    if one.kernel != two.kernel:
        changed = replace(two, stride=one.stride)
        absorbed = rest if _same_size(one, changed, before) or not rest else []
        yield at.say(
            "GA202",
            "kernel",
            notation.pair_text(one.kernel),
            notation.pair_text(two.kernel),
            ("kernel", two.kernel),
            *absorbed,
        )
        rest = [] if absorbed else rest
    if one.dilation != two.dilation:
        absorbed = rest if _same_size(one, replace(two, stride=one.stride), before) else []
        fields = (("dilation", two.dilation), *absorbed)
        yield at.say("GA205", "dilation", pair(one.dilation), pair(two.dilation), *fields)
        rest = [] if absorbed else rest
    if one.stride != two.stride:
        yield at.say("GA203", "stride", pair(one.stride), pair(two.stride), ("stride", two.stride))
    aligned = replace(two, kernel=one.kernel, stride=one.stride, dilation=one.dilation)
    if not rest or _same(at, one, aligned):
        return
    if one.padding != two.padding:
        yield at.say("GA204", "padding", _placing(one), _placing(two), *rest, facts=("padding",))
    elif one.ceil_mode != two.ceil_mode:
        yield at.say("GA209", "ceil_mode", str(one.ceil_mode), str(two.ceil_mode), *rest)
    else:
        yield at.say("GA210", "count_include_pad", str(one.count_include_pad), str(two.count_include_pad), *rest)


def _same(at: Place, one: Pool2d, two: Pool2d) -> bool:
    """Whether two pools read the same windows of both the paper's and the model's map."""
    return all(same_windows(one, two, shape) for shape in maps(at.expected, at.found))


def _same_size(one: Pool2d, two: Pool2d, shape: Shape | None) -> bool:
    try:
        return shape is not None and derive.output_shape(one, (shape,)) == derive.output_shape(two, (shape,))
    except ShapeError:
        return False


def _placing(pool: Pool2d) -> str:
    return pads(pool.padding) + (", sizes rounded up" if pool.ceil_mode else "")


def _lrn(at: Place, one: LRN, two: LRN) -> Iterator[Difference]:
    for name in ("size", "alpha", "beta", "k", "across"):
        a, b = getattr(one, name), getattr(two, name)
        if a != b:
            # Like the constants, `across` is the reference implementation's: the paper only names the op.
            # The rule speaks of five constants: each value is told with its name.
            yield at.say("GA211", name, f"{name} {number(a)}", f"{name} {number(b)}", (name, b), facts=(name, "size"))


def _dropout(at: Place, one: Dropout, two: Dropout, mode: Mode) -> Iterator[Difference]:
    if one.rate != two.rate:
        yield at.say("GA212", "rate", number(one.rate), number(two.rate), ("rate", two.rate))
    if one.active != two.active:
        words = {True: f"active in {mode}", False: f"inactive in {mode}"}
        yield at.say("GA309", "active", words[one.active], words[two.active], ("active", two.active))
    if one.channels != two.channels and (at.expected.in_shape or ())[1:] not in {(), (1, 1)}:
        yield at.say("GA218", "layer", notation.op_text(one), f"{notation.op_text(two)} of whole channels")


def _softmax(at: Place, two: Softmax, mode: Mode) -> Iterator[Difference]:
    """The table's last row: in PyTorch the loss contains it, so one that runs in training is applied twice."""
    if mode is Mode.TRAIN:
        yield replace(
            at.say("GA310", "softmax", "in the loss", f"{notation.op_text(two)} in the model"),
            severity=Severity.WARNING,
        )


def _kind(at: Place, one: Op, two: Op) -> Iterator[Difference]:
    if isinstance(one, Concat | Add):
        yield at.say("GA305", "merge", notation.op_text(one), notation.op_text(two))
    elif isinstance(one, Activation):
        yield at.say("GA213", "activation", notation.op_text(one), notation.op_text(two))
    else:
        yield at.say("GA218", "layer", notation.op_text(one), notation.op_text(two))
