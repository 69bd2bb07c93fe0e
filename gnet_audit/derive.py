"""Shapes, parameters and multiply-accumulates by arithmetic: one small pure function for each question and op."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias, assert_never

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
    Flatten,
    Identity,
    Input,
    Layer,
    Linear,
    Mean,
    Op,
    Pad,
    Pair,
    Pool2d,
    Shape,
    Slice,
    Softmax,
    Unknown,
    Weight,
)
from gnet_audit.notation import op_text, pair_text, shape_text

_OfOne: TypeAlias = (
    Input | Conv2d | Pool2d | AdaptivePool2d | LRN | BatchNorm | Linear | Activation | Dropout | Softmax | Flatten
    | Pad | Mean | Slice | Identity
)  # fmt: skip
"""Ops with a single input."""
Used: TypeAlias = tuple[str, Pair | None]
"""A parameter by its name, and which of its rows are used."""

IMAGE = 3
"""Axes of an image: channels, height, width."""
MOST_VALUES = 100_000_000
"""Values of an input that is tried at all."""
LONGEST_SIDE = 100_000
"""Rows or columns of one."""
MOST_WORK = 10_000_000_000
"""Values, or weights, of one layer of a network that anybody means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One pooling window along one axis: the rows (or columns) read, and its share of an average's divisor."""

    indices: range
    """Padding left out."""
    divisor: int
    """The window's length as an average counts it; the two axes' lengths are multiplied."""


# --- shapes ---------------------------------------------------------------------------------------


def output_shape(op: Op, shapes: tuple[Shape, ...]) -> Shape:
    """The shape that an op gives for its inputs' shapes; ShapeError where it cannot be applied."""
    match op:
        case Concat(axis=axis):
            return _concatenated(shapes, axis)
        case Add():
            return _equal(shapes)
        case Elementwise(function="channel_pad", constants=constants):
            return _more_channels(op, _only(op, shapes), int(sum(number or 0 for number in constants)))
        case Elementwise(function="unfold", constants=(axis, size, step)):
            return _unfolded(op, _only(op, shapes), int(axis or 0), int(size or 0), int(step or 1))
        case Elementwise(function="amax", constants=axes):
            return output_shape(Mean(axes=tuple(int(axis or 0) for axis in axes)), shapes)
        case Elementwise():
            return _broadcast(shapes)
        case Unknown():
            raise ShapeError("what this op does is not known", where=op_text(op))
        case _:
            return _of_one(op, _only(op, shapes))


def _of_one(op: _OfOne, shape: Shape) -> Shape:
    """The shape after an op with a single input."""
    match op:
        case Conv2d():
            return _convolved(op, shape)
        case Pool2d() | AdaptivePool2d():
            channels, height, width = _image(op, shape)
            return channels, _count(op, 0, height), _count(op, 1, width)
        case Linear(out_features=features):
            _positive(op, shape)
            return (features,)
        case Flatten(shape=new):
            return _reshaped(op, shape, new)
        case Pad(padding=(top, bottom, left, right)):
            channels, height, width = _image(op, shape)
            return _positive(op, (channels, height + top + bottom, width + left + right), shape)
        case Mean(axes=axes, keepdim=keepdim):
            gone = {_axis(op, shape, axis) for axis in axes}
            return tuple(1 if i in gone else size for i, size in enumerate(shape) if keepdim or i not in gone)
        case Slice(axis=axis, start=start, stop=stop):
            return _sliced(op, shape, _axis(op, shape, axis), (start, stop))
        case Softmax(axis=axis):
            _axis(op, shape, axis)
            return shape
        case Input() | LRN() | BatchNorm() | Activation() | Dropout() | Identity():
            return shape
        case _:
            assert_never(op)


def _convolved(op: Conv2d, shape: Shape) -> Shape:
    channels, height, width = _image(op, shape)
    if op.groups < 1 or channels % op.groups or op.out_channels % op.groups:
        raise ShapeError(
            f"{op.groups} groups do not divide the channels", where=op_text(op),
            got=f"{channels} in, {op.out_channels} out",
        )  # fmt: skip
    size = _grown if op.transposed else _swept
    sizes = (size(op, 0, height), size(op, 1, width))
    if min(sizes) < 1:
        raise ShapeError(f"the {pair_text(op.kernel)} kernel does not fit", where=op_text(op), got=shape_text(shape))
    return op.out_channels, *sizes


def _swept(op: Conv2d | Pool2d, axis: int, size: int) -> int:
    """How often a window fits along an axis."""
    return (size + sum(_padding(op, axis)) - _reach(op, axis)) // op.stride[axis] + 1


def _grown(op: Conv2d, axis: int, size: int) -> int:
    """The size along an axis after a transposed convolution."""
    return (size - 1) * op.stride[axis] - sum(_padding(op, axis)) + _reach(op, axis)


