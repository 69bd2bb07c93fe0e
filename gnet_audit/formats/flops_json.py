"""The answer of `gnet-audit flops` as JSON: exact integers, every sample, the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from gnet_audit.conventions import Cell
from gnet_audit.counts import Reconciled
from gnet_audit.findings import Finding
from gnet_audit.flops import Flops, WorkLine
from gnet_audit.formats.lint import document as lint_document
from gnet_audit.formats.plain import Plain, dumped
from gnet_audit.measurement import Machine, Measurement, Peak
from gnet_audit.speed import LayerTime, Roofs, Row, Speed
from gnet_audit.three_way import Line, Triple
from gnet_audit.work import CONVENTION, Kind, LayerWork

SCHEMA = 1
"""Rises when a field is taken away or changes its meaning; a new field leaves it."""


def render(answer: Flops) -> str:
    """The document, with its last newline."""
    return dumped(document(answer))


def document(answer: Flops) -> Mapping[str, Plain]:
    """All of it as plain values."""
    report = answer.report
    return {
        "schema": SCHEMA,
        "spec": asdict(report.spec),
        "target": report.target,
        "input": list(report.input_shape),
        "verdict": report.verdict.value,
        "reason": report.reason,
        "convention": CONVENTION,
        "counted": [kind.value for kind in Kind if kind in answer.kinds],
        "rows": [_line(line) for line in answer.three.rows],
        "slots": [_line(line) for line in answer.three.slots],
        "totals": [_line(line) for line in answer.three.totals],
        "work": [_work_line(line) for line in answer.lines],
        "work_total": {"eval": _work(answer.eval), "train": _work(answer.train)},
        "memory": asdict(answer.memory),
        "counters": [_counter(one) for one in answer.counters],
        "speed": None if answer.speed is None else _speed(answer.speed),
        "paper": lint_document(answer.three.lint),
        "findings": [_finding(finding) for finding in answer.findings],
        "unverified": [{"what": entry.what, "why": entry.why} for entry in answer.unverified],
        "environment": asdict(report.environment),
    }


def _line(line: Line) -> Mapping[str, Plain]:
    return {"row": line.row, "slot": line.name, **{cell.value: _triple(line.of(cell)) for cell in Cell}}


def _triple(triple: Triple) -> Mapping[str, Plain]:
    return {
        "printed": triple.printed or None,
        "derived": triple.number(triple.derived),
        "measured": triple.number(triple.measured),
        "verdicts": [
            {
                "pair": verdict.pair.value,
                "verdict": verdict.agreement.value,
                "conventions": [convention.text for convention in verdict.conventions],
            }
            for verdict in triple.verdicts
        ],
    }


def _work_line(line: WorkLine) -> Mapping[str, Plain]:
    return {
        "row": line.row or None,
        "slot": line.slot,
        "op": line.op,
        "eval": _work(line.eval),
        "train": _work(line.train),
    }


def _work(one: LayerWork) -> Mapping[str, Plain]:
    return {
        "macs": one.macs,
        "flops": {kind.value: count for kind, count in one.forward},
        "flops_backward": {kind.value: count for kind, count in one.backward},
        "values_read": one.read,
        "values_written": one.written,
        "parameters_read": one.params,
        "known": one.known,
    }


def _counter(one: Reconciled) -> Mapping[str, Plain]:
    counted = one.counted
    return {
        "counter": counted.counter.value,
        "version": counted.version,
        "unit": counted.counter.unit,
        "total": counted.total,
        "ours": one.ours,
        "terms": [{"text": term.text, "amount": term.amount, "layers": list(term.layers)} for term in one.terms],
        "remainder": one.remainder,
        "ledger": dict(counted.ledger),
        "skipped": dict(counted.skipped),
        "failure": counted.failure or None,
    }


def _finding(finding: Finding) -> Mapping[str, Plain]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "rows": list(finding.rows),
        "attribute": finding.attribute,
        "expected": finding.expected,
        "found": finding.found,
        "message": finding.message,
        "cure": finding.cure,
    }


# --- speed -------------------------------------------------------------------------------------------------------


def _speed(speed: Speed) -> Mapping[str, Plain]:
    best = speed.best
    return {
        "interrupted": speed.interrupted,
        "devices": [_roofs(roofs) for roofs in speed.roofs],
        "rows": [_row(row) for row in speed.rows],
        "layers": [_layer(time) for time in speed.layers],
        "notes": list(speed.notes),
        "best": None if best is None else {"device": best.device, "config": best.config.name, "batch": best.batch},
    }


def _roofs(roofs: Roofs) -> Mapping[str, Plain]:
    return {
        "machine": _machine(roofs.machine),
        "roofs": [
            {
                "precision": precision.value,
                "flops_per_second": _measurement(roof.flops),
                "bytes_per_second": _measurement(roof.bandwidth),
            }
            for precision, roof in roofs.roofs
        ],
        "peaks": [_peak(peak) for peak in roofs.peaks],
        "notes": list(roofs.notes),
    }


def _machine(machine: Machine) -> Mapping[str, Plain]:
    return {**asdict(machine), "facts": dict(machine.facts)}


def _peak(peak: Peak) -> Mapping[str, Plain]:
    return {"of": peak.of, "value": peak.value, "source": peak.source}


def _measurement(one: Measurement | None) -> Plain:
    if one is None:
        return None
    return {
        "value": one.value,
        "unit": one.unit,
        "low": one.low,
        "high": one.high,
        "unstable": one.unstable,
        "samples": list(one.samples),
    }


def _row(row: Row) -> Mapping[str, Plain]:
    return {
        "device": row.device,
        "config": row.config.name,
        "batch": row.batch,
        "asked_batch": row.asked,
        "latency": _measurement(row.latency),
        "latency_p90": row.p90,
        "latency_p99": row.p99,
        "throughput": _measurement(row.throughput),
        "iterations": row.iterations,
        "warm_seconds": row.warm_seconds,
        "first_seconds": row.first_seconds,
        "peak_bytes": row.peak_bytes,
        "error": _finite(row.accuracy.error) if row.accuracy else None,
        "tolerance": row.accuracy.tolerance if row.accuracy else None,
        "agrees_with_fp32": row.accuracy.ok if row.accuracy else None,
        "flops_per_second": row.flops,
        "of_roofline": row.of_roofline,
        "of_large_product": row.of_roof,
        "of_peak": row.of_peak,
        "notes": list(row.notes),
        "failure": row.failure or None,
    }


def _finite(value: float) -> float | None:
    """JSON has neither infinity nor not-a-number."""
    return value if abs(value) < float("inf") else None


def _layer(time: LayerTime) -> Mapping[str, Plain]:
    return {
        "device": time.device,
        "layer": time.layer,
        "batch": time.batch,
        "seconds": _measurement(time.seconds),
        "flops": time.flops,
        "bytes": time.moved,
        "least_seconds": time.least,
        "binds": time.binds or None,
    }
