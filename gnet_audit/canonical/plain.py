"""Rewritings of single layers and neighbours: what changes nothing, averages, and biases written apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

from gnet_audit.canonical.draft import Draft, Rewrite, prune
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
    Pad,
    PoolKind,
)

# --- forms that change nothing ------------------------------------------------------------------


def transparent(draft: Draft) -> None:
    """Take out what passes its input on."""
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
