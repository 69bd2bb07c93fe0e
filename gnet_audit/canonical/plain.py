"""Rewritings of single layers and neighbours: what changes nothing, averages, and biases written apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod

from gnet_audit import derive
from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.errors import ShapeError
from gnet_audit.network import (
    AdaptivePool2d,
    Add,
    Concat,
    Conv2d,
    Elementwise,
    Flatten,
    Identity,
    Layer,
    Linear,
    Mean,
    Op,
    Pad,
    PoolKind,
    Shape,
    Slice,
    Softmax,
    Unknown,
)

# --- forms that change nothing ------------------------------------------------------------------


def transparent(draft: Draft) -> None:
    """Take out what passes its input on, but for views on which it depends what arithmetic puts side by side."""
    read = [(layer.name, [draft.layers[name] for name in layer.inputs]) for layer in draft.of(*_BY_PLACE)]
    _take_out(draft)
    for name, before in read:
        if name in draft.layers:
            _put_back(draft, draft.layers[name], before)


_BY_PLACE = (Elementwise, Add, Concat, Slice, Softmax, Mean)
"""What puts values of several layers side by side, or counts them along an axis."""
_BY_AXIS = frozenset({"sum", "amax", "unfold"})


def _put_back(draft: Draft, layer: Layer, before: Sequence[Layer]) -> None:
    """The views of what a layer reads, where without them it would read values of other places."""
    now = [draft.layers[name] for name in layer.inputs]
    old, new = (tuple(one.shape or () for one in layers) for layers in (before, now))
    alone = isinstance(layer.op, Elementwise) and len(old) == 1 and layer.op.function not in _BY_AXIS
    if (alone and not layer.weights) or old == new or _fit(layer.op, old, new):
        return
    inputs: list[str] = []
    for view, source in zip(before, now, strict=True):
        put = view.shape != source.shape and bool(view.shape)
        inputs.append(view.name if put else source.name)
        if put and view.name not in draft.layers:
            draft.put(replace(view, op=Flatten(shape=view.shape), inputs=(source.name,), weights=()))
    draft.put(replace(layer, inputs=tuple(inputs)))


def _fit(op: Op, old: tuple[Shape, ...], new: tuple[Shape, ...]) -> bool:
    """Whether a layer reads the same values from inputs of these new shapes as from those of the old ones."""
    same = [_of_channels(shape) for shape in old] == [_of_channels(shape) for shape in new]
    if isinstance(op, Concat):
        flat = op.axis == 0  # one behind the other in memory, whatever the shape of each
        return (same or flat) and len({shape[1:] if flat else len(shape) for shape in new}) == 1
    if len(set(old)) > 1 or len(old) == 1:
        return same
    try:
        return prod(derive.output_shape(Elementwise(function="mul"), new)) == prod(old[0])
    except ShapeError:
        return False


def _of_channels(shape: Shape) -> Shape:
    """A shape without its last axes of size 1: a vector is a map of that many channels of one value."""
    size = len(shape)
    while size and shape[size - 1] == 1:
        size -= 1
    return shape[:size]


def _take_out(draft: Draft) -> None:
    for layer in draft.of(object):
        if layer.inputs and _changes_nothing(layer):
            source = draft.layers[layer.inputs[0]]
            if (
                isinstance(layer.op, Flatten)
                and isinstance(source.op, Flatten)
                and draft.only_feeds(source.name, layer.name)
            ):
                draft.put(replace(source, op=replace(source.op, shape=layer.op.shape), shape=layer.shape))
            draft.splice(layer.name)


def _changes_nothing(layer: Layer) -> bool:
    match layer.op:
        case Identity():
            return True
        case Flatten(order=order):
            return not order
        case Pad(padding=padding):
            return not any(padding)
        case Elementwise(function="mul" | "div", constants=constants):
            return len(layer.inputs) == 1 and constants[-1:] == (1.0,)
        case Elementwise(function="add" | "sub", constants=constants):
            return len(layer.inputs) == 1 and constants[-1:] == (0.0,)
        case Concat() | Add():
            return len(layer.inputs) == 1
        case _:
            return False


# --- maps side by side --------------------------------------------------------------------------


def stacks(draft: Draft) -> Iterable[Rewrite]:
    """Maps along an axis of their own that becomes one with the next axis are a concatenation."""
    for layer in draft.of(Elementwise):
        if not isinstance(layer.op, Elementwise) or layer.op.function != "stack" or len(draft.users[layer.name]) != 1:
            continue
        view, part = draft.layers[draft.users[layer.name][0]], draft.layers[layer.inputs[0]].shape
        axis = int(layer.op.constants[0] or 0)
        plain = isinstance(view.op, Flatten) and not view.op.order and draft.only_feeds(layer.name, view.name)
        if not plain or not part or not 0 <= axis < len(part) or layer.shape is None:
            continue
        shape = (*part[:axis], layer.shape[axis] * part[axis], *part[axis + 1 :])
        if view.shape == shape or (axis == 0 and view.shape == (prod(shape),)):
            draft.put(replace(layer, op=Concat(axis=axis), shape=shape))
            draft.changed.add(layer.name)
            yield Rewrite(what="a stack whose axes are joined", layers=(layer.name,))


# --- averages over the whole map ----------------------------------------------------------------


def global_means(draft: Draft) -> Iterable[Rewrite]:
    """A mean over height and width, in any of its spellings, is the global average pool."""
    for layer in draft.of(Mean, Elementwise):
        found = _averaged(draft, layer)
        if found is not None:
            what, source = found
            draft.put(replace(layer, op=_GLOBAL_AVERAGE, inputs=(source,)))
            prune(draft)
            yield Rewrite(what=what, layers=(layer.name,))


_GLOBAL_AVERAGE = AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))


def _averaged(draft: Draft, layer: Layer) -> tuple[str, str] | None:
    """How a layer averages a map, and which layer gives the map."""
    source = draft.layers[layer.inputs[0]]
    before = draft.producer(source)
    match layer.op, source.op:
        case Mean(axes=axes), Flatten(order=(_, _, _) as order) if source.op.ordered == source.shape:
            whole = {order[axis] for axis in axes} == {1, 2}
            return ("mean over height and width", source.inputs[0]) if whole else None
        case Mean(axes=axes), _ if _is_map(source) and set(axes) == {1, 2}:
            return "mean over height and width", source.name
        case Mean(axes=(1,)), Flatten(order=()) if (
            _is_map(before) and before is not None and len(source.shape or ()) == 2
        ):
            return "mean of the flattened map", before.name
        case Mean(axes=axes), Mean(axes=first, keepdim=keepdim) if _is_map(before) and before is not None:
            # Height and width averaged one after the other; without the axes that are gone, the others move up.
            left = [axis for axis in range(3) if keepdim or axis not in first]
            both = {*first, *(left[axis] for axis in axes)} == {1, 2} and draft.only_feeds(source.name, layer.name)
            return ("means over width and height", before.name) if both else None
        case Elementwise(function="div" | "mul" as function, constants=constants), Elementwise(function="sum"):
            number = next((value for value in constants if value is not None), 0.0)
            number = 0.0 if function == "div" and constants[0] is not None else number
            summed = {int(value) for value in source.op.constants if value is not None}
            if before is not None and isinstance(before.op, Flatten) and len(before.op.order) == 3:
                turned, order = before.op.ordered == before.shape, before.op.order
                summed = {order[axis] for axis in summed if axis >= 0 and turned}
                before = draft.producer(before)
            area = prod((before.shape or ())[1:]) if before is not None and _is_map(before) else 0
            share = 1 / number if function == "div" and number else number
            fits = summed == {1, 2} and area and abs(share * area - 1) < 1e-6
            return ("sum over the map divided by its area", before.name) if fits and before else None
        case _:
            return None


def _is_map(layer: Layer | None) -> bool:
    return layer is not None and layer.shape is not None and len(layer.shape) == 3


# --- biases added apart ----------------------------------------------------------------------------


def biases(draft: Draft) -> Iterable[Rewrite]:
    """A vector of parameters added behind a product is the product's bias."""
    for layer in draft.of(Elementwise):
        source = draft.layers[layer.inputs[0]]
        offset = [weight for weight in layer.weights if weight.role == "bias"]
        if not offset or len(layer.inputs) != 1 or not draft.only_feeds(source.name, layer.name):
            continue
        if isinstance(source.op, Unknown) and source.weights and source.shape == layer.shape:
            # Whatever it is, with a bias it is no more known.
            draft.changed.add(source.name)
            draft.splice(layer.name)
            weights = (*source.weights, *offset)
            draft.put(replace(source, params=source.params + layer.params, weights=weights))
        elif (product := _product(draft, source, offset[0].shape)) is not None:
            assert isinstance(product.op, Linear | Conv2d)
            whole = replace(
                product,
                op=replace(product.op, bias=True),
                params=product.params + layer.params,
                weights=(*product.weights, *offset),
            )
            draft.changed |= {source.name, product.name}
            draft.splice(layer.name)
            draft.put(whole)
            yield Rewrite(what="bias added by hand", layers=(product.name,))


def _product(draft: Draft, source: Layer, vector: Shape) -> Layer | None:
    """The product without bias to each of whose channels, also where they stand last, one number of a vector is added."""
    behind = 2 if isinstance(source.op, Conv2d) else 0
    product = source
    if isinstance(source.op, Flatten) and source.op.order[-1:] == (0,) and source.shape == source.op.ordered:
        product = draft.layers[source.inputs[0]]
        if not draft.only_feeds(product.name, source.name) or product.shape != source.op.of:
            return None
    match product.op:
        case Linear(out_features=width, bias=False) if product is source:
            pass
        case Conv2d(out_channels=width, bias=False):
            pass
        case _:
            return None
    return product if prod(vector) == width and vector[len(vector) - behind - 1 :] == (width, *[1] * behind) else None
