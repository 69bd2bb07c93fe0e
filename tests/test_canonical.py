"""Equal functions become one form, others stay apart; every rewriting says what it took away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.canonical import canonical
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    Conv2d,
    Elementwise,
    Layer,
    Mean,
    Network,
    Op,
    Pool2d,
    PoolKind,
    Slice,
    Weight,
)
from tests.networks import network


def ops(net: Network) -> list[Op]:
    """The ops of a canonical network, the input left out."""
    return [layer.op for layer in canonical(net).network.layers[1:]]


def notes(net: Network) -> list[str]:
    """What was rewritten."""
    return [rewrite.what for rewrite in canonical(net).rewrites]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("a: conv 1 4\nn: identity\nb: conv 1 4", "a: conv 1 4\nb: conv 1 4"),
        ("a: conv 1 4\nn: flatten\nb: linear 4", "a: conv 1 4\nb: linear 4"),
        ("a: conv 1 4\nm: mean", "a: conv 1 4\nm: adaptive avg 1"),
        ("n: pad 2\na: conv 5 4", "a: conv 5 4 p2"),
        ("a: relu\nn: pad 1\nb: maxpool 3 /2", "a: relu\nb: maxpool 3 /2 p1"),
        ("a: conv 1 4\nr: relu\ns: relu", "a: conv 1 4\nr: relu"),
        ("a: conv 1 4\nm: maxpool 2 /2\nr: relu", "a: conv 1 4\nr: relu\nm: maxpool 2 /2"),
        ("n: pad 1\na: avgpool 3", "a: avgpool 3 p1"),
        ("a: conv 1 4\nq: softmax\nr: relu", "a: conv 1 4\nq: softmax"),
        (
            "a: conv 1 4\nt: sigmoid\nb: conv 1 4 < input\nj: concat < t b\ns: relu",
            "a: conv 1 4\nt: sigmoid\nb: conv 1 4 < input\ns: relu < b\nj: concat < t s",
        ),
        (
            "a: conv 1 2\nb: conv 1 4 < input\nj: concat < a b\ns: slice 2 6 < j\nc: conv 1 3",
            "a: conv 1 2\nb: conv 1 4 < input\nc: conv 1 3",
        ),
        (
            "i: conv 1 4\nr: relu\na: conv 1 2 < r\nb: conv 1 2 < r\nj: concat < a b\ns: relu",
            "i: conv 1 4\nr: relu\na: conv 1 2 < r\ns1: relu < a\nb: conv 1 2 < r\ns2: relu < b\nj: concat < s1 s2",
        ),
        (
            "a: conv 1 2\nb: conv 1 3 < input\nc: conv 1 4 < input\ni: concat < a b\nj: concat < i c",
            "a: conv 1 2\nb: conv 1 3 < input\nc: conv 1 4 < input\nj: concat < a b c",
        ),
    ],
)
def test_two_spellings_become_one(written: str, plain: str) -> None:
    assert sorted(map(str, ops(network(written)))) == sorted(map(str, ops(network(plain))))


@pytest.mark.parametrize(
    "text",
    [
        "a: conv 1 4\nm: avgpool 2 /2\nr: relu",
        "a: conv 1 4\nn: pad 1\nb: maxpool 3 /2",
        "a: conv 1 4\nr: leaky_relu\nm: maxpool 2 /2",
        "a: conv 1 4\nd: dropout 0.5\nb: conv 1 4",
        "a: conv 1 4\nl: lrn\nr: relu",
        "n: pad 1\na: lrn",
        "n: pad 1\na: avgpool 3 ceil /2",
        "a: conv 1 4\nm: maxpool 2 /2\nr: relu\ns: add < m r",
        "a: conv 1 2\nb: conv 1 4 < input\nj: concat < a b\ns: slice 1 3 < j\nc: conv 1 3",
        "a: conv 1 4\nq: log_softmax\nr: relu",
        # A window of nothing but padding gives minus infinity, and 0 behind a ReLU.
        "a: conv 1 4\nm: maxpool 2 p2 /2\nr: relu",
    ],
)
def test_what_is_another_function_stays_as_it_is(text: str) -> None:
    net = network(text)
    assert ops(net) == [layer.op for layer in net.layers[1:]]
    assert notes(net) == []


def test_a_wide_convolution_is_the_convolutions_that_it_fuses() -> None:
    wide = network("w: conv 1 6\nr: relu\na: slice 0 2 < r\nb: slice 2 6 < r\nc: conv 3 4 p1 < b\nj: concat < a c")
    net = canonical(wide).network
    convs = [layer for layer in net.layers if isinstance(layer.op, Conv2d)]
    assert sorted((layer.op.out_channels, layer.params) for layer in convs if isinstance(layer.op, Conv2d)) == [
        (2, 3 * 2 + 2), (4, 3 * 4 + 4), (4, 9 * 4 * 4 + 4),
    ]  # fmt: skip
    assert sum(layer.macs for layer in net.layers) == wide.macs
    assert sum(layer.op == Activation(function="relu") for layer in net.layers) == 2


def test_a_bias_added_by_hand_belongs_to_the_product() -> None:
    net = network("a: linear 4 nobias")
    offset = Weight(role="bias", name="b", shape=(4,))
    add = Layer(
        name="+b",
        op=Elementwise(function="add", constants=(None,)),
        inputs=("a",),
        shape=(4,),
        params=4,
        weights=(offset,),
    )
    whole = canonical(replace(net, layers=(*net.layers, add), outputs=(replace(net.outputs[0], layer="+b"),))).network
    (linear,) = whole.layers[1:]
    assert str(linear.op) == "Linear(out_features=4, bias=True)"
    assert linear.params == 3 * 32 * 32 * 4 + 4
    assert whole.outputs[0].layer == "a"


def test_a_computation_without_weights_that_nobody_reads_is_dropped() -> None:
    assert len(ops(network("a: conv 1 4\nr: relu < a\nb: conv 1 2 < a", outputs="b"))) == 2


def test_a_layer_with_weights_that_nobody_reads_stays() -> None:
    assert len(ops(network("a: conv 1 4\nb: conv 1 2 < input", outputs="a"))) == 2


# --- local response normalisation by hand: x / (k + alpha * mean(x², size)) ** beta ------------------------


def by_hand(*steps: Layer) -> Network:
    """A network whose only layers are these: maps of eight channels, and of twelve where they are padded."""
    net = network("x: conv 1 8")
    eight = net.layers[-1].shape or ()
    padded = (12, *eight[1:])
    shaped = tuple(replace(step, shape=padded if step.name == "pad" else eight) for step in steps)
    return replace(net, layers=(*net.layers, *shaped), outputs=(replace(net.outputs[0], layer=steps[-1].name),))


def step(name: str, function: str, *inputs: str, constants: tuple[float | None, ...] = ()) -> Layer:
    """One elementwise step."""
    return Layer(name=name, op=Elementwise(function=function, constants=constants), inputs=inputs)


SQUARE = step("sq", "pow", "x", constants=(None, 2.0))
POWER = step("p", "pow", "b", constants=(None, 0.75))


def test_an_average_over_channels_by_hand_is_a_normalisation() -> None:
    net = by_hand(
        SQUARE,
        step("m", "channel_avg_pool", "sq", constants=(5, 2)),
        step("s", "mul", "m", constants=(None, 1e-4)),
        step("b", "add", "s", constants=(None, 2.0)),
        POWER,
        step("y", "div", "x", "p"),
    )
    assert ops(net)[1:] == [LRN(size=5, alpha=1e-4, beta=0.75, k=2.0)]
    assert notes(net) == ["local response normalisation written by hand"]


def normalised(*window: Layer, scale: float) -> Network:
    """What a normalisation is by hand, with a window `m` over the squares."""
    last = step("s", "mul", "m", constants=(None, scale)), step("b", "add", "s", constants=(1.0, None))
    return by_hand(SQUARE, *window, *last, POWER, step("y", "div", "x", "p"))


def shifts(*starts: int) -> list[Layer]:
    """Eight channels of the padded squares, from each of these on."""
    return [
        Layer(name=f"c{at}", op=Slice(axis=0, start=start, stop=start + 8), inputs=("pad",))
        for at, start in enumerate(starts)
    ]


MEAN = Layer(name="m", op=Mean(axes=(3,)), inputs=("w",))
PADDED = step("pad", "channel_pad", "sq", constants=(2.0, 2.0))
WINDOWS = step("w", "unfold", "pad", constants=(0.0, 5.0, 1.0))
STACKED = (PADDED, *shifts(0, 1, 2, 3, 4), step("w", "stack", "c0", "c1", "c2", "c3", "c4", constants=(3.0,)))


def added(first: str, *others: str) -> list[Layer]:
    """A sum in steps; the last is `m`."""
    names = [first, *(f"m{place}" for place in range(1, len(others))), "m"]
    pairs = zip(names, others, names[1:], strict=False)
    return [Layer(name=after, op=Add(), inputs=(before, other)) for before, other, after in pairs]


def scaled(*scales: float, offset: float = 1.0, divided: bool = False) -> tuple[Layer, ...]:
    """k and five neighbours, each times a number of its own, added one by one; the way of the Keras ports."""
    function, places = ("div", 1) if divided else ("mul", 0)
    parts = [
        step(f"t{at}", function, f"c{at}", constants=(None, scale) if places else (scale, None))
        for at, scale in enumerate(scales)
    ]
    start = step("t", "add", "t0", constants=(offset, None))
    return (PADDED, *shifts(0, 1, 2, 3, 4), *parts, start, *added("t", *(f"t{at}" for at in range(1, 5))))


def test_neighbours_that_are_scaled_one_by_one_are_a_window() -> None:
    last = (replace(POWER, inputs=("m",)), step("y", "div", "x", "p"))
    # The factor stands before the sum of five: alpha is five times as large.
    net = by_hand(SQUARE, *scaled(1e-4, 1e-4, 1e-4, 1e-4, 1e-4, offset=2.0), *last)
    assert ops(net)[1:] == [LRN(size=5, alpha=5e-4, beta=0.75, k=2.0)]
    net = by_hand(SQUARE, *scaled(50, 50, 50, 50, 50, divided=True), *last)
    assert ops(net)[1:] == [LRN(size=5, alpha=0.1, beta=0.75, k=1.0)]


def test_neighbours_of_unequal_weight_are_no_window() -> None:
    last = (replace(POWER, inputs=("m",)), step("y", "div", "x", "p"))
    net = by_hand(SQUARE, *scaled(1e-4, 1e-4, 2e-4, 1e-4, 1e-4), *last)
    assert not any(isinstance(one, LRN) for one in ops(net))


def test_a_number_divided_by_a_window_is_no_window() -> None:
    window = (MEAN, step("q", "div", "m", constants=(1e-4, None)))
    last = (step("b", "add", "q", constants=(1.0, None)), POWER, step("y", "div", "x", "p"))
    assert not any(isinstance(one, LRN) for one in ops(by_hand(SQUARE, *window, *last)))


@pytest.mark.parametrize(
    ("window", "scale"),
    [
        ((PADDED, WINDOWS, step("m", "sum", "w", constants=(3.0,))), 2e-5),
        ((PADDED, WINDOWS, MEAN), 1e-4),
        ((*STACKED, step("m", "sum", "w", constants=(3.0,))), 2e-5),
        ((*STACKED, MEAN), 1e-4),
        ((PADDED, *shifts(0, 1, 2, 3, 4), *added("c0", "c1", "c2", "c3", "c4")), 2e-5),
    ],
)
def test_neighbours_on_an_axis_of_their_own_are_a_window(window: tuple[Layer, ...], scale: float) -> None:
    # A sum of five takes a fifth of alpha: 1e-4 / 5 = 2e-5.
    assert ops(normalised(*window, scale=scale))[1:] == [LRN(size=5, alpha=1e-4, beta=0.75, k=1.0)]


@pytest.mark.parametrize(
    "window",
    [
        (step("pad", "channel_pad", "sq", constants=(1.0, 3.0)), WINDOWS, MEAN),
        (PADDED, WINDOWS, Layer(name="m", op=Mean(axes=(2,)), inputs=("w",))),
        (PADDED, WINDOWS, Layer(name="m", op=Mean(axes=(3,), keepdim=True), inputs=("w",))),
        (*STACKED, step("m", "sum", "w", constants=(0.0,))),
        (PADDED, *shifts(0, 1, 1, 3, 4), *STACKED[6:], MEAN),
        (*STACKED, Layer(name="m", op=Mean(axes=(3,)), inputs=("pad",))),
    ],
    ids=[
        "off centre",
        "another axis",
        "an axis kept",
        "not the stacked axis",
        "one neighbour twice",
        "nothing stacked",
    ],
)
def test_what_is_no_window_of_neighbours_stays_what_it_is(window: tuple[Layer, ...]) -> None:
    assert not any(isinstance(one, LRN) for one in ops(normalised(*window, scale=1e-4)))


def test_an_average_over_the_image_by_hand_is_told_apart() -> None:
    pool = network("p: avgpool 5 p2").layers[-1].op
    assert isinstance(pool, Pool2d)
    net = by_hand(
        SQUARE,
        Layer(name="m", op=pool, inputs=("sq",)),
        step("s", "mul", "m", constants=(None, 1e-4)),
        step("b", "add", "s", constants=(1.0, None)),
        POWER,
        step("y", "div", "x", "p"),
    )
    assert ops(net)[1:] == [LRN(size=5, alpha=1e-4, beta=0.75, k=1.0, across="space")]


def test_a_normalisation_by_another_map_is_not_taken_for_one() -> None:
    net = by_hand(
        Layer(
            name="other",
            op=AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1)),
            inputs=("x",),
        ),
        step("sq", "pow", "other", constants=(None, 2.0)),
        step("m", "channel_avg_pool", "sq", constants=(5, 2)),
        step("b", "add", "m", constants=(1.0, None)),
        POWER,
        step("y", "div", "x", "p"),
    )
    assert not any(isinstance(one, LRN) for one in ops(net))


def test_a_factor_by_hand_may_be_written_as_a_quotient() -> None:
    net = by_hand(
        SQUARE,
        step("m", "channel_avg_pool", "sq", constants=(5, 2)),
        step("t", "mul", "m", constants=(None, 5e-4)),
        step("s", "div", "t", constants=(None, 5.0)),
        step("b", "add", "s", constants=(None, 2.0)),
        POWER,
        step("y", "div", "x", "p"),
    )
    assert ops(net)[1:] == [LRN(size=5, alpha=1e-4, beta=0.75, k=2.0)]


MEAN = step("m", "channel_avg_pool", "sq", constants=(5, 2))
SUM = step("b", "add", "m", constants=(None, 2.0))
STRANGE: dict[str, tuple[Layer, ...]] = {
    "a product with the power, written as a quotient": (
        SQUARE, MEAN, SUM, step("p", "pow", "b", constants=(None, -0.75)), step("y", "div", "x", "p"),
    ),
    "each value by its own square alone": (
        SQUARE, step("b", "add", "sq", constants=(None, 2.0)), POWER, step("y", "div", "x", "p"),
    ),
    "a sum of what is no range of one map": (
        step("sq", "pow", "input", constants=(None, 2.0)), Layer(name="m", op=Add(), inputs=("input", "sq")), SUM, POWER,
        step("y", "div", "input", "p"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
def test_what_only_looks_like_a_normalisation_stays_as_it_is(name: str) -> None:
    net = by_hand(*STRANGE[name])
    assert [layer.op for layer in canonical(net).network.layers if layer.name != "x"] == [
        layer.op for layer in net.layers if layer.name != "x"
    ]
    assert notes(net) == []


# --- parts of a wide convolution, and what more than one layer reads -------------------------------------------


def test_a_bias_stays_apart_where_something_else_reads_the_product_without_it() -> None:
    net = network("a: conv 1 4 nobias\nr: relu\nq: tanh < a")
    offset = Weight(role="bias", name="b", shape=(4, 1, 1))
    op = Elementwise(function="add", constants=(None,))
    add = Layer(name="+b", op=op, inputs=("a",), shape=(4, 32, 32), params=4, weights=(offset,))
    layers = (*net.layers[:2], add, replace(net.layers[2], inputs=("+b",)), net.layers[3])
    read_twice = replace(net, layers=layers, outputs=(*net.outputs, replace(net.outputs[0], layer="r")))
    assert op in ops(read_twice)
    assert notes(read_twice) == []
    alone = replace(read_twice, layers=layers[:-1], outputs=(replace(net.outputs[0], layer="r"),))
    assert op not in ops(alone)


def test_a_wide_convolution_that_is_returned_as_well_stays_whole() -> None:
    net = network("w: conv 1 6\na: slice 0 2 < w\nb: conv 1 4", outputs="w b")
    assert ops(net) == [layer.op for layer in net.layers[1:]]


def test_the_same_range_twice_is_two_convolutions_of_the_same_parameters() -> None:
    net = network("w: conv 1 6\na: slice 0 2 < w\nb: slice 0 2 < w\nc: conv 3 4 p1 < b\nj: concat < a c")
    wide = Weight(role="weight", name="w.weight", shape=(6, 3, 1, 1))
    layers = tuple(replace(layer, weights=(wide,)) if layer.name == "w" else layer for layer in net.layers)
    whole = canonical(replace(net, layers=layers))
    first, second = (layer for layer in whole.network.layers if layer.weights)
    assert first.op == second.op == Conv2d(out_channels=2, kernel=(1, 1))
    assert first.weights == second.weights == (replace(wide, rows=(0, 2)),)
    assert sorted((first.params, second.params)) == [0, 3 * 2 + 2]
    assert [(one.what, one.surplus) for one in whole.rewrites] == [("one wide convolution split by channels", 4)]
