"""How one report is marked against one hand-written truth."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.blind.truths import Paper, Truth

PAPERS = Path(__file__).parent / "papers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What became of one paper. Findings are JSON objects of a report."""

    undetected: tuple[str, ...] = ()
    """Truths of which the report says nothing at any of their slots."""
    mislocated: tuple[str, ...] = ()
    """Truths whose rule is not told, or whose slots are not exactly these."""
    unlike: tuple[str, ...] = ()
    """Truths whose values stand otherwise in the report."""
    invented: tuple[str, ...] = ()
    """Findings graver than a note that no truth accounts for."""
    elsewhere: tuple[str, ...] = ()
    """Truths whose line of code no finding points at."""
    repeated: tuple[str, ...] = ()
    """Truths, one cause each, that several findings tell."""
    unchecked: tuple[str, ...] = ()
    """What the report says it did not check, and has no reason to."""
    verdict: str = ""
    """The verdict, where it is another than the truth's."""
    proof: str = ""

    @property
    def exact(self) -> bool:
        """Whether all is said, at its place, and nothing else."""
        return not (self.undetected or self.mislocated or self.unlike or self.invented or self.verdict)


def slot(row: str) -> str:
    """A slot as the table has it: a report names the activation of a layer `SLOT.relu`."""
    return row.removesuffix(".relu")


def _rows(findings: Iterable[dict[str, Any]]) -> set[str]:
    return {slot(row) for finding in findings for row in finding["rows"]}


def _named(truth: Truth) -> set[str]:
    return {name for row in truth.rows for name in row.split("|")}


def _said(truth: Truth, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings that speak of the truth: of its rule, with one of its slots, with its values where it has some."""
    near = [f for f in findings if f["rule"] in truth.rule.split("|") and _rows([f]) & _named(truth)]
    close = [f for f in near if truth.attribute in ("", f["attribute"]) and truth.found in ("", f["found"])]
    return close or near


def _exact(truth: Truth, said: list[dict[str, Any]], shared: set[str]) -> bool:
    rows = _rows(said)
    return all(set(row.split("|")) & rows for row in truth.rows) and rows <= _named(truth) | shared


def _marked_lines(paper: Paper, number: int) -> set[tuple[str, int]]:
    name = paper.target.split(":")[0] + ".py"
    lines = (PAPERS / name).read_text(encoding="utf-8").splitlines()
    texts = set(re.findall(rf"# !{number}: (.+)", "\n".join(lines)))
    return {(name, n) for n, line in enumerate(lines, 1) if line in texts or re.search(rf"# !{number}\b", line)}


def mark(paper: Paper, report: dict[str, Any]) -> Mark:
    """The report marked against the truth."""
    findings = [f for f in report["findings"] if f["severity"] != "note"]
    undetected: list[str] = []
    mislocated: list[str] = []
    unlike: list[str] = []
    elsewhere: list[str] = []
    repeated: list[str] = []
    for t in paper.truths:
        name = f"{t.rule} {' '.join(t.rows[:2])}"
        said = _said(t, report["findings"] if t.grey else findings)
        alike = {n for other in paper.truths if other.rule == t.rule for n in _named(other)}
        if not said:
            (mislocated if _rows(findings) & _named(t) else undetected).append(name)
            continue
        if not _exact(t, said, alike):
            mislocated.append(name)
        unlike += [f"{name}: {f['attribute']}, {f['expected']}, {f['found']}" for f in said if not _alike(t, f)]
        repeated += [name] * (len(said) > 1)
        places = {(Path(p["file"]).name, p["line"]) for f in said for p in f["locations"] or [f["location"]] if p}
        if t.mark and not places & _marked_lines(paper, t.mark):
            elsewhere.append(f"{name}: {sorted(places)[:2]}")
    invented = [f"{f['rule']} {' '.join(f['rows'][:2])}" for f in findings if not _accounted(f, paper.truths)]
    verdict = report["verdict"]
    return Mark(
        undetected=tuple(undetected),
        mislocated=tuple(mislocated),
        unlike=tuple(unlike),
        invented=tuple(invented),
        elsewhere=tuple(elsewhere),
        repeated=tuple(repeated),
        unchecked=tuple(
            u["what"] for u in report["unverified"] if not paper.unchecked or paper.unchecked not in u["why"]
        ),
        verdict="" if verdict in paper.verdict.split("|") else verdict,
        proof=report["proof"]["status"] if report["proof"] else "",
    )


def _alike(truth: Truth, finding: dict[str, Any]) -> bool:
    asked = (truth.attribute, truth.expected, truth.found)
    got = (finding["attribute"], finding["expected"], finding["found"])
    return all(a in ("", g) for a, g in zip(asked, got, strict=True))


def _accounted(finding: dict[str, Any], truths: tuple[Truth, ...]) -> bool:
    named = {n for t in truths if finding["rule"] in t.rule.split("|") for n in _named(t)}
    return _rows([finding]) <= named
