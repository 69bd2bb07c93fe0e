"""The published variants: builds that many people have, each a known set of differences with its citation."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from gnet_audit.acceptance import Acceptance
from gnet_audit.errors import UsageError
from gnet_audit.findings import Finding
from gnet_audit.report import Report
from gnet_audit.rules import Severity

PREFIX = "variant:"
_HERE = Path(__file__).parent
_SHIPPED, _CHECKOUT = _HERE / "_specs" / "variants", _HERE.parent / "specs" / "variants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One published build: what it is of, who says so, and its differences from the paper."""

    id: str
    title: str
    spec: str
    citation: str
    note: str
    differences: tuple[Acceptance, ...]


@cache
def variants() -> tuple[Variant, ...]:
    """All that come with gnet-audit, by id."""
    folder = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
    return tuple(_read(file) for file in sorted(folder.glob("*.toml")))


def named(name: str) -> Variant:
    """The variant of that id; UsageError with the ids there are."""
    for variant in variants():
        if variant.id == name:
            return variant
    raise UsageError(
        "no such variant", where="--accept", expected=", ".join(PREFIX + one.id for one in variants()), got=repr(name)
    )


def accepted(words: Sequence[str]) -> tuple[Acceptance, ...]:
    """The differences of the variants asked for by `variant:ID`."""
    for word in words:
        if not word.startswith(PREFIX):
            raise UsageError(
                "not a set of findings", where="--accept", expected=f"{PREFIX}{variants()[0].id}", got=repr(word)
            )
    return tuple(difference for word in words for difference in named(word.removeprefix(PREFIX)).differences)


def recognised(report: Report) -> Report:
    """The report with the variants that each finding is part of, and the variant that it equals as a whole."""
    known = [variant for variant in variants() if variant.spec == report.spec.id]
    findings = tuple(
        replace(finding, variants=tuple(variant.id for variant in known if _has(variant, finding)))
        for finding in report.findings
    )
    grave = [finding for finding in findings if finding.severity is not Severity.NOTE]
    equal = (variant.title for variant in known if grave and not report.error and _is(variant, grave))
    return replace(report, findings=findings, variant=next(equal, ""))


def _has(variant: Variant, finding: Finding) -> bool:
    slots = {slot for one in variant.differences if one.is_of(finding) for slot in one.slots}
    return slots.issuperset(finding.rows)


def _is(variant: Variant, findings: Sequence[Finding]) -> bool:
    """Exactly the variant's differences: every one that must be found is, and no other."""
    wanted = {
        (one.rule, one.attribute, one.observed, slot) for one in variant.differences if one.strict for slot in one.slots
    }
    found = {(one.rule, one.attribute, one.found, row) for one in findings for row in one.rows}
    return wanted == found


def _read(file: Path) -> Variant:
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    groups: Mapping[str, list[str]] = data.get("slots", {})
    return Variant(
        id=file.stem,
        title=data["title"],
        spec=data["spec"],
        citation=data["citation"],
        note=data["note"],
        differences=tuple(
            Acceptance(
                rule=entry["rule"],
                slots=tuple(slot for name in entry["slots"] for slot in groups.get(name, [name])),
                attribute=entry["attribute"],
                observed=entry["observed"],
                reason=f"as in the published variant {data['title']}",
                where=f"{PREFIX}{file.stem}",
                strict=not entry.get("note", False),
            )
            for entry in data.get("difference", ())
        ),
    )
