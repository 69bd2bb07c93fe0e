"""The published variants: builds that many people have, each a known set of differences with its citation."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from gnet_audit import spec as specs
from gnet_audit.acceptance import Acceptance
from gnet_audit.errors import UsageError
from gnet_audit.findings import Finding
from gnet_audit.report import Report, Verdict
from gnet_audit.rules import BY_ID

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
    return tuple(read(file) for file in sorted(folder.glob("*.toml")))


def named(name: str) -> Variant:
    """The variant of that id; UsageError with the ids there are."""
    for variant in variants():
        if variant.id == name:
            return variant
    raise UsageError(
        "no such variant", where="--accept", expected=", ".join(PREFIX + one.id for one in variants()), got=repr(name)
    )


def accepted(words: Sequence[str], spec: str) -> tuple[Acceptance, ...]:
    """The differences of the variants asked for by `variant:ID`; `spec` names what the model stands beside.

    UsageError for a word that names no variant, and for a variant of another paper: its slots would not be found.
    """
    for word in words:
        if not word.startswith(PREFIX):
            raise UsageError(
                "not a set of findings", where="--accept", expected=f"{PREFIX}{variants()[0].id}", got=repr(word)
            )
    chosen = [named(word.removeprefix(PREFIX)) for word in words]
    paper = specs.load(spec).id if chosen and specs.is_spec(spec) else spec
    for variant in chosen:
        if variant.spec != paper:
            where, wanted = f"--accept {PREFIX}{variant.id}", f"the spec {variant.spec}"
            raise UsageError("a variant of another network", where=where, expected=wanted, got=repr(spec))
    return tuple(difference for variant in chosen for difference in variant.differences)


def recognised(report: Report) -> Report:
    """The report with the variants that each finding is part of, and the variant that it equals as a whole."""
    known = [variant for variant in variants() if variant.spec == report.spec.id]
    findings = tuple(
        replace(finding, variants=tuple(variant.id for variant in known if _has(variant, finding)))
        for finding in report.findings
    )
    grave = [finding for finding in findings if finding.grave]
    whole = not report.error and (grave or report.verdict is Verdict.MATCHES)
    equal = (variant.title for variant in known if whole and _is(variant, grave))
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


def read(file: Path) -> Variant:
    """A variant in a file; UsageError for anything else."""
    try:
        return _variant(file, tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"not a variant: {type(error).__name__}: {error}", where=str(file)) from error


def _variant(file: Path, data: Mapping[str, Any]) -> Variant:
    groups = {name: _texts(group) for name, group in data.get("slots", {}).items()}
    title = _text(data["title"])
    return Variant(
        id=file.stem,
        title=title,
        spec=_text(data["spec"]),
        citation=_text(data["citation"]),
        note=_text(data["note"]),
        differences=tuple(
            Acceptance(
                rule=BY_ID[_text(entry["rule"])].id,
                slots=tuple(slot for name in _texts(entry["slots"]) for slot in groups.get(name, [name])),
                attribute=_text(entry["attribute"]),
                observed=_text(entry["observed"]),
                reason=f"as in the published variant {title}",
                where=f"{PREFIX}{file.stem}",
                strict=not entry.get("note", False),
            )
            for entry in data.get("difference", ())
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"not a text: {value!r}")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise TypeError(f"not a list of texts: {value!r}")
    return [_text(item) for item in value]
