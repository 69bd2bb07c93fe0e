"""A network with a known fault: what was changed, and what an audit must therefore say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gnet_audit import derive, patch
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Edit, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import (
    AdaptivePool2d,
    BatchNorm,
    Flatten,
    Input,
    Layer,
    Network,
    Op,
    Pool2d,
    PoolKind,
    Shape,
    Weight,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One true difference; of several rules, attributes or slots each is a right name for it."""

    rules: tuple[str, ...]
    attributes: tuple[str, ...]
    slots: tuple[str, ...]


def truth(rules: str, attributes: str, *slots: str) -> Truth:
    """A truth, alternatives written with `|` between them."""
    return Truth(rules=tuple(rules.split("|")), attributes=tuple(attributes.split("|")), slots=slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Edits of the reference network, and what is then wrong with it."""

    id: str
    family: str
    edits: tuple[Edit, ...]
    truths: tuple[Truth, ...]
    equal: str = ""
    """Why it is the same function although an attribute differs; empty where it is another one."""
    unreturned: tuple[str, ...] = ()
    """Outputs that are not returned any more."""
    unseen: str = ""
    """Why no output can show it; empty where one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A layer of the reference network as a place for a fault."""

    network: Network
    layer: Layer
    slot: str
    """The paper's name of it."""
    aside: bool = False
    """Whether it runs in training only."""

    @property
    def shape(self) -> Shape:
        """The shape that reaches it."""
        return self.network.by_name[self.layer.inputs[0]].shape or ()

    def mutant(self, family: str, what: str, edits: Sequence[Edit], *truths: Truth, equal: str = "") -> Mutant:
        """A fault at this place."""
        return Mutant(id=f"{self.slot}: {what}", family=family, edits=tuple(edits), truths=truths, equal=equal)

    def fields(self, family: str, rule: str, what: str, *, equal: str = "", **fields: object) -> Mutant:
        """Other values in some fields of the op; the first of them is the attribute that is wrong."""
        edit = SetFields(layer=self.layer.name, fields=tuple(fields.items()))
        return self.mutant(family, what, (edit,), truth(rule, next(iter(fields)), self.slot), equal=equal)

    def becomes(self, family: str, rule: str, attribute: str, what: str, op: Op, *, equal: str = "") -> Mutant:
        """Another op in its place."""
        edit = SetOp(layer=self.layer.name, op=op)
        return self.mutant(family, what, (edit,), truth(rule, attribute, self.slot), equal=equal)


# --- the network with the fault -----------------------------------------------------------------------


def mutated(reference: Network, mutant: Mutant) -> Network:
    """The reference network with a fault; ShapeError where no network with it can run.

    Where another map arrives at the global average than the reference's, it averages whatever arrives, as a model
    that runs there does.
    """
    last = next((layer for layer in reference.layers if is_global(reference, layer)), None)
    if last is None or any(_concerns(edit, last.name) for edit in mutant.edits):
        return finished(patch.apply(reference, mutant.edits), mutant)
    try:
        changed = patch.apply(reference, mutant.edits)
    except ShapeError:
        changed = None
    if changed is None or _arrives(changed, last.name) != _arrives(reference, last.name):
        whole = SetOp(layer=last.name, op=AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1)))
        changed = patch.apply(reference, (*mutant.edits, whole))
    return finished(changed, mutant)


def finished(changed: Network, mutant: Mutant) -> Network:
    """The changed network without the outputs that are not returned, every parameter listed."""
    kept = tuple(output for output in changed.outputs if output.path not in mutant.unreturned)
    return weighted(replace(changed, outputs=kept))


def _concerns(edit: Edit, name: str) -> bool:
    match edit:
        case SetFields(layer=layer) | SetOp(layer=layer) | SetInputs(layer=layer):
            return layer == name
        case Remove(layers=layers):
            return name in layers
        case _:
            return False


def _arrives(network: Network, name: str) -> Shape | None:
    layer = network.by_name.get(name)
    before = network.by_name[layer.inputs[0]].shape if layer else None
    return before[1:] if before else None


def is_global(network: Network, layer: Layer) -> bool:
    """Whether a layer is an average whose window is the whole map."""
    op = layer.op
    if not isinstance(op, Pool2d) or op.kind is not PoolKind.AVG or any(op.padding):
        return False
    shape = network.by_name[layer.inputs[0]].shape
    return shape is not None and op.kernel == shape[1:] and op.dilation == (1, 1)


def resized(network: Network, shape: Shape) -> Network:
    """The network at another input size, its global average following the map."""
    layers = [replace(layer, op=Flatten()) if isinstance(layer.op, Flatten) else layer for layer in network.layers]
    wide = {layer.name for layer in network.layers if is_global(network, layer)}
    done: list[Layer] = []
    for layer in layers:
        if layer.name in wide:
            before = next(one for one in derive.infer(done, shape) if one.name == layer.inputs[0]).shape or ()
            assert isinstance(layer.op, Pool2d)
            layer = replace(layer, op=replace(layer.op, kernel=(before[1], before[2])))  # noqa: PLW2901
        done.append(replace(layer, shape=shape) if isinstance(layer.op, Input) else layer)
    return weighted(replace(network, layers=derive.infer(done, shape)))


def weighted(network: Network) -> Network:
    """The network with every parameter and statistic of its ops listed, in the sizes that they now have."""
    layers = tuple(
        layer if isinstance(layer.op, Input) else replace(layer, weights=_weights(network, layer))
        for layer in network.layers
    )
    return replace(network, layers=layers)


def _weights(network: Network, layer: Layer) -> tuple[Weight, ...]:
    shapes = tuple(network.by_name[name].shape or () for name in layer.inputs)
    sizes: Mapping[str, Shape] = derive.parameter_shapes(layer.op, shapes)
    if isinstance(layer.op, BatchNorm):
        sizes = {**sizes, "running_mean": shapes[0][:1], "running_var": shapes[0][:1]}
    known = {weight.role: weight.name for weight in layer.weights}
    return tuple(
        Weight(role=role, name=known.get(role) or f"{layer.name}.{role}", shape=size) for role, size in sizes.items()
    )
