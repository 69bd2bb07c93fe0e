"""The answer of `gnet-audit flops` as one value, from what an audit found: counts, work, memory, opinions, speed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gnet_audit.conventions import Cell
from gnet_audit.counts import Reconciled
from gnet_audit.findings import Finding
from gnet_audit.messages import places
from gnet_audit.network import Mode, Network, Unverified
from gnet_audit.notation import op_text
from gnet_audit.report import Report, RowStatus
from gnet_audit.rules import BY_ID
from gnet_audit.spec import Spec
from gnet_audit.speed import LayerTime, Speed
from gnet_audit.three_way import Agreement, Pair, ThreeWay, three_way
from gnet_audit.work import PRODUCTS, Kind, LayerWork, peak_values, total, work

FLOAT = 4
"""Bytes of a value: memory is estimated for fp32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """One slot of the paper (or row, or layer of the model) with the work of all the model's layers that belong to it."""

    row: str
    slot: str
    op: str
    eval: LayerWork
    train: LayerWork
    """As it is run in training, forward and backward."""
    times: tuple[LayerTime, ...] = ()

    @property
    def seconds(self) -> float:
        """Of all its layers, at the batch that layers were timed with."""
        return sum(time.seconds.value for time in self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes in fp32: the parameters, and the activations of one image alive at once, estimated."""

    params: int
    inference: int
    training: int
    """All activations kept for the backward pass; gradients of the parameters are as many bytes as they."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flops:
    """The whole answer."""

    report: Report
    three: ThreeWay
    kinds: frozenset[Kind]
    lines: tuple[WorkLine, ...]
    memory: Memory
    counters: tuple[Reconciled, ...] = ()
    speed: Speed | None = None
    findings: tuple[Finding, ...] = ()
    unverified: tuple[Unverified, ...] = ()

    @property
    def unseen(self) -> int:
        """Differences from the paper that the audit found and no count shows."""
        if any(finding.rule in {"GA402", "GA403"} for finding in self.findings):
            return 0
        return sum(finding.grave for finding in self.report.findings)

    @property
    def eval(self) -> LayerWork:
        """All work of one image in eval."""
        return total(line.eval for line in self.lines)

    @property
    def train(self) -> LayerWork:
        """All work of one image in training."""
        return total(line.train for line in self.lines)


def flops(
    paper: Spec,
    report: Report,
    networks: Mapping[Mode, Network],
    *,
    kinds: frozenset[Kind] = PRODUCTS,
    counters: Sequence[Reconciled] = (),
    speed: Speed | None = None,
) -> Flops:
    """Put together what was found; pure. `networks` holds the modes that could be traced, at least one."""
    plain, training = networks.get(Mode.EVAL), networks.get(Mode.TRAIN)
    some = plain or training
    assert some
    three = three_way(paper, report)
    answer = Flops(
        report=report,
        three=three,
        kinds=kinds,
        lines=tuple(_lines(report, plain, training, speed)),
        memory=Memory(
            params=FLOAT * (report.totals.model_params or some.params),
            inference=FLOAT * peak_values(plain or some, training=False),
            training=FLOAT * peak_values(training or some, training=True),
        ),
        counters=tuple(counters),
        speed=speed,
        unverified=tuple(_unverified(some, report)),
    )
    return replace(answer, findings=tuple(_findings(answer)))


# --- lines -----------------------------------------------------------------------------------------------------


def _lines(report: Report, plain: Network | None, training: Network | None, speed: Speed | None) -> Iterator[WorkLine]:
    """Each slot with all that belongs to it; layers that belong to no slot stand for themselves."""
    anchors = {row.layer: (row.row, row.slot) for row in report.rows if row.layer}
    whole = training or plain
    assert whole
    homes = _homes(whole, anchors) | (_homes(plain, anchors) if plain else {})
    ops = {layer.name: op_text(layer.op) for network in (whole, plain) if network for layer in network.layers}
    timed = speed.layers if speed else ()
    times = {time.layer: time for time in timed if time.device == timed[0].device}
    parts = {mode: _grouped(network, homes) for mode, network in (("eval", plain), ("train", training)) if network}
    for home in dict.fromkeys(homes.values()):
        row, slot = home
        anchor = next((name for name, its in anchors.items() if its == home), slot)
        names = [name for name, its in homes.items() if its == home]
        yield WorkLine(
            row=row,
            slot=slot,
            op=ops.get(anchor, ""),
            eval=_named(slot, parts.get("eval", {}).get(home, ())),
            train=_named(slot, parts.get("train", {}).get(home, ())),
            times=tuple(times[name] for name in names if name in times),
        )


def _homes(network: Network, anchors: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The slot of each layer: its own, else that of what it reads (an activation, a batch norm, a flatten)."""
    homes: dict[str, tuple[str, str]] = {}
    for layer in network.layers:
        before = next((homes[name] for name in layer.inputs), None)
        homes[layer.name] = anchors.get(layer.name) or (before if anchors and before else ("", layer.name))
    return homes


def _grouped(network: Network, homes: Mapping[str, tuple[str, str]]) -> Mapping[tuple[str, str], tuple[LayerWork, ...]]:
    groups: dict[tuple[str, str], tuple[LayerWork, ...]] = {}
    for one in work(network):
        groups[homes[one.name]] = (*groups.get(homes[one.name], ()), one)
    return groups


def _named(name: str, works: Iterable[LayerWork]) -> LayerWork:
    return replace(total(works), name=name)


def by_row(lines: Iterable[WorkLine]) -> tuple[WorkLine, ...]:
    """One line for each row of the paper."""
    groups: dict[str, list[WorkLine]] = {}
    for line in lines:
        groups.setdefault(line.row or line.slot, []).append(line)
    return tuple(
        WorkLine(
            row=name,
            slot=name,
            op=group[0].op if len(group) == 1 else f"{len(group)} slots",
            eval=_named(name, (line.eval for line in group)),
            train=_named(name, (line.train for line in group)),
            times=tuple(time for line in group for time in line.times),
        )
        for name, group in groups.items()
    )


def _unverified(network: Network, report: Report) -> Iterator[Unverified]:
    yield from report.unverified
    left = tuple(slot.slot for slot in report.rows if slot.status is RowStatus.UNVERIFIED and slot.params is None)
    if left:
        yield Unverified(what=places(left), why="not run, so nothing of it is counted")
    for mode in Mode:
        if mode.value not in report.modes:
            yield Unverified(what=mode.value, why="the forward raises: counted as far as it ran, or not at all")
    unknown = [one.name for one in work(network) if not one.known]
    if unknown:
        yield Unverified(what=", ".join(unknown), why="work unknown: counted as nothing")


# --- findings --------------------------------------------------------------------------------------------------


def _findings(answer: Flops) -> Iterator[Finding]:
    yield from _counts(answer.three)
    for one in answer.three.cancelling:
        yield _finding("GA401", one.rows, one.cell.value, one.one, one.two, f"{one.text}.")
    for opinion in answer.counters:
        if opinion.remainder:
            counter = opinion.counted.counter.value
            message = f"{counter} counts {opinion.counted.total:,}; {opinion.remainder:+,} of it is not explained."
            yield _finding(
                "GA404", (counter,), "total", "every operation explained", f"{opinion.remainder:+,}", message
            )
    if answer.speed:
        yield from _speed(answer.speed)


def _counts(three: ThreeWay) -> Iterator[Finding]:
    """Slots whose exact counts are not the paper's: one finding for each column."""
    for rule, cell, word in (("GA402", Cell.PARAMS, "parameters"), ("GA403", Cell.OPS, "MACs")):
        wrong = [
            line for line in three.slots if line.of(cell).verdict(Pair.DERIVED_MEASURED).agreement is Agreement.DIFFER
        ]
        if wrong:
            rows = tuple(line.name for line in wrong)
            expected, found = (
                sum(triple.number(counts) or 0 for triple, counts in pairs)
                for pairs in (
                    [(line.of(cell), line.of(cell).derived) for line in wrong],
                    [(line.of(cell), line.of(cell).measured) for line in wrong],
                )
            )
            message = f"{places(rows)}: {found:,} {word} where the channels give {expected:,} ({found - expected:+,})."
            yield _finding(rule, rows, cell.value, f"{expected:,}", f"{found:,}", message)


def _speed(speed: Speed) -> Iterator[Finding]:
    for row in speed.rows:
        name = f"{row.device} {row.config.name} batch {row.batch}"
        if row.failure:
            yield _finding("GA603", (name,), "row", "a measurement", row.failure, f"{name}: {row.failure}.")
        if row.accuracy and not row.accuracy.ok:
            error, tolerance = f"{row.accuracy.error:.2g}", f"at most {row.accuracy.tolerance:g}"
            message = f"{name} differs from fp32 by {error} of the largest output."
            yield _finding("GA602", (name,), "error", tolerance, error, message)
    shaky = tuple(
        f"{row.device} {row.config.name} batch {row.batch}"
        for row in speed.rows
        if row.throughput and row.throughput.unstable
    )
    if shaky:
        message = f"{places(shaky)} spread over more than 5 % of the median."
        yield _finding("GA601", shaky, "spread", "at most 5 %", f"{len(shaky)} rows above", message)


def _finding(rule: str, rows: tuple[str, ...], attribute: str, expected: str, found: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=BY_ID[rule].severity,
        rows=rows,
        attribute=attribute,
        expected=expected,
        found=found,
        message=message,
        cure=BY_ID[rule].cure,
    )
