"""ReLUs by other means than their name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.canonical import canonical
from gnet_audit.network import Activation, Add, Elementwise, Layer, Network
from tests.networks import network

RELU = Activation(function="relu")


def by_hand(*steps: Layer) -> Network:
    """A convolution `x` and another `o`, and what is made of them."""
    net = network("o: conv 1 4\nx: conv 1 4 < input")
    shaped = tuple(replace(step, shape=net.layers[-1].shape) for step in steps)
    return replace(net, layers=(*net.layers, *shaped), outputs=(replace(net.outputs[0], layer=steps[-1].name),))


def step(name: str, function: str, *inputs: str, constants: tuple[float | None, ...] = ()) -> Layer:
    """One elementwise step."""
    return Layer(name=name, op=Elementwise(function=function, constants=constants), inputs=inputs)


def compared(function: str, number: float = 0.0, name: str = "x") -> Layer:
    """A map compared with a number."""
    return step("c", function, name, constants=(None, number))


def choice(first: float | None, second: float | None, *inputs: str) -> Layer:
    """One branch where the comparison holds, else the other."""
    return step("y", "where", "c", *inputs, constants=(None, first, second))


ABS = step("a", "abs", "x", constants=(None,))
SUM = Layer(name="s", op=Add(), inputs=("x", "a"))
HALF = step("y", "div", "s", constants=(None, 2.0))

FORMS = {
    "x where above zero": (compared("gt"), choice(None, 0.0, "x")),
    "x where not below zero": (compared("ge"), choice(None, 0.0, "x")),
    "zero where below zero": (compared("lt"), choice(0.0, None, "x")),
    "zero where not above zero": (compared("le"), choice(0.0, None, "x")),
    "a product with the comparison": (compared("gt"), step("y", "mul", "x", "c", constants=(None, None))),
    "a product the other way round": (compared("ge"), step("y", "mul", "c", "x", constants=(None, None))),
    "half the sum of x and its size": (ABS, SUM, HALF),
    "the sum the other way round": (ABS, replace(SUM, inputs=("a", "x")), HALF),
    "0.5 times the sum": (ABS, SUM, step("y", "mul", "s", constants=(0.5, None))),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_relu_by_hand_is_one(name: str) -> None:
    found = canonical(by_hand(*FORMS[name]))
    assert [(layer.name, layer.op) for layer in found.network.layers[3:]] == [("y", RELU)]
    assert found.network.by_name["y"].inputs == ("x",)
    assert [(note.what, note.layers) for note in found.rewrites] == [("ReLU written by hand", ("y",))]


OTHERS = {
    "a threshold of one": (compared("gt", 1.0), choice(None, 0.0, "x")),
    "another number for the rest": (compared("gt"), choice(None, 1.0, "x")),
    "branches the other way round": (compared("gt"), choice(0.0, None, "x")),
    "zero where above zero": (compared("ge"), choice(0.0, None, "x")),
    "x where below zero": (compared("lt"), choice(None, 0.0, "x")),
    "another map chosen": (compared("gt"), choice(None, 0.0, "o")),
    "another map compared": (compared("gt", name="o"), choice(None, 0.0, "x")),
    "a slope for the rest": (
        compared("gt"), step("l", "mul", "x", constants=(None, 0.1)), choice(None, None, "x", "l"),
    ),
    "a product with what is below": (compared("lt"), step("y", "mul", "x", "c", constants=(None, None))),
    "a product with another comparison": (
        compared("gt", name="o"), step("y", "mul", "x", "c", constants=(None, None)),
    ),
    "a third of the sum": (ABS, SUM, replace(HALF, op=Elementwise(function="div", constants=(None, 3.0)))),
    "two by the sum": (ABS, SUM, replace(HALF, op=Elementwise(function="div", constants=(2.0, None)))),
    "the size of another map": (replace(ABS, inputs=("o",)), SUM, HALF),
    "three summands": (ABS, replace(SUM, inputs=("x", "a", "o")), HALF),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_relu_stays_as_it_is(name: str) -> None:
    net = by_hand(*OTHERS[name])
    found = canonical(net)
    assert [layer.op for layer in found.network.layers if layer.name in {"c", "a", "l", "s", "y"}] == [
        layer.op for layer in net.layers[3:]
    ]
    assert found.rewrites == ()
