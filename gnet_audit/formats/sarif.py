"""A report as SARIF 2.1.0, for GitHub's code scanning and other viewers of static analysis."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

from gnet_audit.findings import Finding
from gnet_audit.formats import places, terse, words
from gnet_audit.formats.places import Spot
from gnet_audit.formats.view import View
from gnet_audit.network import Location, Unverified
from gnet_audit.report import Report
from gnet_audit.rules import BY_ID, Rule

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value] | None"

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "gnetAuditDifference/v1"
MOST = 12
"""Further lines that the text of a result leads to; its locations are all there are."""
BRACKETS = re.compile(r"[\\\[\]]")
"""What the text of a link may only hold behind a backslash."""


def render(report: Report, view: View) -> str:
    """The log: one run, one result for each finding; accepted ones are suppressed with their reason."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, view)]}
    text = json.dumps(log, indent=2, ensure_ascii=False)
    return words.UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text) + "\n"


def _run(report: Report, view: View) -> Mapping[str, Value]:
    used = [BY_ID[id] for id in sorted({finding.rule for finding in report.findings})]
    index = {rule.id: number for number, rule in enumerate(used)}
    return {
        "tool": {
            "driver": {
                "name": "gnet-audit",
                "semanticVersion": report.environment.gnet_audit,
                "rules": [_rule(rule) for rule in used],
            }
        },
        "automationDetails": {"id": f"gnet-audit/{report.spec.id}/{report.target}/"},
        "invocations": [
            {
                "executionSuccessful": not report.error,
                "toolExecutionNotifications": _notifications(report, view),
            }
        ],
        "results": [_result(report, finding, index, view) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "verdict": report.verdict.value,
            "summary": terse.verdict_line(report),
            "spec": {"id": report.spec.id, "title": report.spec.title, "sha256": report.spec.sha256},
            "variant": report.variant or None,
            "proof": report.proof.line if report.proof else None,
        },
    }


def _rule(rule: Rule) -> Mapping[str, Value]:
    help = f"{rule.why}\n\n{rule.cure}"
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.title.replace("_", " ").split()),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help, "markdown": help},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(report: Report, finding: Finding, index: Mapping[str, int], view: View) -> Mapping[str, Value]:
    spot = places.spot(report, finding)
    slots = [{"fullyQualifiedName": name, "kind": "member"} for name in finding.rows]
    result: dict[str, Value] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": finding.severity.value,
        "message": {"text": _message(finding, spot, view)},
        "locations": _locations(finding, spot, slots, view),
        "partialFingerprints": {FINGERPRINT: places.fingerprint(report, finding)},
        "properties": _properties(finding),
    }
    others = words.lines(finding)[1:]
    if others:
        result["relatedLocations"] = [{"id": id, **_physical(line, view)} for id, line in enumerate(others, 1)]
    if finding.accepted:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.accepted}]
    return result


def _message(finding: Finding, spot: Spot | None, view: View) -> str:
    beside = spot.caveat if spot else ""
    cure = f" {finding.cure}" if finding.cure else ""
    # GitHub shows the first place alone, and the others where the text leads to them.
    links = ", ".join(_links(finding, view)) if finding.grave else ""
    also = f" Also {links}." if links else ""
    return f"{finding.message} Expected {finding.expected}, found {finding.found}.{cure}{also}{beside}"


def _links(finding: Finding, view: View) -> Iterator[str]:
    """A link to each further line, the first of them; one of another file than the result's own is named."""
    lines = words.lines(finding)[: MOST + 1]
    for id, line in enumerate(lines[1:], 1):
        file = "" if line.file == lines[0].file else BRACKETS.sub(r"\\\g<0>", places.relative(line.file, view)) + " "
        yield f"[{file}line {line.line}]({id})"


def _locations(
    finding: Finding, spot: Spot | None, slots: Sequence[Mapping[str, Value]], view: View
) -> Sequence[Mapping[str, Value]]:
    """Every line that must change; the slots stand with the first."""
    lines = words.lines(finding) or ([spot.location] if spot else [])
    if not lines:
        return [{"logicalLocations": slots}]
    first, *others = (_physical(line, view) for line in lines)
    return [{**first, "logicalLocations": slots}, *others]


def _physical(location: Location, view: View) -> Mapping[str, Value]:
    path = places.relative(location.file, view)
    artifact: Mapping[str, Value] = (
        {"uri": f"file://{quote(path)}"} if os.path.isabs(path) else {"uri": quote(path), "uriBaseId": ROOT}
    )
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(location.line, 1)}}}


def _properties(finding: Finding) -> Mapping[str, Value]:
    properties: dict[str, Value] = {
        "attribute": finding.attribute,
        "expected": finding.expected,
        "found": finding.found,
        "variants": list(finding.variants),
    }
    if finding.source:
        properties["source"] = words.paper(finding.source)
    if finding.cost:
        properties["cost"] = words.cost(finding.cost)
    return properties


def _notifications(report: Report, view: View) -> Sequence[Mapping[str, Value]]:
    """What is told of the run itself: that it stopped, what was not checked, what is accepted in vain."""
    stopped = [_told("error", report.error)] if report.error else []
    unchecked = [_notification(entry, view) for entry in report.unverified]
    return [*stopped, *unchecked, *(_told("warning", text) for text in report.stale)]


def _told(level: str, text: str) -> Mapping[str, Value]:
    return {"level": level, "message": {"text": text}}


def _notification(entry: Unverified, view: View) -> Mapping[str, Value]:
    where: Mapping[str, Value] = {"locations": [_physical(entry.where, view)]} if entry.where else {}
    return {**_told("note", f"not checked: {entry.what}: {entry.why}"), **where}
