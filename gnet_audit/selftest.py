"""The audit tested on itself: networks with known faults, and others with none, each audited and marked. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from random import Random
from typing import TypeAlias

from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Edit
from gnet_audit.mutants import Mutant, Truth, mutants, mutated
from gnet_audit.network import Input, Layer, Mode, Network
from gnet_audit.rewrites import rewrites

PAIRS = 300
REWRITES = 200
PAIR_FAMILY = "pairs"
REWRITE_FAMILY = "equivalent rewrites"

Networks: TypeAlias = Mapping[Mode, Network]


class Kind(StrEnum):
    """What a trial is for."""

    MUTANT = "mutant"
    """Wrong in one place."""
    PAIR = "pair"
    """Wrong in two places."""
    EQUAL = "equal"
    """Another attribute, but by arithmetic the same function."""
    REWRITE = "rewrite"
    """The same function, written in other ways."""
    IMPOSSIBLE = "impossible"
    """No network with this fault can run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the trials start from: the paper's network and the reference build's, in both modes, at one input size."""

    expected: Networks
    reference: Networks
    slots: Mapping[str, str]
    """The paper's name of each layer of the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a proof said."""

    proven: str
    """Why the paper's network with the findings is not the mutant; empty where it is."""
    broken: str
    """Why the paper's network without them is not; empty where it is the same function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network, audited and marked."""

    id: str
    family: str
    kind: Kind
    reason: str = ""
    """Why it is equal, or impossible."""
    caught: bool = False
    """Something above a note was found."""
    slot: bool = False
    """Every wrong slot is named."""
    attribute: bool = False
    """Every wrong attribute is named at its slot, by the right rule."""
    seconds: tuple[str, ...] = ()
    """What was found that is not wrong."""
    findings: tuple[str, ...] = ()
    """All that was found above a note."""
    unseen: str = ""
    """Why no proof can tell it."""
    evidence: Evidence | None = None

    @property
    def harmless(self) -> bool:
        """Whether there is nothing to catch."""
        return self.kind in {Kind.EQUAL, Kind.REWRITE}

    @property
    def located(self) -> bool:
        """Everything wrong is named, and nothing else."""
        return self.caught and self.slot and self.attribute and not self.seconds

    @property
    def failed(self) -> bool:
        """Whether the audit is wrong: a fault missed, or an alarm for nothing."""
        return self.caught if self.harmless else not self.caught and self.kind is not Kind.IMPOSSIBLE

    @property
    def doubted(self) -> bool:
        """Whether the proof disagrees with what was done."""
        proof = self.evidence
        same = self.harmless or bool(self.unseen)
        return proof is not None and (bool(proof.proven) or bool(proof.broken) is same)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network that is to be audited, and what is true of it."""

    mutant: Mutant
    kind: Kind
    seed: int | None = None
    """Of the order and the names of its layers; none for the reference's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disguise:
    """Networks whose names say nothing, and what they say."""

    networks: Networks
    layers: Mapping[str, str]
    """The true name of each layer."""
    weights: Mapping[str, str]
    """The true name of each parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A case, the networks that were audited, and what came of it."""

    case: Case
    found: Disguise
    comparison: Comparison

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The findings as changes of the paper's network."""
        return tuple(edit for finding in self.comparison.findings for edit in finding.edits)


