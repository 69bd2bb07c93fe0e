"""Which slots of a table read which: the edges of a picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gnet_audit.network import Network
from gnet_audit.report import SlotResult


def wired(rows: Sequence[SlotResult], network: Network) -> tuple[SlotResult, ...]:
    """The rows with the slots that each reads in the network; what lies between two slots is passed through."""
    slots = {"input", *(row.slot for row in rows)}
    return tuple(
        replace(row, reads=_reads(network, row.slot, slots)) if row.slot in network.by_name else row for row in rows
    )


def _reads(network: Network, slot: str, slots: set[str]) -> tuple[str, ...]:
    found: list[str] = []
    waiting = list(reversed(network.by_name[slot].inputs))
    while waiting:
        name = waiting.pop()
        if name in slots:
            found.append(name)
        elif name in network.by_name:
            waiting.extend(reversed(network.by_name[name].inputs))
    return tuple(dict.fromkeys(found))
