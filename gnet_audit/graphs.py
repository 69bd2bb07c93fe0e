"""What differs between the graphs: layers missing, added, moved or wired otherwise; merges, heads and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gnet_audit import notation
from gnet_audit.align import Alignment, Merge, Pair
from gnet_audit.differences import Difference, locate, pair_differences, source_of
from gnet_audit.findings import Edit, Insert, Remove, SetFields, SetInputs
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Concat,
    Conv2d,
    Dropout,
    Input,
    Layer,
    Mode,
    Network,
    Pool2d,
    Softmax,
    SpecOrigin,
    Unknown,
)
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.structure import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Units that stand together where the paper has nothing."""

    units: tuple[Unit, ...]
    after: str
    readers: tuple[str, ...]


def graph_differences(expected: Network, alignment: Alignment, mode: Mode) -> list[Difference]:
    """All differences of one mode's alignment, heads aside; a layer's attributes included."""
    matched, shared = _owners(alignment)
    missing = [pair for pair in alignment.pairs if pair.found is None and not _needless(pair.expected)]
    added = list(_groups(alignment.pairs))
    found: list[Difference] = []
    found += _factorised(matched, added)
    moves = _moved(expected, missing, added, mode)
    found += moves
    for pair in matched:
        found += pair_differences(pair, mode)
    found += [_wired(expected, first, second) for first, second in shared]
    found += _missing(expected, missing)
    found += [_added(expected, group, mode) for group in added]
    for merge in alignment.merges:
        found += _order(expected, merge)
    found += _shared_weights(matched)
    return _moved_activations(expected, found)


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
        edits=(*edits, Remove(layers=_names(old))),
    )


def _shared_weights(pairs: Iterable[Pair]) -> Iterator[Difference]:
    """Layers of the paper that use the same parameters in the model."""
    first: dict[str, Unit] = {}
    for pair in pairs:
        if pair.expected is None or pair.found is None:
            continue
        weight = next((w.name for w in pair.found.anchor.weights if w.role == "weight" and w.name), "")
        owner = first.setdefault(weight, pair.expected) if weight else pair.expected
        if owner is not pair.expected:
            yield Difference(
                rule="GA311",
                attribute="weights",
                slot=pair.expected.name,
                expected="its own weights",
                found=f"the weights of {owner.name}",
                severity=Severity.ERROR,
                source=source_of(pair.expected.anchor),
                layer=pair.found.name,
                location=locate(pair.found.anchor),
                reason=pair.reason,
                cure=BY_ID["GA311"].cure,
            )


# --- missing and added ------------------------------------------------------------------------------------


def _names(unit: Unit) -> tuple[str, ...]:
    return (unit.anchor.name, *(layer.name for layer in unit.trail))


def _needless(unit: Unit | None) -> bool:
    """Whether the paper's unit may be absent: it is left to the loss, or does nothing in this mode."""
    return unit is not None and (left_to_loss(unit.anchor) or idle(unit))


def left_to_loss(layer: Layer) -> bool:
    """Whether the paper's layer usually is a part of the loss in PyTorch."""
    return isinstance(layer.origin, SpecOrigin) and "in_loss" in dict(layer.origin.attributes)


def idle(unit: Unit) -> bool:
    """Whether a unit is a dropout that drops nothing: out of its mode, or at rate 0."""
    op = unit.anchor.op
    return isinstance(op, Dropout) and not unit.trail and (not op.active or op.rate == 0)


def _row(layer: Layer) -> str:
    return layer.origin.row if isinstance(layer.origin, SpecOrigin) else ""


def _missing(expected: Network, pairs: Sequence[Pair]) -> Iterator[Difference]:
    regions = dict.fromkeys(pair.region for pair in pairs if pair.region)
    for region in regions:
        units = [pair.expected for pair in pairs if pair.region == region and pair.expected]
        anchor = expected.by_name[region]
        yield _absent(_row(anchor) or region, _title(anchor), units)
    for pair in pairs:
        if pair.expected is not None and not pair.region:
            yield _absent(pair.expected.name, notation.op_text(pair.expected.anchor.op), [pair.expected])


def _title(layer: Layer) -> str:
    return layer.origin.title if isinstance(layer.origin, SpecOrigin) else layer.name


def _absent(slot: str, text: str, units: Sequence[Unit]) -> Difference:
    # From the end, so that what is left always reads something that is still there.
    names = tuple(name for unit in reversed(units) for name in reversed(_names(unit)))
    return Difference(
        rule="GA301",
        attribute="layer",
        slot=slot,
        expected=text,
        found="none",
        severity=Severity.ERROR,
        source=source_of(units[-1].anchor),
        reason="nothing in the model at this place resembles it",
        cure=f"Add {text}.",
        edits=(Remove(layers=names),),
    )


