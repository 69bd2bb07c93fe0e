"""Two networks in both modes → findings: causes only, the same cause at many places once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from gnet_audit import derive, heads, patch, stops
from gnet_audit.align import Alignment, Pair, align
from gnet_audit.canonical import Canonical, canonical
from gnet_audit.differences import Difference, locate
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Append, Cost, Edit, Finding, Insert, SetFields, SetInputs, SetOp
from gnet_audit.garbage import uncollected
from gnet_audit.graphs import graph_differences
from gnet_audit.messages import BEHIND, NOTHING_READS, message
from gnet_audit.network import (
    UNCALLED,
    CodeOrigin,
    Conv2d,
    Layer,
    Linear,
    Location,
    Mode,
    Network,
    SpecOrigin,
    Unknown,
    Unverified,
)
from gnet_audit.pointing import Lines
from gnet_audit.rules import Severity
from gnet_audit.structure import Tree, Unit, is_weighted, tree, units_of

FAR = 0.35
"""Above this distance of the main paths (0: the same, 1: nothing in common) the model is another network."""
FEW = 0.5
"""So is one in which fewer than this share of the paper's layers with weights keep their width."""

FEW_CURES = 2
"""What is to be done is told place by place up to so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The model's network in one mode; `complete` unless its forward raised on the way."""

    network: Network
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One mode of both networks, in canonical form and aligned."""

    expected: Network
    found: Network
    alignment: Alignment
    expected_tree: Tree
    tree: Tree
    rewrites: Canonical
    complete: bool

    def known(self) -> Alignment:
        """The alignment up to where the model's forward came."""
        return self.alignment if self.complete else stops.reached(self.expected_tree, self.found, self.alignment)

    def reached(self) -> Sequence[Pair]:
        """The pairs up to where the model's forward came."""
        return self.known().pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of it: findings in the paper's order, or why the model is another network."""

    findings: tuple[Finding, ...]
    views: Mapping[Mode, View]
    unverified: tuple[Unverified, ...]
    refusal: str = ""
    hidden: bool = False
    """Whether it may well be this network, and ops that nobody knows are why it cannot be compared."""


@uncollected()
def compare(expected: Mapping[Mode, Network], found: Mapping[Mode, Found]) -> Comparison:
    """Align and compare every mode that could be traced; training speaks first, since it has the heads too."""
    plain = {mode: canonical(one.network if one.complete else stops.joined(one.network)) for mode, one in found.items()}
    main = _only_output(plain.get(Mode.EVAL))
    views = {
        mode: _view(expected[mode], plain[mode], main, complete=found[mode].complete)
        for mode in (Mode.TRAIN, Mode.EVAL)
        if mode in found
    }
    far = {mode: text for mode, view in views.items() if (text := _refusal(view) or _overwritten(view))}
    hidden = {mode: text for mode in far if (text := _hidden(views[mode]))}
    far |= hidden
    if len(far) == len(views):
        refusal = next(iter((hidden or far).values()), "")
        return Comparison(findings=(), views=views, unverified=(), refusal=refusal, hidden=bool(hidden))
    for mode in far:
        del views[mode]
    differences: list[Difference] = []
    unverified = [Unverified(what=f"{mode} mode", why=f"it cannot be compared: {text}") for mode, text in far.items()]
    head_of: dict[str, str] = {}
    for view in views.values():
        told = heads.account(view.expected, view.tree, view.alignment, head_of)
        head_of |= heads.heads_by_layer(view.alignment, view.expected)
        idle = [entry for entry in view.found.unverified if entry.why == UNCALLED]
        new = graph_differences(view.expected, view.known(), view.expected.mode, idle)
        new += told.differences if view.complete else ()
        new += _untold(_equivalents(view), new)
        differences = _heard_again(differences, new) + _unheard(new, differences)
        unverified += told.unverified if view.complete else stops.not_run(view.found, view.alignment)
    return Comparison(
        findings=tuple(_findings(expected, views, differences)),
        views=views,
        unverified=tuple(dict.fromkeys(unverified)),
    )


