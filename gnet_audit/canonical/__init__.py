"""One form for the many ways to write the same function.

Every rewriting here keeps the function that the network computes; what it changed is returned as a note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gnet_audit.canonical import lrn, orders, pads, plain, relus, slices, windows
from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.network import Conv2d, Linear, Network, Output

__all__ = ["Canonical", "Rewrite", "canonical", "main_output"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """A network in canonical form, and how it came to it."""

    network: Network
    rewrites: tuple[Rewrite, ...]
    changed: frozenset[str] = frozenset()
    """Layers whose value is another than before, although the network's outputs are the same."""


def canonical(network: Network) -> Canonical:
    """Rewrite a network into the form that alignment and comparison read."""
    draft = Draft(network)
    rewrites = [
        *plain.biases(draft),
        *plain.stacks(draft),
        *windows.pools(draft),
        *plain.global_means(draft),
    ]
    plain.transparent(draft)
    prune(draft)
    rewrites += [
        *orders.orders(draft),
        *plain.biases(draft),
        *relus.by_hand(draft),
        *lrn.local_response_norms(draft),
        # Where channels stand last, a normalisation, a mean and a ReLU by hand are known by now.
        *orders.orders(draft),
        *plain.global_means(draft),
        *pads.crops(draft),
        *pads.pads(draft),
        *slices.slices(draft),
        *slices.merges(draft),
        *relus.relus(draft),
        # A ReLU between two concatenations is gone by now.
        *slices.merges(draft),
    ]
    prune(draft)
    layers = tuple(draft.sorted())
    kept = {layer.name for layer in layers}
    # A rewriting of a layer that a later one took apart speaks of no layer any more.
    notes = tuple(replace(note, layers=alive) for note in rewrites if (alive := _alive(note, kept)))
    return Canonical(
        network=replace(network, layers=layers, outputs=tuple(draft.outputs)),
        rewrites=notes,
        changed=frozenset(draft.changed),
    )


def _alive(note: Rewrite, kept: set[str]) -> tuple[str, ...]:
    return tuple(name for name in note.layers if name in kept)


def main_output(network: Network, main: str = "") -> Output | None:
    """The output that is the layer `main`, else the one with the most weighted layers on its longest path.

    The classifier's, not a head's: what a model returns in eval says best which that is.
    """
    known = next((output for output in network.outputs if main and output.layer == main), None)
    if known is not None:
        return known
    depth: dict[str, int] = {}
    for layer in network.layers:
        weighted = isinstance(layer.op, Conv2d | Linear)
        depth[layer.name] = weighted + max((depth[name] for name in layer.inputs), default=0)
    return max(network.outputs, key=lambda output: depth[output.layer], default=None)
