"""How much work a network is, by arithmetic: operations of each kind, values moved, memory. No torch.

One MAC is one multiply and one add: 2 FLOPs. MACs are counted for convolutions and linear layers only; every other op
has FLOPs and no MACs. A comparison, a division, a power and an exponential each count as one FLOP. All per image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

from gnet_audit import derive
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Identity,
    Input,
    Layer,
    Linear,
    Mean,
    Network,
    Op,
    Pool2d,
    PoolKind,
    Shape,
    Slice,
    Softmax,
    Unknown,
)

CONVENTION = "1 MAC = 1 multiply + 1 add = 2 FLOPs"


class Kind(StrEnum):
    """What can be counted."""

    CONV = "conv"
    LINEAR = "linear"
    BIAS = "bias"
    BATCH_NORM = "batchnorm"
    LRN = "lrn"
    POOL = "pool"
    ACTIVATION = "activation"
    DROPOUT = "dropout"
    SOFTMAX = "softmax"
    ARITHMETIC = "arithmetic"
    """Sums, means and plain operators."""


PRODUCTS = frozenset({Kind.CONV, Kind.LINEAR})
"""Counted by default: what the paper and most counters mean by operations."""
Flops = Mapping[Kind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWork:
    """One layer's work for one image, forward and backward; values are numbers, of whatever type."""

    name: str
    macs: int = 0
    forward: tuple[tuple[Kind, int], ...] = ()
    backward: tuple[tuple[Kind, int], ...] = ()
    read: int = 0
    """Values that must be read, parameters left out."""
    written: int = 0
    params: int = 0
    """Parameters that are read, shared ones too."""
    known: bool = True

    def flops(self, kinds: frozenset[Kind] = PRODUCTS) -> int:
        """FLOPs of the forward pass."""
        return sum(count for kind, count in self.forward if kind in kinds)

    def flops_back(self, kinds: frozenset[Kind] = PRODUCTS) -> int:
        """FLOPs of the backward pass."""
        return sum(count for kind, count in self.backward if kind in kinds)

    def moved(self, batch: int, size: int) -> int:
        """Bytes moved for a batch by an op that keeps nothing from the op before it; the parameters only once."""
        return size * ((self.read + self.written) * batch + self.params)


def work(network: Network) -> tuple[LayerWork, ...]:
    """The work of each layer, in the network's order."""
    learning = _learning(network)
    return tuple(_work(layer, network, learning) for layer in network.layers)


def total(layers: Iterable[LayerWork]) -> LayerWork:
    """The sum of some layers' work."""
    every = tuple(layers)
    return LayerWork(
        name="total",
        macs=sum(one.macs for one in every),
        forward=_summed(pair for one in every for pair in one.forward),
        backward=_summed(pair for one in every for pair in one.backward),
        read=sum(one.read for one in every),
        written=sum(one.written for one in every),
        params=sum(one.params for one in every),
        known=all(one.known for one in every),
    )


def _summed(pairs: Iterable[tuple[Kind, int]]) -> tuple[tuple[Kind, int], ...]:
    sums: dict[Kind, int] = {}
    for kind, count in pairs:
        sums[kind] = sums.get(kind, 0) + count
    return tuple((kind, sums[kind]) for kind in Kind if sums.get(kind))


def _work(layer: Layer, network: Network, learning: Mapping[str, bool]) -> LayerWork:
    shapes = tuple(network.by_name[name].shape for name in layer.inputs)
    known = tuple(shape for shape in shapes if shape is not None)
    bare = LayerWork(name=layer.name, macs=layer.macs)
    if layer.shape is None or len(known) < len(shapes) or isinstance(layer.op, Unknown):
        return replace(bare, known=False)
    forward = {kind: count for kind, count in _forward(layer, known, layer.shape).items() if count}
    reached = any(learning[name] for name in layer.inputs)
    free = is_free(layer.op) or isinstance(layer.op, Activation)
    return replace(
        bare,
        forward=tuple(forward.items()),
        backward=tuple(_backward(layer, forward, reached=reached).items()),
        read=0 if free else sum(map(prod, known)),
        written=0 if free else prod(layer.shape),
        params=sum(map(prod, derive.parameter_shapes(layer.op, known).values())) if known else 0,
    )


