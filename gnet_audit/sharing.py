"""Parameters that layers of the paper share in the model: told once, with all that follows where a layer is used again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from gnet_audit.align import Pair
from gnet_audit.differences import Difference, called_apart, locate, source_of
from gnet_audit.findings import SetFields, SetOp
from gnet_audit.gaps import row_of
from gnet_audit.network import CodeOrigin, Layer, Unverified, Weight
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Unit, is_weighted

FEW = 8
"""Layers that share a parameter with one, of those that are named."""

_Use: TypeAlias = tuple[Unit, Unit]
"""A unit of the paper and the model's that stands for it."""


def shared(pairs: Sequence[Pair], told: Sequence[Difference], idle: Sequence[Unverified]) -> list[Difference]:
    """What is told of these pairs, and which of them share parameters.

    Where a layer is used again in place of another one, what that one's op should have been follows from it. `idle`
    are modules that are made and never called.
    """
    uses = {pair.expected.name: (pair.expected, pair.found) for pair in pairs if pair.expected and pair.found}
    partners = _partners(uses)
    follows = {slot: [one for one in told if one.slot == slot and _of_the_op(one)] for slot in partners}
    again = _again(uses, partners, follows)
    gone = {id(one) for slot in again for one in follows[slot]}
    kept = [one for one in told if id(one) not in gone]
    for slot, others in partners.items():
        if slot in again:
            kept.append(_used_again(uses, slot, again, follows[slot], idle))
        elif any(again.get(other) != slot for other in others):
            kept.append(_shared(uses[slot], others))
    return kept


def _partners(uses: Mapping[str, _Use]) -> dict[str, list[str]]:
    """For each slot some of those with which it shares a parameter, wholly or in part."""
    users: dict[str, list[tuple[str, Weight]]] = {}
    for slot, (_, found) in uses.items():
        for weight in found.anchor.weights:
            if weight.name and weight.role in {"weight", "bias"}:
                users.setdefault(weight.name, []).append((slot, weight))
    partners: dict[str, list[str]] = {}
    for entries in users.values():
        for slot, own in entries:
            alike = (other for other, weight in entries if other != slot and _overlap(own, weight))
            if some := list(islice(alike, FEW)):
                partners[slot] = list(dict.fromkeys((*partners.get(slot, ()), *some)))
    return partners


def _overlap(one: Weight, two: Weight) -> bool:
    """Whether two uses of a parameter have rows in common."""
    if one.rows is None or two.rows is None:
        return True
    return max(one.rows[0], two.rows[0]) < min(one.rows[1], two.rows[1])


def _of_the_op(one: Difference) -> bool:
    """Whether a difference is one of the layer's own op, not of what follows it."""
    return bool(one.edits) and all(isinstance(edit, SetFields | SetOp) and edit.layer == one.slot for edit in one.edits)


# --- a layer that is used again --------------------------------------------------------------------------------------


def _again(
    uses: Mapping[str, _Use], partners: Mapping[str, Sequence[str]], follows: Mapping[str, Sequence[Difference]]
) -> dict[str, str]:
    """For each slot at which a layer of another one is used again that other slot.

    The layer belongs where it is the paper's; a whole row of layers that is as right at both where it comes first.
    """
    wrong: Counter[tuple[str, str]] = Counter()
    common: Counter[tuple[str, str]] = Counter()
    for slot, others in partners.items():
        for other in others:
            if uses[slot][1].anchor.op == uses[other][1].anchor.op:
                both = _places(uses, slot, other)
                common[both] += 1
                wrong[both] += bool(follows[slot]) and not follows[other]
    sizes = Counter(row_of(one.anchor) for one, _ in uses.values() if is_weighted(one))
    order = {place: index for index, slot in enumerate(uses) for place in (slot, row_of(uses[slot][0].anchor))}

    def is_again(here: str, there: str) -> bool:
        more = wrong[here, there] - wrong[there, here]
        whole = common[here, there] == sizes[here] > 1
        return more > 0 or (more == 0 and whole and order[here] > order[there])

    return {
        slot: other
        for slot, others in partners.items()
        for other in reversed(others)
        if is_again(*_places(uses, slot, other))
    }


def _places(uses: Mapping[str, _Use], one: str, two: str) -> tuple[str, str]:
    """Two slots as their rows; within a row as themselves."""
    rows = row_of(uses[one][0].anchor), row_of(uses[two][0].anchor)
    return rows if rows[0] != rows[1] else (one, two)


def _used_again(
    uses: Mapping[str, _Use],
    slot: str,
    again: Mapping[str, str],
    follows: Sequence[Difference],
    idle: Sequence[Unverified],
) -> Difference:
    expected, found = uses[slot]
    here, there = _places(uses, slot, again[slot])
    together = [name for name in again if _places(uses, name, again[name]) == (here, there)]
    line = called_apart((uses[name][1].anchor for name in together), uses[again[slot]][1].anchor)
    module = _common([uses[name][1].anchor for name in together])
    return Difference(
        rule="GA311",
        attribute="weights",
        slot=slot,
        expected="weights of its own",
        found=f"{'the layers' if len(together) > 1 else 'the layer'} of {there} again",
        severity=Severity.ERROR,
        source=source_of(expected.anchor),
        layer=found.name,
        location=line or locate(found.anchor),
        reason=f"{module or found.name} is called here as well as for {there}",
        cure=_cure(here, idle),
        edits=tuple(edit for one in follows for edit in one.edits),
    )


def _common(layers: Sequence[Layer]) -> str:
    """The innermost module of which all these layers are parts."""
    parts = [layer.origin.module.split(".") for layer in layers if isinstance(layer.origin, CodeOrigin)]
    shortest = min(map(len, parts), default=0)
    same = next((size for size in range(shortest, 0, -1) if len({tuple(one[:size]) for one in parts}) == 1), 0)
    return ".".join(parts[0][:same]) if parts else ""


def _cure(here: str, idle: Sequence[Unverified]) -> str:
    """What belongs here: the module that is left over, where there is one and no other."""
    if len(idle) != 1:
        return f"Call a module of its own for {here}."
    (left,) = idle
    built = f", made at line {left.where.line} and" if left.where else ","
    return f"Call a module of its own for {here}: {left.what}{built} never called, may be meant."


# --- layers that merely share a parameter ------------------------------------------------------------------------------


def _shared(use: _Use, others: Sequence[str]) -> Difference:
    expected, found = use
    return Difference(
        rule="GA311",
        attribute="weights",
        slot=expected.name,
        expected="weights of its own",
        found="weights that another layer uses too",
        severity=Severity.ERROR,
        source=source_of(expected.anchor),
        layer=found.name,
        location=locate(found.anchor),
        reason=f"{' and '.join(dict.fromkeys((expected.name, *others)))} read the same parameter",
        cure=BY_ID["GA311"].cure,
    )
