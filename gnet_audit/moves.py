"""The same layers in other places or in several steps: moved ones, and one large kernel as several small ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gnet_audit import notation
from gnet_audit.align import Pair
from gnet_audit.attributes import pair_differences
from gnet_audit.differences import Difference, locate, renamed, source_of
from gnet_audit.findings import Insert, Remove, SetFields
from gnet_audit.gaps import Added, last_of, names, row_of
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Conv2d,
    Dropout,
    Mode,
    Network,
    Pool2d,
    Softmax,
)
from gnet_audit.rules import Severity
from gnet_audit.structure import Unit

# --- one large kernel as several small ones ---------------------------------------------------------------------


def factorised(matched: list[Pair], added: list[Added]) -> Iterator[Difference]:
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
    if len(convs) != len(chain) or len(convs) < 2:
        return False
    if any(conv.stride != (1, 1) or conv.kernel == (1, 1) for conv in convs):
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
        renamed(layer, f"{one.name}+{layer.name}") for unit in chain[:-1] for layer in (unit.anchor, *unit.trail)
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


def moved(expected: Network, missing: list[Pair], added: list[Added], mode: Mode) -> list[Difference]:
    """A missing and an added layer that are the same op: it stands elsewhere; takes them out of both lists."""
    found: list[Difference] = []
    for pair in tuple(missing):
        unit = pair.expected
        if unit is None or pair.region:
            continue
        group = next(
            (g for g in added if any(_alike(unit, other) for other in g.units) and _near(expected, unit, g)), None
        )
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
        return a.kind == b.kind and (
            a == b or (isinstance(a, Pool2d) and isinstance(b, Pool2d) and a.stride == b.stride)
        )
    return a == b


def _near(expected: Network, unit: Unit, group: Added) -> bool:
    """Whether two places are close enough for a layer to have moved from one to the other."""
    if group.after not in expected.by_name:
        return False
    here, there = unit.anchor, expected.by_name[group.after]
    rows = list(dict.fromkeys(row_of(layer) for layer in expected.layers))
    return row_of(here) == row_of(there) or abs(rows.index(row_of(here)) - rows.index(row_of(there))) <= 2


def _in_other_order(expected: Network, unit: Unit, other: Unit, group: Added) -> Difference:
    # The layers keep the paper's names, so what differs in them can be said as of any other.
    twins = (other.anchor, *other.trail)
    layers = tuple(
        replace(layer, inputs=(), of=twins[index].name if index < len(twins) else "")
        for index, layer in enumerate((unit.anchor, *unit.trail))
    )
    after = last_of(expected, group.after)
    previous, following = _previous(expected, unit), expected.consumers[unit.last.name][:1]
    inside = following and row_of(expected.by_name[previous]) != row_of(unit.anchor) and "." in unit.name
    # Inside a module its own slots say it best, and the same in every module.
    wanted = f"before {_local(expected, following[0], unit)}" if inside else f"after {_local(expected, previous, unit)}"
    return Difference(
        rule="GA303",
        attribute="order",
        slot=unit.name,
        expected=wanted,
        found=f"after {_local(expected, group.after, unit)}",
        severity=Severity.ERROR,
        source=source_of(unit.anchor),
        layer=other.name,
        location=locate(other.anchor),
        reason="the same op, missing here and added there",
        cure=f"Move it behind {_previous(expected, unit)}.",
        edits=(Remove(layers=names(unit)[::-1]), Insert(after=after, layers=layers, readers=group.readers)),
    )


def _local(expected: Network, name: str, unit: Unit) -> str:
    """A slot as seen from a unit: without the row where both stand in the same one."""
    row = row_of(unit.anchor)
    same = name in expected.by_name and row_of(expected.by_name[name]) == row
    return name.removeprefix(f"{row}.") if same else name


def _previous(expected: Network, unit: Unit) -> str:
    name = unit.anchor.inputs[0] if unit.anchor.inputs else ""
    while name and isinstance(expected.by_name[name].op, Activation):
        name = expected.by_name[name].inputs[0]
    return name


def moved_activations(expected: Network, differences: list[Difference]) -> list[Difference]:
    """An activation missing after one layer and standing after one of the next is in another order."""
    index = {layer.name: number for number, layer in enumerate(expected.layers)}
    result = list(differences)
    for gone in differences:
        new = next((other for other in result if _same_activation(gone, other, index)), None)
        if new is not None:
            merged = _reordered(gone, new)
            result = [merged if one is gone else one for one in result if one is not new]
    return result


def substituted(expected: Network, differences: list[Difference]) -> list[Difference]:
    """Batch normalisation just where the paper's own normalisation is missing stands in its place."""
    norms = {one.slot: one for one in differences if one.rule == "GA215"}
    replaced: dict[str, Difference] = {}
    for gone in differences:
        layer = expected.by_name.get(gone.slot)
        if gone.rule == "GA301" and layer is not None and isinstance(layer.op, LRN):
            norm = norms.get(_before(expected, layer.inputs[0]))
            if norm is not None:
                replaced[norm.slot] = _in_place_of(gone, norm)
    if not replaced or set(replaced) != set(norms):
        # Where other layers have batch normalisation too, these have it for the same reason.
        return differences
    told = {one.slot for one in replaced.values()}
    kept = [one for one in differences if not (one.rule == "GA301" and one.slot in told)]
    return [replaced[one.slot] if one.rule == "GA215" else one for one in kept]


def _before(expected: Network, name: str) -> str:
    """The unit's anchor that a layer belongs to."""
    layer = expected.by_name[name]
    return _before(expected, layer.inputs[0]) if isinstance(layer.op, Activation) and layer.inputs else name


def _in_place_of(gone: Difference, norm: Difference) -> Difference:
    return replace(
        gone,
        rule="GA218",
        attribute="layer",
        found=norm.found.removesuffix(" after the activation"),
        layer=norm.layer,
        location=norm.location,
        reason="it stands where the paper's normalisation is missing",
        cure=f"Use {gone.expected}.",
        edits=gone.edits + norm.edits,
    )


def _same_activation(gone: Difference, new: Difference, index: Mapping[str, int]) -> bool:
    """Whether one says that an activation is missing, and the other that it stands a little later."""
    if (gone.rule, gone.found, new.rule, new.expected) != ("GA213", "none", "GA302", "none"):
        return False
    return new.found == gone.expected and new.slot in index and 0 < index[new.slot] - index[gone.slot] <= 2


def _reordered(gone: Difference, new: Difference) -> Difference:
    return replace(
        gone,
        rule="GA303",
        attribute="order",
        expected=f"after {_anchor(gone)}",
        found=f"after {new.slot}",
        layer=new.layer,
        location=new.location,
        reason="the same op, missing here and added there",
        cure=f"Move it behind {_anchor(gone)}.",
        edits=gone.edits + new.edits,
    )


def _anchor(difference: Difference) -> str:
    """The slot that an activation follows."""
    return difference.slot.rpartition(".")[0]
