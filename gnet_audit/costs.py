"""How unlike two ops are, in one small scale: 0 the same, 1 about one wrong number, `FAR` never the same layer."""

from __future__ import annotations

from math import log2

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Input,
    Linear,
    Pool2d,
    PoolKind,
    Shape,
    Softmax,
    SpecOrigin,
    Unknown,
)
from gnet_audit.structure import Unit

FAR = 1e6


def weight(unit: Unit) -> float:
    """What it costs that a unit has no counterpart."""
    match unit.anchor.op:
        case Conv2d() | Linear():
            own = 2.0
        case Input():
            own = FAR
        case Pool2d() | AdaptivePool2d():
            own = 1.0
        case Activation() | BatchNorm():
            own = 0.3
        case Softmax():
            own = 0.3
        case _:
            own = 0.6
    return own + 0.1 * len(unit.trail)


def distance(expected: Unit, found: Unit) -> float:
    """What it costs to take one unit for the other; `FAR` if they cannot be the same."""
    own = _anchors(expected, found)
    return own + _trails(expected, found) if own < FAR else FAR


def _anchors(expected: Unit, found: Unit) -> float:
    one, two = expected.anchor.op, found.anchor.op
    if one == two:
        return 0.0
    match one, two:
        case Conv2d(), Conv2d():
            return _convs(one, two)
        case (Linear() | Conv2d(), Linear() | Conv2d()):
            dense = _dense(one, two, expected.in_shape, found.in_shape)
            # Nothing follows the layer that gives the classes, however many they are.
            return 0.01 + 0.2 * bool(found.trail) if is_classifier(expected) and dense < FAR else dense
        case (Pool2d() | AdaptivePool2d(), Pool2d() | AdaptivePool2d()):
            return 0.5 * (one.kind != two.kind) + _pools(one, two, expected, found)
        case LRN(), LRN():
            return 0.05 * sum(a != b for a, b in zip(_lrn(one), _lrn(two), strict=True))
        case Dropout(), Dropout():
            return 0.05 + 0.2 * abs(one.rate - two.rate)
        case (Concat() | Add(), Concat() | Add()) | (Softmax(), Softmax()) | (Activation(), Activation()):
            return 0.4
        case (Concat() | Add(), Elementwise() | Unknown()):
            return 1.0 if len(found.sources) == len(expected.sources) else FAR
        case (LRN() | Dropout(), Unknown()):
            # Torch has other normalisations and dropouts; one stands where the paper has this one.
            return 0.9 if found.in_shape == found.anchor.shape else FAR
        case (Conv2d() | Linear(), Unknown()):
            # It may be that layer: a quantised one, or a product that only its writer calls one.
            return 2.2 if may_be(expected, found) else FAR
        case (Pool2d(), Unknown() | Conv2d()):
            return 1.9 if _halves(expected) and _halves(found) else FAR
        case _:
            return FAR


def _lrn(op: LRN) -> tuple[object, ...]:
    return op.size, op.alpha, op.beta, op.k, op.across


def _width(one: int, two: int) -> float:
    if not one or not two:
        return 1.2
    return 0.0 if one == two else 0.4 + min(0.8, 0.4 * abs(log2(one / two)))


def _convs(one: Conv2d, two: Conv2d) -> float:
    return (
        1.0 * (one.transposed != two.transposed)
        + _width(one.out_channels, two.out_channels)
        + 0.4 * (one.kernel != two.kernel)
        + 0.3 * (one.stride != two.stride)
        + 0.05 * (one.padding != two.padding)
        + 0.1 * (one.dilation != two.dilation)
        + 0.2 * (one.groups != two.groups)
        + 0.02 * (one.bias != two.bias)
        + 0.02 * (one.padding_mode != two.padding_mode)
    )


def _dense(one: Linear | Conv2d, two: Linear | Conv2d, before: Shape | None, after: Shape | None) -> float:
    """A linear layer and a convolution whose kernel covers the whole map are the same function."""
    for op, shape in ((one, before), (two, after)):
        if isinstance(op, Conv2d) and not covers(op, shape):
            return FAR
    return 0.01 + _width(_features(one), _features(two))


