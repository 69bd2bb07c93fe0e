"""Rewritings of single layers and neighbours: what changes nothing, averages, biases and padding written apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import isinf, prod

from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.canonical.relus import non_negative
from gnet_audit.network import (
    AdaptivePool2d,
    Add,
    CodeOrigin,
    Concat,
    Conv2d,
    Elementwise,
    Flatten,
    Identity,
    Layer,
    Linear,
    Mean,
    Pad,
    Padding,
    Pool2d,
    PoolKind,
)

# --- forms that change nothing ------------------------------------------------------------------


def transparent(draft: Draft) -> None:
    """Take out what passes its input on."""
    for layer in tuple(draft.layers.values()):
        if layer.inputs and _changes_nothing(layer):
            draft.splice(layer.name)


def _changes_nothing(layer: Layer) -> bool:
    match layer.op:
        case Identity() | Flatten():
            return True
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
        case Mean(axes=axes), _ if _is_map(source) and set(axes) == {1, 2}:
            return "mean over height and width", source.name
        case Mean(axes=(1,)), Flatten() if _is_map(before) and before is not None and len(source.shape or ()) == 2:
            return "mean of the flattened map", before.name
        case Mean(axes=axes), Mean(axes=first, keepdim=keepdim) if _is_map(before) and before is not None:
            # Height and width averaged one after the other; without the axes that are gone, the others move up.
            left = [axis for axis in range(3) if keepdim or axis not in first]
            both = {*first, *(left[axis] for axis in axes)} == {1, 2} and draft.only_feeds(source.name, layer.name)
            return ("means over width and height", before.name) if both else None
        case Elementwise(function="div" | "mul" as function, constants=constants), Elementwise(function="sum"):
            number = next((value for value in constants if value is not None), 0.0)
            area = prod((before.shape or ())[1:]) if before is not None and _is_map(before) else 0
            share = 1 / number if function == "div" and number else number
            summed = {value for value in source.op.constants if value is not None} == {1.0, 2.0}
            fits = summed and area and abs(share * area - 1) < 1e-6
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
        if not offset or not isinstance(source.op, Linear | Conv2d) or source.op.bias:
            continue
        if len(layer.inputs) == 1 and draft.only_feeds(source.name, layer.name):
            whole = replace(
                source,
                op=replace(source.op, bias=True),
                params=source.params + layer.params,
                weights=(*source.weights, *offset),
            )
            draft.changed.add(source.name)
            draft.splice(layer.name)
            draft.put(whole)
            yield Rewrite(what="bias added by hand", layers=(source.name,))


# --- padding as an op of its own ------------------------------------------------------------------


def pads(draft: Draft) -> Iterable[Rewrite]:
    """A pad before a convolution or pool belongs to it where the padded values are the op's own."""
    signs: dict[str, bool] = {}
    for pad in draft.of(Pad):
        users = [draft.layers[name] for name in draft.users[pad.name]]
        folded = [own for user in users if (own := _folded(draft, pad, user, signs)) is not None]
        if not users or draft.is_output(pad.name) or len(folded) < len(users):
            continue
        for own in folded:
            draft.put(replace(own, inputs=pad.inputs))
        draft.remove(pad.name)
        # Torch's own convolution pads by another call where its padding mode is not zeros.
        apart = tuple(user.name for user in users if _module(user) != _module(pad))
        if apart:
            yield Rewrite(what="padding as an op of its own", layers=apart)


def _module(layer: Layer) -> str:
    return layer.origin.module if isinstance(layer.origin, CodeOrigin) else layer.name


def _folded(draft: Draft, pad: Layer, user: Layer, signs: dict[str, bool]) -> Layer | None:
    op = pad.op
    assert isinstance(op, Pad)
    match user.op:
        case Conv2d(padding=inner, transposed=False) as conv if op.padding_mode == "constant" and op.value == 0:
            return replace(user, op=replace(conv, padding=_plus(op.padding, inner))) if _zeros(conv) else None
        case Conv2d(padding=(0, 0, 0, 0), transposed=False) as conv if op.padding_mode != "constant":
            return replace(user, op=replace(conv, padding=op.padding, padding_mode=op.padding_mode))
        case Pool2d(kind=PoolKind.MAX, ceil_mode=False) as pool if op.padding_mode == "constant":
            below = isinf(op.value) and op.value < 0
            if below or (op.value == 0 and not any(pool.padding) and non_negative(draft, pad.inputs[0], signs)):
                return replace(user, op=replace(pool, padding=_plus(op.padding, pool.padding)))
            return None
        case Pool2d(kind=PoolKind.AVG, padding=(0, 0, 0, 0), ceil_mode=False) as pool if op.value == 0:
            same = op.padding_mode == "constant"
            return replace(user, op=replace(pool, padding=op.padding, count_include_pad=True)) if same else None
        case _:
            return None


def _zeros(conv: Conv2d) -> bool:
    return conv.padding_mode == "zeros" or not any(conv.padding)


def _plus(one: Padding, other: Padding) -> Padding:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])