def is_free(op: Op) -> bool:
    """Whether an op moves no value: it enters, renames, reshapes, cuts, or does nothing in this mode."""
    match op:
        case Input() | Flatten() | Identity() | Slice():
            return True
        case Dropout(active=active):
            return not active
        case _:
            return False


# --- forward -------------------------------------------------------------------------------------------------


def _forward(layer: Layer, shapes: tuple[Shape, ...], shape: Shape) -> Flops:
    """FLOPs of the forward pass by kind, for one image."""
    size = prod(shape)
    match layer.op:
        case Conv2d(bias=bias):
            return {Kind.CONV: 2 * layer.macs, Kind.BIAS: size * bias}
        case Linear(bias=bias):
            return {Kind.LINEAR: 2 * layer.macs, Kind.BIAS: size * bias}
        case BatchNorm(batch_statistics=batch, affine=affine):
            return {Kind.BATCH_NORM: size * _norm(batch=batch, affine=affine)}
        case LRN(size=window):
            return {Kind.LRN: size * (window + 4)}
        case Pool2d() | AdaptivePool2d():
            return {Kind.POOL: _pooling(layer.op, shapes[0])}
        case Activation():
            return {Kind.ACTIVATION: size}
        case Dropout(active=True):
            return {Kind.DROPOUT: size}
        case Softmax(axis=axis):
            return {Kind.SOFTMAX: 5 * size - 2 * (size // shape[axis])}
        case Add():
            return {Kind.ARITHMETIC: size * (len(shapes) - 1)}
        case Mean():
            return {Kind.ARITHMETIC: prod(shapes[0])}
        case Elementwise():
            return {Kind.ARITHMETIC: size}
        case _:
            return {}


def _norm(*, batch: bool, affine: bool) -> int:
    """Per value: one multiply and one add with fixed statistics.

    With the batch's own: the mean 1, the deviation 1, its square and their sum 2, the scaling 1, weight and bias 2.
    """
    return 5 + 2 * affine if batch else 2


def _pooling(op: Pool2d | AdaptivePool2d, shape: Shape) -> int:
    """One less than a window's values for a maximum; as many (sum, then divide) for an average."""
    channels, height, width = shape
    rows = [len(window.indices) for window in derive.windows(op, 0, height)]
    columns = [len(window.indices) for window in derive.windows(op, 1, width)]
    values = sum(rows) * sum(columns)
    return channels * (values if op.kind is PoolKind.AVG else values - len(rows) * len(columns))


# --- backward ------------------------------------------------------------------------------------------------


def _learning(network: Network) -> Mapping[str, bool]:
    """Whether a gradient must reach each layer's output: something trainable stands at it or before it."""
    found: dict[str, bool] = {}
    for layer in network.layers:
        found[layer.name] = _trainable(layer) or any(found[name] for name in layer.inputs)
    return found


def _trainable(layer: Layer) -> bool:
    if layer.weights:
        return any(weight.trainable for weight in layer.weights if weight.role in {"weight", "bias"})
    return layer.params > 0


def _backward(layer: Layer, forward: Flops, *, reached: bool) -> Flops:
    """A product has two gradients, each as much work as itself: that of its input, where one is wanted, and of its weight.

    Every other op is taken to cost as much as forward; that is an estimate.
    """
    if not (reached or _trainable(layer)):
        return {}
    times = reached + _trainable(layer)
    return {kind: count * (times if kind in PRODUCTS else 1) for kind, count in forward.items()}


# --- memory --------------------------------------------------------------------------------------------------


def peak_values(network: Network, *, training: bool) -> int:
    """Values alive at once for one image, an estimate: no work space, activations in place, views free.

    A value is freed after its last reader; in training all are kept for the backward pass.
    """
    owner: dict[str, str] = {}
    size: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, layer in enumerate(network.layers):
        shared = layer.inputs and (is_free(layer.op) or isinstance(layer.op, Activation))
        owner[layer.name] = owner[layer.inputs[0]] if shared else layer.name
        size.setdefault(owner[layer.name], prod(layer.shape) if layer.shape else 0)
        for name in (*layer.inputs, layer.name):
            last[owner[name]] = index
    if training:
        return sum(size.values())
    alive, most = set[str](), 0
    for index, layer in enumerate(network.layers):
        alive.add(owner[layer.name])
        most = max(most, sum(size[name] for name in alive))
        alive = {name for name in alive if last[name] > index}
    return most
