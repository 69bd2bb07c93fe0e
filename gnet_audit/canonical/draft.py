"""A network taken apart for rewriting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from gnet_audit.network import Conv2d, Input, Layer, Linear, Location, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """An equivalent form that was recognised: what was written, and the layers that now stand for it."""

    what: str
    layers: tuple[str, ...]
    surplus: int = 0
    """Output channels that the model computes and nothing reads."""
    where: Location | None = None
    """The line where it is written, if that is another than the layers'."""


class Draft:
    """The layers, their users and the outputs of a network, open to change; never leaves this package."""

    def __init__(self, network: Network) -> None:
        self.layers = dict(network.by_name)
        self.outputs = list(network.outputs)
        self.users = {name: list(users) for name, users in network.consumers.items()}
        self.changed: set[str] = set()
        """Layers whose value is no longer that of the model's layer of this name."""
        self._rank = {name: rank for rank, name in enumerate(self.layers)}

    def of(self, *kinds: type) -> Iterator[Layer]:
        """All layers whose op is of one of these kinds, each as it is when its turn comes; those gone by then left out."""
        for name in tuple(self.layers):
            layer = self.layers.get(name)
            if layer is not None and isinstance(layer.op, kinds):
                yield layer

    def producer(self, layer: Layer) -> Layer | None:
        """The layer that a layer reads first; only the input reads none."""
        return self.layers[layer.inputs[0]] if layer.inputs else None

    def is_output(self, name: str) -> bool:
        """Whether the network returns this layer's value."""
        return any(output.layer == name for output in self.outputs)

    def only_feeds(self, name: str, user: str) -> bool:
        """Whether nobody but one other layer reads this one."""
        return self.users[name] == [user] and not self.is_output(name)

    def put(self, layer: Layer) -> None:
        """Add a layer, or set another value for one that keeps its name."""
        old = self.layers.get(layer.name)
        for name in old.inputs if old else ():
            self.users[name].remove(layer.name)
        self.layers[layer.name] = layer
        self.users.setdefault(layer.name, [])
        self._rank.setdefault(layer.name, len(self._rank))
        for name in layer.inputs:
            self.users[name].append(layer.name)

    def redirect(self, old: str, new: str) -> None:
        """Let everyone who reads `old` read `new`."""
        for user in tuple(dict.fromkeys(self.users[old])):
            layer = self.layers[user]
            self.put(replace(layer, inputs=tuple(new if name == old else name for name in layer.inputs)))
        self.outputs = [replace(out, layer=new) if out.layer == old else out for out in self.outputs]

    def remove(self, name: str) -> None:
        """Take out a layer that nobody reads."""
        for source in self.layers[name].inputs:
            self.users[source].remove(name)
        del self.layers[name], self.users[name]

    def splice(self, name: str) -> None:
        """Take a layer out: who read it reads what it read."""
        self.redirect(name, self.layers[name].inputs[0])
        self.remove(name)

    def sorted(self) -> Iterator[Layer]:
        """Layers with inputs before users, otherwise in the order in which they were first seen."""
        done: set[str] = set()
        for root in sorted(self.layers, key=self._rank.__getitem__):
            stack = [(root, iter(self.layers[root].inputs))] if root not in done else []
            while stack:
                name, inputs = stack[-1]
                following = next((source for source in inputs if source not in done), None)
                if following is not None:
                    stack.append((following, iter(self.layers[following].inputs)))
                    continue
                stack.pop()
                done.add(name)
                yield self.layers[name]


def prune(draft: Draft, among: Iterable[str] | None = None) -> None:
    """Drop computations without parameters whose result is thrown away, and what only they read."""
    dead: Callable[[Layer], bool] = lambda layer: (  # noqa: E731
        not draft.users[layer.name]
        and not draft.is_output(layer.name)
        and not isinstance(layer.op, Conv2d | Linear | Input)
    )
    outputs = bool(draft.outputs)
    first = draft.layers if among is None else dict.fromkeys(among)
    pending = [name for name in first if outputs and dead(draft.layers[name])]
    while pending:
        name = pending.pop()
        sources = draft.layers[name].inputs
        draft.remove(name)
        pending.extend(s for s in dict.fromkeys(sources) if s in draft.layers and dead(draft.layers[s]))
