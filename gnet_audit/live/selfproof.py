"""The proof of a self-test: the paper's network with the findings, and without them, executed beside the mutant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from math import prod
from multiprocessing import get_context
from typing import TypeAlias
from zlib import crc32

import torch
from torch import Tensor

from gnet_audit import derive, expand, patch
from gnet_audit import spec as specs
from gnet_audit.compare import View
from gnet_audit.errors import GnetAuditError, ShapeError
from gnet_audit.findings import Edit
from gnet_audit.live import execute
from gnet_audit.live.prove import partners_of
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.mutants import resized, weighted
from gnet_audit.network import Input, Layer, Mode, Network, Shape
from gnet_audit.proof import TOLERANCE
from gnet_audit.rewrites import JOINED
from gnet_audit.selftest import (
    Audited,
    Case,
    Evidence,
    Ground,
    Prover,
    Trial,
    audited,
    cases,
    changed,
    disguised,
    run,
    same_cases,
    slots_of,
)

SMALL = 128
"""Height and width at which a proof runs: where the windows of all pools fall as at the paper's size."""
BATCH = 2
"""Batch normalisation needs more than one value of a channel."""
CHUNK = 20
"""Trials that a process does at a time."""
LOUD = 3.0
"""Deviation of the image: so large that activations which differ far from zero only are seen to."""


def ground(spec: str, shape: Shape | None = None) -> Ground:
    """The paper's network and the reference build's, traced."""
    paper = specs.load(spec)
    size = shape or paper.input_shape
    expected = {mode: expand.network(paper, mode, size) for mode in Mode}
    made = build("reference")
    traced = {mode: trace(made, mode, size) for mode in Mode}
    for one in traced.values():
        if one.error:
            raise GnetAuditError("the reference build does not run", where="selftest", got=one.error)
    reference = {mode: weighted(one.network) for mode, one in traced.items()}
    return Ground(expected=expected, reference=reference, slots=slots_of(expected, reference))


def shrunk(whole: Ground, spec: str, size: int = SMALL) -> Ground:
    """The same at a smaller input, for networks that are executed."""
    paper = specs.load(spec)
    shape = (paper.input_shape[0], size, size)
    return Ground(
        expected={mode: expand.network(paper, mode, shape) for mode in whole.expected},
        reference={mode: resized(network, shape) for mode, network in whole.reference.items()},
        slots=whole.slots,
    )


def prover(small: Ground, same: Mapping[str, Case]) -> Prover:
    """What proves the audits of mutants on this ground; `same` are the cases as they are here, by their names there."""
    runner = Runner(small)
    return lambda one: _evidence(small, runner, one, same.get(one.case.mutant.id, one.case))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a self-test is asked for."""

    spec: str = "googlenet"
    seed: int = 0
    limit: int | None = None
    prove: bool = True


def trials(request: Request, jobs: int = 1) -> Iterator[Trial | int]:
    """First the number of all trials, then each of them as it is done, in an order that does not depend on `jobs`."""
    chosen, ready, prove = _prepared(request)
    yield len(chosen)
    if jobs == 1:
        yield from run(ready, chosen, prove)
        return
    starts = range(0, len(chosen), CHUNK)
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        for part in pool.map(_part, [request] * len(starts), starts):
            yield from part


def _part(request: Request, start: int) -> list[Trial]:
    chosen, ready, prove = _prepared(request)
    return list(run(ready, chosen[start : start + CHUNK], prove))


@cache
def _prepared(request: Request) -> tuple[list[Case], Ground, Prover | None]:
    """All cases, and what they are held against; once in a process."""
    whole = ground(request.spec)
    chosen = cases(whole, seed=request.seed, limit=request.limit)
    if not request.prove:
        return chosen, whole, None
    small = shrunk(whole, request.spec)
    elsewhere = cases(small, seed=request.seed, limit=request.limit, like=whole)
    return chosen, whole, prover(small, same_cases(chosen, elsewhere))


# --- execution, everything computed once ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A parameter as an op uses it: its name, its shape, and from and up to which row."""

    name: str
    shape: Shape
    rows: tuple[int, int] | None = None


