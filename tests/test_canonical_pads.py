"""Padding in steps: what is added and cut off again."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from gnet_audit.canonical import canonical
from gnet_audit.network import Conv2d, Layer, Network, Op, Pad, Padding, Pool2d, PoolKind, Slice
from tests.networks import network


def stack(*steps: Op) -> Network:
    """A ReLU, these ops behind one another, and a pool 3×3/2."""
    net = network("r: relu\nm: maxpool 3 /2")
    first, relu, pool = net.layers
    layers, shape = [first, relu], relu.shape or ()
    for number, op in enumerate(steps):
        shape = _after(op, shape)
        layers.append(Layer(name=f"s{number}", op=op, inputs=(layers[-1].name,), shape=shape))
    return replace(net, layers=(*layers, replace(pool, inputs=(layers[-1].name,))))


def _after(op: Op, shape: tuple[int, ...]) -> tuple[int, ...]:
    channels, height, width = shape
    match op:
        case Pad(padding=(top, bottom, left, right)):
            return channels, height + top + bottom, width + left + right
        case Slice(axis=1, start=start, stop=stop):
            return channels, stop - start, width
        case Slice(axis=2, start=start, stop=stop):
            return channels, height, stop - start
        case _:
            return shape


def pad(*padding: int, mode: str = "constant") -> Pad:
    """Top, bottom, left, right; one number for all four."""
    top, bottom, left, right = padding * 4 if len(padding) == 1 else padding
    return Pad(padding=(top, bottom, left, right), padding_mode=mode)


def rows(start: int, stop: int) -> Slice:
    """A range of rows."""
    return Slice(axis=1, start=start, stop=stop)


def columns(start: int, stop: int) -> Slice:
    """A range of columns."""
    return Slice(axis=2, start=start, stop=stop)


def ops(net: Network) -> list[Op]:
    """What is left of it behind the ReLU."""
    return [layer.op for layer in canonical(net).network.layers[2:]]


def pool(padding: Padding) -> Pool2d:
    """The pool with what is left of the padding."""
    return Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(2, 2), padding=padding)


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        # The image has 32 rows and columns: 34 when padded by one on each side.
        ((pad(1), rows(1, 34), columns(1, 34)), (0, 1, 0, 1)),
        ((pad(1), columns(1, 34), rows(1, 34)), (0, 1, 0, 1)),
        ((pad(2), rows(1, 35), columns(1, 35)), (1, 1, 1, 1)),
        ((pad(1), rows(1, 33), columns(1, 33)), (0, 0, 0, 0)),
        ((pad(1), pad(-1, 0, -1, 0)), (0, 1, 0, 1)),
        ((pad(4), pad(-4)), (0, 0, 0, 0)),
    ],
)
def test_a_pad_and_a_crop_are_one_pad(steps: tuple[Op, ...], left: Padding) -> None:
    assert ops(stack(*steps)) == [pool(left)]


@pytest.mark.parametrize(
    "steps",
    [
        (rows(1, 32), pad(1, 0, 0, 0)),
        (pad(-1, 0, -1, 0), pad(1, 0, 1, 0)),
        (pad(1), rows(2, 34)),
        (pad(1), rows(1, 32)),
    ],
    ids=["cut, then padded", "cut by a pad, then padded", "more cut off", "more cut off below"],
)
def test_where_the_map_itself_is_cut_the_cut_stays(steps: tuple[Op, ...]) -> None:
    left = ops(stack(*steps))
    assert any(isinstance(op, Slice) or (isinstance(op, Pad) and min(op.padding) < 0) for op in left)


def test_a_pad_that_another_layer_reads_whole_stays_for_that_layer() -> None:
    net = stack(pad(1), rows(1, 34), columns(1, 34))
    average = Pool2d(kind=PoolKind.AVG, kernel=(2, 2), stride=(2, 2))
    other = Layer(name="c", op=average, inputs=("s0",), shape=(3, 17, 17))
    both = replace(net, layers=(*net.layers, other), outputs=(*net.outputs, replace(net.outputs[0], layer="c")))
    found = {layer.name: layer.op for layer in canonical(both).network.layers}
    assert found["m"] == pool((0, 1, 0, 1))
    assert found["c"] == replace(average, padding=(1, 1, 1, 1))


@pytest.mark.parametrize(
    "op",
    [
        Conv2d(out_channels=4, kernel=(3, 3), padding=(2, 2, 2, 2)),
        Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1)),
        Pool2d(kind=PoolKind.AVG, kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1)),
    ],
)
@pytest.mark.parametrize("value", [0.0, -inf])
def test_what_a_pad_cuts_off_is_not_brought_back_by_the_padding_of_what_reads_it(op: Op, value: float) -> None:
    cut = replace(pad(-1), value=value)
    net = stack(cut)
    layers = tuple(replace(layer, op=op) if layer.name == "m" else layer for layer in net.layers)
    assert ops(replace(net, layers=layers)) == [cut, op]


def test_what_a_pad_cuts_off_of_what_is_not_padded_again_is_a_smaller_padding() -> None:
    assert ops(stack(pad(-1))) == [pool((-1, -1, -1, -1))]
