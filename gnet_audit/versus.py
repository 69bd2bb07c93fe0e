"""Two networks held against each other, whatever they come from: the first stands where else the paper stands."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gnet_audit import expand, slots
from gnet_audit import spec as specs
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.errors import TargetError
from gnet_audit.findings import Finding
from gnet_audit.gaps import left_to_loss
from gnet_audit.network import CodeOrigin, Layer, Mode, Network, Shape, Source, SpecOrigin, Status
from gnet_audit.report import Environment, Report, SpecId, Verdict
from gnet_audit.rules import Severity
from gnet_audit.totals import totals

if TYPE_CHECKING:
    from gnet_audit.live.trace import Traced

MODES = (Mode.EVAL, Mode.TRAIN)
PAPER, MODEL = re.compile(r"\b[Tt]he paper\b"), re.compile(r"\b[Tt]he model\b")
NO_DIFFERENCE = frozenset({"GA219", "GA315", "GA401"})
"""Rules that tell another form of the same function, one more output, or a sum."""
INPUT: Shape = (3, 224, 224)
"""The size at which two models are compared that no spec gives one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: its name, and its network in each mode that could be traced."""

    name: str
    networks: Mapping[Mode, Network]
    params: int | None = None
    """All that the model owns, used or not."""
    device: str = "meta"

    @property
    def sha256(self) -> str:
        """A checksum of everything that is compared."""
        told = "\n".join(
            f"{mode} {layer.name} {layer.op} {layer.inputs}"
            for mode, network in self.networks.items()
            for layer in network.layers
        )
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()


def diff(one: str, two: str, *, input_shape: Shape | None = None, args: Mapping[str, object] | None = None) -> Report:
    """What the second has otherwise than the first, slot by slot; each is a target or a spec.

    `args` are constructor arguments of both. Raises GnetAuditError with one clear line, also for a model that cannot
    be run in any mode.
    """
    first = specs.load(one) if specs.is_spec(one) else None
    shape = input_shape or (first.input_shape if first else INPUT)
    return beside(_side(one, shape, args or {}), _side(two, shape, args or {}), shape)


def _side(name: str, shape: Shape, args: Mapping[str, object]) -> Side:
    if specs.is_spec(name):
        spec = specs.load(name)
        return Side(name=spec.id, networks={mode: expand.network(spec, mode, shape) for mode in MODES})
    from gnet_audit.live import target as targets
    from gnet_audit.live import trace as traces

    build = targets.build(name, args)
    traced = {mode: traces.trace(build, mode, shape, None) for mode in MODES}
    whole = {mode: one.network for mode, one in traced.items() if not one.error}
    if not whole:
        raise TargetError("cannot be run, so there is nothing to compare", where=name, got=_error(traced))
    return Side(name=build.text, networks=whole, params=build.params, device=traced[Mode.EVAL].device)


def _error(traced: Mapping[Mode, Traced]) -> str:
    return next(iter(traced.values())).error


def beside(one: Side, two: Side, shape: Shape) -> Report:
    """The report on two sides; pure."""
    modes = [mode for mode in MODES if mode in one.networks and mode in two.networks]
    if not modes:
        raise TargetError("no mode can be run in both", where=f"{one.name} and {two.name}")
    expected = {mode: told(one.networks[mode], one.name) for mode in modes}
    found = {mode: without_loss(two.networks[mode]) for mode in modes}
    comparison = _graver(_compared(expected, found))
    if comparison.findings:
        own = _compared(expected, {mode: without_loss(one.networks[mode]) for mode in modes})
        comparison = _without(comparison, own.findings)
    report = Report(
        spec=SpecId(id=one.name, title=one.name, sha256=one.sha256),
        target=two.name,
        input_shape=shape,
        verdict=Verdict.UNPROVEN if comparison.hidden else Verdict.NOT_THIS_NETWORK,
        reason=comparison.refusal,
        rows=(),
        findings=(),
        unverified=comparison.unverified,
        totals=totals(expected, found, two.params),
        environment=_environment(two),
        modes=tuple(mode.value for mode in modes),
    )
    return report if comparison.refusal else _judged(report, comparison, expected)


def _compared(expected: Mapping[Mode, Network], found: Mapping[Mode, Network]) -> Comparison:
    return compare(expected, {mode: Found(network=network) for mode, network in found.items()})


def _without(comparison: Comparison, own: Iterable[Finding]) -> Comparison:
    """The comparison without what the first has itself: a layer that nothing reads differs from every paper."""
    known = {(one.rule, one.attribute, one.found, row) for one in own for row in one.rows}
    left = []
    for one in comparison.findings:
        rows = tuple(row for row in one.rows if (one.rule, one.attribute, one.found, row) not in known)
        left += [replace(one, rows=rows)] if rows else []
    return replace(comparison, findings=tuple(left))


def _graver(comparison: Comparison) -> Comparison:
    """The comparison with every note that is a difference of function a warning: only a paper can be read kindly."""
    return replace(
        comparison,
        findings=tuple(
            replace(finding, severity=Severity.WARNING)
            if finding.severity is Severity.NOTE and finding.rule not in NO_DIFFERENCE
            else finding
            for finding in comparison.findings
        ),
    )


def _judged(report: Report, comparison: Comparison, expected: Mapping[Mode, Network]) -> Report:
    grave = [finding for finding in comparison.findings if finding.grave]
    return replace(
        report,
        verdict=Verdict.DIFFERS if grave else Verdict.MATCHES,
        reason=f"{len(grave)} causes" if len(grave) > 1 else "1 cause" if grave else "nothing differs",
        findings=tuple(_named(finding, report.spec.title, report.target) for finding in comparison.findings),
        rows=slots.table(comparison, expected),
    )


def _named(finding: Finding, one: str, two: str) -> Finding:
    """The finding's sentences with the names of the two in the place of the paper's and the model's."""

    def says(text: str) -> str:
        return PAPER.sub(lambda _: one, MODEL.sub(lambda _: two, text))

    return replace(finding, message=says(finding.message), cure=says(finding.cure), cause=says(finding.cause))


def _environment(side: Side) -> Environment:
    from importlib.metadata import version

    return Environment(
        gnet_audit=version("gnet-audit"),
        python=platform.python_version(),
        torch=version("torch"),
        platform=f"{platform.system()}-{platform.machine()}",
        device=side.device,
    )


def without_loss(network: Network) -> Network:
    """A paper's network as a model would be built: what is left to the loss (the softmax) is not in it."""
    gone = {layer.name: layer.inputs[0] for layer in network.layers if left_to_loss(layer)}
    return replace(
        network,
        layers=tuple(
            replace(layer, inputs=tuple(gone.get(name, name) for name in layer.inputs))
            for layer in network.layers
            if layer.name not in gone
        ),
        outputs=tuple(replace(output, layer=gone.get(output.layer, output.layer)) for output in network.outputs),
    )


# --- a traced network in the paper's place ------------------------------------------------------------------


def told(network: Network, name: str) -> Network:
    """The network with each layer of a model told as a fact: the source is the line that calls it."""
    return replace(network, layers=tuple(_told(layer, name) for layer in network.layers))


def _told(layer: Layer, name: str) -> Layer:
    if isinstance(layer.origin, SpecOrigin):
        return layer
    call = layer.origin.call if isinstance(layer.origin, CodeOrigin) else None
    where = f"{name}, {call.file}:{call.line}" if call else name
    source = Source(id="model", where=where, status=Status.STATED)
    return replace(layer, origin=SpecOrigin(row=layer.name.partition(".")[0], title=layer.name, source=source))