Uses: TypeAlias = Callable[[Layer], Mapping[str, Use]]
Values: TypeAlias = dict[str, int]
"""For each layer the number of its value."""


@dataclass(slots=True, eq=False)
class Runner:
    """Executes networks on one image; an op that it has applied to the same values and weights it does not repeat."""

    small: Ground
    numbers: dict[object, int] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    weights: dict[Use, Tensor] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Run the reference, whose values all others share."""
        for network in self.small.reference.values():
            layers = network.layers
            self.shapes |= {weight.name: weight.shape for layer in layers for weight in layer.weights}
        for network in self.small.reference.values():
            self.run(network, own_uses)

    def run(self, network: Network, uses: Uses) -> Values:
        """The number of every layer's value."""
        values: Values = {}
        for layer in network.layers:
            wanted = {} if isinstance(layer.op, Input) else uses(layer)
            inputs = tuple(values[name] for name in layer.inputs)
            key = (layer.op, inputs, tuple(sorted(wanted.items(), key=lambda item: item[0])))
            if key not in self.numbers:
                self.tensors.append(self._computed(layer, inputs, wanted))
                self.numbers[key] = len(self.tensors) - 1
            values[layer.name] = self.numbers[key]
        return values

    def _computed(self, layer: Layer, inputs: tuple[int, ...], uses: Mapping[str, Use]) -> Tensor:
        if isinstance(layer.op, Input):
            shape = layer.shape or ()
            return LOUD * torch.randn(
                BATCH, *shape, generator=torch.Generator("cpu").manual_seed(1), dtype=torch.float64, device="cpu"
            )
        weights = {role: self._weight(role, use) for role, use in uses.items()}
        try:
            return execute.apply(layer.op, [self.tensors[number] for number in inputs], weights)
        except NotImplementedError as error:
            raise execute.UnknownOpError(str(error), layer.name) from None

    def _weight(self, role: str, use: Use) -> Tensor:
        if use not in self.weights:
            names = use.name.split(JOINED)
            parts = [self._random(role, name, self.shapes[name]) for name in names] if len(names) > 1 else []
            whole = torch.cat(parts) if parts else self._random(role, use.name, use.shape)
            self.weights[use] = (whole if use.rows is None else whole[slice(*use.rows)]).reshape(use.shape)
        return self.weights[use]

    def _random(self, role: str, name: str, shape: Shape) -> Tensor:
        generator = torch.Generator("cpu").manual_seed(crc32(name.encode()))
        noise = torch.rand(prod(shape), generator=generator, dtype=torch.float64, device="cpu").sub_(0.5).mul_(12**0.5)
        if len(shape) > 1:
            noise *= (2 / prod(shape[1:])) ** 0.5
        elif role == "running_var":
            noise = 0.5 + noise.abs()
        else:
            noise = 1 + 0.2 * noise if role == "weight" else 0.2 * noise
        return noise.reshape(shape)

    def forget(self, mark: tuple[int, int]) -> None:
        """Drop what was computed since a mark."""
        values, weights = mark
        del self.tensors[values:]
        for key in list(self.numbers)[values:]:
            del self.numbers[key]
        for use in list(self.weights)[weights:]:
            del self.weights[use]

    @property
    def mark(self) -> tuple[int, int]:
        """How much is known now."""
        return len(self.tensors), len(self.weights)

    def error(self, one: int, two: int) -> float:
        """The largest difference of two values as a share of the largest; a map and its flattened form may be equal."""
        if one == two:
            return 0.0
        a, b = self.tensors[one], self.tensors[two]
        if a.numel() != b.numel():
            return float("inf")
        a = a.reshape(b.shape)
        scale = max(a.abs().max().item(), b.abs().max().item())
        return (a - b).abs().max().item() / scale if scale else 0.0


def own_uses(layer: Layer) -> Mapping[str, Use]:
    """The parameters of a layer, all of each."""
    return {weight.role: Use(name=weight.name, shape=weight.shape) for weight in layer.weights}


# --- the proof ------------------------------------------------------------------------------------------------


