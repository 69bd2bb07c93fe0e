"""A network as a tree: a sequence of single layers and parallel regions, and heads that hang on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gnet_audit.canonical import main_output
from gnet_audit.network import (
    Activation,
    BatchNorm,
    Conv2d,
    Elementwise,
    Input,
    Layer,
    Linear,
    Network,
    Op,
    Shape,
    Unknown,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unit:
    """A layer with the normalisations and activations that follow it and nothing else does."""

    anchor: Layer
    trail: tuple[Layer, ...] = ()
    in_shape: Shape | None = None
    """The shape that reaches its first input."""
    sources: tuple[str, ...] = ()
    """Anchors of the units that it reads, in order."""

    @property
    def name(self) -> str:
        """The anchor's name."""
        return self.anchor.name

    @property
    def last(self) -> Layer:
        """The layer whose output the next unit reads."""
        return self.trail[-1] if self.trail else self.anchor

    @property
    def ops(self) -> tuple[Op, ...]:
        """All its ops, in order."""
        return (self.anchor.op, *(layer.op for layer in self.trail))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Branches that leave one unit and meet in another; an empty branch is a shortcut."""

    branches: tuple[tuple[Item, ...], ...]
    merge: Unit


Item: TypeAlias = Unit | Region

DEEPEST = 24
"""Regions inside regions; the units of what lies deeper stand one behind the other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """Layers beside the main path, from the unit they read to an output (or to nowhere)."""

    path: str
    """Where the value is returned; empty when it is not."""
    taps: tuple[str, ...]
    """Anchors of the main units (or of other heads) that it reads."""
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """The main path, the heads, and inner values of the main path that are returned as well."""

    main: tuple[Item, ...]
    heads: tuple[Head, ...]
    extra_outputs: tuple[tuple[str, str], ...]
    """(path, anchor) pairs."""


def tree(network: Network, main: str = "") -> Tree:
    """Decompose a canonical network; works on partial networks without outputs as well.

    `main` is the layer whose value is the main output, where that is known.
    """
    anchor_of = _anchors(network)
    units = _units(network, anchor_of)
    output = main_output(network, main)
    last = anchor_of[output.layer] if output else next(reversed(units))
    owned = _ancestors(units, last, frozenset())
    trunk = _sequence([units[name] for name in units if name in owned], entry=None)
    returned = {anchor_of[out.layer]: out.path for out in reversed(network.outputs) if out is not output}
    readers = {source for unit in units.values() for source in unit.sources}
    ends = [name for name in units if name not in owned and name not in readers]
    heads: list[Head] = []
    for end in ends:
        own = _ancestors(units, end, owned)
        parts = [units[name] for name in units if name in own]
        taps = tuple(dict.fromkeys(s for part in parts for s in part.sources if s not in own))
        items = _sequence(parts, entry=taps[0] if taps else None)
        heads.append(Head(path=returned.get(end, ""), taps=taps, items=items))
        owned |= own
    extra = tuple((path, name) for name, path in returned.items() if name not in ends and name != last)
    return Tree(main=trunk, heads=tuple(heads), extra_outputs=extra)


def units_of(items: Iterable[Item]) -> list[Unit]:
    """All units of a sequence, branches before the merge they end in."""
    found: list[Unit] = []
    for item in items:
        if isinstance(item, Unit):
            found.append(item)
        else:
            for branch in item.branches:
                found.extend(units_of(branch))
            found.append(item.merge)
    return found


def _anchors(network: Network) -> dict[str, str]:
    """For each layer the one that its unit begins with."""
    returned = {output.layer for output in network.outputs}
    between = _before_activations(network)
    anchor_of: dict[str, str] = {}
    for layer in network.layers:
        source = layer.inputs[0] if layer.inputs else ""
        follows = (
            (isinstance(layer.op, Activation | BatchNorm) or layer.name in between)
            and network.consumers.get(source) == (layer.name,)
            and source not in returned
            and not isinstance(network.by_name[source].op, Input)
        )
        anchor_of[layer.name] = anchor_of[source] if follows else layer.name
    return anchor_of


