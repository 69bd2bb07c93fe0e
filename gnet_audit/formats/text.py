"""A report for a reader: table, findings, what was not checked, totals, and last the verdict line."""

from __future__ import annotations

from collections.abc import Iterator

from gnet_audit.findings import Finding
from gnet_audit.formats import rows, table, terse, words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.view import View
from gnet_audit.proof import Proof, Statistics
from gnet_audit.report import Report, Totals
from gnet_audit.rules import BY_ID

LABEL = 10
"""Width of the label before each line of a finding."""
PLACES = 12
"""Places of one finding that are listed; JSON has all."""
LINES = 3
"""Lines of code of one finding that are listed; JSON has all."""


def render(report: Report, view: View) -> str:
    """The whole report as lines of at most `view.width` characters where words allow it."""
    canvas = Canvas(width=view.width, color=view.color)
    _heading(canvas, report)
    canvas.line()
    table.draw(canvas, report, view)
    for index, finding in enumerate(report.findings, start=1):
        if not finding.accepted or view.show_accepted:
            canvas.line()
            _finding(canvas, index, finding, report, view)
    canvas.line()
    _unverified(canvas, report, view)
    if report.proof is not None:
        canvas.line()
        _proof(canvas, report.proof)
    for swept in report.sweep:
        canvas.paragraph(words.safe(swept.line), rest="  ", style="green" if swept.clean else "bold red")
    canvas.line()
    _totals(canvas, report.totals)
    canvas.line()
    if report.error:
        canvas.paragraph(words.safe(report.error), first="stopped: ", rest="  ", style="red")
    for text in report.stale:
        canvas.paragraph(words.safe(text), first="accepted in vain: ", rest="  ", style="red")
    if report.variant:
        canvas.paragraph(terse.variant_line(report), rest="  ")
    canvas.paragraph(terse.verdict_line(report, view), rest="  ", style="bold green" if report.good else "bold red")
    return canvas.text()


def _heading(canvas: Canvas, report: Report) -> None:
    spec = report.spec
    canvas.paragraph(
        f"{words.safe(report.target)} beside {words.safe(spec.title)} (spec {words.safe(spec.id)}, sha256 "
        f"{spec.sha256[:12]}), input {words.shape(report.input_shape)}, "
        f"traced in {' and '.join(report.modes) or 'no mode'}"
    )


def _finding(canvas: Canvas, index: int, finding: Finding, report: Report, view: View) -> None:
    rule = BY_ID[finding.rule]
    canvas.paragraph(
        f"{finding.severity} {finding.rule} {rule.title}: {words.slots(finding, 1)}",
        first=f"{index}  ",
        rest="   ",
        style=terse.STYLE[finding.severity],
    )
    for label, text in _facts(finding, report, view):
        canvas.paragraph(text, first=f"   {label:<{LABEL}}", rest=" " * (3 + LABEL))


def _facts(finding: Finding, report: Report, view: View) -> Iterator[tuple[str, str]]:
    """Label and text of each line under a finding's head; nothing is said where nothing is known."""
    yield "what", words.safe(finding.message)
    if finding.source:
        yield "source", words.safe(words.paper(finding.source))
    yield "expected", words.safe(finding.expected)
    yield "found", _found(finding, view) + (f" ({words.NO_LINE})" if words.is_lost(finding, report) else "")
    if len(finding.rows) > 1:
        yield "places", words.slots(finding, PLACES)
    if finding.cost:
        yield "cost", words.cost(finding.cost)
    if finding.accepted:
        yield "accepted", words.safe(finding.accepted)
    if finding.variants:
        yield "also in", ", ".join(map(words.safe, finding.variants))
    if finding.cause:
        yield "why", words.safe(finding.cause)
    if finding.cure:
        yield "cure", words.safe(finding.cure)


def _found(finding: Finding, view: View) -> str:
    places = [words.place(location, view.folder) for location in words.lines(finding)]
    if not places:
        return words.safe(finding.found)
    more = f" and {len(places) - LINES} more" if len(places) > LINES else ""
    return f"{words.safe(finding.found)} at {', '.join(places[:LINES])}{more}"


def _unverified(canvas: Canvas, report: Report, view: View) -> None:
    entries = rows.unchecked(report)
    if not entries:
        canvas.line("not checked: nothing")
        return
    canvas.line(f"not checked: {rows.amount_unchecked(report)}")
    for entry in entries:
        canvas.paragraph(words.unchecked(entry, view.folder), first="?  ", rest="   ")


def _proof(canvas: Canvas, proof: Proof) -> None:
    """Whether nothing but the findings differs, by numbers."""
    style = "bold green" if proof.holds else "bold red"
    canvas.paragraph(words.safe(proof.line), rest="  ", style=style)
    for mode in proof.modes:
        if mode.gap is not None:
            for side, value in (("by the findings", mode.gap.expected), ("by the model", mode.gap.found)):
                canvas.line(f"  {mode.mode}, {words.safe(mode.gap.slot)} {side}: {_statistics(value)}")


def _statistics(value: Statistics) -> str:
    numbers = f"mean {value.mean:.4g}, deviation {value.deviation:.4g}, from {value.low:.4g} to {value.high:.4g}"
    return f"{words.shape(value.shape)}, {numbers}"


def _totals(canvas: Canvas, totals: Totals) -> None:
    lines = (
        ("parameters", totals.expected_params, totals.params),
        ("parameters, training", totals.expected_params_train, totals.params_train),
        ("MACs per image", totals.expected_macs, totals.macs),
        ("MACs per image, training", totals.expected_macs_train, totals.macs_train),
        ("parameters, all it owns", None, totals.model_params),
    )
    canvas.line(f"{'totals':<24}  {'expected':>14}  {'found':>14}  {'difference':>14}", "bold")
    for name, expected, found in lines:
        if expected is None and found is None:
            continue
        difference = "" if expected is None or found is None else words.signed(found - expected)
        canvas.line(f"{name:<24}  {words.number(expected):>14}  {words.number(found):>14}  {difference:>14}")
