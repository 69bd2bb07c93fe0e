"""A report as Markdown of the kind that GitHub shows: for a comment on a pull request or the summary of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gnet_audit.findings import Finding
from gnet_audit.formats import marks, places, rows, terse, words
from gnet_audit.formats.view import View
from gnet_audit.network import Unverified
from gnet_audit.report import Report, SlotResult, Totals
from gnet_audit.rules import BY_ID

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")
PLACES = 4
"""Slots of a finding that its line names."""


def render(report: Report, view: View, *, table: bool = True) -> str:
    """Verdict, findings, what was not checked, totals, and the whole table folded away."""
    return "\n".join("".join(f"{line}\n" for line in block) for block in _blocks(report, view, table=table) if block)


def _blocks(report: Report, view: View, *, table: bool) -> Iterator[list[str]]:
    yield [f"## {_mark(report, view)} {code(report.target)} beside {escaped(report.spec.title)}"]
    yield [f"**{escaped(terse.verdict_line(report, view))}**"]
    if report.proof:
        yield [escaped(report.proof.line)]
    if report.variant:
        yield [escaped(terse.variant_line(report))]
    if report.error:
        yield [f"Stopped: {code(report.error)}"]
    if report.stale:
        yield [f"- accepted in vain: {escaped(text)}" for text in report.stale]
    heard = [finding for finding in report.findings if not finding.accepted]
    accepted = [finding for finding in report.findings if finding.accepted]
    yield _findings(report, heard, view)
    if accepted:
        yield ["<details>", f"<summary>{words.count(len(accepted), 'accepted finding')}</summary>", ""]
        yield _findings(report, accepted, view)
        yield ["</details>"]
    if left_out := rows.unchecked(report):
        yield [_unchecked(entry, view) for entry in left_out]
    yield _totals(report.totals)
    if table and report.rows:
        yield ["<details>", f"<summary>All {words.count(len(report.rows), 'line')}</summary>", ""]
        yield _table(report)
        yield ["</details>"]


def _unchecked(entry: Unverified, view: View) -> str:
    where = f" {code(words.place(entry.where, view.folder))}" if entry.where else ""
    return f"- not checked: {code(entry.what)}: {escaped(entry.why)}{where}"


def _mark(report: Report, view: View) -> str:
    if not report.good:
        return "⚠️" if terse.let_pass(report, view) else "❌"
    return "☑️" if report.as_accepted else "✅"


def _findings(report: Report, findings: Iterable[Finding], view: View) -> list[str]:
    lines = [_line(report, finding, view) for finding in findings]
    return (
        [*_head("", "rule", "slots", "expected", "found", "where", "cost", "what to change"), *lines] if lines else []
    )


def _where(report: Report, finding: Finding, view: View) -> str:
    """The finding's own lines; for what is missing the one that is next to it."""
    spot = places.spot(report, finding)
    more = f", {escaped(also)}" if (also := words.also(finding, view.folder)) else ""
    return "" if spot is None else f"{'' if spot.own else 'near '}{code(words.place(spot.location, view.folder))}{more}"


def _line(report: Report, finding: Finding, view: View) -> str:
    told = f"{escaped(finding.cure)}{f' Accepted: {escaped(finding.accepted)}' if finding.accepted else ''}"
    return _cells(
        finding.severity.value,
        escaped(f"{finding.rule} {BY_ID[finding.rule].title}"),
        escaped(words.slots(finding, PLACES)),
        code(finding.expected),
        code(finding.found),
        _where(report, finding, view),
        escaped(words.cost(finding.cost)) if finding.cost else "",
        told,
    )


def _totals(totals: Totals) -> list[str]:
    lines = (
        ("parameters", totals.expected_params, totals.params),
        ("parameters, training", totals.expected_params_train, totals.params_train),
        ("MACs per image", totals.expected_macs, totals.macs),
        ("MACs per image, training", totals.expected_macs_train, totals.macs_train),
    )
    told = [
        _cells(name, words.number(expected), words.number(found), words.signed(found - expected))
        for name, expected, found in lines
        if expected is not None and found is not None
    ]
    return [*_head("totals", "expected:", "found:", "difference:"), *told] if told else []


def _table(report: Report) -> list[str]:
    named = rows.numbers(report, per_row=False)
    head = _head("slot", "layer", "op", "paper", "derived", "measured", "parameters:", "MACs:", "verdict")
    return [*head, *(_row(row, named.get(row.slot, ())) for row in report.rows)]


def _row(row: SlotResult, findings: tuple[int, ...]) -> str:
    op = row.found_op or row.expected_op
    both = row.expected_op and row.found_op and row.expected_op != row.found_op
    return _cells(
        code(row.slot),
        code(row.layer),
        f"{code(row.expected_op)} → {code(row.found_op)}" if both else code(op),
        escaped(row.printed),
        words.shape(row.derived),
        words.shape(row.measured),
        words.number(row.params),
        words.number(row.macs),
        f"{marks.MARK[row.status]} {marks.WORD[row.status]} {', '.join(map(str, findings))}".rstrip(),
    )


def _head(*names: str) -> list[str]:
    """The head of a table; a name with a colon at its end is of a column of numbers."""
    return [
        _cells(*(name.removesuffix(":") for name in names)),
        _cells(*("---:" if name.endswith(":") else "---" for name in names)),
    ]


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Our own sentence, which may quote a name: no character of it is markup, and nobody is mentioned."""
    return SPECIAL.sub(r"\\\1", words.safe(text)).replace("@", "@<!-- -->")


def code(text: str) -> str:
    """A name or a value from the user's code, shown as it is: no markup, no mention, no end of a cell."""
    if not text:
        return ""
    clean = words.safe(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", clean)), default=0) + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") or clean.strip() != clean else ""
    return f"{fence}{pad}{clean}{pad}{fence}"
