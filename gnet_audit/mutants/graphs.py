"""Faults of the graph: layers missing, added or moved, branches joined or fed otherwise, weights shared, heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs
from gnet_audit.mutants.base import Mutant, Site, Truth, is_global, truth
from gnet_audit.network import (
    LRN,
    Activation,
    Add,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Input,
    Layer,
    Linear,
    Mode,
    Network,
    Op,
    Pool2d,
    PoolKind,
    Softmax,
)

RELU = Activation(function="relu")


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The reference network in training, and the paper's name of each of its layers."""

    network: Network
    slots: Mapping[str, str]

    def site(self, name: str) -> Site:
        """A layer as a place for a fault."""
        aside = any(name in own for own in self.heads.values())
        slot = self.slots.get(name, name)
        return Site(network=self.network, layer=self.network.by_name[name], slot=slot, aside=aside)

    def of(self, *kinds: type[Op]) -> list[Layer]:
        """The layers with an op of these kinds."""
        return [layer for layer in self.network.layers if isinstance(layer.op, kinds)]

    def relu(self, name: str) -> str:
        """The activation that alone reads a layer; the layer itself if there is none."""
        users = self.network.consumers[name]
        alone = len(users) == 1 and isinstance(self.network.by_name[users[0]].op, Activation)
        return users[0] if alone else name

    def own(self, name: str) -> tuple[str, ...]:
        """A layer and its activation, the last first."""
        return tuple(dict.fromkeys((self.relu(name), name)))

    def around(self, name: str) -> tuple[str, ...]:
        """The slots by which a place behind a layer may be named."""
        layer = self.network.by_name[name]
        before = layer.inputs[0] if isinstance(layer.op, Activation) else name
        return tuple(self.slots.get(one, one) for one in (before, *self.own(before)))

    def branches(self, concat: Layer) -> tuple[tuple[str, ...], ...]:
        """The layers of each branch that a concatenation joins, the last first."""
        return tuple(tuple(self._back(name)) for name in concat.inputs)

    def _back(self, name: str) -> Iterator[str]:
        layer = self.network.by_name[name]
        while len(self.network.consumers[layer.name]) == 1 and len(layer.inputs) == 1:
            yield layer.name
            layer = self.network.by_name[layer.inputs[0]]

    def entry(self, concat: Layer) -> str:
        """What all branches of a concatenation read."""
        return self.network.by_name[self.branches(concat)[0][-1]].inputs[0]

    @cached_property
    def heads(self) -> dict[str, tuple[str, ...]]:
        """For each output that only training has its layers, the last first."""
        found: dict[str, tuple[str, ...]] = {}
        for output in self.network.outputs[1:]:
            own = [output.layer]
            layer = self.network.by_name[output.layer]
            while len(self.network.consumers[layer.inputs[0]]) == 1:
                layer = self.network.by_name[layer.inputs[0]]
                own.append(layer.name)
            found[output.path] = tuple(own)
        return found


def graph_faults(graph: Graph) -> Iterator[Mutant]:
    """All faults of the graph."""
    for part in (_missing, _added, _in_steps, _moved, _order, _wired, _shared, _heads, _outputs):
        yield from part(graph)


# --- layers missing and added ----------------------------------------------------------------------------


def _missing(graph: Graph) -> Iterator[Mutant]:
    for layer in graph.of(Conv2d, Linear, Pool2d, LRN, Dropout):
        names = graph.own(layer.name)
        fault = truth("GA301", "layer", *(graph.slots[name] for name in names))
        yield graph.site(layer.name).mutant("layer missing", "missing", (Remove(layers=names),), fault)
    for concat in graph.of(Concat):
        yield from _branches_missing(graph, concat)