def _groups(pairs: Sequence[Pair]) -> Iterator[Added]:
    """Added units, those at the same place together."""
    units: list[Unit] = []
    place: Pair | None = None
    for pair in pairs:
        if pair.expected is not None or pair.found is None or idle(pair.found):
            continue
        if place is not None and (pair.after, pair.readers) != (place.after, place.readers):
            yield Added(units=tuple(units), after=place.after, readers=place.readers)
            units = []
        place = pair
        units.append(pair.found)
    if place is not None:
        yield Added(units=tuple(units), after=place.after, readers=place.readers)


def _added(expected: Network, group: Added, mode: Mode) -> Difference:
    layers = [layer for unit in group.units for layer in (unit.anchor, *unit.trail)]
    text = ", ".join(dict.fromkeys(notation.op_text(layer.op) for layer in layers))
    weighted = next((layer for layer in layers if layer.weights), layers[0])
    slot = group.after
    rule, attribute, wanted, severity = "GA302", "layer", "none", Severity.ERROR
    if isinstance(layers[0].op, Softmax):
        rule, attribute, wanted, severity = "GA310", "softmax", "in the loss", Severity.WARNING
        text = f"{text} in the model"
    elif slot and slot in expected.by_name and isinstance(expected.by_name[slot].op, Input):
        text = f"a transform of the input ({text})"
    return Difference(
        rule=rule,
        attribute=attribute,
        slot=slot,
        expected=wanted,
        found=text,
        severity=severity,
        source=source_of(expected.by_name[slot]) if slot in expected.by_name else None,
        layer=weighted.name,
        location=locate(weighted),
        reason="nothing in the paper at this place resembles it",
        cure=BY_ID[rule].cure,
        edits=_insertion(expected, group),
    )


def _insertion(expected: Network, group: Added) -> tuple[Edit, ...]:
    if group.after not in expected.by_name:
        return ()
    layers = [layer for unit in group.units for layer in (unit.anchor, *unit.trail)]
    if any(len(layer.inputs) != 1 or isinstance(layer.op, Unknown) for layer in layers):
        return ()
    after = _last_of(expected, group.after)
    new = tuple(replace(layer, name=f"+{layer.name}", origin=None) for layer in layers)
    return (Insert(after=after, layers=new, readers=group.readers),)


def _last_of(expected: Network, slot: str) -> str:
    """The activation that follows a slot, or the slot itself."""
    return next(
        (name for name in expected.consumers.get(slot, ()) if name.startswith(f"{slot}.")),
        slot,
    )


# --- one large kernel as several small ones ---------------------------------------------------------------------


def _factorised(matched: list[Pair], added: list[Added]) -> Iterator[Difference]:
    """A convolution and its added neighbours that together see the paper's kernel; takes them out of both lists."""
    for group in tuple(added):
        for index, pair in enumerate(matched):
            if not (one := pair.expected) or not (two := pair.found) or not isinstance(one.anchor.op, Conv2d):
                continue
            before = one.name in group.readers
            if group.after != one.name and not before:
                continue
            chain = (*group.units, two) if before else (two, *group.units)
            if not _covers(chain, one.anchor.op):
                continue
            added.remove(group)
            last = replace(chain[-1], anchor=replace(chain[-1].anchor, op=_as_one(chain[-1], one.anchor.op)))
            matched[index] = replace(pair, found=last)
            yield _in_steps(one, chain)
            break


def _covers(chain: Sequence[Unit], whole: Conv2d) -> bool:
    convs = [unit.anchor.op for unit in chain if isinstance(unit.anchor.op, Conv2d)]
    if len(convs) != len(chain) or len(convs) < 2 or any(conv.stride != (1, 1) for conv in convs):
        return False
    reach = [1 + sum((conv.kernel[axis] - 1) * conv.dilation[axis] for conv in convs) for axis in (0, 1)]
    return tuple(reach) == whole.kernel and whole.stride == (1, 1)


def _as_one(unit: Unit, whole: Conv2d) -> Conv2d:
    op = unit.anchor.op
    assert isinstance(op, Conv2d)
    return replace(op, kernel=whole.kernel, padding=whole.padding, dilation=whole.dilation)


def _in_steps(one: Unit, chain: Sequence[Unit]) -> Difference:
    ops = [unit.anchor.op for unit in chain if isinstance(unit.anchor.op, Conv2d)]
    kernels = [notation.pair_text(op.kernel) for op in ops]
    same = len(set(kernels)) == 1
    number = {2: "two", 3: "three"}.get(len(kernels), str(len(kernels)))
    found = f"{number} {kernels[0]}" if same else " then ".join(kernels)
    assert isinstance(one.anchor.op, Conv2d)
    first = tuple(
        replace(layer, name=f"{one.name}+{layer.name}", origin=None)
        for unit in chain[:-1]
        for layer in (unit.anchor, *unit.trail)
    )
    source = one.anchor.inputs[0]
    last = (("kernel", ops[-1].kernel), ("padding", ops[-1].padding), ("dilation", ops[-1].dilation))
    return Difference(
        rule="GA217",
        attribute="kernel",
        slot=one.name,
        expected=notation.pair_text(one.anchor.op.kernel),
        found=found,
        severity=Severity.ERROR,
        source=source_of(one.anchor, "kernel"),
        layer=chain[0].name,
        location=locate(chain[0].anchor, (f"kernel_size={ops[0].kernel[0]}", str(ops[0].kernel[0]))),
        reason="together they see the same patch",
        cure=f"Use one convolution with kernel_size={one.anchor.op.kernel[0]}.",
        edits=(
            Insert(after=source, layers=first, readers=(one.name,)),
            SetFields(layer=one.name, fields=last),
        ),
    )


