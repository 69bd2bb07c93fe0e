"""Axes in another order: where that is no more than an order of weights, and where it is another function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import pytest

from gnet_audit import derive
from gnet_audit.canonical import canonical
from gnet_audit.network import Concat, Conv2d, Flatten, Mean, Network, Op, Shape, Weight
from tests.fuzz.numbers import same, values
from tests.networks import network

BACK, AWAY = (2, 0, 1), (1, 2, 0)
IMAGE = (4, 8, 6)


def moved(of: Shape, order: tuple[int, ...], shape: Shape | None = None) -> Flatten:
    """Axes in another order, and perhaps another shape then."""
    return Flatten(of=of, order=order, shape=shape or tuple(of[axis] for axis in order))


def net(text: str, ops: Mapping[str, Op], outputs: str = "") -> Network:
    """A small network in which some ops are others than the text can say."""
    plain = network("\n".join(line for line in text.split("; ")), input_shape=IMAGE, outputs=outputs)
    layers = (replace(layer, op=ops.get(layer.name, layer.op)) for layer in plain.layers)
    return replace(plain, layers=derive.infer(layers, IMAGE))


def ops(network: Network) -> list[Op]:
    """The ops of a canonical network, the input left out."""
    return [layer.op for layer in canonical(network).network.layers[1:]]


@pytest.mark.parametrize(
    "between",
    ["", "; d: dropout 0.5", "; r: relu; d: dropout 0.5", "; g: flatten", "; r: relu; g: flatten; d: dropout 0.5"],
)
def test_in_front_of_a_linear_layer_it_is_an_order_of_the_weights_columns(between: str) -> None:
    text = f"c: conv 1 4; f: identity{between}; l: linear 5"
    written = net(text, {"f": moved(IMAGE, AWAY)})
    weight = Weight(role="weight", name="l.weight", shape=(5, 4 * 8 * 6))
    bias = Weight(role="bias", name="l.bias", shape=(5,))
    layers = (replace(one, weights=(weight, bias)) if one.name == "l" else one for one in written.layers)
    found = canonical(replace(written, layers=tuple(layers)))
    assert [one.op for one in found.network.layers] == [one.op for one in canonical(net(text, {})).network.layers]
    assert found.network.layers[-1].weights == (replace(weight, columns=(IMAGE, AWAY)), bias)
    (note,) = found.rewrites
    what = "flatten" if between == "; g: flatten" else "permute"
    assert note.what == f"{what} height, width, channels: the same but for the order of the weights' columns"
    assert note.layers == ("l",)
    behind = {one.name: one.shape for one in found.network.layers if one.name in {"r", "d"}}
    assert found.changed == behind.keys()
    # What stands behind a view has its shape already.
    flat = {"d"} if "g: flatten; d" in between else set()
    assert behind == {name: (192,) if name in flat else IMAGE for name in behind}


def test_an_order_that_is_taken_back_is_none() -> None:
    there = {"f": moved(IMAGE, AWAY), "g": moved((8, 6, 4), BACK)}
    assert ops(net("c: conv 1 4; f: identity; g: identity; e: conv 1 2", there)) == [
        Conv2d(out_channels=4, kernel=(1, 1)), Conv2d(out_channels=2, kernel=(1, 1)),
    ]  # fmt: skip
    assert canonical(net("f: identity; g: identity; e: conv 1 2", there)).rewrites == ()


def test_an_order_that_several_take_back_is_none_for_each_of_them() -> None:
    back = moved((8, 6, 4), BACK)
    text = "c: conv 1 4; f: identity; g: identity; e: conv 1 2; h: identity < f; k: conv 1 3; j: concat < e k"
    assert ops(net(text, {"f": moved(IMAGE, AWAY), "g": back, "h": back})) == [
        Conv2d(out_channels=4, kernel=(1, 1)), Conv2d(out_channels=2, kernel=(1, 1)),
        Conv2d(out_channels=3, kernel=(1, 1)), Concat(),
    ]  # fmt: skip


def test_an_order_stays_for_the_reader_that_does_not_take_it_back() -> None:
    text = "c: conv 1 4; f: identity; g: identity; e: conv 1 2; k: conv 1 3 < f"
    found = canonical(net(text, {"f": moved(IMAGE, AWAY), "g": moved((8, 6, 4), BACK)}, "e k")).network
    assert found.by_name["e"].inputs == ("c",)
    assert found.by_name["k"].inputs == ("f",)
    assert found.by_name["f"].op == moved(IMAGE, AWAY)


def test_of_several_readers_who_takes_another_order_back_reads_on() -> None:
    # Of a cube any order of the axes has the same shape.
    text = "f: identity; g: identity; e: conv 1 2; h: identity < f; k: conv 1 3; j: concat < e k"
    cube = (4, 4, 4)
    there = {"f": moved(cube, AWAY), "g": moved(cube, BACK), "h": moved(cube, (1, 0, 2))}
    plain = network(text.replace("; ", "\n"), input_shape=cube)
    whole = replace(plain, layers=tuple(replace(one, op=there.get(one.name, one.op)) for one in plain.layers))
    found = canonical(whole).network
    assert (found.by_name["e"].inputs, found.by_name["k"].inputs) == (("input",), ("h",))
    # Height, width, channels; of these width, height, channels.
    assert found.by_name["h"].op == moved(cube, (2, 1, 0))


VIEWS: tuple[Shape, ...] = ((48, 4), (4, 48), (8, 24), (24, 8), (2, 96), (3, 64), (192, 1), (2, 4, 6, 4), (4, 2, 24))


@pytest.mark.parametrize("view", VIEWS)
def test_two_orders_with_another_shape_between_compute_the_same_as_one(view: Shape) -> None:
    for first in permutations(range(3)):
        for second in permutations(range(len(view))):
            there = {"f": moved(IMAGE, first), "v": Flatten(shape=view), "g": moved(view, second)}
            whole = net("f: identity; v: identity; g: identity; r: relu", there)
            found = canonical(whole).network
            assert same(values(whole)["r"], values(found)["r"])


@pytest.mark.parametrize(
    ("view", "order", "left"),
    [
        ((48, 4), (1, 0), []),
        ((48, 1, 4), (2, 1, 0), []),
        ((8, 6, 2, 2), (2, 3, 0, 1), []),
        ((8, 6, 4), (2, 1, 0), [(0, 2, 1)]),
        # The channels in two parts that change places are no order of the map's own axes.
        ((48, 2, 2), (2, 1, 0), [(1, 0, 2, 3)]),
    ],
)
def test_channels_last_and_back_by_way_of_another_shape_change_nothing(
    view: Shape, order: tuple[int, ...], left: list[tuple[int, ...]]
) -> None:
    there = {"f": moved(IMAGE, AWAY), "v": Flatten(shape=view), "g": moved(view, order, (192,))}
    found = ops(net("c: conv 1 4; f: identity; v: identity; g: identity; s: softmax", there))
    assert [op.order for op in found if isinstance(op, Flatten) and op.order] == left


def test_two_orders_behind_one_another_are_one() -> None:
    twice = net("c: conv 1 4; f: identity; g: identity", {"f": moved(IMAGE, AWAY), "g": moved((8, 6, 4), AWAY)})
    # Height, width, channels; of these width, channels, height.
    assert ops(twice)[1:] == [moved(IMAGE, (2, 0, 1))]


def test_channels_joined_last_are_channels_joined() -> None:
    text = "a: conv 1 4; f: identity; b: conv 1 2 < input; g: identity; j: concat < f g; h: identity; e: conv 1 3"
    there: dict[str, Op] = {
        "f": moved(IMAGE, AWAY),
        "g": moved((2, 8, 6), AWAY),
        "j": Concat(axis=2),
        "h": moved((8, 6, 6), BACK),
    }
    found = canonical(net(text, there)).network
    assert [layer.op for layer in found.layers if isinstance(layer.op, Flatten | Concat)] == [Concat()]
    assert found.by_name["j"].inputs == ("a", "b")
    assert found.by_name["j"].shape == (6, 8, 6)
    assert found.by_name["e"].inputs == ("j",)


def test_a_mean_over_height_and_width_of_channels_that_stand_last_is_one_over_the_map() -> None:
    text = "c: conv 1 4; f: identity; m: mean"
    whole = net(text, {"f": moved(IMAGE, AWAY), "m": Mean(axes=(0, 1))})
    assert ops(whole) == ops(net("c: conv 1 4; m: mean", {}))
    other = net(text, {"f": moved(IMAGE, AWAY), "m": Mean(axes=(1, 2))})
    assert ops(other)[1:] == [moved(IMAGE, AWAY), Mean(axes=(1, 2))]


OTHERS: dict[str, tuple[str, dict[str, Op], str]] = {
    "read by a convolution": ("c: conv 1 4; f: identity; e: conv 1 2", {"f": moved(IMAGE, AWAY)}, ""),
    "returned as well": ("c: conv 1 4; f: identity; l: linear 5", {"f": moved(IMAGE, AWAY)}, "f l"),
    "read twice": (
        "c: conv 1 4; f: identity; l: linear 5; s: relu < f; k: linear 5; a: add < l k", {"f": moved(IMAGE, AWAY)}, "",
    ),
    "behind a normalisation": ("c: conv 1 4; f: identity; n: bn; l: linear 5", {"f": moved(IMAGE, AWAY)}, ""),
    "not taken back": (
        "f: identity; g: identity; e: conv 1 2", {"f": moved(IMAGE, AWAY), "g": moved((8, 6, 4), (2, 1, 0))}, "",
    ),
    "in another shape between": (
        "f: identity; v: identity; g: identity",
        {"f": moved(IMAGE, AWAY), "v": Flatten(shape=(8, 24)), "g": moved((8, 24), (1, 0))},
        "",
    ),
    "joined with a map in a third order": (
        "f: identity; g: identity < input; j: concat < f g",
        {"f": moved(IMAGE, AWAY), "g": moved((6, 8, 4), (1, 0, 2)), "j": Concat(axis=2)},
        "",
    ),
    "joined with a map in its own order": (
        "f: identity; g: identity < input; j: concat < f g",
        {"f": moved(IMAGE, AWAY), "g": Flatten(shape=(8, 6, 4)), "j": Concat(axis=2)},
        "",
    ),
    "shuffled channels": (
        "v: identity; f: identity; g: identity; e: conv 1 2",
        {"v": Flatten(shape=(2, 2, 8, 6)), "f": moved((2, 2, 8, 6), (1, 0, 2, 3)), "g": Flatten(shape=IMAGE)},
        "",
    ),
}  # fmt: skip


TWO = {"joined with a map in a third order"}
"""Where each of two orders is one of its own."""


@pytest.mark.parametrize("name", OTHERS)
def test_an_order_that_makes_another_function_stays(name: str) -> None:
    text, there, outputs = OTHERS[name]
    found = canonical(net(text, there, outputs))
    left = [layer for layer in found.network.layers if isinstance(layer.op, Flatten) and layer.op.order]
    assert len(left) == (2 if name in TWO else 1)
    assert not any(weight.columns for layer in found.network.layers for weight in layer.weights)
    assert found.rewrites == ()