def covers(conv: Conv2d, shape: Shape | None) -> bool:
    """Whether a convolution reads the whole of its input at once, each value by a weight of its own."""
    plain = conv.groups == 1 and not any(conv.padding) and not conv.transposed and conv.dilation == (1, 1)
    return plain and shape is not None and (shape[1:] or (1, 1)) == conv.kernel


def _features(op: Linear | Conv2d) -> int:
    return op.out_features if isinstance(op, Linear) else op.out_channels


def may_be(expected: Unit, found: Unit) -> bool:
    """Whether an op that nobody knows may be one of the paper's layers with weights: it has some, and its width."""
    one, two = expected.anchor, found.anchor
    if not isinstance(one.op, Conv2d | Linear) or not isinstance(two.op, Unknown) or not two.weights or not two.shape:
        return False
    return len(found.sources) == 1 and (is_classifier(expected) or two.shape[:1] == (one.shape or ())[:1])


def is_classifier(unit: Unit) -> bool:
    """Whether the paper's unit gives the classes: its width is the task's."""
    origin = unit.anchor.origin
    return isinstance(origin, SpecOrigin) and "classes" in dict(origin.attributes)


def _pools(one: Pool2d | AdaptivePool2d, two: Pool2d | AdaptivePool2d, expected: Unit, found: Unit) -> float:
    if same_pool(expected, found):
        return 0.001
    if isinstance(one, Pool2d) and isinstance(two, Pool2d):
        return 0.2 * (one.kernel != two.kernel) + 0.4 * (one.stride != two.stride) + 0.05
    return 0.3 if expected.in_shape == found.in_shape else 0.4


def same_pool(expected: Unit, found: Unit) -> bool:
    """Whether two pools read the same windows, both at the paper's size of their input and at the model's.

    A pool that the paper calls global is the same as one over the whole of the model's map, whatever its size.
    """
    one, two = expected.anchor.op, found.anchor.op
    assert isinstance(one, Pool2d | AdaptivePool2d)
    assert isinstance(two, Pool2d | AdaptivePool2d)
    origin = expected.anchor.origin
    if isinstance(origin, SpecOrigin) and "global" in dict(origin.attributes) and _is_global(two, found.in_shape):
        return True
    return all(same_windows(one, two, shape) for shape in maps(expected, found))


def maps(expected: Unit, found: Unit) -> tuple[Shape | None, Shape | None]:
    """The sizes of the maps that reach two pools; the paper's for both where the model's is not known.

    What is no map cannot reach a pool: there an op that nobody knows stands before it, and a reshape that is left out.
    """
    own = found.in_shape
    return expected.in_shape, own if own is not None and len(own) == 3 else expected.in_shape


def _is_global(pool: Pool2d | AdaptivePool2d, shape: Shape | None) -> bool:
    whole = AdaptivePool2d(kind=pool.kind, output_size=(1, 1))
    return shape is not None and len(shape) == 3 and same_windows(pool, whole, shape)


def same_windows(one: Pool2d | AdaptivePool2d, two: Pool2d | AdaptivePool2d, shape: Shape | None) -> bool:
    """Whether two pools read the same windows (and divide averages alike) of an input of this shape."""
    if one == two or shape is None or len(shape) != 3:
        return one == two
    try:
        pairs = [
            (derive.windows(one, axis, shape[1 + axis]), derive.windows(two, axis, shape[1 + axis])) for axis in (0, 1)
        ]
    except ShapeError:
        return False
    if PoolKind.AVG in {one.kind, two.kind}:
        return all(a == b for a, b in pairs)
    return all([w.indices for w in a] == [w.indices for w in b] for a, b in pairs)


def _halves(unit: Unit) -> bool:
    """Whether a unit makes the map smaller."""
    before, after = unit.in_shape, unit.anchor.shape
    return bool(before and after and len(before) == len(after) == 3 and after[1] < before[1])


def _trails(expected: Unit, found: Unit) -> float:
    if expected.trail and expected.ops[1:] == found.ops[1:]:
        return 0.0
    return 0.06 * len({str(op) for op in expected.ops[1:]} ^ {str(op) for op in found.ops[1:]})