def _view(expected: Network, found: Canonical, main: str, *, complete: bool) -> View:
    one, expected_tree = _written(expected)
    found_tree = tree(found.network, main)
    return View(
        expected=one,
        found=found.network,
        alignment=align(expected_tree, found_tree, complete=complete),
        expected_tree=expected_tree,
        tree=found_tree,
        rewrites=found,
        complete=complete,
    )


@lru_cache(maxsize=4)
def _written(expected: Network) -> tuple[Network, Tree]:
    """The paper's side in canonical form: the same for every model that is held against it."""
    network = canonical(expected).network
    return network, tree(network)


def _only_output(found: Canonical | None) -> str:
    """The layer of the only value that the model returns in eval: what it is made for."""
    outputs = {output.layer for output in found.network.outputs} if found is not None else set()
    return outputs.pop() if len(outputs) == 1 else ""


# --- another network ------------------------------------------------------------------------------------


def _refusal(view: View) -> str:
    """Why the model is not this network at all; empty where it may be."""
    if not view.complete:
        return ""
    wanted = [unit for unit in units_of(view.expected_tree.main) if is_weighted(unit)]
    own = [unit for unit in units_of(view.tree.main) if is_weighted(unit)]
    widths = {
        pair.expected.name: _width(pair.found.anchor) for pair in view.alignment.pairs if pair.expected and pair.found
    }
    same = sum(widths.get(unit.name) == _width(unit.anchor) for unit in wanted)
    distance = view.alignment.distance
    if distance <= FAR and same >= FEW * len(wanted):
        return ""
    return (
        f"of the paper's {len(wanted)} layers with weights {same} have a counterpart of their width in the model, "
        f"which has {len(own)} (distance {distance:.2f}; a build of this paper has at most {FAR:.2f} "
        f"and {FEW:.0%} of the widths)"
    )


def _hidden(view: View) -> str:
    """Why nobody can tell whether a network that is far off is this one; empty where it is another.

    Its layers may be the paper's for the most part, and ops that nobody knows join them or are some of them.
    """
    if view.complete and not view.found.outputs:
        return "it cannot be compared: what it returns cannot be led back to the input"
    unknown = [(one.op.function, one) for one in view.found.layers if isinstance(one.op, Unknown)]
    behind = {function for function, _ in unknown if function.endswith(BEHIND)}
    blinding = behind.union(function for function, layer in unknown if layer.weights or len(layer.inputs) > 1)
    wanted = [unit for unit in units_of(view.expected_tree.main) if is_weighted(unit)]
    own, rest = Counter(map(_made, view.found.layers)), Counter[tuple[int, int]]()
    for unit in wanted:
        made = _made(unit.anchor)
        rest[_values(unit)] += not own[made]
        own[made] -= bool(own[made])
    for _, layer in unknown:
        # As many weights, and as many values that come of them: a product that only its writer calls a convolution.
        values = next(((prod(one.shape), prod(layer.shape or ())) for one in layer.weights), (0, 0))
        rest[values] -= bool(rest[values])
    there = len(wanted) - rest.total()
    if not blinding or there < FEW * len(wanted):
        return ""
    first, *others = [layer for function, layer in unknown if function in blinding]
    line = first.origin.call if isinstance(first.origin, CodeOrigin) else None
    where = f"{1 + len(others)} times" if others else "once"
    where += f", first at {line.file.rpartition('/')[2]}:{line.line}" if line else ""
    return (
        f"it cannot be compared because of unknown op {', '.join(sorted(blinding))} ({where}): {there} of the "
        f"paper's {len(wanted)} layers with weights may be in the model, and the audit does not guess which they are"
    )


def _overwritten(view: View) -> str:
    """Why a network is not compared in which values were written out of sight: what is told of it may be untrue."""
    ops = (layer.op for layer in view.found.layers)
    return _hidden(view) if any(isinstance(op, Unknown) and op.function.endswith(BEHIND) for op in ops) else ""


def _made(layer: Layer) -> tuple[int, tuple[int, ...]]:
    """The width and the kernel of a layer with weights."""
    op = layer.op
    return _width(layer), op.kernel if isinstance(op, Conv2d) else ()


