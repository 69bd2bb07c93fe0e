"""Views that change nothing are taken out; those on which it depends which values a layer reads are not."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from gnet_audit import derive
from gnet_audit.canonical import canonical
from gnet_audit.network import Concat, Elementwise, Flatten, Identity, Layer, Network, Shape
from tests.fuzz.numbers import same, values
from tests.fuzz.wirings import weighted
from tests.networks import network

PRODUCT = Elementwise(function="mul", constants=(None, None))


def multiplied(text: str, first: str, second: str, views: dict[str, Shape], shape: Shape) -> Network:
    """A network whose views have these shapes, with the product of two of its layers at its end."""
    whole = network(text, input_shape=shape)
    viewed = (
        replace(layer, op=Flatten(shape=views[layer.name])) if layer.name in views else layer for layer in whole.layers
    )
    layers = (*viewed, Layer(name="m", op=PRODUCT, inputs=(first, second)))
    layers = weighted(derive.infer(layers, shape), 1, Random(0), shape)
    return replace(whole, layers=layers, outputs=(replace(whole.outputs[0], layer="m"),))


@pytest.mark.parametrize(
    ("text", "views", "shape", "left"),
    [
        # Found by fuzzing: 15 factors for a map of one channel, not each value times itself.
        ("v: flatten < input\nw: relu < input", {}, (1, 5, 3), {"v"}),
        # Four factors: one a channel however they are written, one a row, one a column.
        ("v: flatten < input\nw: conv 2 4 p2 < input", {}, (4, 1, 1), set()),
        ("f: flatten < input\nv: flatten < f\nw: conv 2 4 p2 < input", {"v": (4, 1, 1)}, (4, 1, 1), set()),
        ("v: flatten < input\nw: conv 2 4 p2 < input", {"v": (1, 4, 1)}, (4, 1, 1), {"v"}),
        ("v: flatten < input\nw: conv 2 4 p2 < input", {"v": (1, 1, 4)}, (4, 1, 1), {"v"}),
        # A value of the flattened map for each of the linear layer's, not a channel for each.
        ("v: flatten < input\nw: linear 36 < input", {}, (4, 3, 3), {"v"}),
        ("w: linear 36 < input\nv: flatten < input\nx: identity < v", {}, (4, 3, 3), {"x"}),
        # Both in the same order, in whatever shape.
        ("v: flatten < input\na: conv 1 4 < input\nw: flatten < a", {}, (4, 3, 3), set()),
        ("v: flatten < input\na: conv 1 4 < input\nw: flatten < a", {"v": (3, 12), "w": (3, 12)}, (4, 3, 3), set()),
        ("v: flatten < input\na: conv 1 4 < input\nw: relu < a", {"v": (4, 3, 3)}, (4, 3, 3), set()),
        # A column, and a row, of the same four: their product has 16 values.
        ("v: flatten < input\nw: flatten < input", {"v": (1, 4, 1), "w": (1, 1, 4)}, (4, 1, 1), {"v", "w"}),
    ],
)
def test_a_view_stays_where_it_matters_what_is_multiplied_with_what(
    text: str, views: dict[str, Shape], shape: Shape, left: set[str]
) -> None:
    whole = multiplied(text, "x" if "x:" in text else "v", "w", views, shape)
    found = canonical(whole).network
    assert {layer.name for layer in found.layers if isinstance(layer.op, Flatten | Identity)} == left
    assert same(values(whole)["m"], values(found)["m"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # A range of all values is not one of the channels; of a map of single values it is.
        ("v: flatten < input\nm: slice 18 36 < v", {"v"}),
        ("p: adaptive avg 1 < input\nv: flatten\nm: slice 2 4 < v", set()),
        # Probabilities of all values, not of each place.
        ("v: flatten < input\nm: softmax", {"v"}),
        ("p: adaptive avg 1 < input\nv: flatten\nm: softmax", set()),
        # Maps of one size side by side are their values side by side; maps of two sizes are none.
        ("v: flatten < input\nb: conv 1 2 < input\nw: flatten\nm: concat < v w", set()),
        ("v: flatten < input\nb: maxpool 2 < input\nw: flatten\nm: concat < v w", {"v", "w"}),
        ("v: flatten < input\nw: linear 5 < input\nm: concat < v w", {"v"}),
        ("v: flatten < input\nw: linear 36 < input\nm: add < v w", {"v"}),
        ("v: flatten < input\nb: relu < input\nw: flatten\nm: add < v w", set()),
    ],
)
def test_a_view_stays_where_it_matters_which_values_are_cut_or_joined(text: str, left: set[str]) -> None:
    whole = network(text, input_shape=(4, 3, 3))
    whole = replace(whole, layers=weighted(whole.layers, 1, Random(0), (4, 3, 3)))
    found = canonical(whole).network
    assert {layer.name for layer in found.layers if isinstance(layer.op, Flatten)} == left
    assert same(values(whole)["m"], values(found)["m"])


STACK = "a: conv 1 4 < input\nb: conv 1 4 < input\ns: add < a b\nv: identity\nz: conv 1 5"


@pytest.mark.parametrize(
    ("axis", "shape", "joined"),
    [
        (0, (8, 6, 6), 0),
        (1, (4, 12, 6), 1),
        (2, (4, 6, 12), 2),
        # The channels of the two by turns are no concatenation, nor is a stack in another shape.
        (1, (8, 6, 6), None),
        (2, (8, 6, 6), None),
        (0, (4, 12, 6), None),
        (3, (4, 6, 12), None),
    ],
)
def test_a_stack_whose_axes_are_joined_is_a_concatenation(axis: int, shape: Shape, joined: int | None) -> None:
    whole = network(STACK, input_shape=(3, 6, 6))
    stack = Elementwise(function="stack", constants=(float(axis),))
    stacked = (*(4, 6, 6)[:axis], 2, *(4, 6, 6)[axis:])
    layers = tuple(
        replace(layer, op=stack, shape=stacked)
        if layer.name == "s"
        else replace(layer, op=Flatten(shape=shape), shape=shape)
        if layer.name == "v"
        else layer
        for layer in whole.layers
    )
    found = canonical(replace(whole, layers=layers))
    joins = [layer.op for layer in found.network.layers if isinstance(layer.op, Concat)]
    assert joins == ([] if joined is None else [Concat(axis=joined)])
    assert [note.what for note in found.rewrites] == ["a stack whose axes are joined"] * len(joins)
