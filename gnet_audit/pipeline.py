"""The audit as prose: read the paper, build and trace the model, align, compare, report."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from gnet_audit import expand, slots, totals, unused
from gnet_audit import spec as specs
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.errors import ShapeError, TargetError
from gnet_audit.findings import Edit, Finding
from gnet_audit.live import target as targets
from gnet_audit.live import trace as traces
from gnet_audit.network import UNCALLED, Mode, Network, Shape, SpecOrigin, Unverified
from gnet_audit.notation import shape_text
from gnet_audit.proof import Proof
from gnet_audit.report import Environment, Report, RowStatus, SlotResult, SpecId, Verdict
from gnet_audit.rules import BY_ID
from gnet_audit.sweep import Swept, new_findings

if TYPE_CHECKING:
    from gnet_audit.live.target import Build
    from gnet_audit.live.trace import Traced
    from gnet_audit.spec import Spec

MODES = (Mode.EVAL, Mode.TRAIN)


def audit(
    target: object = "reference",
    *,
    spec: str = "googlenet",
    input_shape: Shape | None = None,
    batch: int | None = None,
    args: Mapping[str, object] | None = None,
    prove: bool = True,
    sizes: Sequence[int] = (),
) -> Report:
    """Hold a model against a paper's spec and report, slot by slot, what differs.

    `target` is a torch module, a class or function that makes one, or a target as on the command line; it leaves as
    it came. `spec` is the id of a shipped spec or a .toml file, `input_shape` (channels, height, width), the paper's
    by default; `prove` executes the claim that nothing but the findings differs; `sizes` are further input sizes at
    which to compare and prove. Raises SpecError, TargetError or UsageError, all of them a GnetAuditError with one
    clear line.
    """
    paper = specs.load(spec)
    shape = input_shape or paper.input_shape
    build = targets.build(target, args or {})
    traced = {mode: traces.trace(build, mode, shape, batch) for mode in MODES}
    evidence = Evidence(name=build.text, owned=build.params, prove=_prover(build, shape) if prove else None)
    report = judge(paper, shape, traced, evidence)
    if not report.compared:
        return report
    for size in sizes:
        _expected(paper, (shape[0], size, size))  # an impossible size is told before the slow part
    return replace(report, sweep=tuple(_swept(paper, build, report, size) for size in sizes))


def _swept(paper: Spec, build: Build, known: Report, size: int) -> Swept:
    """The same model at another size, in eval, up to where its forward stops."""
    shape = (known.input_shape[0], size, size)
    traced = {Mode.EVAL: traces.trace(build, Mode.EVAL, shape)}
    evidence = Evidence(name=build.text, owned=None, prove=_prover(build, shape), partial=True)
    here = judge(paper, shape, traced, evidence)
    of_one_size = frozenset(step.slot for step in paper.steps if step.has("global"))
    reached = [row.slot for row in here.rows if row.measured is not None and row.status is not RowStatus.EXTRA]
    return Swept(
        size=size,
        reached=reached[-1] if reached else "the input",
        findings=new_findings(here.findings, known.findings, of_one_size),
        proof=here.proof,
    )


Prover: TypeAlias = Callable[[Mapping[Mode, Network], Comparison, tuple[Edit, ...]], Proof]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a model beside its networks."""

    name: str
    owned: int | None
    """All its parameters, used or not."""
    prove: Prover | None = None
    partial: bool = False
    """Whether a forward that stops on the way is to be proven up to there."""


def _prover(build: Build, shape: Shape) -> Prover:
    from gnet_audit.live.prove import prove

    return lambda expected, comparison, edits: prove(build, expected, comparison, edits, shape)