Prover: TypeAlias = Callable[[Audited], Evidence | None]
"""Gives none for what cannot be executed at its input size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """All trials of a run."""

    trials: tuple[Trial, ...] = field(default=())
    seed: int = 0

    def of(self, *kinds: Kind) -> tuple[Trial, ...]:
        """The trials of these kinds."""
        return tuple(trial for trial in self.trials if trial.kind in kinds)

    @property
    def failed(self) -> tuple[Trial, ...]:
        """Faults missed, alarms for nothing, proofs that disagree."""
        return tuple(trial for trial in self.trials if trial.failed or trial.doubted)

    @property
    def astray(self) -> tuple[Trial, ...]:
        """Faults caught, but not exactly located."""
        return tuple(trial for trial in self.of(Kind.MUTANT, Kind.PAIR) if trial.caught and not trial.located)


# --- the cases -----------------------------------------------------------------------------------------


def cases(ground: Ground, *, seed: int, limit: int | None = None, like: Ground | None = None) -> list[Case]:
    """All cases in their order; with a limit so many of each kind, drawn evenly; `like` those of another input size."""
    single = _single(ground)
    whole = like or ground
    chosen = islice(_pairs(whole, _single(whole) if like else single, _random(seed)), limit or PAIRS)
    same = islice(rewrites(ground.reference[Mode.TRAIN], _random(seed)), limit or REWRITES)
    first = [Case(mutant=one, kind=Kind.EQUAL if one.equal else Kind.MUTANT) for one in single]
    return [
        *_evenly(first, limit),
        *(Case(mutant=_both(single[one], single[two]), kind=Kind.PAIR) for one, two in chosen),
        *(Case(mutant=one, kind=Kind.REWRITE, seed=seed + index) for index, one in enumerate(same)),
    ]


def _single(ground: Ground) -> list[Mutant]:
    return list(mutants(ground.reference[Mode.TRAIN], ground.slots))


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same cases again, no secrets


def _evenly(found: list[Case], limit: int | None) -> list[Case]:
    if limit is None or limit >= len(found):
        return found
    return [found[index * len(found) // limit] for index in range(limit)]


def _pairs(ground: Ground, single: Sequence[Mutant], random: Random) -> Iterator[tuple[int, int]]:
    """The numbers of two faults of different rows that one network can have."""
    choice = [number for number, one in enumerate(single) if not one.equal]
    while True:
        first, second = random.sample(choice, 2)
        if _rows(single[first]) & _rows(single[second]):
            continue
        try:
            mutated(ground.reference[Mode.TRAIN], _both(single[first], single[second]))
        except ShapeError:
            continue
        yield first, second


def _both(one: Mutant, two: Mutant) -> Mutant:
    return Mutant(
        id=f"{one.id} + {two.id}",
        family=PAIR_FAMILY,
        edits=(*one.edits, *two.edits),
        truths=(*one.truths, *two.truths),
        unreturned=(*one.unreturned, *two.unreturned),
        unseen=one.unseen and two.unseen,
    )


def _rows(mutant: Mutant) -> set[str]:
    return {slot.partition(".")[0] for one in mutant.truths for slot in one.slots}


# --- the run ----------------------------------------------------------------------------------------------


def run(ground: Ground, chosen: Iterable[Case], prove: Prover | None = None) -> Iterator[Trial]:
    """Audit and mark every case."""
    for case in chosen:
        yield trial(ground, case, prove)


def trial(ground: Ground, case: Case, prove: Prover | None = None) -> Trial:
    """One case, audited and marked."""
    mutant = case.mutant
    start = Trial(id=mutant.id, family=mutant.family, kind=case.kind, reason=mutant.equal, unseen=mutant.unseen)
    try:
        found = disguised(changed(ground, case), case)
    except ShapeError as error:
        return replace(start, kind=Kind.IMPOSSIBLE, reason=error.line)
    comparison = audited(ground, found.networks)
    marked = mark(start, comparison, mutant.truths)
    if prove is None or comparison.refusal:
        return marked
    return replace(marked, evidence=prove(Audited(case=case, found=found, comparison=comparison)))


def same_cases(chosen: Iterable[Case], elsewhere: Iterable[Case]) -> dict[str, Case]:
    """The cases of another input size under the names of these, where both speak of the same fault."""
    pairs = zip(chosen, elsewhere, strict=False)
    return {one.mutant.id: two for one, two in pairs if one.mutant.truths == two.mutant.truths}


def changed(ground: Ground, case: Case) -> Networks:
    """The networks of a case in both modes; ShapeError where no such network can run."""
    return {mode: mutated(ground.reference[mode], case.mutant) for mode in (Mode.TRAIN, Mode.EVAL)}


def disguised(networks: Networks, case: Case) -> Disguise:
    """The networks of a case under names that say nothing, a rewritten one in an order of its own."""
    return anonymous(networks, None if case.seed is None else _random(case.seed))


def audited(ground: Ground, found: Networks) -> Comparison:
    """What the audit says of a model in both modes."""
    return compare(ground.expected, {mode: Found(network=network) for mode, network in found.items()})


def slots_of(expected: Networks, reference: Networks) -> dict[str, str]:
    """The paper's name of each layer of the reference build, by its alignment."""
    slots: dict[str, str] = {}
    for mode in (Mode.EVAL, Mode.TRAIN):
        views = compare(expected, {mode: Found(network=reference[mode])}).views
        for pair in views[mode].alignment.pairs:
            if pair.expected and pair.found:
                wanted, own = ((unit.anchor, *unit.trail) for unit in (pair.expected, pair.found))
                slots |= {two.name: one.name for one, two in zip(wanted, own, strict=True)}
    return slots


