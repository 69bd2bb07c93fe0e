"""Expected network + findings = the network that the findings claim was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush
from typing import NamedTuple, assert_never

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.garbage import uncollected
from gnet_audit.network import BatchNorm, Dropout, Input, Layer, Mode, Network, Op, Output


@uncollected()
def apply(network: Network, edits: Iterable[Edit]) -> Network:
    """Change a network by edits and derive all shapes, parameters and MACs anew; ShapeError where they do not fit.

    All edits speak of the network as it was, so their order matters only where two set the same thing: the later one
    does. An edit of a layer that this mode's network has not (a head's in eval) changes nothing.
    """
    draft = _Draft(network, edits)
    ordered = _ordered(draft.layers)
    shape = next((layer.shape for layer in ordered if isinstance(layer.op, Input)), None) or ()
    return replace(network, layers=derive.infer(ordered, shape), outputs=tuple(draft.outputs))


def concerned(network: Network, edits: Iterable[Edit]) -> tuple[Mapping[str, Layer], Mapping[str, Layer]]:
    """The layers that edits change, before and after; all others stay as they are. ShapeError where they do not fit."""
    edits = tuple(edits)
    draft = _Draft(network, edits)
    after = draft.derived() if draft.in_order() else None
    if after is None:
        return network.by_name, apply(network, edits).by_name
    names = draft.touched | after.keys()
    return {name: network.by_name[name] for name in names if name in network.by_name}, after


class _Gone(NamedTuple):
    """A layer that was removed: what is read in its place, and who read it."""

    heirs: tuple[str, ...]
    readers: tuple[str, ...]


def _turn(edit: Edit) -> tuple[int, int]:
    """When an edit is made: first what is read, then what is gone and what is new, last what each layer computes."""
    match edit:
        case SetInputs():
            return 0, 0
        case Remove():
            return 1, 0
        case Insert(trailing=False, place=place):
            return 2, place
        case Append():
            return 3, 0
        case Insert():
            # Behind the layer that it belongs to nothing may come in between any more.
            return 4, 0
        case SetFields() | SetOp():
            return 5, 0
        case _:
            assert_never(edit)


class _Draft:
    """The layers and outputs of a network with edits."""

    def __init__(self, network: Network, edits: Iterable[Edit]) -> None:
        self.network = network
        self.layers = dict(network.by_name)
        self.outputs = list(network.outputs)
        self.mode = network.mode
        self.touched: set[str] = set()
        self._gone: dict[str, _Gone] = {}
        self._ends: dict[tuple[str, bool], list[str]] = {}
        """The last layers of what was inserted behind a layer; True for what belongs to it."""
        self._readers: dict[str, dict[str, None]] = {}
        self._added: dict[str, tuple[int, int]] = {}
        for edit in sorted(edits, key=_turn):
            self._change(edit)

    def _change(self, edit: Edit) -> None:
        layers = self.layers
        match edit:
            case SetFields(layer=name, fields=fields) if name in layers:
                # The fields of an op are checked by the dataclass itself: a wrong name raises.
                self._put(replace(layers[name], op=replace(layers[name].op, **dict(fields))))  # type: ignore[arg-type]
            case SetOp(layer=name, op=op) if name in layers:
                self._put(replace(layers[name], op=op))
            case SetInputs(layer=name, inputs=inputs) if name in layers:
                self._put(replace(layers[name], inputs=inputs))
            case Remove(layers=names):
                for name in names:
                    self._remove(name, edit)
            case Insert():
                self._insert(edit)
            case Append(layers=new) if edit.mode in {None, self.mode} and self._has_what_is_read(new):
                for layer in new:
                    self._put(replace(layer, inputs=tuple(map(self._now, layer.inputs))))
                self.outputs += [Output(path=new[-1].name, layer=new[-1].name)] if edit.output else []
            case _:
                pass

    def _has_what_is_read(self, new: Iterable[Layer]) -> bool:
        own = {layer.name for layer in new}
        return all(source in own or self._now(source) in self.layers for layer in new for source in layer.inputs)

    def readers(self, name: str) -> dict[str, None]:
        """The layers that read a layer."""
        if name not in self._readers:
            self._readers[name] = dict.fromkeys(self.network.consumers.get(name, ()))
        return self._readers[name]

    def _put(self, layer: Layer) -> None:
        old = self.layers.get(layer.name)
        for source in old.inputs if old else ():
            self.readers(source).pop(layer.name, None)
        for source in layer.inputs:
            self.readers(source)[layer.name] = None
        self.layers[layer.name] = layer
        self.touched.add(layer.name)
        if old is None:
            place = max((self._place(source)[0] for source in layer.inputs), default=0)
            self._added[layer.name] = (place, len(self._added) + 1)

    def _remove(self, name: str, edit: Remove) -> None:
        if name not in self.layers:
            return
        inputs = self.layers[name].inputs
        heirs = (self._now(edit.instead),) if edit.instead else inputs[:1]
        readers = tuple(self.readers(name))
        for reader in readers:
            user = self.layers[reader]
            now = () if reader == edit.cut else heirs
            spliced = tuple(s for old in user.inputs for s in (now if old == name else (old,)))
            self._put(replace(user, inputs=spliced))
        for source in inputs:
            self.readers(source).pop(name, None)
        del self.layers[name]
        self.touched.add(name)
        self._gone[name] = _Gone(heirs, readers)
        self.outputs[:] = [replace(o, layer=heirs[0]) if o.layer == name and heirs else o for o in self.outputs]

    def _insert(self, edit: Insert) -> None:
        # What belongs to a layer that has moved went with it.
        after = edit.after if edit.trailing and edit.after in self.layers else self._now(edit.after)
        ends = self._ends.setdefault((after, edit.trailing), [])
        if edit.joins is not None:
            self._join(edit, after, edit.joins)
            return
        if edit.readers:
            edges = [(r, s) for r in self._reading(edit.readers) for s in self.layers[r].inputs if s in (after, *ends)]
            source = edges[0][1] if edges else ""
        else:
            source = ends[-1] if ends else after
            edges = [(reader, source) for reader in self.readers(source)]
        if source not in self.layers:
            return
        last = self._chain(edit.layers, source)
        for name, old in edges:
            user = self.layers[name]
            self._put(replace(user, inputs=tuple(last if one == old else one for one in user.inputs)))
        if not edit.readers:
            self.outputs[:] = [replace(out, layer=last) if out.layer == source else out for out in self.outputs]
        ends.append(last)

    def _join(self, edit: Insert, after: str, position: int) -> None:
        """A branch more of the readers."""
        for name in self._reading(edit.readers) if after in self.layers else ():
            last, inputs = self._chain(edit.layers, after), self.layers[name].inputs
            self._put(replace(self.layers[name], inputs=(*inputs[:position], last, *inputs[position:])))

    def _chain(self, layers: Iterable[Layer], before: str) -> str:
        """New layers, of which each reads the one before unless it says what it reads; the last one's name."""
        for layer in layers:
            inputs = tuple(map(self._now, layer.inputs)) or (before,)
            self._put(replace(layer, op=_in_mode(layer, self.mode), inputs=inputs))
            before = layer.name
        return before

    def _now(self, name: str) -> str:
        """What is read where a layer was read that is gone."""
        known = {name}
        while name in self._gone and (heirs := self._gone[name].heirs) and heirs[0] not in known:
            name = heirs[0]
            known.add(name)
        return name

    def _reading(self, names: Iterable[str]) -> dict[str, None]:
        """The layers of these that this network has; for those that are gone who read them."""
        found: dict[str, None] = {}
        for name in names:
            if name in self._gone:
                found |= self._reading(self._gone[name].readers)
            elif name in self.layers:
                found[name] = None
        return found

    # --- only what the edits concern ---------------------------------------------------------------------------

    def _place(self, name: str) -> tuple[int, int]:
        """A running order: the network's own, added layers behind the last that they read."""
        return self._added.get(name) or (self.network.positions.get(name, -1), 0)

    def in_order(self) -> bool:
        """Whether every layer still reads only earlier ones, and none that is new or gone shares a parameter."""
        here = [self.layers[name] for name in self.touched if name in self.layers]
        gone = [layer for name in self.touched - self.layers.keys() if (layer := self.network.by_name.get(name))]
        weights = [weight.name for layer in here for weight in layer.weights if weight.name]
        return (
            len(set(weights)) == len(weights)
            and not any(map(self._shares, gone))
            and all(s in self.layers and self._place(s) < self._place(one.name) for one in here for s in one.inputs)
        )

    def _shares(self, layer: Layer) -> bool:
        return any(weight.name in self._shared for weight in layer.weights)

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Parameters that several layers of the network use."""
        users = Counter(weight.name for layer in self.network.layers for weight in layer.weights if weight.name)
        return frozenset(name for name, count in users.items() if count > 1)

    def derived(self) -> dict[str, Layer] | None:
        """The layers that were touched and those whose inputs changed their size because of it, derived anew.

        None where one of them shares a parameter, which is counted where it is used first.
        """
        waiting = [(self._place(name), name) for name in self.touched if name in self.layers]
        heapify(waiting)
        found: dict[str, Layer] = {}
        while waiting:
            _, name = heappop(waiting)
            if name in found:
                continue
            layer, old = self.layers[name], self.network.by_name.get(name)
            if self._shares(layer):
                return None
            before = tuple(found.get(source, self.layers[source]).shape for source in layer.inputs)
            layer = derive.inferred(layer, before)
            found[name] = layer
            if old is None or old.shape != layer.shape:
                for reader in self.readers(name):
                    heappush(waiting, (self._place(reader), reader))
        return found


def _in_mode(layer: Layer, mode: Mode) -> Op:
    """The op of an added layer in the other mode than that in which it was found."""
    match layer.op:
        case BatchNorm() as norm if any(weight.role == "running_mean" for weight in layer.weights):
            return replace(norm, batch_statistics=mode is Mode.TRAIN)
        case Dropout() as dropout:
            return replace(dropout, active=mode is Mode.TRAIN)
        case op:
            return op


def _ordered(layers: dict[str, Layer]) -> list[Layer]:
    """The layers in a running order; those that need no other place keep their own."""
    rank = {name: place for place, name in enumerate(layers)}
    sorter = TopologicalSorter({name: [s for s in layer.inputs if s in layers] for name, layer in layers.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ShapeError("edits that make a layer read itself", where=str(error.args[1][0])) from error
    names = list(layers)
    ready, result = sorted(map(rank.__getitem__, sorter.get_ready())), list[Layer]()
    while ready:
        name = names[heappop(ready)]
        result.append(layers[name])
        sorter.done(name)
        for following in sorter.get_ready():
            heappush(ready, rank[following])
    return result