def _values(unit: Unit) -> tuple[int, int]:
    """How many weights a layer has, biases aside, and how many values it gives."""
    op = unit.anchor.op
    assert isinstance(op, Conv2d | Linear)
    shapes = derive.parameter_shapes(op, (unit.in_shape,)) if unit.in_shape else {}
    return prod(shapes.get("weight", ())), prod(unit.anchor.shape or ())


def _width(layer: Layer) -> int:
    op = layer.op
    return op.out_channels if isinstance(op, Conv2d) else op.out_features if isinstance(op, Linear) else 0


# --- both modes together -----------------------------------------------------------------------------------


def _unheard(new: Iterable[Difference], known: Sequence[Difference]) -> list[Difference]:
    """Differences of a mode that the other mode has not told already."""
    told = {_key(one) for one in known}
    return [one for one in new if _key(one) not in told]


def _heard_again(known: Iterable[Difference], new: Iterable[Difference]) -> list[Difference]:
    """Known differences with what the other mode adds to the network for the same reason."""
    again = {_key(one): one.edits for one in new}
    return [
        replace(
            one,
            edits=(*one.edits, *(edit for edit in again.get(_key(one), ()) if isinstance(edit, Append) and edit.mode)),
        )
        for one in known
    ]


def _key(one: Difference) -> tuple[str, str, str]:
    return one.rule, one.attribute, one.slot


def _equivalents(view: View) -> list[Difference]:
    """Other ways to write the same function that the canonical form has taken away, as notes; surplus as a finding."""
    slots = heads.slot_by_unit(view.alignment)
    units = units_of(view.tree.main) + [unit for head in view.tree.heads for unit in units_of(head.items)]
    trails = {layer.name: unit for unit in units for layer in (unit.anchor, *unit.trail)}
    found: dict[tuple[str, str], Difference] = {}
    for rewrite in view.rewrites.rewrites:
        known = [(unit, slots[unit.name]) for n in rewrite.layers if (unit := trails.get(n)) and unit.name in slots]
        for unit, slot in known:
            found.setdefault((rewrite.what, slot), _rewritten(rewrite.what, slot, unit, rewrite.where))
        if rewrite.surplus and known:
            unit, slot = known[0]
            text = f"{rewrite.surplus} output channels {NOTHING_READS}"
            extra = replace(_rewritten(text, slot, unit), rule="GA302", attribute="layer", expected="none")
            found[text, slot] = replace(extra, severity=Severity.ERROR, cure="Leave them out.")
    return list(found.values())


def _untold(forms: Iterable[Difference], told: Iterable[Difference]) -> list[Difference]:
    """Equivalent forms but for those that stand where the same line is told to be one already."""
    known = {(one.slot, one.location) for one in told if one.rule == "GA219"}
    return [one for one in forms if one.rule != "GA219" or (one.slot, one.location) not in known]


def _rewritten(what: str, slot: str, unit: Unit, where: Location | None = None) -> Difference:
    return Difference(
        rule="GA219",
        attribute=what,
        slot=slot,
        expected="as in the paper",
        found=what,
        severity=Severity.NOTE,
        layer=unit.name,
        location=where or locate(unit.anchor),
        reason="rewritten by rules that keep the function",
    )


# --- findings -------------------------------------------------------------------------------------------------


def _findings(
    expected: Mapping[Mode, Network], views: Mapping[Mode, View], differences: Iterable[Difference]
) -> list[Finding]:
    """Equal differences as one finding each, the gravest first, then in the paper's order."""
    place = _places(expected.get(Mode.TRAIN) or expected[Mode.EVAL])
    groups: dict[tuple[object, ...], list[Difference]] = {}
    for one in sorted(differences, key=lambda one: place.get(one.slot, len(place))):
        # Sources may differ from row to row (Table 1, figure 3); the first one speaks for all.
        key = one.rule, one.attribute, one.expected, one.found, one.severity
        groups.setdefault(key, []).append(one)
    lines = Lines(view.found for view in views.values())
    found = [_finding(expected, views, lines.pointed(group)) for group in groups.values()]
    return sorted(found, key=lambda one: (-one.severity.rank, place.get(one.rows[0], len(place)), one.rule))


