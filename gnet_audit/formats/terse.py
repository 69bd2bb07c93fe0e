"""A report in as few lines as it has findings: what `check` prints and what an assertion says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gnet_audit.findings import Finding
from gnet_audit.formats import marks, rows, words
from gnet_audit.formats.view import View
from gnet_audit.policy import exit_status
from gnet_audit.report import Report, RowStatus, Verdict
from gnet_audit.rules import BY_ID, Severity

MARK = re.compile(r"(error|warning|note) GA\d{3}")
OURS = "audited: the reference, a build of the paper that comes with gnet-audit, and no model of yours"
STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def render(report: Report, view: View) -> str:
    """One line a finding, what was not checked in a line each, the verdict line."""
    verdict = verdict_line(report, view)
    heard = [finding for finding in report.findings if view.show_accepted or not finding.accepted]
    lines = [finding_line(finding, report, view.folder) for finding in heard]
    lines += [f"not checked: {words.unchecked(entry, view.folder)}" for entry in report.unverified]
    lines += [f"stopped: {words.safe(report.error)}"] if report.error else []
    lines += [f"accepted in vain: {words.safe(text)}" for text in report.stale]
    lines += [variant_line(report)] if report.variant else []
    lines += [words.safe(report.proof.line)] if report.proof else []
    lines += [words.safe(swept.line) for swept in report.sweep]
    lines += [OURS] if report.target == "reference" else []
    if view.color:
        return _colored(lines, verdict, good=report.good)
    return "".join(f"{line}\n" for line in (*lines, verdict))


def _colored(lines: Sequence[str], verdict: str, *, good: bool) -> str:
    """The same lines with severity and rule, and the verdict, in colour."""
    from gnet_audit.formats.canvas import Canvas

    canvas = Canvas(width=0, color=True)
    for line in lines:
        found = MARK.search(line)
        canvas.line(line, mark=found[0] if found else "", mark_style=STYLE[Severity(found[1])] if found else "")
    canvas.line(verdict, "bold green" if good else "bold red")
    return canvas.text()


def finding_line(finding: Finding, report: Report, folder: str) -> str:
    """`file:line: severity rule title: places: expected …, found …`, as editors and log viewers know it."""
    where = words.place(finding.location, folder) or words.safe(report.target)
    more = f" (also {also})" if (also := words.also(finding, folder)) else ""
    more += f" ({words.NO_LINE})" if words.is_lost(finding, report) else ""
    reason = f" (accepted: {words.safe(finding.accepted)})" if finding.accepted else ""
    return (
        f"{where}: {finding.severity} {finding.rule} {BY_ID[finding.rule].title}: {words.slots(finding, 2)}: "
        f"expected {words.safe(finding.expected)}, found {words.safe(finding.found)}{more}{reason}"
    )


def variant_line(report: Report) -> str:
    """Which published variant has exactly these differences."""
    return f"equals the published variant {words.safe(report.variant)}"


def verdict_line(report: Report, view: View | None = None) -> str:
    """The last line: the verdict, the slots by status (they add up), the findings by severity, why that passes."""
    word = verdict_word(report)
    if not report.compared:
        return f"{word}: {words.safe(report.reason)}"
    reason = f"{words.safe(_reason(report))}; " if report.verdict is Verdict.UNPROVEN and report.reason else ""
    vain = f", but {len(report.stale)} accepted in vain" if report.stale else ""
    sizes = [f"{swept.size}×{swept.size}" for swept in report.sweep if not swept.clean]
    vain += f", but not at {' and '.join(sizes)}" if sizes else ""
    passed = f"; {passes}" if view and (passes := let_pass(report, view)) else ""
    return f"{word}{vain}: {reason}{_slots(rows.tally(report))}; {_findings(report)}{passed}"


def let_pass(report: Report, view: View) -> str:
    """Why a network that differs has exit status 0; empty where it has another, or all is accepted."""
    if report.verdict is not Verdict.DIFFERS or report.as_accepted or view.exit_zero is None:
        return ""
    if exit_status(report, fail_on=view.fail_on, exit_zero=view.exit_zero):
        return ""
    heard = any(finding.grave and not finding.accepted for finding in report.findings)
    option = "--exit-zero" if view.exit_zero else f"--fail-on {view.fail_on}"
    return f"exit status 0: {option if heard else 'the differences are ignored'}"


def _reason(report: Report) -> str:
    """Why it is not proven; of a forward that raised, which is told already, how far it came in the paper."""
    stop = next((row.slot for row in report.rows if row.status is RowStatus.UNVERIFIED and not row.layer), "")
    return f"the forward stopped before {stop}" if report.error and stop else report.reason


def verdict_word(report: Report) -> str:
    """The verdict; differences that are all accepted are told apart."""
    return "differs as accepted" if report.as_accepted else marks.VERDICT[report.verdict]


def _slots(tally: Counter[RowStatus]) -> str:
    extra = tally[RowStatus.EXTRA]
    parts = [
        f"{tally[RowStatus.MATCH]} match",
        *_unless_none(tally[RowStatus.EQUIVALENT], "equivalent"),
        f"{tally[RowStatus.DIFFERS]} differ",
        *_unless_none(tally[RowStatus.MISSING], "missing"),
        *_unless_none(tally[RowStatus.ACCEPTED], "accepted"),
        f"{tally[RowStatus.CONSEQUENCE]} follow",
        f"{tally[RowStatus.UNVERIFIED]} unverified",
    ]
    slots = f"{words.count(tally.total() - extra, 'slot')}, {', '.join(parts)}"
    return f"{slots}; {words.count(extra, 'extra layer')}" if extra else slots


def _unless_none(amount: int, word: str) -> tuple[str, ...]:
    return (f"{amount} {word}",) if amount else ()


def _findings(report: Report) -> str:
    by_severity = Counter(finding.severity for finding in report.findings)
    kinds = [words.count(by_severity[kind], kind.value) for kind in Severity if by_severity[kind]]
    text = words.count(len(report.findings), "finding") if report.findings else "no findings"
    text += f" ({', '.join(kinds)})" if kinds else ""
    accepted = sum(bool(finding.accepted) for finding in report.findings)
    text += f", {accepted} accepted" if accepted else ""
    return f"{text}, {len(report.ignored)} ignored" if report.ignored else text
