"""Expected network + findings = the network that the findings claim was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import Input, Layer, Network, Output


def apply(network: Network, edits: Iterable[Edit]) -> Network:
    """Change a network by edits, in the order given, and derive all shapes, parameters and MACs anew.

    An edit of a layer that this mode's network has not (a head's in eval) changes nothing.
    """
    layers = dict(network.by_name)
    outputs = list(network.outputs)
    for edit in edits:
        match edit:
            case SetFields(layer=name, fields=fields) if name in layers:
                # The fields of an op are checked by the dataclass itself: a wrong name raises.
                layers[name] = replace(layers[name], op=replace(layers[name].op, **dict(fields)))  # type: ignore[arg-type]
            case SetOp(layer=name, op=op) if name in layers:
                layers[name] = replace(layers[name], op=op)
            case SetInputs(layer=name, inputs=inputs) if name in layers:
                layers[name] = replace(layers[name], inputs=inputs)
            case Remove(layers=names):
                for name in names:
                    _remove(layers, outputs, name)
            case Insert():
                _insert(layers, outputs, edit)
            case Append(layers=new):
                layers.update({layer.name: layer for layer in new})
                outputs += [Output(path=new[-1].name, layer=new[-1].name)] if edit.output else []
            case _:
                pass
    ordered = _ordered(layers)
    shape = next((layer.shape for layer in ordered if isinstance(layer.op, Input)), None) or ()
    return replace(network, layers=derive.infer(ordered, shape), outputs=tuple(outputs))


def _remove(layers: dict[str, Layer], outputs: list[Output], name: str) -> None:
    if name not in layers:
        return
    inputs = layers.pop(name).inputs
    for user in list(layers.values()):
        if name in user.inputs:
            # The end of a removed branch leaves its merge; anything else is bridged.
            spliced = tuple(s for old in user.inputs for s in (inputs[:1] if old == name else (old,)))
            layers[user.name] = replace(user, inputs=spliced)
    outputs[:] = [replace(out, layer=inputs[0]) if out.layer == name and inputs else out for out in outputs]


def _insert(layers: dict[str, Layer], outputs: list[Output], edit: Insert) -> None:
    if edit.after not in layers:
        return
    before, last = edit.after, edit.layers[-1].name
    readers = edit.readers or tuple(layer.name for layer in layers.values() if before in layer.inputs)
    for layer in edit.layers:
        layers[layer.name] = replace(layer, inputs=(before,))
        before = layer.name
    for name in readers:
        if name in layers:
            user = layers[name]
            inputs = tuple(last if source == edit.after else source for source in user.inputs)
            layers[name] = replace(user, inputs=inputs)
    if not edit.readers:
        outputs[:] = [replace(out, layer=last) if out.layer == edit.after else out for out in outputs]


def _ordered(layers: dict[str, Layer]) -> list[Layer]:
    known = {name: [source for source in layer.inputs if source in layers] for name, layer in layers.items()}
    try:
        return [layers[name] for name in TopologicalSorter(known).static_order()]
    except CycleError as error:
        raise ShapeError("edits that make a layer read itself", where=str(error.args[1][0])) from error
