"""What differs between the graphs: layers missing, added, moved, shared or wired otherwise, and the order of merges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from gnet_audit import gaps, moves
from gnet_audit.align import Alignment, Merge, Pair
from gnet_audit.attributes import pair_differences
from gnet_audit.differences import Difference, counterparts, locate, source_of
from gnet_audit.findings import Edit, Remove, SetInputs
from gnet_audit.gaps import names
from gnet_audit.network import Activation, Concat, Mode, Network
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Unit


def graph_differences(expected: Network, alignment: Alignment, mode: Mode) -> list[Difference]:
    """All differences of one mode's alignment, heads aside; a layer's attributes included."""
    matched, shared = _owners(alignment)
    missing = [pair for pair in alignment.pairs if pair.found is None and not gaps.needless(pair.expected)]
    added = list(gaps.groups(alignment.pairs))
    found: list[Difference] = []
    found += moves.factorised(matched, added)
    found += moves.moved(expected, missing, added, mode)
    for pair in matched:
        found += pair_differences(pair, mode)
    found += [_wired(expected, first, second) for first, second in shared]
    found += gaps.missing(expected, missing)
    names_in_paper = counterparts(alignment)
    found += [gaps.added(expected, group, names_in_paper) for group in added]
    found += [one for group in added for one in gaps.always_active(group, mode)]
    for merge in alignment.merges:
        found += _order(expected, merge)
    found += _shared_weights(matched)
    return moves.substituted(expected, moves.moved_activations(expected, found))


# --- matched pairs -----------------------------------------------------------------------------------


def _owners(alignment: Alignment) -> tuple[list[Pair], list[tuple[Pair, Pair]]]:
    """Pairs of one model unit each; a unit that two slots lay claim to stays with the one it resembles more."""
    owner: dict[str, Pair] = {}
    shared: list[tuple[Pair, Pair]] = []
    for pair in alignment.pairs:
        if pair.expected is None or pair.found is None:
            continue
        first = owner.setdefault(pair.found.name, pair)
        if first is not pair:
            better = pair.found.ops == pair.expected.ops
            owner[pair.found.name] = pair if better else first
            shared.append((pair, first) if better else (first, pair))
    kept = {id(pair) for pair in owner.values()}
    return [pair for pair in alignment.pairs if id(pair) in kept], shared


def _wired(expected: Network, first: Pair, second: Pair) -> Difference:
    """One unit of the model stands for two of the paper: what should read the second reads the first."""
    assert first.expected is not None
    assert second.expected is not None
    old, new = second.expected, first.expected
    readers = expected.consumers[old.last.name]
    edits: list[Edit] = [
        SetInputs(
            layer=reader,
            inputs=tuple(new.last.name if s == old.last.name else s for s in expected.by_name[reader].inputs),
        )
        for reader in readers
    ]
    reader = expected.by_name[readers[0]] if readers else old.anchor
    return Difference(
        rule="GA312",
        attribute="input",
        slot=reader.name,
        expected=old.name,
        found=new.name,
        severity=Severity.ERROR,
        source=source_of(reader),
        layer=second.found.name if second.found else "",
        location=locate(second.found.anchor) if second.found else None,
        reason="one layer of the model stands at both places",
        cure=f"Feed {reader.name} from {old.name}.",
        edits=(*edits, Remove(layers=names(old))),
    )


def _shared_weights(pairs: Iterable[Pair]) -> Iterator[Difference]:
    """Layers of the paper that use the same parameters in the model."""
    users: dict[str, list[tuple[Unit, Unit]]] = {}
    for pair in pairs:
        if pair.expected is None or pair.found is None:
            continue
        weight = next((w for w in pair.found.anchor.weights if w.role == "weight" and w.name), None)
        if weight is not None:
            users.setdefault(f"{weight.name} {weight.rows}", []).append((pair.expected, pair.found))
    for units in users.values():
        for expected, found in units if len(units) > 1 else ():
            yield Difference(
                rule="GA311",
                attribute="weights",
                slot=expected.name,
                expected="weights of its own",
                found="weights that another layer uses too",
                severity=Severity.ERROR,
                source=source_of(expected.anchor),
                layer=found.name,
                location=locate(found.anchor),
                reason=f"{' and '.join(one.name for one, _ in units)} read the same parameter",
                cure=BY_ID["GA311"].cure,
            )


# --- merges ------------------------------------------------------------------------------------------------------------


def _order(expected: Network, merge: Merge) -> Iterator[Difference]:
    """Branches joined in another order than the paper's."""
    if not isinstance(merge.expected.anchor.op, Concat) or not isinstance(merge.found.anchor.op, Concat):
        return
    present = [(position, branch) for position, branch in enumerate(merge.branches) if branch is not None]
    if all(a[1] < b[1] for a, b in pairwise(present)):
        return
    inputs = merge.expected.anchor.inputs
    names = [_short(expected, inputs[position]) for position, _ in present]
    order = sorted(present, key=lambda item: item[1])
    shuffled = iter([inputs[position] for position, _ in order])
    kept = {position for position, _ in present}
    new = tuple(next(shuffled) if position in kept else name for position, name in enumerate(inputs))
    source = source_of(merge.expected.anchor, "order")
    yield Difference(
        rule="GA304",
        attribute="order",
        slot=merge.expected.name,
        expected=", ".join(names),
        found=", ".join(_short(expected, inputs[position]) for position, _ in order),
        severity=BY_ID["GA304"].severity,
        source=source,
        layer=merge.found.name,
        location=locate(merge.found.anchor),
        reason="the matched branches in the order of the concatenation",
        cure=f"Concatenate in the order {', '.join(names)}.",
        edits=(SetInputs(layer=merge.expected.name, inputs=new),),
    )


def _short(expected: Network, name: str) -> str:
    layer = expected.by_name[name]
    while isinstance(layer.op, Activation) and layer.inputs:
        layer = expected.by_name[layer.inputs[0]]
    return layer.name.rpartition(".")[2]
