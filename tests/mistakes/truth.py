"""What is really wrong with a model, and the marking of a report against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gnet_audit.findings import Finding
from gnet_audit.rules import Severity
from tests.mistakes.plan import TABLE, Plan

MODULES = tuple(f"inception_{name}" for name in TABLE)
BRANCH_CONVS = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")


def each(slot: str) -> tuple[str, ...]:
    """The same slot of all nine modules."""
    return tuple(f"{module}.{slot}" for module in MODULES)


STEM_CONVS = ("conv1", "conv2_reduce", "conv2")
TRUNK_CONVS = (*STEM_CONVS, *(f"{module}.{conv}" for module in MODULES for conv in BRANCH_CONVS))
CONVS = (*TRUNK_CONVS, "aux1.conv", "aux2.conv")
RELUS = (*(f"{conv}.relu" for conv in CONVS), "aux1.fc1.relu", "aux2.fc1.relu")
STEM_POOLS = ("pool1", "pool2", "pool3", "pool4")
CLASSIFIERS = ("linear", "aux1.fc2", "aux2.fc2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One true difference.

    A row is a slot, or a pattern, or several joined by `|` where the paper leaves it open which of them
    to name. A rule is one rule, or several joined by `|` for the same reason.
    """

    rule: str
    attribute: str
    rows: tuple[str, ...] = ("*",)
    severity: Severity | None = None

    def names(self, claim: Claim) -> bool:
        """Whether this is what a claim says."""
        return self._speaks_of(claim) and any(_is_row(row, claim.row) for row in self.rows)

    def unnamed(self, claims: Iterable[Claim]) -> tuple[str, ...]:
        """The rows that no claim names."""
        mine = tuple(claim.row for claim in claims if self._speaks_of(claim))
        return tuple(row for row in self.rows if not any(_is_row(row, found) for found in mine))

    def _speaks_of(self, claim: Claim) -> bool:
        return claim.rule in self.rule.split("|") and claim.attribute in self.attribute.split("|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One row of a finding."""

    rule: str
    attribute: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a report missed and what it made up."""

    missed: tuple[str, ...]
    invented: tuple[str, ...]
    findings: int

    @property
    def clean(self) -> bool:
        """Everything found, nothing made up."""
        return not self.missed and not self.invented


def truth(rule: str, attribute: str, *rows: str, severity: Severity | None = None) -> Truth:
    """One true difference; without rows, wherever it is reported."""
    return Truth(rule=rule, attribute=attribute, rows=rows or ("*",), severity=severity)


def gone(*slots: str) -> tuple[str, ...]:
    """Rows of layers that are missing: with or without the activation that went with them."""
    return tuple(f"{slot}|{slot}.relu" for slot in slots)


def after(slot: str) -> str:
    """The row of a layer that was added behind a slot: the slot or its activation."""
    return f"{slot}|{slot}.relu"


def serious(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that speak of a different function."""
    return tuple(finding for finding in findings if finding.severity is not Severity.NOTE)


def mark(findings: Iterable[Finding], truths: Iterable[Truth], allowed: Iterable[Truth] = ()) -> Mark:
    """Hold a report's findings against the truth, row by row; `allowed` ones count neither way."""
    known, tolerated = tuple(truths), tuple(allowed)
    kept = serious(findings)
    claims = tuple(claim for finding in kept for claim in claims_of(finding))
    missed = (f"{one.rule} {one.attribute} {row}" for one in known for row in one.unnamed(claims))
    invented = (
        f"{claim.rule} {claim.attribute} {claim.row}"
        for claim in claims
        if not any(one.names(claim) for one in (*known, *tolerated))
    )
    return Mark(missed=tuple(missed), invented=tuple(dict.fromkeys(invented)), findings=len(kept))


def claims_of(finding: Finding) -> tuple[Claim, ...]:
    """A finding, row by row."""
    rows = finding.rows or ("",)
    return tuple(Claim(rule=finding.rule, attribute=finding.attribute, row=row) for row in rows)


def _is_row(row: str, found: str) -> bool:
    return any(fnmatchcase(found, pattern) for pattern in row.split("|"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An edit of the paper's network, and what is then wrong with it."""

    id: str
    family: str
    edit: Callable[[Plan], Plan]
    truths: tuple[Truth, ...]
    or_else: tuple[Truth, ...] = ()
    """An account that is as good: two modules swapped are also six wrong widths."""