# --- layers that moved ---------------------------------------------------------------------------------------------


def _moved(expected: Network, missing: list[Pair], added: list[Added], mode: Mode) -> list[Difference]:
    """A missing and an added layer that are the same op: it stands elsewhere; takes them out of both lists."""
    found: list[Difference] = []
    for pair in tuple(missing):
        unit = pair.expected
        if unit is None or pair.region:
            continue
        group = next((g for g in added if any(_alike(unit, other) for other in g.units) and _near(expected, unit, g)), None)
        if group is None:
            continue
        other = next(candidate for candidate in group.units if _alike(unit, candidate))
        missing.remove(pair)
        rest = tuple(candidate for candidate in group.units if candidate is not other)
        position = added.index(group)
        added[position : position + 1] = [replace(group, units=rest)] if rest else []
        found.append(_in_other_order(expected, unit, other, group))
        found += pair_differences(Pair(expected=unit, found=other, reason="the same op at another place"), mode)
    return found


def _alike(one: Unit, two: Unit) -> bool:
    a, b = one.anchor.op, two.anchor.op
    if isinstance(a, LRN | Dropout | Softmax):
        return type(a) is type(b)
    if isinstance(a, Pool2d | AdaptivePool2d) and isinstance(b, Pool2d | AdaptivePool2d):
        return a.kind == b.kind and (a == b or (isinstance(a, Pool2d) and isinstance(b, Pool2d) and a.stride == b.stride))
    return a == b


def _near(expected: Network, unit: Unit, group: Added) -> bool:
    """Whether two places are close enough for a layer to have moved from one to the other."""
    if group.after not in expected.by_name:
        return False
    here, there = unit.anchor, expected.by_name[group.after]
    rows = list(dict.fromkeys(_row(layer) for layer in expected.layers))
    return _row(here) == _row(there) or abs(rows.index(_row(here)) - rows.index(_row(there))) <= 2


def _in_other_order(expected: Network, unit: Unit, other: Unit, group: Added) -> Difference:
    layers = tuple(replace(layer, inputs=()) for layer in (unit.anchor, *unit.trail))
    after = _last_of(expected, group.after)
    return Difference(
        rule="GA303",
        attribute="order",
        slot=unit.name,
        expected=f"after {_previous(expected, unit)}",
        found=f"after {group.after}",
        severity=Severity.ERROR,
        source=source_of(unit.anchor),
        layer=other.name,
        location=locate(other.anchor),
        reason="the same op, missing here and added there",
        cure=f"Move it behind {_previous(expected, unit)}.",
        edits=(Remove(layers=_names(unit)[::-1]), Insert(after=after, layers=layers, readers=group.readers)),
    )


def _previous(expected: Network, unit: Unit) -> str:
    name = unit.anchor.inputs[0] if unit.anchor.inputs else ""
    while name and isinstance(expected.by_name[name].op, Activation):
        name = expected.by_name[name].inputs[0]
    return name


def _moved_activations(expected: Network, differences: list[Difference]) -> list[Difference]:
    """An activation missing after one layer and standing after one of the next is in another order."""
    index = {layer.name: number for number, layer in enumerate(expected.layers)}
    result = list(differences)
    for gone in differences:
        if gone.rule != "GA213" or gone.found != "none":
            continue
        for new in result:
            anchor = new.slot.rpartition(".")[0]
            if new.rule == "GA213" and new.expected == "none" and new.found == gone.expected and anchor in index:
                if 0 < index[anchor] - index[gone.slot] <= 2:
                    merged = replace(
                        gone,
                        rule="GA303",
                        attribute="order",
                        expected=f"after {gone.slot.rpartition('.')[0]}",
                        found=f"after {anchor}",
                        layer=new.layer,
                        location=new.location,
                        reason="the same op, missing here and added there",
                        cure=f"Move it behind {gone.slot.rpartition('.')[0]}.",
                        edits=gone.edits + new.edits,
                    )
                    result = [merged if d is gone else d for d in result if d is not new]
                    break
    return result


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


def slot_names(alignment: Alignment) -> Mapping[str, str]:
    """The slot of each matched unit of the model, under the name of its anchor."""
    return {pair.found.name: pair.expected.name for pair in alignment.pairs if pair.expected and pair.found}
