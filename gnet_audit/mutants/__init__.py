"""Networks with one known fault each: every attribute of every op at every place, and the graph around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gnet_audit.mutants.base import Mutant, Truth, mutated, resized, weighted
from gnet_audit.mutants.graphs import Graph, graph_faults
from gnet_audit.mutants.layers import layer_faults
from gnet_audit.network import Network

__all__ = ["Mutant", "Truth", "mutants", "mutated", "resized", "weighted"]


def mutants(reference: Network, slots: Mapping[str, str]) -> Iterator[Mutant]:
    """All single faults of a network in training, whose layers have these names in the paper; always the same ones."""
    graph = Graph(network=reference, slots=slots)
    for number, layer in enumerate(reference.layers):
        if layer.name in slots and layer.inputs:
            yield from layer_faults(graph.site(layer.name), number)
    yield from graph_faults(graph)