def _branches_missing(graph: Graph, concat: Layer) -> Iterator[Mutant]:
    branches, site = graph.branches(concat), graph.site(concat.name)
    row = site.slot.rpartition(".")[0]
    for position, branch in enumerate(branches):
        rest = tuple(name for index, name in enumerate(concat.inputs) if index != position)
        faults = [
            truth("GA301", "layer", graph.slots[name], graph.slots.get(graph.relu(name), name))
            for name in branch
            if not isinstance(graph.network.by_name[name].op, Activation)
        ]
        edits = (SetInputs(layer=concat.name, inputs=rest), Remove(layers=branch))
        yield site.mutant("layer missing", f"without branch {position + 1}", edits, *faults)
    entry = graph.entry(concat)
    inner = tuple(name for branch in branches for name in branch)
    users = dict.fromkeys(graph.network.consumers[concat.name])
    around: tuple[Edit, ...] = tuple(_reads(graph.network, user, concat.name, entry) for user in users)
    gone = Remove(layers=(concat.name, *inner))
    whole = (*around, SetInputs(layer=concat.name, inputs=(entry,)), gone)
    yield site.mutant("layer missing", "the whole module missing", whole, truth("GA301", "layer", row))


def _reads(network: Network, user: str, old: str, new: str) -> SetInputs:
    inputs = tuple(new if name == old else name for name in network.by_name[user].inputs)
    return SetInputs(layer=user, inputs=inputs)


def _added(graph: Graph) -> Iterator[Mutant]:
    for layer in graph.of(Concat, Pool2d, LRN):
        if layer.shape is None or layer.shape[1:] == (1, 1):
            continue
        width = layer.shape[0]
        yield _behind(graph, layer.name, "a 1×1 conv", Conv2d(out_channels=width, kernel=(1, 1)), RELU)
        if isinstance(layer.op, Concat):
            conv = Conv2d(out_channels=width, kernel=(3, 3), padding=(1, 1, 1, 1))
            yield _behind(graph, layer.name, "a 3×3 conv", conv)
            pool = Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1))
            yield _behind(graph, layer.name, "a max pool", pool)
            yield _behind(graph, layer.name, "a dropout", Dropout(rate=0.5))
            yield _behind(graph, layer.name, "a sigmoid", Activation(function="sigmoid"))
        yield _behind(graph, layer.name, "an LRN", LRN(size=5, alpha=1e-4, beta=0.75, k=1.0))
    for layer in graph.of(Conv2d):
        yield _behind(graph, graph.relu(layer.name), "a dropout", Dropout(rate=0.5))
    (image,) = graph.of(Input)
    yield _behind(graph, image.name, "scaled", Elementwise(function="mul", constants=(None, 0.5)))
    yield from _residual(graph)


def _behind(graph: Graph, name: str, what: str, *ops: Op) -> Mutant:
    layers = tuple(Layer(name=f"{name}+{index}", op=op) for index, op in enumerate(ops))
    edit = Insert(after=name, layers=layers)
    # Of two equal layers, one behind the other, either may be the added one.
    twins = [user for user in graph.network.consumers[name] if graph.network.by_name[user].op == ops[0]]
    slots = (*graph.around(name), *(graph.slots[user] for user in twins))
    fault = truth("GA302|GA213", "layer|activation", *slots)
    return graph.site(name).mutant("layer added", f"{what} behind it", (edit,), fault)


def _residual(graph: Graph) -> Iterator[Mutant]:
    for concat in graph.of(Concat):
        entry = graph.entry(concat)
        if graph.network.by_name[entry].shape != concat.shape:
            continue
        total = Layer(name=f"{concat.name}+sum", op=Add(), inputs=(concat.name, entry))
        site = graph.site(concat.name)
        fault = truth("GA302|GA305|GA312", "layer|merge|input", site.slot)
        yield site.mutant("layer added", "a shortcut around it", (Insert(after=concat.name, layers=(total,)),), fault)


