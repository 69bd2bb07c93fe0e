"""Which line of the user's code a finding points at: where the wrong value is written, else what no other layer shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

from gnet_audit.differences import Difference, called_apart
from gnet_audit.network import CodeOrigin, Conv2d, Layer, Linear, Location, Network

Key: TypeAlias = tuple[type, str, int, int]
Sharers: TypeAlias = Callable[[Layer, Location], Counter[int | None]]

SMALL = 8
"""A whole number below this stands in many tables for something else."""


class Lines:
    """The lines of a model, and which layers each of them led to."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def pointed(self, group: Sequence[Difference]) -> list[Difference]:
        """The same difference at several slots, each at its line."""
        named = {one.beside or one.layer for one in group}
        others: dict[Key, Counter[int | None]] = {}

        def sharers(layer: Layer, line: Location) -> Counter[int | None]:
            """Of the layers of this one's kind to which a line led those without the difference, by their widths."""
            key = _key(layer, line)
            if key not in others:
                others[key] = Counter(
                    _width(self._layers[name]) for name in self._users.get(key, ()) if name not in named
                )
            return others[key]

        return [replace(one, location=self._line(one, sharers)) if one.lines else one for one in group]

    def _line(self, one: Difference, sharers: Sharers) -> Location:
        layer = self._layers.get(one.beside or one.layer)
        if layer is None:
            return one.lines[0]
        lines = (*self._call_to_go(one, layer), *one.lines)
        table = layer.origin.written if isinstance(layer.origin, CodeOrigin) else ()

        def shared(line: Location) -> int:
            return sharers(layer, line).total()

        for word in one.words:
            found = [line for line in lines if word in line.literals]
            if "=" not in word:
                # The innermost line gives the value itself; what an outer one writes may have become another's.
                found = [line for line in found if line == one.lines[0] or _is_free(word, line, layer, sharers)]
            if found:
                return min(found, key=shared)
            found = [line for line in table if word in line.literals]
            if len(found) == 1 and ("=" in word or _is_telling(word, found[0], layer, sharers)):
                return found[0]
        return min((*lines, *table), key=shared)

    def _call_to_go(self, one: Difference, layer: Layer) -> Iterator[Location]:
        """What the loss does already goes where it is called, unless its caller runs all there is in one line."""
        if one.rule == "GA310" and layer.inputs:
            line = called_apart([layer], self._layers.get(layer.inputs[0]))
            yield from [line] if line else []

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        return {layer.name: layer for network in reversed(self._networks) for layer in network.layers}

    @cached_property
    def _users(self) -> dict[Key, set[str]]:
        users: dict[Key, set[str]] = {}
        for layer in self._layers.values():
            for line in _all(layer):
                users.setdefault(_key(layer, line), set()).add(layer.name)
        return users


def _is_telling(word: str, line: Location, layer: Layer, sharers: Sharers) -> bool:
    """Whether a number in a table is rare enough to be the wrong one."""
    small = word.lstrip("-").isdigit() and int(word) < SMALL
    return not small and _is_free(word, line, layer, sharers)


def _is_free(word: str, line: Location, layer: Layer, sharers: Sharers) -> bool:
    """Whether a width that is written there is not already that of another layer, which has it rightly."""
    width = _width(layer)
    return width is None or word != str(width) or line.literals.count(word) > sharers(layer, line)[width]


def _key(layer: Layer, line: Location) -> Key:
    return type(layer.op), line.file, line.line, line.offset


def _all(layer: Layer) -> Iterator[Location]:
    if isinstance(layer.origin, CodeOrigin):
        yield from layer.origin.constructed
        yield from layer.origin.calls
        yield from layer.origin.written


def _width(layer: Layer) -> int | None:
    op = layer.op
    return op.out_channels if isinstance(op, Conv2d) else op.out_features if isinstance(op, Linear) else None
