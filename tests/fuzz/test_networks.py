"""Networks of any ops in any wiring: their canonical form computes the same, edits and comparison answer, and answer alike.

`tests/test_random_networks.py` says what comparison must find in networks that look like networks; these need not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from math import prod
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit import derive, patch
from gnet_audit.canonical import canonical
from gnet_audit.compare import Found, compare
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import (
    Layer,
    Mode,
    Network,
    Shape,
    Slice,
    Unknown,
)
from tests.fuzz.bounds import answered, fuzzed
from tests.fuzz.numbers import same, values
from tests.fuzz.wirings import NETWORKS, an_op

EDITS = st.integers(0, 1 << 32)


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


def renamed(network: Network, name: Callable[[int], str]) -> Network:
    """The network with names of layers and weights that say nothing."""
    names = {layer.name: name(index) for index, layer in enumerate(network.layers)}
    layers = (
        replace(
            layer,
            name=names[layer.name],
            inputs=tuple(map(names.__getitem__, layer.inputs)),
            weights=tuple(replace(weight, name=f"{name(0)}.{weight.name}") for weight in layer.weights),
        )
        for layer in network.layers
    )
    outputs = tuple(replace(output, layer=names[output.layer]) for output in network.outputs)
    return replace(network, layers=tuple(layers), outputs=outputs)


def told(one: Network, two: Network, name: Callable[[int], str]) -> object:
    """What comparison says of two networks where the second has such names; each of its layers under its number."""
    found = answered(lambda: compare({one.mode: one}, {one.mode: Found(network=renamed(two, name))}))
    assert found is not None
    number = {name(index): str(index) for index in range(len(two.layers))}
    assert all(finding.cost is None or finding.edits for finding in found.findings)
    return found.refusal, [
        (
            one.rule,
            one.severity,
            [re.sub(r"[nz]\d+", lambda part: number.get(part[0], part[0]), row) for row in one.rows],
            one.attribute,
            one.expected,
            one.cost,
        )
        for one in found.findings
    ]


def size_of(shape: Shape | None) -> int | None:
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
        size = size_of(network.by_name[before.layer].shape)
        assert size_of(found.network.by_name[after.layer].shape) in {size, None}
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


@given(NETWORKS)
@fuzzed
def test_a_canonical_form_computes_the_same_numbers(network: Network) -> None:
    try:
        before = values(network)
    except (NotImplementedError, RuntimeError, ValueError):  # torch has no such op, or not for such an input
        event("executed: False")
        return
    found = canonical(network)
    after = values(found.network)
    event(f"rewritten: {bool(found.rewrites)}")
    for one, two in zip(network.outputs, found.network.outputs, strict=True):
        assert same(before[one.layer], after[two.layer])
    assert all(same(before[name], after[name]) for name in after.keys() & before.keys() - found.changed)


@given(NETWORKS, NETWORKS, EDITS, st.integers(0, 3))
@fuzzed
def test_any_two_networks_can_be_compared_and_names_do_not_matter(
    one: Network, two: Network, seed: int, count: int
) -> None:
    if seed % 8 == 0:
        two = one
    elif count:
        two = answered(lambda: patch.apply(one, some_edits(one, seed, count))) or two
    two = replace(two, mode=one.mode)
    assert told(one, two, "n{}".format) == told(one, two, lambda index: f"z{9999 - index}")