def _evidence(small: Ground, runner: Runner, one: Audited, case: Case) -> Evidence | None:
    mark = runner.mark
    try:
        networks = changed(small, case)
    except ShapeError:
        return None
    with torch.no_grad():
        try:
            here = one if case.mutant.edits == one.case.mutant.edits else _anew(small, networks, case)
            proof = _Proof(runner=runner, small=small, one=here, networks=networks)
            return Evidence(proven=proof.gap(here.edits), broken=proof.gap(()))
        finally:
            runner.forget(mark)


def _anew(small: Ground, networks: Mapping[Mode, Network], case: Case) -> Audited:
    """The audit at this size, for what is written otherwise here."""
    found = disguised(networks, case)
    return Audited(case=case, found=found, comparison=audited(small, found.networks))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """The paper's network and a mutant in both modes."""

    runner: Runner
    small: Ground
    one: Audited
    networks: Mapping[Mode, Network]

    def gap(self, edits: tuple[Edit, ...]) -> str:
        """Where they first differ in any mode once the paper's has these edits; empty where they do not."""
        return next((gap for mode in self.networks if (gap := self._mode(mode, edits))), "")

    def _mode(self, mode: Mode, edits: tuple[Edit, ...]) -> str:
        view, network = self.one.comparison.views[mode], self.networks[mode]
        try:
            claimed = patch.apply(self.small.expected[mode], edits)
            partners = partners_of(claimed, view)
            found = self.runner.run(network, own_uses)
            sizes = {weight.name: weight.shape for layer in network.layers for weight in layer.weights}
            own = self.runner.run(claimed, lambda layer: self._uses(claimed, layer, partners.get(layer.name), sizes))
        except (ShapeError, execute.UnknownOpError, RuntimeError, _MisfitError) as error:
            return f"{type(error).__name__}: {error}"
        names = {slot: self.one.found.layers.get(layer.name, "") for slot, layer in partners.items()}
        return self._inside(view, own, found, names) or self._outside(network, own, found, names)

    def _inside(self, view: View, own: Values, found: Values, names: Mapping[str, str]) -> str:
        hidden = {self.one.found.layers[name] for name in view.rewrites.changed if name in self.one.found.layers}
        for slot, number in own.items():
            name = names.get(slot, "")
            if name in found and name not in hidden and self.runner.error(number, found[name]) > TOLERANCE:
                return f"{slot} differs"
        return ""

    def _outside(self, network: Network, own: Values, found: Values, names: Mapping[str, str]) -> str:
        slots = {name: slot for slot, name in names.items()}
        for output in network.outputs:
            slot = slots.get(self._canonical(network, output.layer, slots))
            if slot is None:
                return f"the output {output.path} has no counterpart"
            if self.runner.error(own[slot], found[output.layer]) > TOLERANCE:
                return f"the output {output.path} differs"
        return ""

    def _canonical(self, network: Network, name: str, slots: Mapping[str, str]) -> str:
        """The layer that an output stands for, whatever changes nothing taken away."""
        while name not in slots and len(network.by_name[name].inputs) == 1:
            name = network.by_name[name].inputs[0]
        return name

    def _uses(
        self, claimed: Network, layer: Layer, partner: Layer | None, sizes: Mapping[str, Shape]
    ) -> Mapping[str, Use]:
        """The mutant's parameters for a layer of the paper's network; _MisfitError where they are not its own."""
        uses: dict[str, Use] = {}
        for weight in partner.weights if partner else ():
            name = self.one.found.weights[weight.name]
            shape = sizes[name] if weight.rows is None else (weight.rows[1] - weight.rows[0], *sizes[name][1:])
            uses[weight.role] = Use(name=name, shape=shape, rows=weight.rows)
        shapes = tuple(claimed.by_name[source].shape or () for source in layer.inputs)
        wanted = {role: prod(shape) for role, shape in derive.parameter_shapes(layer.op, shapes).items()}
        given = {role: prod(use.shape) for role, use in uses.items() if role in {"weight", "bias"}}
        if wanted != given:
            raise _MisfitError(f"{layer.name} needs {wanted}, has {given}")
        return uses


class _MisfitError(Exception):
    """Parameters of other sizes than a layer needs."""
