"""What differs between the graphs: layers missing, added, moved, shared or wired otherwise, and the order of merges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from gnet_audit import gaps, moves, sharing
from gnet_audit.align import Alignment, Merge, Pair
from gnet_audit.attributes import pair_differences
from gnet_audit.differences import Difference, call_of, called_apart, counterparts, lines_of, source_of
from gnet_audit.findings import Remove, SetInputs
from gnet_audit.gaps import Added, local, names
from gnet_audit.network import Activation, Concat, Layer, Location, Mode, Network, Unverified
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Unit, units_of


def graph_differences(
    expected: Network, alignment: Alignment, mode: Mode, idle: Sequence[Unverified] = ()
) -> list[Difference]:
    """All differences of one mode's alignment, heads aside; a layer's attributes included.

    `idle` are the model's modules that are made and never called.
    """
    matched, claimed = _owners(alignment)
    missing = [pair for pair in alignment.pairs if pair.found is None and not gaps.needless(pair.expected)]
    added = [_with_heads(alignment, group) for group in gaps.groups(alignment.pairs)]
    found: list[Difference] = []
    found += moves.factorised(matched, added)
    beside = {pair.expected.name: pair.found.anchor for pair in matched if pair.expected and pair.found}
    found += moves.moved(expected, missing, added, beside, mode)
    found += sharing.shared(matched, [one for pair in matched for one in pair_differences(pair, mode)], idle)
    found += [_wired(expected, first, second, beside) for first, second in claimed]
    found += gaps.missing(expected, missing, beside)
    names_in_paper = counterparts(alignment)
    found += [gaps.added(expected, group, names_in_paper, beside) for group in added]
    found += [one for group in added for one in gaps.always_active(group, mode)]
    for merge in alignment.merges:
        found += _order(expected, merge)
    return moves.exchanged(expected, moves.substituted(expected, moves.moved_activations(expected, found)))


def _with_heads(alignment: Alignment, group: Added) -> Added:
    """Added layers with the heads among their readers that hang on the last of them; no readers are all of them."""
    heads = [pair for pair in alignment.heads if pair.found is not None and group.units[-1].name in pair.found.taps]
    tapping = tuple(
        unit.name
        for pair in heads
        if pair.expected is not None
        for unit in units_of(pair.expected.items)
        if set(unit.sources) & set(pair.expected.taps)
    )
    return replace(group, readers=(*group.readers, *tapping)) if group.readers else group


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


def _wired(expected: Network, first: Pair, second: Pair, beside: Mapping[str, Layer]) -> Difference:
    """One unit of the model stands for two of the paper: what should read the second reads the first."""
    old, new, found = second.expected, first.expected, second.found
    assert old is not None
    assert new is not None
    assert found is not None
    readers = expected.consumers[old.last.name]
    reader = expected.by_name[readers[0]] if readers else old.anchor
    return Difference(
        rule="GA312",
        attribute="input",
        slot=reader.name,
        expected=local(expected, old.name, reader),
        found=local(expected, new.name, reader),
        severity=Severity.ERROR,
        source=source_of(reader),
        layer=found.name,
        location=_read_at(found, beside.get(reader.name)),
        reason="one layer of the model stands at both places",
        cure=f"Feed {reader.name} from {old.name}.",
        edits=(Remove(layers=names(old), instead=new.last.name),),
    )


def _read_at(unit: Unit, reader: Layer | None) -> Location | None:
    """The line where a layer reads a unit; none where nothing tells the reading from the making of what is read."""
    return called_apart([reader], unit.anchor) if reader else call_of(unit.anchor)


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
        lines=lines_of(merge.found.anchor),
        reason="the matched branches in the order of the concatenation",
        cure=f"Concatenate in the order {', '.join(names)}.",
        edits=(SetInputs(layer=merge.expected.name, inputs=new),),
    )


def _short(expected: Network, name: str) -> str:
    layer = expected.by_name[name]
    while isinstance(layer.op, Activation) and layer.inputs:
        layer = expected.by_name[layer.inputs[0]]
    return layer.name.rpartition(".")[2]