def _padding(op: Conv2d | Pool2d, axis: int) -> tuple[int, int]:
    return op.padding[2 * axis], op.padding[2 * axis + 1]


def _reach(op: Conv2d | Pool2d, axis: int) -> int:
    """From the first to the last value that a window reads, both counted."""
    return (op.kernel[axis] - 1) * op.dilation[axis] + 1


def _concatenated(shapes: tuple[Shape, ...], axis: int) -> Shape:
    first = shapes[0] if shapes else ()
    if not 0 <= axis < len(first):
        raise ShapeError(f"no axis {axis} to concatenate along", where="concat", got=_all(shapes))
    rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    if len(rest) > 1:
        raise ShapeError("the inputs differ in more than the axis joined", where="concat", got=_all(shapes))
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def _equal(shapes: tuple[Shape, ...]) -> Shape:
    if len(set(shapes)) != 1:
        raise ShapeError("the inputs are not of one shape", where="add", got=_all(shapes))
    return shapes[0]


def _more_channels(op: Op, shape: Shape, more: int) -> Shape:
    """A map with more channels, also where it is a volume of one."""
    if len(shape) < IMAGE:
        raise ShapeError("needs an image (channels, height, width)", where=op_text(op), got=shape_text(shape))
    return (*shape[:-IMAGE], shape[-IMAGE] + more, *shape[1 - IMAGE :])


def _broadcast(shapes: tuple[Shape, ...]) -> Shape:
    rank = max(map(len, shapes), default=0)
    # A vector beside a map is one value a channel: views between them are left out of the networks.
    aligned = [shape + (1,) * (rank - 1) if len(shape) == 1 else (1,) * (rank - len(shape)) + shape for shape in shapes]
    sizes = [{size for size in axis if size != 1} for axis in zip(*aligned, strict=True)]
    if any(len(axis) > 1 for axis in sizes):
        raise ShapeError("the inputs' shapes do not go together", got=_all(shapes))
    return tuple(max(axis, default=1) for axis in sizes)


def _unfolded(op: Op, shape: Shape, axis: int, size: int, step: int) -> Shape:
    """Windows along an axis, each of them along a new last one."""
    runs = (shape[_axis(op, shape, axis)] - size) // step + 1
    if runs < 1:
        raise ShapeError(f"a window of {size} does not fit", where=op_text(op), got=shape_text(shape))
    return (*shape[:axis], runs, *shape[axis + 1 :], size)


def _reshaped(op: Flatten, shape: Shape, new: Shape | None) -> Shape:
    if new is not None and prod(new) != prod(shape):
        raise ShapeError(f"another number of values than {shape_text(new)}", where=op_text(op), got=shape_text(shape))
    return new if new is not None else (prod(shape),)


def _sliced(op: Slice, shape: Shape, axis: int, span: tuple[int, int]) -> Shape:
    start, stop = span
    if not 0 <= start < stop <= shape[axis]:
        raise ShapeError("outside the input", where=op_text(op), got=shape_text(shape))
    return (*shape[:axis], stop - start, *shape[axis + 1 :])


def _only(op: Op, shapes: tuple[Shape, ...]) -> Shape:
    if len(shapes) != 1:
        raise ShapeError("takes one input", where=op_text(op), got=str(len(shapes)))
    return shapes[0]


def _image(op: Op, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != IMAGE:
        raise ShapeError("needs an image (channels, height, width)", where=op_text(op), got=shape_text(shape))
    channels, height, width = _positive(op, shape)
    return channels, height, width


def _positive(op: Op, shape: Shape, got: Shape | None = None) -> Shape:
    if not shape or min(shape) < 1:
        raise ShapeError("nothing is left to work on", where=op_text(op), got=shape_text(shape if got is None else got))
    return shape


def _axis(op: Op, shape: Shape, axis: int) -> int:
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"no axis {axis}", where=op_text(op), got=shape_text(shape))
    return axis % len(shape)


def _all(shapes: Iterable[Shape]) -> str:
    return ", ".join(map(shape_text, shapes)) or "nothing"


# --- pooling windows --------------------------------------------------------------------------------


