"""What a model computes and throws away."""

from __future__ import annotations

from collections.abc import Iterator

from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    BatchNorm,
    CodeOrigin,
    Conv2d,
    Dropout,
    Layer,
    Linear,
    Network,
    Pool2d,
    Softmax,
    Unverified,
)
from gnet_audit.notation import op_text

_LAYERS = Activation | AdaptivePool2d | BatchNorm | Dropout | LRN | Pool2d | Softmax
"""What somebody writes to be a layer; a number reckoned aside, to be printed or asserted, is none."""


def thrown_away(network: Network) -> Iterator[Unverified]:
    """The layers whose value nobody reads; of those behind layers with weights `heads` tells, as of one."""
    alive = _alive(network)
    ends = [layer for layer in network.layers if not network.consumers[layer.name] and layer.name not in alive]
    for layer in ends if network.outputs else ():
        if isinstance(layer.op, _LAYERS) and not _weighted(network, layer, alive):
            yield Unverified(
                what=layer.name,
                why=f"{op_text(layer.op)} is computed, but nothing returned is known to depend on it",
                where=layer.origin.call if isinstance(layer.origin, CodeOrigin) else None,
            )


def _alive(network: Network) -> set[str]:
    """The layers that something returned depends on."""
    alive = {output.layer for output in network.outputs}
    for layer in reversed(network.layers):
        if layer.name in alive:
            alive.update(layer.inputs)
    return alive


def _weighted(network: Network, end: Layer, alive: set[str]) -> bool:
    """Whether a layer with weights was computed for nothing but this."""
    waiting = [end]
    for layer in waiting:
        waiting += [network.by_name[name] for name in layer.inputs if name not in alive]
    return any(isinstance(layer.op, Conv2d | Linear) for layer in waiting)
