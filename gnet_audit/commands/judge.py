"""What becomes of a report: what is accepted of it, what is heard of it, its documents and the exit status."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gnet_audit import options, policy
from gnet_audit.commands.words import text_option
from gnet_audit.errors import UsageError
from gnet_audit.formats.view import View
from gnet_audit.output import Document, Reply
from gnet_audit.publish import documents
from gnet_audit.report import Verdict
from gnet_audit.rules import Severity

if TYPE_CHECKING:
    from gnet_audit.acceptance import Acceptance
    from gnet_audit.report import Report

BaselineUpdate = Annotated[bool, typer.Option("--baseline-update", help="Accept what is found now; needs --reason.")]
BaselinePrune = Annotated[bool, typer.Option("--baseline-prune", help="Take out what is not found any more.")]
Reason = Annotated[str, text_option("--reason", metavar="TEXT", help="Why, for --baseline-update.")]
By = Annotated[str, text_option("--by", metavar="WHO", help="Who accepts it.")]
Expires = Annotated[str, text_option("--expires", metavar="DATE", help="Until when: 2030-01-31.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what a report is judged, as typed."""

    spec: str
    """What the model stands beside; in `diff` that may be another model."""
    select: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)
    fail_on: str = "error"
    exit_zero: bool = False
    baseline: str = ""
    accept: list[str] = field(default_factory=list)
    no_summary: bool = False
    update: bool = False
    prune: bool = False
    reason: str = ""
    by: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The same, understood before the audit, which is the slow part."""

    terms: Terms
    destinations: tuple[options.Destination, ...]
    view: View
    rules: frozenset[str]
    variant: tuple[Acceptance, ...]
    entries: tuple[Acceptance, ...]
    expires: date | None

    def reply(self, found: Report) -> Reply:
        """The report judged and rendered; the baseline written if that was asked for."""
        from gnet_audit import acceptance, baseline, variants

        found = variants.recognised(found)
        terms, today = self.terms, datetime.now().astimezone().date()
        unwritten, entries = _unwritten(terms, found), self.entries
        writes = (terms.update or terms.prune) and not unwritten
        if writes:
            kept = acceptance.pruned(entries, found, today)
            heard = acceptance.accept(policy.narrowed(found, self.rules), (*kept, *self.variant), today)
            new = acceptance.additions(kept, heard, reason=terms.reason, by=terms.by, expires=self.expires)
            entries = (*kept, *new) if terms.update else kept
        written = (Document(text=baseline.written(entries), file=terms.baseline),) if writes else ()
        report = policy.narrowed(acceptance.accept(found, (*entries, *self.variant), today), self.rules)
        return Reply(
            documents=(*written, *documents(report, self.destinations, self.view, summary=not terms.no_summary)),
            problems=(*((report.error,) if report.error else ()), *unwritten),
            status=policy.exit_status(report, fail_on=self.view.fail_on, exit_zero=terms.exit_zero),
        )


def judge(terms: Terms, destinations: tuple[options.Destination, ...], view: View) -> Judge:
    """Understand every option; UsageError for one that makes no sense."""
    from gnet_audit import variants

    return Judge(
        terms=terms,
        destinations=destinations,
        view=replace(view, fail_on=options.choice(terms.fail_on, Severity, "--fail-on"), exit_zero=terms.exit_zero),
        rules=policy.wanted(options.words(terms.select), options.words(terms.ignore)),
        variant=variants.accepted(options.words(terms.accept), terms.spec),
        expires=_understood(terms),
        entries=_entries(terms),
    )


def _unwritten(terms: Terms, report: Report) -> tuple[str, ...]:
    """A line on why a baseline that is to be written is left alone: the audit has not seen the whole model."""
    if not (terms.update or terms.prune) or (report.compared and not report.error):
        return ()
    is_other = report.verdict is Verdict.NOT_THIS_NETWORK
    other = f"{report.target} {f'is not {report.spec.title}' if is_other else 'could not be compared'}"
    why = "the model could not be run" if report.error else other
    return (f"{terms.baseline}: not written: {why}",)


def _understood(terms: Terms) -> date | None:
    """The options around the baseline make sense together; the date of --expires."""
    for option, given in (("--baseline-update", terms.update), ("--baseline-prune", terms.prune)):
        if given and not terms.baseline:
            raise UsageError("no baseline to write", where=option, expected="--baseline FILE as well")
    if terms.update and not terms.reason.strip():
        raise UsageError("accepting needs a reason", where="--baseline-update", expected="--reason TEXT as well")
    if not terms.expires:
        return None
    try:
        return date.fromisoformat(terms.expires)
    except ValueError as error:
        raise UsageError("not a date", where="--expires", expected="2030-01-31", got=repr(terms.expires)) from error


def _entries(terms: Terms) -> tuple[Acceptance, ...]:
    if not terms.baseline or (terms.update and not Path(terms.baseline).exists()):
        return ()
    from gnet_audit import baseline

    return baseline.read(Path(terms.baseline))
