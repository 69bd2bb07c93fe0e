"""A report as JSON: every field of docs/json.md, exact integers, the same bytes for the same report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import TypeAlias

from gnet_audit.findings import Finding
from gnet_audit.formats.words import UNSAFE
from gnet_audit.network import Location, Source, Unverified
from gnet_audit.proof import ModeProof, Proof, Statistics
from gnet_audit.report import Report, SlotResult
from gnet_audit.rules import BY_ID
from gnet_audit.sweep import Swept

SCHEMA = 1
"""Rises when a field is taken away or changes its meaning; a new field leaves it."""

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value] | None"


def render(report: Report) -> str:
    """The document, UTF-8, indented by two; characters that a terminal would obey are escaped."""
    text = json.dumps(document(report), indent=2, ensure_ascii=False)
    return UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text) + "\n"


def document(report: Report) -> Mapping[str, Value]:
    """The report as plain values, in the order of docs/json.md."""
    return {
        "schema": SCHEMA,
        "spec": asdict(report.spec),
        "target": report.target,
        "input": list(report.input_shape),
        "modes": list(report.modes),
        "verdict": report.verdict.value,
        "reason": report.reason,
        "error": report.error or None,
        "variant": report.variant or None,
        "stale": list(report.stale),
        "rows": [_row(row) for row in report.rows],
        "findings": [_finding(finding) for finding in report.findings],
        "ignored": [_finding(finding) for finding in report.ignored],
        "unverified": [_unverified(entry) for entry in report.unverified],
        "proof": None if report.proof is None else _proof(report.proof),
        "sweep": [_swept(swept) for swept in report.sweep],
        "totals": asdict(report.totals),
        "environment": asdict(report.environment),
    }


def _proof(proof: Proof) -> Mapping[str, Value]:
    return {
        "status": proof.status.value,
        "input": list(proof.input_shape),
        "tolerance": proof.tolerance,
        "modes": [_mode_proof(mode) for mode in proof.modes],
    }


def _swept(swept: Swept) -> Mapping[str, Value]:
    return {
        "size": swept.size,
        "reached": swept.reached,
        "findings": [_finding(finding) for finding in swept.findings],
        "proof": None if swept.proof is None else _proof(swept.proof),
    }


def _mode_proof(mode: ModeProof) -> Mapping[str, Value]:
    gap = mode.gap
    return {
        "mode": mode.mode,
        "status": mode.status.value,
        "values": mode.slots,
        "outputs": mode.outputs,
        "largest_difference": mode.error,
        "precision": mode.precision,
        "why": mode.why,
        "gap": None
        if gap is None
        else {
            "row": gap.slot,
            "layer": gap.layer,
            # JSON has no infinity: null where the shapes differ.
            "difference": gap.error if isfinite(gap.error) else None,
            "expected": _statistics(gap.expected),
            "found": _statistics(gap.found),
        },
    }


def _statistics(value: Statistics) -> Mapping[str, Value]:
    numbers = {name: getattr(value, name) for name in ("mean", "deviation", "low", "high")}
    return {"shape": list(value.shape), **{name: one if isfinite(one) else None for name, one in numbers.items()}}


def _row(row: SlotResult) -> Mapping[str, Value]:
    return {
        "row": row.slot,
        "paper_row": row.row or None,
        "layer": row.layer or None,
        "op": row.found_op or None,
        "expected_op": row.expected_op or None,
        "printed": row.printed or None,
        "derived": None if row.derived is None else list(row.derived),
        "measured": None if row.measured is None else list(row.measured),
        "expected_params": row.expected_params,
        "params": row.params,
        "expected_macs": row.expected_macs,
        "macs": row.macs,
        "status": row.status.value,
        "note": row.note,
        "location": _location(row.location),
        "locations": [_location(line) for line in row.lines],
        "source": _source(row.source),
        "stated": [
            {"attribute": one.attribute, "value": one.value or None, "source": _source(one.source)}
            for one in row.stated
        ],
    }


def _finding(finding: Finding) -> Mapping[str, Value]:
    return {
        "rule": finding.rule,
        "title": BY_ID[finding.rule].title,
        "severity": finding.severity.value,
        "rows": list(finding.rows),
        "attribute": finding.attribute,
        "expected": finding.expected,
        "found": finding.found,
        "message": finding.message,
        "source": _source(finding.source),
        "cost": None if finding.cost is None else asdict(finding.cost),
        "location": _location(finding.location),
        "locations": [_location(location) for location in finding.locations],
        "layers": list(finding.layers),
        "cause": finding.cause,
        "cure": finding.cure,
        "accepted": finding.accepted or None,
        "variants": list(finding.variants),
    }


def _source(source: Source | None) -> Value:
    return None if source is None else {"id": source.id, "where": source.where, "status": source.status.value}


def _location(location: Location | None) -> Value:
    return None if location is None else {"file": location.file, "line": location.line}


def _unverified(entry: Unverified) -> Mapping[str, Value]:
    return {"what": entry.what, "why": entry.why, "location": _location(entry.where)}
