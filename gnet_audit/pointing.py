"""Which line of the user's code a finding points at: where the wrong value is written, else what no other layer shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

from gnet_audit.differences import Difference, called_apart
from gnet_audit.network import CodeOrigin, Conv2d, Layer, Linear, Location, Network

Place: TypeAlias = tuple[str, int, int]
"""File, line and instruction."""
Key: TypeAlias = tuple[type, str, int, int]

SMALL = 8
"""A whole number below this stands in many tables for something else."""


class Lines:
    """The lines of a model, and which layers each of them led to."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def pointed(self, group: Sequence[Difference]) -> list[Difference]:
        """The same difference at several slots, each at its line."""
        alike = _Alike(group, self.layers, self.users)
        return [replace(one, location=self._line(one, alike)) if one.lines else one for one in group]

    def _line(self, one: Difference, alike: _Alike) -> Location:
        layer = self.layers.get(one.beside or one.layer)
        if layer is None:
            return one.lines[0]
        lines = (*self._call_to_go(one, layer), *self._call_that_reads(one, layer, alike), *one.lines)
        table = layer.origin.written if isinstance(layer.origin, CodeOrigin) else ()
        for word in one.words:
            found = [line for line in lines if word in line.literals]
            if "=" not in word:
                # The innermost line gives the value itself; what an outer one writes may have become another's.
                found = [line for line in found if line == one.lines[0] or alike.leaves(word, line, layer)]
            if found:
                return min(found, key=lambda line: alike.sharing(layer, line))
            found = [line for line in table if word in line.literals]
            if len(found) == 1 and ("=" in word or (not _is_common(word) and alike.leaves(word, found[0], layer))):
                return found[0]
        return min((*lines, *table), key=lambda line: alike.sharing(layer, line))

    def _call_to_go(self, one: Difference, layer: Layer) -> Iterator[Location]:
        """What the loss does already goes where it is called, unless its caller runs all there is in one line."""
        if one.rule == "GA310" and layer.inputs:
            line = called_apart([layer], self.layers.get(layer.inputs[0]))
            yield from [line] if line else []

    def _call_that_reads(self, one: Difference, layer: Layer, alike: _Alike) -> Iterator[Location]:
        """Who reads a wrong value for want of a layer is called in a line: there it goes, if that calls nothing else."""
        calls = layer.origin.calls[:1] if isinstance(layer.origin, CodeOrigin) else ()
        if one.rule == "GA301":
            yield from (call for call in calls if self.called[_place(call)] <= alike.named)

    @cached_property
    def called(self) -> dict[Place, set[str]]:
        """All that a line called, of whatever kind."""
        called: dict[Place, set[str]] = {}
        for layer in self.layers.values():
            for call in layer.origin.calls if isinstance(layer.origin, CodeOrigin) else ():
                called.setdefault(_place(call), set()).add(layer.name)
        return called

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """All layers under their names."""
        return {layer.name: layer for network in reversed(self._networks) for layer in network.layers}

    @cached_property
    def users(self) -> dict[Key, set[str]]:
        """The layers of one kind to which a line led."""
        users: dict[Key, set[str]] = {}
        for layer in self.layers.values():
            for line in _all(layer):
                users.setdefault(_key(layer, line), set()).add(layer.name)
        return users


class _Alike:
    """The layers that have the same difference, and who else is led to by their lines."""

    def __init__(self, group: Sequence[Difference], layers: Mapping[str, Layer], users: Mapping[Key, set[str]]) -> None:
        self.named = {one.beside or one.layer for one in group}
        self._layers, self._users = layers, users
        own = (weight for name in self.named if name in layers for weight in layers[name].weights)
        self._wide = {weight.name for weight in own if weight.rows}
        self._others: dict[Key, list[Layer]] = {}

    def others(self, layer: Layer, line: Location) -> list[Layer]:
        """Of the layers of this one's kind to which a line led those without the difference."""
        key = _key(layer, line)
        if key not in self._others:
            self._others[key] = [self._layers[name] for name in self._users.get(key, ()) if name not in self.named]
        return self._others[key]

    def sharing(self, layer: Layer, line: Location) -> int:
        """How many they are; the other ranges of one wide layer stand where it stands, and no line tells them apart."""
        return sum(self._wide.isdisjoint(weight.name for weight in other.weights) for other in self.others(layer, line))

    def leaves(self, word: str, line: Location, layer: Layer) -> bool:
        """Whether a width that is written there is not already that of another layer, which has it rightly."""
        width = _width(layer)
        if width is None or word != str(width):
            return True
        return line.literals.count(word) > sum(_width(other) == width for other in self.others(layer, line))


def _is_common(word: str) -> bool:
    """Whether a number stands in too many tables to tell which of them is wrong."""
    return word.lstrip("-").isdigit() and int(word) < SMALL


def _key(layer: Layer, line: Location) -> Key:
    return type(layer.op), *_place(line)


def _place(line: Location) -> Place:
    return line.file, line.line, line.offset


def _all(layer: Layer) -> Iterator[Location]:
    if isinstance(layer.origin, CodeOrigin):
        yield from layer.origin.constructed
        yield from layer.origin.calls
        yield from layer.origin.written


def _width(layer: Layer) -> int | None:
    op = layer.op
    return op.out_channels if isinstance(op, Conv2d) else op.out_features if isinstance(op, Linear) else None
