"""`pytest --gnet-audit TARGET`: one test for each row of the paper. Loads nothing heavy unless it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import collect_one_node

if TYPE_CHECKING:
    from gnet_audit.report import Report, SlotResult
    from gnet_audit.rules import Severity

PREFIX = "gnet-audit:"
"""What the node ids of rows begin with."""
ASKED = pytest.StashKey[frozenset[str]]()
"""The node ids of rows among the words."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; only the first switches anything on."""
    group = parser.getgroup("gnet-audit", "audit a PyTorch model against a paper")
    group.addoption("--gnet-audit", metavar="TARGET", default="", help="one test for each row of the paper")
    group.addoption("--gnet-audit-spec", metavar="NAME", help="a shipped spec, or a .toml file")
    group.addoption("--gnet-audit-baseline", metavar="FILE", help="differences that you accept: xfail")
    group.addoption("--gnet-audit-accept", metavar="variant:ID", action="append", help="accept a published variant")
    group.addoption("--gnet-audit-fail-on", metavar="SEVERITY", help="error, warning or note: what fails a row")


def pytest_configure(config: pytest.Config) -> None:
    """Take the node ids of rows out of the words that pytest looks for among the files."""
    if config.getoption("--gnet-audit"):
        config.stash[ASKED] = frozenset(word for word in config.args if word.startswith(PREFIX))
        config.args = [word for word in config.args if not word.startswith(PREFIX)]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Behind everything else that is collected the rows of the paper, before anybody chooses, lists or counts."""
    target = config.getoption("--gnet-audit")
    if not target:
        return
    name = f"{PREFIX}{target}"
    report = collect_one_node(Audit.from_parent(session, name=name, nodeid=name))
    session.ihook.pytest_collectreport(report=report)
    items.extend(row for row in report.result or () if isinstance(row, Row))


class Audit(pytest.Collector):
    """The audited model as a collector: the audit runs once, when its rows are asked for."""

    def collect(self) -> Iterator[Row]:
        """One item for each row of the paper, and one for the verdict; of these the ones whose ids were asked for."""
        report, fail_on = _report(self.config)
        names = dict.fromkeys([*(row.row or row.slot for row in report.rows), "verdict"])
        asked = self.config.stash[ASKED]
        missing = asked - {self.nodeid} - {f"{self.nodeid}::{name}" for name in names}
        if missing:
            raise self.CollectError(f"not found: {', '.join(sorted(missing))}")
        for name in names:
            if not asked or asked & {self.nodeid, f"{self.nodeid}::{name}"}:
                yield Row.from_parent(self, name=name, report=report, fail_on=fail_on)


class Row(pytest.Item):
    """One row of the paper, or the verdict on all of it."""

    def __init__(self, *, report: Report, fail_on: Severity, **options: Any) -> None:
        super().__init__(**options)
        self.report = report
        self.lines, reasons = _judged(report, self.name, fail_on)
        unchecked = _unchecked(report, self.name)
        if unchecked and report.error:
            self.lines.append(unchecked)
        elif unchecked and not self.lines:
            self.add_marker(pytest.mark.skip(reason=unchecked))
        elif reasons and not self.lines:
            self.add_marker(pytest.mark.xfail(reason="; ".join(reasons), strict=False))
            self.lines = [f"accepted: {reason}" for reason in reasons]

    def runtest(self) -> None:
        """Fail with one line for each finding that names the row."""
        if self.lines:
            raise AssertionError("\n".join(self.lines))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The lines alone; a traceback of ours tells nobody anything."""
        if excinfo.errisinstance(AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that the test is: at the line of the row's first layer."""
        location = next((row.location for row in self.report.rows if row.row == self.name and row.location), None)
        if location is None:
            return Path(self.report.target), None, self.name
        return Path(location.file), location.line - 1, self.name


def _report(config: pytest.Config) -> tuple[Report, Severity]:
    """The audit, and what fails a row of it: as pytest's words say, else as `[tool.gnet-audit]` does for `check`."""
    from gnet_audit import options, policy, settings
    from gnet_audit.errors import GnetAuditError
    from gnet_audit.rules import Severity
    from gnet_audit.testing import audited

    try:
        told = settings.read(Path.cwd()).parameters("check")
        for name in ("spec", "baseline", "accept", "fail_on"):
            given = config.getoption(f"--gnet-audit-{name.replace('_', '-')}")
            told |= {} if given is None else {name: given}
        fail_on = options.choice(str(told.get("fail_on", Severity.ERROR)), Severity, "fail-on")
        rules = policy.wanted(options.words(told.get("select", ())), options.words(told.get("ignore", ())))
        report = audited(
            config.getoption("--gnet-audit"),
            spec=str(told.get("spec", "googlenet")),
            accept=options.words(told.get("accept", ())),
            baseline=str(told.get("baseline", "")),
        )
        return policy.narrowed(report, rules), fail_on
    except GnetAuditError as error:
        raise pytest.Collector.CollectError(error.line) from error


def _judged(report: Report, name: str, fail_on: Severity) -> tuple[list[str], list[str]]:
    """What fails a row, and the reasons of what is accepted of it."""
    from gnet_audit.acceptance import names
    from gnet_audit.formats import terse
    from gnet_audit.policy import exit_status, fails

    if name == "verdict":
        serious = exit_status(report, fail_on=fail_on) and not any(fails(one, fail_on) for one in report.findings)
        return ([*report.stale, terse.verdict_line(report)] if serious else []), []
    own = [one for one in report.findings if any(names(one, row) for row in _rows(report, name))]
    lines = [terse.finding_line(one, report, str(Path.cwd())) for one in own if fails(one, fail_on)]
    return lines, list(dict.fromkeys(one.accepted for one in own if one.accepted))


def _unchecked(report: Report, name: str) -> str:
    """Why a row was not checked as a whole; empty where it was."""
    from gnet_audit.report import RowStatus

    unknown = [row for row in _rows(report, name) if row.status is RowStatus.UNVERIFIED]
    return f"not checked: {unknown[0].slot}: {unknown[0].note}" if unknown else ""


def _rows(report: Report, name: str) -> list[SlotResult]:
    return [row for row in report.rows if (row.row or row.slot) == name]