def windows(pool: Pool2d | AdaptivePool2d, axis: int, size: int) -> list[Window]:
    """The windows along one axis (0: rows, 1: columns) of an input of this size.

    Two pools of a kind are the same function of such inputs if and only if these are equal on both axes
    (for a maximum the divisors do not matter).
    """
    if isinstance(pool, AdaptivePool2d):
        return _adaptive(pool.output_size[axis], size)
    before, after = _padding(pool, axis)
    step, stride, length = pool.dilation[axis], pool.stride[axis], pool.kernel[axis]
    found: list[Window] = []
    for index in range(_count(pool, axis, size)):
        start = index * stride - before
        skipped = max(0, -(start // step))
        indices = range(start + skipped * step, min(start + length * step, size), step)
        inside = min(start + length, size + after) - start
        found.append(Window(indices=indices, divisor=inside if pool.count_include_pad else len(indices)))
    return found


def _count(pool: Pool2d | AdaptivePool2d, axis: int, size: int) -> int:
    """How many windows there are; rounding up adds a last one only if it begins before the padding at the end."""
    if isinstance(pool, AdaptivePool2d):
        return pool.output_size[axis]
    before, after = _padding(pool, axis)
    spare = size + before + after - _reach(pool, axis)
    count = (spare + (pool.stride[axis] - 1 if pool.ceil_mode else 0)) // pool.stride[axis] + 1
    if pool.ceil_mode and (count - 1) * pool.stride[axis] >= size + before:
        count -= 1
    if count < 1:
        raise ShapeError(f"the {pair_text(pool.kernel)} window does not fit", where=op_text(pool), got=f"size {size}")
    return count


def _adaptive(count: int, size: int) -> list[Window]:
    spans = [range(index * size // count, -(-(index + 1) * size // count)) for index in range(count)]
    return [Window(indices=span, divisor=len(span)) for span in spans]


# --- parameters and work ------------------------------------------------------------------------------


def parameter_shapes(op: Op, shapes: tuple[Shape, ...]) -> dict[str, Shape]:
    """The parameters of an op by their role (`weight`, `bias`)."""
    match op:
        case Conv2d():
            inputs, outputs = _only(op, shapes)[0], op.out_channels
            ends = (inputs, outputs // op.groups) if op.transposed else (outputs, inputs // op.groups)
            return {"weight": (*ends, *op.kernel)} | ({"bias": (outputs,)} if op.bias else {})
        case Linear():
            weight = (op.out_features, prod(_only(op, shapes)))
            return {"weight": weight} | ({"bias": weight[:1]} if op.bias else {})
        case BatchNorm(affine=True):
            channels = _only(op, shapes)[:1]
            return {"weight": channels, "bias": channels}
        case _:
            return {}


def parameters(op: Op, shapes: tuple[Shape, ...]) -> int:
    """The number of parameters of an op with inputs of these shapes."""
    return sum(map(prod, parameter_shapes(op, shapes).values()))


def multiply_accumulates(op: Op, shapes: tuple[Shape, ...], shape: Shape) -> int:
    """The multiply-accumulates of a convolution or linear layer, per image; 0 for any other op."""
    match op:
        case Conv2d(transposed=transposed):
            return prod(parameter_shapes(op, shapes)["weight"]) * prod((shapes[0] if transposed else shape)[1:])
        case Linear():
            return prod(parameter_shapes(op, shapes)["weight"])
        case _:
            return 0


# --- a whole network ----------------------------------------------------------------------------------


def infer(layers: Iterable[Layer], input_shape: Shape) -> tuple[Layer, ...]:
    """Fill in shapes, parameters and multiply-accumulates of layers that are in running order.

    Where an unknown op hides a shape, what depends on it stays as it was given.
    """
    shapes: dict[str, Shape | None] = {}
    counted: set[Used] = set()
    result: list[Layer] = []
    for layer in layers:
        before = (input_shape,) if isinstance(layer.op, Input) else tuple(shapes.get(name) for name in layer.inputs)
        derived = inferred(layer, before, counted)
        counted |= {(weight.name, weight.rows) for weight in layer.weights}
        shapes[layer.name] = derived.shape
        result.append(derived)
    return tuple(result)


def inferred(layer: Layer, before: tuple[Shape | None, ...], counted: Container[Used] = ()) -> Layer:
    """A layer with what follows from the shapes of its inputs; parameters that are `counted` cost nothing."""
    known = tuple(shape for shape in before if shape is not None)
    if isinstance(layer.op, Unknown):
        return replace(layer, params=_own(_listed(layer.weights), layer.weights, counted))
    if len(known) < len(before):
        return replace(layer, shape=None)
    try:
        shape = output_shape(layer.op, known)
    except ShapeError as error:
        raise ShapeError(error.what, where=f"{layer.name} ({op_text(layer.op)})", got=error.got) from error
    roles = parameter_shapes(layer.op, known) or _listed(layer.weights)
    return replace(
        layer,
        shape=shape,
        params=_own(roles, layer.weights, counted),
        macs=multiply_accumulates(layer.op, known, shape),
    )


def _listed(weights: Iterable[Weight]) -> dict[str, Shape]:
    return {weight.role: weight.shape for weight in weights if weight.role in {"weight", "bias"}}


def _own(roles: dict[str, Shape], weights: Iterable[Weight], counted: Container[Used]) -> int:
    """Parameters that no earlier layer has used; a weight without a name is computed, hence no parameter."""
    others = {weight.role for weight in weights if weight.name == "" or (weight.name, weight.rows) in counted}
    return sum(prod(shape) for role, shape in roles.items() if role not in others)
