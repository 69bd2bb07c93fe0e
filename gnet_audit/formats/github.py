"""A report as annotations of a GitHub Actions step, and as the step's summary."""

from __future__ import annotations

from gnet_audit.findings import Finding
from gnet_audit.formats import markdown, places, terse, words
from gnet_audit.formats.view import View
from gnet_audit.report import Report
from gnet_audit.rules import BY_ID, Severity

MOST = 10
"""GitHub shows this many annotations of a step and drops the others without a word."""
ROOM = 1024 * 1024
"""Bytes that the summary of a step may have."""
COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, view: View) -> str:
    """At most ten annotations, the gravest first, the last of them saying how many more there are; then the verdict."""
    heard = [finding for finding in report.findings if view.show_accepted or not finding.accepted]
    heard.sort(key=lambda finding: (bool(finding.accepted), -finding.severity.rank))
    texts = [_annotation(report, finding, view) for finding in heard]
    texts += [_command("error", {"title": "accepted in vain"}, text) for text in report.stale]
    texts += [_command("error", {"title": "stopped"}, report.error)] if report.error else []
    if report.proof and not report.proof.holds:
        texts.append(_command("error", {"title": "not proven"}, report.proof.line))
    if len(texts) > MOST:
        more, where = len(texts) - MOST + 1, " in the summary" if view.summary else ""
        texts = [*texts[: MOST - 1], _command("notice", {"title": "gnet-audit"}, f"+{more} more{where}")]
    lines = [*texts, *([terse.variant_line(report)] if report.variant else []), terse.verdict_line(report, view)]
    return "".join(f"{line.replace('##[', '## [')}\n" for line in lines)  # that begins a command anywhere in a line


def summary(report: Report, view: View, *, used: int = 0) -> tuple[str, bool]:
    """The report as Markdown for the page of the run, shortened to the room left on it; whether the findings are there."""
    for full in (True, False):
        text = markdown.render(report, view, table=full)
        if len(text.encode("utf-8", "replace")) + used < ROOM:
            return text, True
    head = f"## gnet-audit\n\n{markdown.escaped(terse.verdict_line(report, view))}\n\nToo long for this page.\n"
    return head if len(head.encode("utf-8", "replace")) + used < ROOM else "", False


def _annotation(report: Report, finding: Finding, view: View) -> str:
    spot = places.spot(report, finding)
    title = f"{finding.rule} {BY_ID[finding.rule].title}: {words.slots(finding, 2)}"
    message = f"{finding.message} Expected {finding.expected}, found {finding.found}. {finding.cure}".rstrip()
    if also := words.also(finding, view.root or view.folder):
        message += f" Also at {also}."
    if finding.accepted:
        message += f" Accepted: {finding.accepted}"
    message += spot.caveat if spot else ""
    where = {}
    if spot:
        where = {"file": places.relative(spot.location.file, view), "line": str(max(spot.location.line, 1))}
    command = "notice" if finding.accepted else COMMAND[finding.severity]
    return _command(command, {**where, "title": title}, message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    """A message on one line; percent signs and breaks are written as the runner reads them."""
    return words.safe(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
