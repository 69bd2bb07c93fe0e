"""Which slots of a table read which: the edges of a picture of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gnet_audit.network import Input, Network
from gnet_audit.report import RowStatus, SlotResult


def wired(rows: Sequence[SlotResult], paper: Network, model: Network | None = None) -> tuple[SlotResult, ...]:
    """The rows with the slots that each reads by the paper; what lies between two slots is passed through.

    An added layer, and what reads one, reads what it does in the model.
    """
    slots = {"input": "input", **{row.slot: row.slot for row in rows}}
    layers = {row.layer: row.slot for row in rows if row.layer}
    if model is not None:
        layers |= {layer.name: "input" for layer in model.layers if isinstance(layer.op, Input)}
    added = {row.slot for row in rows if row.status is RowStatus.EXTRA}

    def reads(row: SlotResult) -> tuple[str, ...]:
        there = _reads(model, row.layer, layers) if added and model and row.layer in model.by_name else ()
        if row.slot in added or not added.isdisjoint(there):
            return there
        return _reads(paper, row.slot, slots) if row.slot in paper.by_name else row.reads

    return tuple(replace(row, reads=reads(row)) for row in rows)


def _reads(network: Network, name: str, slots: Mapping[str, str]) -> tuple[str, ...]:
    """The slots before a layer, nearest first; `slots` tells which layer is which."""
    found: list[str] = []
    waiting, seen = list(reversed(network.by_name[name].inputs)), set[str]()
    while waiting:
        before = waiting.pop()
        if before in slots:
            found.append(slots[before])
        elif before not in seen:
            seen.add(before)
            waiting.extend(reversed(network.by_name[before].inputs))
    return tuple(dict.fromkeys(found))
