"""Networks of any ops in any wiring: the canonical form, edits and comparison answer, and answer alike.

`tests/test_random_networks.py` says what comparison must find in networks that look like networks; these need not.
"""

from __future__ import annotations

from dataclasses import fields, replace
from math import prod
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit import derive, patch
from gnet_audit.canonical import canonical
from gnet_audit.compare import Found, compare
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import (
    Add,
    Concat,
    Conv2d,
    Elementwise,
    Input,
    Layer,
    Mode,
    Network,
    Op,
    Output,
    Shape,
    Slice,
    Unknown,
    Weight,
)
from tests.fuzz.bounds import answered, fuzzed
from tests.networks import op

OPS = (
    "conv 1 4", "conv 3 4 p1", "conv 3 6 /2 p1", "conv 3 4 p2 d2", "conv 1 4 nobias", "conv 3 4 g2 p1", "conv 5 8", "maxpool 3 /2 p1", "maxpool 2 /2 ceil", "avgpool 3 p1",
    "adaptive avg 1", "adaptive max 2", "linear 5", "linear 7 nobias", "dropout 0.5", "dropout 0.4 off", "lrn", "concat", "concat", "concat", "add", "add",
    "slice 0 2", "slice 2 4", "pad 1", "mean", "flatten", "identity", "bn", "softmax", "relu", "relu", "relu", "tanh", "unknown custom",
)  # fmt: skip
EDITS = st.integers(0, 1 << 32)


def an_op(random: Random) -> Op:
    """Any op, plain arithmetic with and without constants among them."""
    if random.random() < 0.1:
        function = random.choice(("mul", "add", "pow", "div", "sub"))
        return Elementwise(function=function, constants=random.choice(((None, None), (None, 2.0), (0.75, None))))
    return op(random.choice(OPS))


def arity(what: Op, random: Random) -> int:
    """How many inputs an op takes."""
    if isinstance(what, Elementwise):
        return what.constants.count(None)
    return random.randint(1, 3) if isinstance(what, Concat | Add) else 1


def made(seed: int, size: int) -> Network:
    """A network of so many layers that fit each other; up to three outputs, some weights shared."""
    random = Random(seed)
    shape: Shape = random.choice(((3, 8, 8), (4, 8, 8), (4, 1, 1), (4, 7, 5), (6,)))
    layers = [Layer(name="input", op=Input(), shape=shape)]
    for index in range(size * 3):
        if len(layers) > size:
            break
        what = an_op(random)
        near = layers[-4:] if random.random() < 0.8 else layers
        inputs = tuple(random.choice(near).name for _ in range(arity(what, random)))
        weights = weights_of(what, random, index)
        layer = Layer(name=f"l{index}", op=what, inputs=inputs, weights=weights)
        try:
            layers = list(derive.infer([*layers, layer], shape))
        except ShapeError:
            continue
    ends = random.sample([layer.name for layer in layers], min(len(layers), random.choice((1, 1, 2, 3))))
    outputs = tuple(Output(path=f"[{index}]", layer=name) for index, name in enumerate([layers[-1].name, *ends]))
    return Network(name="made", mode=random.choice(list(Mode)), layers=tuple(layers), outputs=outputs)


NETWORKS = st.builds(made, st.integers(0, 1 << 32), st.integers(1, 14))


def weights_of(what: Op, random: Random, index: int) -> tuple[Weight, ...]:
    """Named weights for some convolutions, two of which may be the same."""
    if not isinstance(what, Conv2d) or random.random() < 0.7:
        return ()
    name = f"w{random.choice((index, 0, 1))}"
    return (Weight(role="weight", name=name, shape=()),)


def changed(edit: Edit) -> tuple[str, ...]:
    """The layers that are gone, or have another op, after an edit."""
    match edit:
        case Remove(layers=names):
            return names
        case SetOp(layer=name):
            return (name,)
        case _:
            return ()


def some_edits(network: Network, seed: int, count: int) -> list[Edit]:
    """So many edits, none of a layer that an earlier one took out or made another."""
    random = Random(seed)
    found: list[Edit] = []
    for number in range(count):
        gone = {name for edit in found for name in changed(edit)}
        found.append(an_edit(network, [one for one in network.layers if one.name not in gone], random, number))
    return found