# --- marks ---------------------------------------------------------------------------------------------------


def mark(start: Trial, comparison: Comparison, truths: tuple[Truth, ...]) -> Trial:
    """What was caught, where, and what was made up."""
    serious = [finding for finding in comparison.findings if finding.grave]
    claims = [(one.rule, one.attribute, row) for one in serious for row in one.rows]
    told = tuple(f"{rule} {attribute} {row}" for rule, attribute, row in claims)
    return replace(
        start,
        caught=bool(claims) or bool(comparison.refusal),
        slot=all(any(row in one.slots for _, _, row in claims) for one in truths),
        attribute=all(any(_says(one, claim) for claim in claims) for one in truths),
        seconds=tuple(
            text for text, claim in zip(told, claims, strict=True) if not any(_says(one, claim) for one in truths)
        ),
        findings=told or ((f"refused: {comparison.refusal}",) if comparison.refusal else ()),
    )


def _says(one: Truth, claim: tuple[str, str, str]) -> bool:
    rule, attribute, row = claim
    return rule in one.rules and attribute in one.attributes and row in one.slots


# --- names that say nothing -------------------------------------------------------------------------------------


def anonymous(networks: Networks, random: Random | None = None) -> Disguise:
    """Networks under other names for layers and parameters, the same in all; with a random source in other orders."""
    layers: dict[str, str] = {}
    weights: dict[str, str] = {}
    hidden = {mode: _hidden(network, layers, weights, random) for mode, network in networks.items()}
    true_layers, true_weights = ({new: old for old, new in names.items()} for names in (layers, weights))
    return Disguise(networks=hidden, layers=true_layers, weights=true_weights)


def _hidden(network: Network, names: dict[str, str], weights: dict[str, str], random: Random | None) -> Network:
    order = list(network.layers) if random is None else _shuffled(network, random)
    for layer in order:
        names.setdefault(layer.name, f"n{len(names)}")
        for weight in layer.weights:
            weights.setdefault(weight.name, f"w{len(weights)}")
    layers = tuple(
        replace(
            layer,
            name=names[layer.name],
            inputs=tuple(names[name] for name in layer.inputs),
            weights=tuple(replace(weight, name=weights[weight.name]) for weight in layer.weights),
            origin=None,
        )
        for layer in order
    )
    outputs = tuple(replace(output, layer=names[output.layer]) for output in network.outputs)
    return replace(network, layers=layers, outputs=outputs)


def _shuffled(network: Network, random: Random) -> list[Layer]:
    """Another order in which the layers can be run."""
    waiting = {layer.name: len(layer.inputs) for layer in network.layers}
    ready = [layer.name for layer in network.layers if isinstance(layer.op, Input)]
    order: list[Layer] = []
    while ready:
        name = ready.pop(random.randrange(len(ready)))
        order.append(network.by_name[name])
        for user in network.consumers[name]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return order