def _places(expected: Network) -> dict[str, int]:
    """The position of every slot, row and head in the paper."""
    places: dict[str, int] = {}
    for position, layer in enumerate(expected.layers):
        places.setdefault(layer.name, position)
        if isinstance(layer.origin, SpecOrigin):
            places.setdefault(layer.origin.row, position)
    return places


def _finding(expected: Mapping[Mode, Network], views: Mapping[Mode, View], group: Sequence[Difference]) -> Finding:
    first = group[0]
    rows = tuple(dict.fromkeys(one.slot for one in group))
    edits = tuple(edit for one in group for edit in one.edits)
    only_eval = any(isinstance(edit, Append) and edit.mode is Mode.EVAL for edit in edits)
    mode = Mode.EVAL if only_eval or Mode.TRAIN not in expected else Mode.TRAIN
    locations = tuple(dict.fromkeys(one.location for one in group if one.location))
    meant = _meant(expected[mode], views.get(mode), edits)
    price = cost(meant, rows, edits)
    return Finding(
        rule=first.rule,
        severity=first.severity,
        rows=rows,
        attribute=first.attribute,
        expected=first.expected,
        found=first.found,
        message=message(first.rule, rows, first.attribute, first.expected, first.found),
        source=first.source,
        location=locations[0] if locations else None,
        locations=locations,
        layers=tuple(dict.fromkeys(one.layer for one in group if one.layer)),
        cost=_without_weights(price, meant, rows) if first.rule == "GA311" and price else price,
        cause=first.reason,
        cure=_cure(group),
        edits=edits,
    )


def _cure(group: Sequence[Difference]) -> str:
    """What to do at all the places; at few of them said of each."""
    cures = tuple(dict.fromkeys(one.cure for one in group))
    if len(cures) <= FEW_CURES:
        return " ".join(cures)
    return f"At {group[0].slot}: {cures[0]} Likewise at the others."


def _meant(expected: Network, view: View | None, edits: Iterable[Edit]) -> Network:
    """The network that edits speak of: as it is written, else, where a model stands for the paper, its canonical form."""
    if view is None:
        return expected
    for edit in edits:
        name = edit.layer if isinstance(edit, SetFields | SetOp | SetInputs) else ""
        plain, written = view.expected.by_name.get(name), expected.by_name.get(name)
        if plain and (written is None or type(written.op) is not type(plain.op)):
            return view.expected
    return expected


def cost(expected: Network, rows: Sequence[str], edits: Sequence[Edit]) -> Cost | None:
    """What these edits alone would change; None where the changed network cannot be derived."""
    if not edits:
        return None
    try:
        before, after = patch.concerned(expected, edits)
    except ShapeError:
        return None
    here = {*rows, *(layer.name for edit in edits if isinstance(edit, Insert | Append) for layer in edit.layers)}
    signed = [(1, layer) for layer in after.values()] + [(-1, layer) for layer in before.values()]
    own = [(sign, layer) for sign, layer in signed if not here.isdisjoint(_within(layer.name))]
    return Cost(
        params=sum(sign * layer.params for sign, layer in own),
        macs=sum(sign * layer.macs for sign, layer in own),
        total_params=sum(sign * layer.params for sign, layer in signed),
        total_macs=sum(sign * layer.macs for sign, layer in signed),
    )


def _without_weights(price: Cost, expected: Network, rows: Sequence[str]) -> Cost:
    """The cost of layers whose parameters are counted where they are used first."""
    own = sum(layer.params for layer in expected.layers if not {*rows}.isdisjoint(_within(layer.name)))
    return replace(price, params=-own, total_params=price.total_params - price.params - own)


def _within(name: str) -> Iterator[str]:
    """A name and all that it stands in: `aux1.conv.relu`, `aux1.conv`, `aux1`."""
    while name:
        yield name
        name = name.rpartition(".")[0]
