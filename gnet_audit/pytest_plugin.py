"""`pytest --gnet-audit TARGET`: one test for each row of the paper. Loads nothing heavy unless it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import collect_one_node

if TYPE_CHECKING:
    from gnet_audit.report import Report

PREFIX = "gnet-audit:"
"""What the node ids of rows begin with."""
ASKED = pytest.StashKey[frozenset[str]]()
"""The node ids of rows among the words."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; only the first switches anything on."""
    group = parser.getgroup("gnet-audit", "audit a PyTorch model against a paper")
    group.addoption("--gnet-audit", metavar="TARGET", default="", help="one test for each row of the paper")
    group.addoption("--gnet-audit-spec", metavar="NAME", default="googlenet", help="a shipped spec, or a .toml file")
    group.addoption("--gnet-audit-baseline", metavar="FILE", default="", help="differences that you accept: xfail")
    group.addoption(
        "--gnet-audit-accept", metavar="variant:ID", action="append", default=[], help="accept a published variant"
    )


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
        report = _report(self.config)
        names = dict.fromkeys([*(row.row or row.slot for row in report.rows), "verdict"])
        asked = self.config.stash[ASKED]
        missing = asked - {self.nodeid} - {f"{self.nodeid}::{name}" for name in names}
        if missing:
            raise self.CollectError(f"not found: {', '.join(sorted(missing))}")
        for name in names:
            if not asked or asked & {self.nodeid, f"{self.nodeid}::{name}"}:
                yield Row.from_parent(self, name=name, report=report)


class Row(pytest.Item):
    """One row of the paper, or the verdict on all of it."""

    def __init__(self, *, report: Report, **options: Any) -> None:
        super().__init__(**options)
        self.report = report
        self.lines, reasons = _judged(report, self.name)
        if reasons and not self.lines:
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


def _report(config: pytest.Config) -> Report:
    from gnet_audit.errors import GnetAuditError
    from gnet_audit.testing import audited

    try:
        return audited(
            config.getoption("--gnet-audit"),
            spec=config.getoption("--gnet-audit-spec"),
            accept=config.getoption("--gnet-audit-accept"),
            baseline=config.getoption("--gnet-audit-baseline"),
        )
    except GnetAuditError as error:
        raise pytest.Collector.CollectError(error.line) from error


def _judged(report: Report, name: str) -> tuple[list[str], list[str]]:
    """What fails a row, and the reasons of what is accepted of it."""
    from gnet_audit.acceptance import names
    from gnet_audit.formats import terse
    from gnet_audit.policy import exit_status, fails
    from gnet_audit.rules import Severity

    if name == "verdict":
        serious = exit_status(report) and not any(fails(one, Severity.ERROR) for one in report.findings)
        return ([*report.stale, terse.verdict_line(report)] if serious else []), []
    rows = [row for row in report.rows if (row.row or row.slot) == name]
    own = [one for one in report.findings if any(names(one, row) for row in rows)]
    lines = [terse.finding_line(one, report.target, str(Path.cwd())) for one in own if fails(one, Severity.ERROR)]
    return lines, list(dict.fromkeys(one.accepted for one in own if one.accepted))