def judge(paper: Spec, shape: Shape, traced: Mapping[Mode, Traced], evidence: Evidence) -> Report:
    """The report on what was traced."""
    expected = _expected(paper, shape)
    whole = {mode: one for mode, one in traced.items() if not one.error}
    found = {mode: Found(network=one.network, complete=mode in whole) for mode, one in (whole or traced).items()}
    comparison = compare(expected, found)
    sums = totals.totals(expected, {mode: one.network for mode, one in whole.items()}, evidence.owned)
    report = Report(
        spec=SpecId(id=paper.id, title=paper.title, sha256=paper.sha256),
        target=evidence.name,
        input_shape=shape,
        verdict=Verdict.MATCHES,
        reason="",
        rows=(),
        findings=(),
        unverified=_unverified(traced, comparison),
        totals=sums,
        environment=_environment(traced),
        modes=tuple(mode.value for mode in whole),
        error="" if whole else next(iter(traced.values())).error,
    )
    if comparison.refusal:
        verdict = Verdict.UNPROVEN if comparison.hidden else Verdict.NOT_THIS_NETWORK
        return replace(report, verdict=verdict, reason=comparison.refusal)
    report = _judged(report, paper, expected, traced, comparison)
    if evidence.prove is None or (report.error and not evidence.partial):
        return report
    edits = tuple(edit for finding in report.findings for edit in finding.edits)
    proof = evidence.prove(expected, comparison, edits)
    if not proof.holds and report.verdict is Verdict.MATCHES:
        return replace(report, proof=proof, verdict=Verdict.UNPROVEN, reason=proof.line)
    return replace(report, proof=proof)


def _judged(
    report: Report,
    paper: Spec,
    expected: Mapping[Mode, Network],
    traced: Mapping[Mode, Traced],
    comparison: Comparison,
) -> Report:
    """The report with its findings, rows and verdict."""
    task = tuple(_task(paper, report.input_shape, expected[Mode.EVAL]))
    stopped = tuple(_stopped(traced)) if report.modes else ()
    findings = _sorted((*task, *stopped, *comparison.findings))
    comparison = replace(comparison, findings=findings)
    rows = slots.table(comparison, expected)
    findings += tuple(_unexplained(rows))
    if len(report.modes) == len(MODES) and Mode.EVAL in comparison.views:
        predicting = comparison.views[Mode.EVAL].found.by_name
        findings += tuple(totals.cancelling(paper, rows, report.totals, predicting))
    report = replace(report, rows=rows, findings=findings)
    verdict, reason = _verdict(report)
    return replace(report, verdict=verdict, reason=reason)


@lru_cache(maxsize=4)
def _expected(paper: Spec, shape: Shape) -> Mapping[Mode, Network]:
    """The paper's networks: derived once, however many models a process audits."""
    try:
        return {mode: expand.network(paper, mode, shape) for mode in MODES}
    except ShapeError as error:
        raise TargetError(
            f"the paper's network cannot be derived at this input: {error.what}",
            where=f"input {shape_text(shape)}",
            expected=f"an input such as {shape_text(paper.input_shape)}",
            got=error.got,
        ) from error