def an_edit(network: Network, layers: list[Layer], random: Random, number: int) -> Edit:
    """Some edit of one of the layers, whether it fits or not."""
    place = random.randrange(1, len(layers)) if len(layers) > 1 else 0
    layer, other = layers[place], random.choice(layers[: place or 1])
    new = Layer(name=f"new{number}", op=an_op(random))
    match random.randrange(7) if place else 3:  # the input stays what it is
        case 0:
            return SetOp(layer=layer.name, op=an_op(random))
        case 1:
            return SetInputs(layer=layer.name, inputs=(other.name,) * max(1, len(layer.inputs)))
        case 2:
            return Remove(layers=(layer.name, *((other.name,) if random.random() < 0.3 and other.inputs else ())))
        case 3:
            return Insert(after=layer.name, layers=(new,), trailing=random.random() < 0.3)
        case 4:
            return Insert(after=layer.name, layers=(new,), readers=network.consumers[layer.name][:1])
        case 5:
            appended = replace(new, inputs=(layer.name,))
            return Append(layers=(appended,), output=random.random() < 0.5, mode=random.choice((None, *Mode)))
        case _:
            names = {field.name for field in fields(layer.op)}
            changes = {"out_channels": 6, "bias": False, "stride": (2, 2), "rate": 0.1, "axis": 1, "stop": 3}
            return SetFields(layer=layer.name, fields=tuple(item for item in changes.items() if item[0] in names))


def renamed(network: Network) -> Network:
    """The network with names that say nothing."""
    names = {layer.name: f"n{index}" for index, layer in enumerate(network.layers)}
    layers = (
        replace(layer, name=names[layer.name], inputs=tuple(map(names.__getitem__, layer.inputs)))
        for layer in network.layers
    )
    outputs = tuple(replace(output, layer=names[output.layer]) for output in network.outputs)
    return replace(network, layers=tuple(layers), outputs=outputs)


def values(shape: Shape | None) -> int | None:
    """How many numbers a shape holds."""
    return None if shape is None else prod(shape)


def sound(network: Network, *, views: bool = True) -> None:
    """Each layer reads earlier ones, each output is there; where views stand in it, shapes are what arithmetic gives."""
    seen: dict[str, Layer] = {}
    for layer in network.layers:
        assert layer.name not in seen
        assert all(name in seen for name in layer.inputs)
        shapes = [seen[name].shape for name in layer.inputs]
        known = tuple(shape for shape in shapes if shape is not None)
        if views and layer.inputs and layer.shape and not isinstance(layer.op, Unknown) and len(known) == len(shapes):
            assert derive.output_shape(layer.op, known) == layer.shape
            assert min(layer.shape) >= 1
        seen[layer.name] = layer
    assert all(output.layer in seen for output in network.outputs)


@given(NETWORKS)
@fuzzed
def test_a_canonical_form_has_the_same_outputs_and_none_of_its_own(network: Network) -> None:
    sound(network)
    found = answered(lambda: canonical(network))
    assert found is not None
    sound(found.network, views=False)
    assert [output.path for output in found.network.outputs] == [output.path for output in network.outputs]
    for before, after in zip(network.outputs, found.network.outputs, strict=True):
        size = values(network.by_name[before.layer].shape)
        assert values(found.network.by_name[after.layer].shape) in {size, None}
    if not any(isinstance(one.op, Slice) for one in network.layers):  # two may cut the same channels
        assert sum(one.params for one in found.network.layers) <= sum(one.params for one in network.layers)


@given(NETWORKS, EDITS, st.integers(0, 3))
@fuzzed
def test_edits_give_a_network_or_do_not_fit_and_what_is_concerned_is_all_that_changes(
    network: Network, seed: int, count: int
) -> None:
    edits = some_edits(network, seed, count)
    whole = answered(lambda: patch.apply(network, edits))
    event(f"fits: {whole is not None}")
    part = answered(lambda: patch.concerned(network, edits))
    if whole is None or part is None:
        return
    sound(whole)
    if not edits:
        assert whole.by_name == network.by_name
    before, after = part
    rest = {name: layer for name, layer in network.by_name.items() if name not in before}
    assert rest | dict(after) == whole.by_name


@given(NETWORKS, NETWORKS, EDITS)
@fuzzed
def test_any_two_networks_can_be_compared(one: Network, two: Network, seed: int) -> None:
    if seed % 2:
        two = answered(lambda: patch.apply(one, some_edits(one, seed, 1))) or two
    mode = Mode.EVAL
    first, second = replace(one, mode=mode), replace(two, mode=mode)
    found = answered(lambda: compare({mode: first}, {mode: Found(network=renamed(second))}))
    assert found is not None
    same = answered(lambda: compare({mode: first}, {mode: Found(network=renamed(first))}))
    assert same is not None
