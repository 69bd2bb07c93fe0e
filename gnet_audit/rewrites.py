"""Other ways to write the very same function, combined at random: an audit that objects to one cries wolf."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, count
from math import inf
from random import Random
from typing import assert_never

from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.mutants import Mutant
from gnet_audit.mutants.base import is_global
from gnet_audit.mutants.graphs import RELU, Graph
from gnet_audit.network import (
    Activation,
    AdaptivePool2d,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Identity,
    Layer,
    Linear,
    Mean,
    Network,
    Op,
    Pad,
    Pool2d,
    PoolKind,
    Slice,
    Weight,
)

FAMILY = "equivalent rewrites"
JOINED = " & "
"""Between the names of parameters of which one, wide one consists."""
NOTHING: tuple[Op, ...] = (
    Identity(),
    Dropout(rate=0.0),
    Concat(),
    Elementwise(function="mul", constants=(None, 1.0)),
    Elementwise(function="add", constants=(None, 0.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """One place written otherwise, and all layers that it speaks of."""

    edits: tuple[Edit, ...]
    touched: frozenset[str]


def rewrites(reference: Network, random: Random) -> Iterator[Mutant]:
    """Random combinations without end; two rewritings of one combination never speak of the same layer."""
    graph = Graph(network=reference, slots={})
    return (_combination(graph, random, number) for number in count(1))


def _combination(graph: Graph, random: Random, number: int) -> Mutant:
    kinds = random.sample(sorted(KINDS), random.randint(2, 6))
    chosen = _combined([(kind, rewrite) for kind in kinds for rewrite in _some(KINDS[kind](graph, random), random)])
    words = ", ".join(dict.fromkeys(kind for kind, _ in chosen))
    return Mutant(
        id=f"{number}: renamed and reordered, {words}",
        family=FAMILY,
        edits=tuple(edit for _, one in chosen for edit in one.edits),
        truths=(),
        equal="every rewriting keeps the function",
    )


def _some(places: Iterator[Rewrite], random: Random) -> list[Rewrite]:
    known = list(places)
    return random.sample(known, random.randint(1, len(known)))


def _combined(wanted: Sequence[tuple[str, Rewrite]]) -> list[tuple[str, Rewrite]]:
    """Those of them that do not speak of a layer of an earlier one."""
    taken: set[str] = set()
    chosen: list[tuple[str, Rewrite]] = []
    for kind, one in wanted:
        if not taken & one.touched:
            chosen.append((kind, one))
            taken |= one.touched
    return chosen


def _rewrite(graph: Graph, *edits: Edit) -> Rewrite:
    touched: set[str] = set()
    for edit in edits:
        match edit:
            case SetFields(layer=name) | SetOp(layer=name):
                touched.add(name)
            case SetInputs(layer=name, inputs=inputs):
                touched |= {name, *inputs}
            case Remove(layers=names):
                for name in names:
                    touched |= {name, *graph.network.by_name[name].inputs, *graph.network.consumers[name]}
            case Insert(after=name, readers=readers):
                touched |= {name, *(readers or graph.network.consumers.get(name, ()))}
            case Append(layers=layers):
                touched |= {layer.name for layer in layers} | {name for layer in layers for name in layer.inputs}
            case _:
                assert_never(edit)
    return Rewrite(edits=edits, touched=frozenset(touched))


def _one(name: str, what: str, op: Op, inputs: tuple[str, ...] = ()) -> Layer:
    return Layer(name=f"{name}~{what}", op=op, inputs=inputs)


# --- what changes nothing -------------------------------------------------------------------------------


def nothing(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """An identity, a dropout at rate 0, a product with 1, a sum with 0, a concatenation of one, anywhere."""
    for layer in graph.network.layers[1:]:
        op = random.choice(NOTHING)
        yield _rewrite(graph, Insert(after=layer.name, layers=(_one(layer.name, "nothing", op),)))


def flattened_twice(graph: Graph, _random: Random) -> Iterator[Rewrite]:
    """Flattened once more where it is flat already."""
    for layer in graph.of(Flatten):
        yield _rewrite(graph, Insert(after=layer.name, layers=(_one(layer.name, "flatten", Flatten()),)))


def uncounted_padding(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """Averages without padding, that do not count it; last windows rounded up where nothing is left over."""
    for layer in graph.of(Pool2d):
        pool = layer.op
        assert isinstance(pool, Pool2d)
        before = graph.network.by_name[layer.inputs[0]].shape or ()
        rest = [
            (size + 2 * pad - width) % step
            for size, pad, width, step in zip(before[1:], pool.padding[::2], pool.kernel, pool.stride, strict=True)
        ]
        if pool.kind is PoolKind.AVG or not pool.ceil_mode:
            fields: list[tuple[str, object]] = [("count_include_pad", False)] if not any(pool.padding) else []
            fields += [("ceil_mode", True)] if not any(rest) and random.random() < 0.5 else []
            if fields:
                yield _rewrite(graph, SetFields(layer=layer.name, fields=tuple(fields)))


# --- activations --------------------------------------------------------------------------------------------


def relu_twice(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """Once more what is not negative."""
    places = [*graph.of(Activation), *graph.of(Concat), *graph.of(Pool2d)]
    for layer in places:
        if random.random() < 0.7:
            yield _rewrite(graph, Insert(after=layer.name, layers=(_one(layer.name, "relu", RELU),)))


def relu_after_concat(graph: Graph, _random: Random) -> Iterator[Rewrite]:
    """One for all branches."""
    for concat in graph.of(Concat):
        gone = Remove(layers=concat.inputs)
        yield _rewrite(graph, gone, Insert(after=concat.name, layers=(_one(concat.name, "relu", RELU),)))


def relu_after_next(graph: Graph, _random: Random) -> Iterator[Rewrite]:
    """Behind the max pooling or the dropout that alone reads it."""
    for layer in graph.of(Activation):
        users = graph.network.consumers[layer.name]
        after = graph.network.by_name[users[0]]
        largest = isinstance(after.op, Pool2d) and after.op.kind is PoolKind.MAX
        if len(users) == 1 and (largest or isinstance(after.op, Dropout)):
            behind = Insert(after=after.name, layers=(_one(layer.name, "later", RELU),))
            yield _rewrite(graph, Remove(layers=(layer.name,)), behind)


# --- convolutions, pools, linear layers -------------------------------------------------------------------------


def padded_outside(graph: Graph, _random: Random) -> Iterator[Rewrite]:
    """Padding as an op of its own before a convolution or a max pooling."""
    for layer in graph.of(Conv2d, Pool2d):
        op = layer.op
        assert isinstance(op, Conv2d | Pool2d)
        if any(op.padding) and not (isinstance(op, Pool2d) and (op.kind is PoolKind.AVG or op.ceil_mode)):
            pad = Pad(padding=op.padding, value=-inf if isinstance(op, Pool2d) else 0.0)
            bare = SetFields(layer=layer.name, fields=(("padding", (0, 0, 0, 0)),))
            before = Insert(after=layer.inputs[0], layers=(_one(layer.name, "pad", pad),), readers=(layer.name,))
            yield _rewrite(graph, bare, before)


def padded_for_ceil_mode(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """A row and a column at the end in place of rounding up."""
    for layer in graph.of(Pool2d):
        if isinstance(layer.op, Pool2d) and layer.op.ceil_mode and not any(layer.op.padding):
            pad = Pad(padding=(0, 1, 0, 1), value=random.choice((-inf, 0.0)))
            floor = SetFields(layer=layer.name, fields=(("ceil_mode", False),))
            before = Insert(after=layer.inputs[0], layers=(_one(layer.name, "pad", pad),), readers=(layer.name,))
            yield _rewrite(graph, floor, before)


def fused(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """The 1×1 convolutions that read one layer as a wide one, cut up before or behind their ReLUs."""
    for concat in graph.of(Concat):
        entry = graph.entry(concat)
        parts = [graph.network.by_name[name] for name in graph.network.consumers[entry]]
        parts = [part for part in parts if isinstance(part.op, Conv2d) and part.op.kernel == (1, 1)]
        random.shuffle(parts)
        if len(parts) > 1:
            yield _fused(graph, entry, parts, relu_first=random.random() < 0.5)


def _fused(graph: Graph, entry: str, parts: Sequence[Layer], *, relu_first: bool) -> Rewrite:
    widths = [part.op.out_channels for part in parts if isinstance(part.op, Conv2d)]
    first = parts[0].op
    assert isinstance(first, Conv2d)
    names = [{weight.role: weight.name for weight in part.weights} for part in parts]
    weights = tuple(
        Weight(role=role, name=JOINED.join(own[role] for own in names), shape=()) for role in ("weight", "bias")
    )
    wide = replace(_one(entry, "wide", replace(first, out_channels=sum(widths)), (entry,)), weights=weights)
    new = (wide, _one(entry, "wide relu", RELU, (wide.name,))) if relu_first else (wide,)
    edits: list[Edit] = [Append(layers=new)]
    for part, width, stop in zip(parts, widths, accumulate(widths), strict=True):
        edits.append(SetOp(layer=part.name, op=Slice(axis=0, start=stop - width, stop=stop)))
        edits.append(SetInputs(layer=part.name, inputs=(new[-1].name,)))
        if relu_first:
            edits.append(Remove(layers=(graph.relu(part.name),)))
    return _rewrite(graph, *edits)


def averaged_otherwise(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """The global average as an adaptive pooling or as a mean."""
    for layer in graph.of(Pool2d):
        if is_global(graph.network, layer):
            adaptive = AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))
            op = random.choice((adaptive, Mean(axes=(1, 2)), Mean(axes=(1, 2), keepdim=True)))
            yield _rewrite(graph, SetOp(layer=layer.name, op=op))


def linear_as_conv(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """A linear layer as a convolution that covers the map, flattened behind it."""
    for flat in graph.of(Flatten):
        shape = graph.network.by_name[flat.inputs[0]].shape
        users = graph.network.consumers[flat.name]
        while len(users) == 1 and isinstance(graph.network.by_name[users[0]].op, Dropout):
            users = graph.network.consumers[users[0]]
        linear = graph.network.by_name[users[0]]
        if shape is None or len(shape) != 3 or not isinstance(linear.op, Linear):
            continue
        conv = Conv2d(out_channels=linear.op.out_features, kernel=(shape[1], shape[2]), bias=linear.op.bias)
        after = random.choice((linear.name, graph.relu(linear.name)))
        edits = (
            Remove(layers=(flat.name,)),
            SetOp(layer=linear.name, op=conv),
            Insert(after=after, layers=(_one(linear.name, "flatten", Flatten()),)),
        )
        yield _rewrite(graph, *edits)


# --- merges -----------------------------------------------------------------------------------------------------------


def concat_in_steps(graph: Graph, random: Random) -> Iterator[Rewrite]:
    """Nested in pairs, or one branch after the other."""
    for concat in graph.of(Concat):
        inputs = concat.inputs
        if len(inputs) < 3:
            continue
        if random.random() < 0.5:
            one, two = (
                _one(concat.name, word, Concat(), part) for word, part in (("left", inputs[:2]), ("right", inputs[2:]))
            )
            edits: tuple[Edit, ...] = (
                Append(layers=(one, two)),
                SetInputs(layer=concat.name, inputs=(one.name, two.name)),
            )
        else:
            steps: list[Layer] = []
            for number, name in enumerate(inputs[1:-1]):
                before = steps[-1].name if steps else inputs[0]
                steps.append(_one(concat.name, f"step{number}", Concat(), (before, name)))
            edits = (Append(layers=tuple(steps)), SetInputs(layer=concat.name, inputs=(steps[-1].name, inputs[-1])))
        yield _rewrite(graph, *edits)


KINDS: dict[str, Callable[[Graph, Random], Iterator[Rewrite]]] = {
    "a layer that changes nothing": nothing,
    "flattened twice": flattened_twice,
    "padding not counted": uncounted_padding,
    "ReLU twice": relu_twice,
    "ReLU after the concat": relu_after_concat,
    "ReLU after the next layer": relu_after_next,
    "padded outside": padded_outside,
    "padded for the ceil mode": padded_for_ceil_mode,
    "1×1 fused": fused,
    "averaged otherwise": averaged_otherwise,
    "linear as a convolution": linear_as_conv,
    "concat in steps": concat_in_steps,
}