def _sorted(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The gravest first; the task before the rest, which is in the paper's order already."""
    return tuple(sorted(findings, key=lambda finding: -finding.severity.rank))


# --- findings that need no alignment ----------------------------------------------------------------------


def _task(paper: Spec, shape: Shape, expected: Network) -> Iterator[Finding]:
    """Another input than the paper's."""
    origin = expected.layers[0].origin
    source = origin.source if isinstance(origin, SpecOrigin) else None
    for rule, attribute, words, wanted, got in (
        ("GA104", "in_channels", "an input whose number of channels is ", str(paper.input_shape[0]), str(shape[0])),
        ("GA103", "input_size", "input size ", _size(paper.input_shape), _size(shape)),
    ):
        if wanted != got:
            yield Finding(
                rule=rule,
                severity=BY_ID[rule].severity,
                rows=(expected.layers[0].name,),
                attribute=attribute,
                expected=wanted,
                found=got,
                message=f"The audit ran at {words}{got}; the paper's is {wanted}.",
                source=source,
                cause="the input that the audit was given",
                cure=BY_ID[rule].cure,
            )


def _size(shape: Shape) -> str:
    return "×".join(map(str, shape[1:]))


def _stopped(traced: Mapping[Mode, Traced]) -> Iterator[Finding]:
    """A mode that cannot be run although the other one can."""
    for mode, one in traced.items():
        if one.error:
            yield Finding(
                rule="GA314",
                severity=BY_ID["GA314"].severity,
                rows=(mode.value,),
                attribute="forward",
                expected=f"a forward that runs in {mode}",
                found=one.error,
                message=f"The model cannot be run in {mode}: {one.error}.",
                location=one.error_location,
                locations=(one.error_location,) if one.error_location else (),
                cure=BY_ID["GA314"].cure,
            )


def _unexplained(rows: tuple[SlotResult, ...]) -> Iterator[Finding]:
    """A size that no difference of an op explains: the first of them, the others follow."""
    strange = [row for row in rows if row.note == slots.STRANGE]
    for row in strange[:1]:
        wanted, got = (shape_text(shape) if shape else "unknown" for shape in (row.derived, row.measured))
        yield Finding(
            rule="GA101",
            severity=BY_ID["GA101"].severity,
            rows=tuple(one.slot for one in strange),
            attribute="shape",
            expected=wanted,
            found=got,
            message=f"{row.slot} gives {got}; by the paper and the findings above it should give {wanted}.",
            location=row.location,
            locations=(row.location,) if row.location else (),
            layers=(row.layer,),
            cure=BY_ID["GA101"].cure,
        )


# --- verdict and circumstances ---------------------------------------------------------------------------------


def _verdict(report: Report) -> tuple[Verdict, str]:
    """One word, and why."""
    serious = [finding for finding in report.findings if finding.grave]
    open_rows = [row.slot for row in report.rows if row.status.value == "unverified"]
    if report.error:
        return Verdict.UNPROVEN, f"the forward stopped: {report.error}"
    if serious:
        return Verdict.DIFFERS, f"{len(serious)} cause" + ("s" if len(serious) > 1 else "")
    for entry in report.unverified:
        if entry.what in traces.SWITCHES.values():
            return Verdict.UNPROVEN, f"{entry.what} cannot be called, {entry.why}"
    if open_rows:
        return Verdict.UNPROVEN, f"{open_rows[0]} could not be checked"
    return Verdict.MATCHES, "every slot of the paper has its counterpart"


def _unverified(traced: Mapping[Mode, Traced], comparison: Comparison) -> tuple[Unverified, ...]:
    """What was not checked in either mode, each once; what one mode leaves unused the other may use."""
    idle = [tuple(unused.thrown_away(one.network)) for one in traced.values()]
    entries = [dict.fromkeys((*one.network.unverified, *own)) for one, own in zip(traced.values(), idle, strict=True)]
    both = {UNCALLED, traces.UNUSED, *(entry.why for own in idle for entry in own)}
    told = [
        entry for own in entries for entry in own if entry.why not in both or all(entry in other for other in entries)
    ]
    groups: dict[str, list[Unverified]] = {}
    for entry in dict.fromkeys((*told, *comparison.unverified)):
        groups.setdefault(entry.why, []).append(entry)
    return tuple(one for group in groups.values() for one in (group if len(group) <= FEW else [_many(group)]))


FEW = 3
"""So many things that were not checked for the same reason are told one by one."""


def _many(group: Sequence[Unverified]) -> Unverified:
    """All of them as one, which stands at a line only if they all do."""
    lines = [entry.where for entry in group if entry.where]
    here = len({(line.file, line.line) for line in lines}) == 1 and len(lines) == len(group)
    first = f" (first at {lines[0].file.rpartition('/')[2]}:{lines[0].line})" if lines and not here else ""
    return Unverified(
        what=f"{group[0].what} and {len(group) - 1} more",
        why=f"{group[0].why}{first}",
        where=lines[0] if here else None,
    )


def _environment(traced: Mapping[Mode, Traced]) -> Environment:
    return Environment(
        gnet_audit=_version("gnet-audit"),
        python=platform.python_version(),
        torch=_version("torch"),
        platform=f"{platform.system()}-{platform.machine()}",
        device=next(iter(traced.values())).device,
    )


@lru_cache
def _version(package: str) -> str:
    """The version of an installed package: it stands in a file, and stays while the process runs."""
    from importlib.metadata import version

    return version(package)