def _in_steps(graph: Graph) -> Iterator[Mutant]:
    """A 5×5 as two 3×3."""
    for layer in graph.of(Conv2d):
        conv = layer.op
        if not isinstance(conv, Conv2d) or conv.kernel != (5, 5) or conv.stride != (1, 1):
            continue
        small = replace(conv, kernel=(3, 3), padding=(1, 1, 1, 1))
        ops: tuple[Op, ...] = (small, RELU)
        first = tuple(Layer(name=f"{layer.name}+{index}", op=op) for index, op in enumerate(ops))
        for chain in (first, first[:1]):
            edits = (
                Insert(after=layer.inputs[0], layers=chain, readers=(layer.name,)),
                SetFields(layer=layer.name, fields=(("kernel", (3, 3)), ("padding", (1, 1, 1, 1)))),
            )
            site = graph.site(layer.name)
            what = "two 3×3" + (" without a ReLU between" if len(chain) == 1 else "")
            yield site.mutant("kernel", what, edits, truth("GA217", "kernel", site.slot))


# --- layers moved ---------------------------------------------------------------------------------------------


def _moved(graph: Graph) -> Iterator[Mutant]:
    """Each normalisation, dropout and pooling of a chain behind what follows it."""
    for layer in graph.of(LRN, Dropout, Pool2d):
        users = graph.network.consumers[layer.name]
        if len(users) != 1:
            continue
        after = graph.network.by_name[graph.relu(users[0])]
        if isinstance(after.op, Concat | Flatten) or (is_global(graph.network, layer)):
            continue
        site, name = graph.site(layer.name), layer.name
        moved = Insert(after=after.name, layers=(replace(layer, inputs=()),))
        slots = tuple(graph.slots[one] for one in (name, *graph.own(users[0])))
        yield site.mutant(
            "order of layers", f"behind {slots[-1]}", (Remove(layers=(name,)), moved), truth("GA303", "order", *slots)
        )


def _order(graph: Graph) -> Iterator[Mutant]:
    for concat in graph.of(Concat):
        site, inputs = graph.site(concat.name), concat.inputs
        fault = truth("GA304", "order", site.slot)
        swaps = [(index, index + 1) for index in range(len(inputs) - 1)]
        orders = [tuple(reversed(range(len(inputs)))), (*range(1, len(inputs)), 0)]
        orders += [tuple(b if i == a else a if i == b else i for i in range(len(inputs))) for a, b in swaps]
        for order in dict.fromkeys(orders):
            words = ", ".join(str(index + 1) for index in order)
            edit = SetInputs(layer=concat.name, inputs=tuple(inputs[index] for index in order))
            yield site.mutant("concat order", f"in the order {words}", (edit,), fault)


# --- wiring and sharing ------------------------------------------------------------------------------------------


def _wired(graph: Graph) -> Iterator[Mutant]:
    """A layer reads the reduction of another branch, its own being left or taken away."""
    for concat in graph.of(Concat):
        branches = [branch for branch in graph.branches(concat) if len(branch) == 4]
        for own in branches:
            for other in branches:
                if own is other:
                    continue
                reader, reduction, foreign = own[1], own[2:], other[2]
                site = graph.site(reader)
                fault = truth("GA312", "input", site.slot)
                edit = SetInputs(layer=reader, inputs=(foreign,))
                words = f"reads {graph.slots[other[3]]}"
                yield site.mutant("wiring", words, (edit, Remove(layers=reduction)), fault)
                yield site.mutant("wiring", f"{words}, its own is idle", (edit,), fault)


def _shared(graph: Graph) -> Iterator[Mutant]:
    """Two layers of one shape with the same parameters."""
    seen: dict[object, Layer] = {}
    for layer in graph.of(Conv2d, Linear):
        key = (layer.op, tuple(weight.shape for weight in layer.weights))
        first = seen.get(key)
        seen[key] = layer
        if first is None:
            continue
        tied = replace(layer, weights=first.weights, inputs=())
        readers = graph.network.consumers[layer.name]
        edits: tuple[Edit, ...]
        if readers:
            edits = (Remove(layers=(layer.name,)), Insert(after=layer.inputs[0], layers=(tied,), readers=readers))
        else:
            edits = (Remove(layers=(layer.name,)), Insert(after=layer.inputs[0], layers=(tied,)))
        slots = [graph.slots[one.name] for one in (first, layer)]
        faults = [truth("GA311", "weights", slot) for slot in slots]
        mutant = graph.site(layer.name).mutant("shared weights", f"with those of {slots[0]}", edits, *faults)
        yield replace(mutant, unseen="layers of their own may hold equal weights")