def _units(network: Network, anchor_of: Mapping[str, str]) -> dict[str, Unit]:
    """Units under their anchors' names, in running order."""
    trails: dict[str, list[Layer]] = {}
    for layer in network.layers:
        trails.setdefault(anchor_of[layer.name], []).append(layer)
    return {
        name: Unit(
            anchor=anchor,
            trail=tuple(trail),
            in_shape=network.by_name[anchor.inputs[0]].shape if anchor.inputs else None,
            sources=tuple(anchor_of[source] for source in anchor.inputs),
        )
        for name, (anchor, *trail) in trails.items()
    }


def _before_activations(network: Network) -> set[str]:
    """Other ops of each value that stand between a layer with weights and its activation."""
    behind: dict[str, bool] = {}
    for layer in network.layers:
        passed = isinstance(layer.op, BatchNorm | Unknown | Elementwise) and layer.inputs
        behind[layer.name] = behind[layer.inputs[0]] if passed else isinstance(layer.op, Conv2d | Linear)
    found: set[str] = set()
    for layer in reversed(network.layers):
        users = network.consumers[layer.name]
        if len(users) == 1 and _is_pointwise(network, layer) and behind[layer.inputs[0]]:
            (user,) = users
            if user in found or isinstance(network.by_name[user].op, Activation):
                found.add(layer.name)
    return found


def _is_pointwise(network: Network, layer: Layer) -> bool:
    one_input = isinstance(layer.op, BatchNorm | Unknown | Elementwise) and len(layer.inputs) == 1
    return one_input and layer.shape == network.by_name[layer.inputs[0]].shape


def _ancestors(units: Mapping[str, Unit], end: str, stop: Iterable[str]) -> frozenset[str]:
    """A unit and everything it reads, up to (and without) those in `stop`."""
    barrier = frozenset(stop)
    found: set[str] = set()
    pending = [end]
    while pending:
        name = pending.pop()
        if name not in found and name not in barrier:
            found.add(name)
            pending.extend(units[name].sources)
    return frozenset(found)


def _sequence(parts: Sequence[Unit], entry: str | None, depth: int = 0) -> tuple[Item, ...]:
    """Cut a single-ended part of the network at the units that every path passes."""
    if depth > DEEPEST:
        return tuple(parts)
    items: list[Item] = []
    fork, start = entry, 0
    for cut in _cuts(parts, entry):
        inner = parts[start:cut]
        join = parts[cut]
        items.append(_region(inner, fork, join, depth) if inner else join)
        fork, start = join.name, cut + 1
    return tuple(items)


def _cuts(parts: Sequence[Unit], entry: str | None) -> list[int]:
    """Positions that no edge jumps over, in one pass."""
    position = {unit.name: index for index, unit in enumerate(parts)}
    reach: dict[str | None, int] = {}
    for index, unit in enumerate(parts):
        for source in unit.sources:
            # What is read from outside counts as read from the entry.
            reach[source if source in position else entry] = index
    cuts: list[int] = []
    open_until = reach.get(entry, 0)
    for index, unit in enumerate(parts):
        if open_until <= index:
            cuts.append(index)
        open_until = max(open_until, reach.get(unit.name, index))
    return cuts


def _region(inner: Sequence[Unit], fork: str | None, join: Unit, depth: int) -> Region:
    position = {unit.name: index for index, unit in enumerate(inner)}
    by_name = {unit.name: unit for unit in inner}
    outside = frozenset(source for unit in inner for source in unit.sources if source not in position)
    slices = [_ancestors(by_name, source, outside) if source in position else frozenset() for source in join.sources]
    if sum(map(len, slices)) > 2 * len(inner):
        slices = _disjoint(slices)
    parts = ([inner[index] for index in sorted(map(position.__getitem__, part))] for part in slices)
    return Region(branches=tuple(_sequence(part, fork, depth + 1) for part in parts), merge=join)


def _disjoint(slices: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Heavily tangled branches (dense connections): each unit stays in the first branch that needs it."""
    taken: set[str] = set()
    result: list[frozenset[str]] = []
    for part in slices:
        result.append(part - taken)
        taken |= part
    return result


def is_weighted(unit: Unit) -> bool:
    """Whether the unit is a layer of the paper's kind that learns."""
    return isinstance(unit.anchor.op, Conv2d | Linear)
