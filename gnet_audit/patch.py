"""Expected network + findings = the network that the findings claim was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import BatchNorm, Dropout, Input, Layer, Mode, Network, Op, Output


def apply(network: Network, edits: Iterable[Edit]) -> Network:
    """Change a network by edits and derive all shapes, parameters and MACs anew; ShapeError where they do not fit.

    What belongs to a layer is inserted first, else the order is the one given. An edit of a layer that this mode's
    network has not (a head's in eval) changes nothing.
    """
    draft = _Draft(network)
    for edit in sorted(edits, key=lambda edit: not (isinstance(edit, Insert) and edit.trailing)):
        draft.change(edit)
    ordered = _ordered(draft.layers)
    shape = next((layer.shape for layer in ordered if isinstance(layer.op, Input)), None) or ()
    return replace(network, layers=derive.infer(ordered, shape), outputs=tuple(draft.outputs))


class _Draft:
    """The layers and outputs of a network, open to change."""

    def __init__(self, network: Network) -> None:
        self.layers = dict(network.by_name)
        self.outputs = list(network.outputs)
        self.mode = network.mode
        self.ends: dict[str, str] = {}
        """The last of the layers that belong to one."""

    def change(self, edit: Edit) -> None:
        layers = self.layers
        match edit:
            case SetFields(layer=name, fields=fields) if name in layers:
                # The fields of an op are checked by the dataclass itself: a wrong name raises.
                layers[name] = replace(layers[name], op=replace(layers[name].op, **dict(fields)))  # type: ignore[arg-type]
            case SetOp(layer=name, op=op) if name in layers:
                layers[name] = replace(layers[name], op=op)
            case SetInputs(layer=name, inputs=inputs) if name in layers:
                layers[name] = replace(layers[name], inputs=self._ends(inputs))
            case Remove(layers=names):
                for name in names:
                    self._remove(name)
            case Insert() if edit.after in layers:
                self._insert(edit)
            case Append(layers=new) if edit.mode in {None, self.mode}:
                layers.update({layer.name: replace(layer, inputs=self._ends(layer.inputs)) for layer in new})
                self.outputs += [Output(path=new[-1].name, layer=new[-1].name)] if edit.output else []
            case _:
                pass

    def _ends(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.ends.get(name, name) for name in names)

    def _remove(self, name: str) -> None:
        if name not in self.layers:
            return
        inputs = self.layers.pop(name).inputs
        for user in list(self.layers.values()):
            if name in user.inputs:
                spliced = tuple(s for old in user.inputs for s in (inputs[:1] if old == name else (old,)))
                self.layers[user.name] = replace(user, inputs=spliced)
        self.outputs[:] = [replace(o, layer=inputs[0]) if o.layer == name and inputs else o for o in self.outputs]

    def _insert(self, edit: Insert) -> None:
        after = self.ends.get(edit.after, edit.after)
        before, last = after, edit.layers[-1].name
        readers = edit.readers or tuple(layer.name for layer in self.layers.values() if after in layer.inputs)
        for layer in edit.layers:
            self.layers[layer.name] = replace(
                layer, op=_in_mode(layer, self.mode), inputs=self._ends(layer.inputs) or (before,)
            )
            before = layer.name
        for name in readers:
            if name in self.layers:
                user = self.layers[name]
                inputs = tuple(last if source == after else source for source in user.inputs)
                self.layers[name] = replace(user, inputs=inputs)
        if not edit.readers:
            self.outputs[:] = [replace(out, layer=last) if out.layer == after else out for out in self.outputs]
        if edit.trailing:
            self.ends[edit.after] = last


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
    known = {name: [source for source in layer.inputs if source in layers] for name, layer in layers.items()}
    try:
        return [layers[name] for name in TopologicalSorter(known).static_order()]
    except CycleError as error:
        raise ShapeError("edits that make a layer read itself", where=str(error.args[1][0])) from error