# --- heads and outputs ---------------------------------------------------------------------------------------------


def _heads(graph: Graph) -> Iterator[Mutant]:
    for path, names in graph.heads.items():
        row = graph.slots[names[-1]].partition(".")[0]
        site = replace(graph.site(names[-1]), slot=row)
        yield from _tapped(graph, site)
        gone = site.mutant("heads", "missing", (Remove(layers=names),), truth("GA306", "head", row))
        yield replace(gone, unreturned=(path,))
        unreturned = site.mutant("heads", "not returned", (), truth("GA306", "head", row))
        yield replace(unreturned, unreturned=(path,), unseen="what is not returned is seen by nobody")
        for output in (True, False):
            own = tuple(_quiet(graph.network.by_name[name]) for name in reversed(names))
            edit = Append(layers=own, output=output, mode=Mode.EVAL)
            words = "runs in eval" + ("" if output else ", thrown away")
            mutant = site.mutant("heads", words, (edit,), truth("GA308", "eval", row))
            yield mutant if output else replace(mutant, unseen="what is not returned is seen by nobody")
    for concat in graph.of(Concat):
        yield _third(graph, concat.name)


def _quiet(layer: Layer) -> Layer:
    return replace(layer, op=replace(layer.op, active=False)) if isinstance(layer.op, Dropout) else layer


def _tapped(graph: Graph, site: Site) -> Iterator[Mutant]:
    """The head on every other row of the trunk that it can read."""
    trunk = [layer for layer in graph.of(Concat, Pool2d) if len(graph.network.consumers[layer.name]) > 1]
    for layer in trunk:
        if layer.name != site.layer.inputs[0]:
            edit = SetInputs(layer=site.layer.name, inputs=(layer.name,))
            yield site.mutant("heads", f"on {graph.slots[layer.name]}", (edit,), truth("GA307", "tap", site.slot))


def _third(graph: Graph, name: str) -> Mutant:
    ops: tuple[Op, ...] = (
        Pool2d(kind=PoolKind.AVG, kernel=(3, 3), stride=(2, 2)),
        Conv2d(out_channels=64, kernel=(1, 1)),
        RELU,
        Flatten(),
        Linear(out_features=1000),
    )
    layers = [
        Layer(name=f"{name}+head{index}", op=op, inputs=(f"{name}+head{index - 1}" if index else name,))
        for index, op in enumerate(ops)
    ]
    site = graph.site(name)
    fault = truth("GA313", "head", site.slot)
    return site.mutant(
        "heads", "another head on it", (Append(layers=tuple(layers), output=True, mode=Mode.TRAIN),), fault
    )


def _outputs(graph: Graph) -> Iterator[Mutant]:
    """Something behind a classifier."""
    for output in graph.network.outputs:
        main = output is graph.network.outputs[0]
        for op in (Activation(function="relu"), Activation(function="sigmoid"), Softmax(), Softmax(log=True)):
            yield _ended(graph, output.layer, op, main=main)


def _ended(graph: Graph, name: str, op: Op, *, main: bool) -> Mutant:
    word = (
        op.function
        if isinstance(op, Activation)
        else "log softmax"
        if isinstance(op, Softmax) and op.log
        else "softmax"
    )
    edit = Insert(after=name, layers=(Layer(name=f"{name}+{word}", op=op),))
    slot = graph.slots[name]
    fault = truth("GA310", "softmax", "softmax" if main else slot, slot) if isinstance(op, Softmax) else _added_to(slot)
    mutant = graph.site(name).mutant("outputs", f"{word} behind it", (edit,), fault)
    own = main and op == Softmax()
    return (
        replace(mutant, unseen="the paper's own last row is a softmax, and the loss may contain it") if own else mutant
    )


def _added_to(slot: str) -> Truth:
    return truth("GA302", "layer", slot)
