"""Networks made up: any ops in any wiring, and between them the ways in which people write one function otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from math import inf
from random import Random

from hypothesis import strategies as st

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.network import (
    Add,
    BatchNorm,
    Concat,
    Elementwise,
    Input,
    Layer,
    Mean,
    Mode,
    Network,
    Op,
    Output,
    Pad,
    Shape,
    Slice,
    Weight,
)
from tests.networks import op

OPS = (
    "conv 1 4", "conv 3 4 p1", "conv 3 6 /2 p1", "conv 3 4 p2 d2", "conv 1 4 nobias", "conv 3 4 g2 p1", "conv 5 8", "maxpool 3 /2 p1", "maxpool 2 /2 ceil", "avgpool 3 p1",
    "adaptive avg 1", "adaptive max 2", "linear 5", "linear 7 nobias", "dropout 0.5", "dropout 0.4 off", "lrn", "concat", "concat", "concat", "add", "add",
    "slice 0 2", "slice 2 4", "pad 1", "mean", "flatten", "identity", "bn", "softmax", "relu", "relu", "relu", "tanh", "unknown custom",
)  # fmt: skip
Step = tuple[Op, tuple[str, ...]]
"""An op and what it reads: the layers before it under their names, the steps of its own idiom as `0`, `1`, …"""


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


# --- idioms -----------------------------------------------------------------------------------------------------


def _parts(widths: Sequence[int], source: int, random: Random) -> list[Step]:
    """Ranges of so many channels of a step, one behind the other; now and then one is a channel off, or lacks."""
    found = [Slice(axis=0, start=start, stop=stop) for start, stop in pairwise(accumulate(widths, initial=0))]
    if random.random() < 0.3:
        at = random.randrange(len(found))
        found[at] = replace(found[at], stop=found[at].stop + random.choice((-1, 1)))
    if random.random() < 0.2:
        found.pop(random.randrange(len(found)))
    parts: list[Step] = [(part, (str(source),)) for part in found]
    names = [str(source + 1 + index) for index in range(len(found))]
    return [*parts, (Concat(), tuple(random.sample(names, len(names))))] if random.random() < 0.7 else parts


def joined_and_cut(source: str, random: Random) -> list[Step]:
    """Branches that are joined and taken apart again."""
    widths = [random.choice((2, 3, 4)) for _ in range(random.randint(2, 3))]
    branches = [(op(f"conv 1 {width}"), (source,)) for width in widths]
    steps: list[Step] = [*branches, (Concat(), tuple(map(str, range(len(widths)))))]
    return [*steps, *_parts(widths, len(widths), random)]


def wide_and_cut(source: str, random: Random) -> list[Step]:
    """One convolution, perhaps something pointwise behind it, whose channels are several branches."""
    widths = [random.choice((1, 2, 4)) for _ in range(random.randint(2, 3))]
    steps: list[Step] = [(op(f"conv {random.choice(('1', '3'))} {sum(widths)}"), (source,))]
    for word in random.sample(("bn", "relu", "tanh", "dropout 0.5"), random.randint(0, 2)):
        steps.append((op(word), (str(len(steps) - 1),)))
    return [*steps, *_parts(widths, len(steps) - 1, random)]


def joined_in_steps(source: str, random: Random) -> list[Step]:
    """A concatenation, or a sum, of which one part is another one."""
    join = op(random.choice(("concat", "add")))
    branches = [(op(random.choice(("conv 1 4", "conv 3 4 p1", "conv 1 4 nobias"))), (source,)) for _ in range(3)]
    order = random.sample(("2", "3"), 2)
    return [*branches, (join, ("0", "1")), (join, tuple(order)), (op("relu"), ("4",))]


def relu_later(source: str, random: Random) -> list[Step]:
    """A ReLU behind what it commutes with, what has no negative value already, or what only seems so."""
    words = random.choice(("conv 1 4", "tanh")), random.choice(("conv 3 4 p1", "bn")), random.choice(("relu", "tanh"))
    one, two, three = map(op, words)
    between = op(
        random.choice(("maxpool 3 p1", "avgpool 3 p1", "dropout 0.5", "adaptive max 2", "lrn", "bn", "identity"))
    )
    steps: list[Step] = [(one, (source,)), (two, (source,)), (three, ("1",))]
    return [
        *steps,
        (Concat(), random.choice((("0", "1"), ("0", "2"), ("2", "0"), ("2",)))),
        (between, ("3",)),
        (op("relu"), ("4",)),
    ]


def padded_apart(source: str, random: Random) -> list[Step]:
    """A pad of its own before what could pad itself, with a value that is or is not the right one."""
    pad = Pad(
        padding=random.choice(((1, 1, 1, 1), (0, 1, 0, 1), (2, 0, 0, 1))), value=random.choice((0.0, 0.0, -inf, 1.0))
    )
    steps: list[Step] = [(op(random.choice(("relu", "tanh", "identity"))), (source,)), (pad, ("0",))]
    words = (
        "conv 3 4",
        "conv 3 4 p1",
        "maxpool 3 /2",
        "maxpool 3 /2",
        "maxpool 3 /2 p1",
        "maxpool 2 /2 ceil",
        "avgpool 3",
        "avgpool 3 p1",
    )
    return [*steps, *((op(random.choice(words)), ("1",)) for _ in range(random.choice((1, 1, 2))))]


def averaged(source: str, random: Random) -> list[Step]:
    """The mean of a map in two steps, or of another axis than it seems."""
    first, second = random.choice((((2,), (1,)), ((1,), (1,)), ((2,), (2,)), ((1, 2), (0,))))
    return [(Mean(axes=first, keepdim=random.random() < 0.5), (source,)), (Mean(axes=second), ("0",)), (op("linear 5"), ("1",))]  # fmt: skip


def biased_by_hand(source: str, random: Random) -> list[Step]:
    """A vector of parameters added behind a product."""
    product = op(random.choice(("conv 1 4 nobias", "conv 3 4 p1 nobias", "conv 1 4", "linear 5 nobias")))
    return [(product, (source,)), (Elementwise(function="add", constants=(None,)), ("0",)), (op("relu"), ("1",))]


def normalised_by_hand(source: str, random: Random) -> list[Step]:
    """A local response normalisation across space, or nearly one."""
    square = random.choice((Elementwise(function="mul", constants=(None, None)), Elementwise(function="pow", constants=(None, 2.0)), Elementwise(function="square")))  # fmt: skip
    inputs = (source, source) if square.function == "mul" else (source,)
    window = op(random.choice(("avgpool 3 p1", "avgpool 3 p1", "avgpool 5 p2", "avgpool 1")))
    steps: list[Step] = [(square, inputs), (window, ("0",))]
    for function in random.choice((("mul", "add"), ("add", "mul"), ("div", "add"), ("add",))):
        constants = random.choice(((None, 0.5), (0.5, None))) if function != "div" else (None, 2.0)
        steps.append((Elementwise(function=function, constants=constants), (str(len(steps) - 1),)))
    beta = random.choice((0.75, 1.0, -0.75))
    power = str(len(steps))
    steps.append((Elementwise(function="pow", constants=(None, beta)), (str(len(steps) - 1),)))
    other = "0" if random.random() < 0.2 else source  # what is divided is not always what was squared
    return [*steps, (Elementwise(function="mul" if beta < 0 else "div", constants=(None, None)), (other, power))]


def added_around(source: str, random: Random) -> list[Step]:
    """Two branches of one shape and their sum: an edit of one alone does not fit."""
    stride = random.choice(("", " /2"))
    branches = [(op(f"conv 3 4 p1{stride}"), (source,)), (op(f"conv 1 4{stride}"), (source,))]
    return [*branches, (Add(), ("0", "1")), (op("relu"), ("2",))]


IDIOMS: tuple[Callable[[str, Random], list[Step]], ...] = (
    joined_and_cut, wide_and_cut, joined_in_steps, relu_later, padded_apart, averaged, biased_by_hand, normalised_by_hand, added_around,
)  # fmt: skip


# --- whole networks ------------------------------------------------------------------------------------------------


def made(seed: int, size: int) -> Network:
    """A network of so many steps that fit each other; up to three outputs, some weights shared."""
    random = Random(seed)
    shape: Shape = random.choice(((3, 8, 8), (4, 8, 8), (4, 1, 1), (4, 7, 5), (6,)))
    layers: tuple[Layer, ...] = (Layer(name="input", op=Input(), shape=shape),)
    for _ in range(size):
        near = layers[-4:] if random.random() < 0.8 else layers
        if random.random() < 0.5:
            steps = random.choice(IDIOMS)(random.choice(near).name, random)
        else:
            what = an_op(random)
            steps = [(what, tuple(random.choice(near).name for _ in range(arity(what, random))))]
        new = [
            Layer(name=f"l{len(layers) + place}", op=what, inputs=tuple(f"l{len(layers) + int(name)}" if name.isdigit() else name for name in inputs))
            for place, (what, inputs) in enumerate(steps)
        ]  # fmt: skip
        try:
            layers = weighted(derive.infer([*layers, *new], shape), len(layers), random, shape)
        except ShapeError:
            continue
    ends = random.sample([layer.name for layer in layers], min(len(layers), random.choice((1, 1, 2, 3))))
    outputs = tuple(Output(path=f"[{index}]", layer=name) for index, name in enumerate([layers[-1].name, *ends]))
    return Network(name="made", mode=random.choice(list(Mode)), layers=layers, outputs=outputs)


NETWORKS = st.builds(made, st.integers(0, 1 << 32), st.integers(1, 10))


def weighted(layers: Sequence[Layer], first: int, random: Random, shape: Shape) -> tuple[Layer, ...]:
    """The layers from `first` on with named weights, as a trace has them; now and then those of an earlier layer."""
    by_name = {layer.name: layer for layer in layers}
    found = list(layers[:first])
    for layer in layers[first:]:
        shapes = tuple(known for name in layer.inputs if (known := by_name[name].shape) is not None)
        weights = _weights(layer, shapes)
        twins = [one.weights for one in found if weights and _roles(one.weights) == _roles(weights)]
        found.append(replace(layer, weights=random.choice(twins) if twins and random.random() < 0.1 else weights))
    return derive.infer(found, shape)


def _roles(weights: Sequence[Weight]) -> list[tuple[str, Shape]]:
    return [(weight.role, weight.shape) for weight in weights]


def _weights(layer: Layer, shapes: tuple[Shape, ...]) -> tuple[Weight, ...]:
    """The parameters and statistics of one layer."""
    if not shapes or layer.shape is None:
        return ()
    roles = derive.parameter_shapes(layer.op, shapes)
    if isinstance(layer.op, BatchNorm):
        roles |= {"running_mean": shapes[0][:1], "running_var": shapes[0][:1]}
    if isinstance(layer.op, Elementwise) and layer.op.constants == (None,):
        roles = {"bias": layer.shape[:1]}
    return tuple(Weight(role=role, name=f"{layer.name}.{role}", shape=shape) for role, shape in roles.items())
