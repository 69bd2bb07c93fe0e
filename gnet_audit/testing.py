"""The audit as one assertion, for anybody's test suite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gnet_audit import acceptance, options, variants
from gnet_audit import baseline as baselines
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.pipeline import audit
from gnet_audit.policy import exit_status, narrowed, wanted
from gnet_audit.rules import Severity

if TYPE_CHECKING:
    from gnet_audit.network import Shape
    from gnet_audit.report import Report


def assert_matches(
    model: object,
    *,
    spec: str = "googlenet",
    input_shape: Shape | None = None,
    fail_on: Severity | str = Severity.ERROR,
    select: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
    accept: str | Sequence[str] = (),
    baseline: str | Path = "",
    prove: bool = True,
) -> None:
    """Raise AssertionError with one line for each difference unless the model is the paper's network.

    `model` is a torch module, a factory of one, or a target as on the command line.

    `input_shape` is (channels, height, width), the paper's by default; findings below `fail_on` (`"error"`,
    `"warning"`, `"note"`) pass, and so do rules left out by `select` or `ignore` (ids or their beginnings, such as
    GA2), and what is accepted: published variants (`accept="variant:torchvision"`) and the differences of a baseline
    file. `prove` executes the claim that nothing but the findings differs. UsageError for a word that makes no sense.
    """
    __tracebackhide__ = True  # pytest shows the test's own line, and what differs
    least = options.choice(fail_on, Severity, "fail_on")
    rules = wanted(_words(select), _words(ignore))
    report = audited(model, spec=spec, input_shape=input_shape, accept=accept, baseline=baseline, prove=prove)
    report = narrowed(report, rules)
    if exit_status(report, fail_on=least):
        *lines, verdict = render(report, Format.TEXT, View(terse=True)).rstrip().split("\n")
        raise AssertionError("\n".join((verdict, *lines)))


def audited(
    model: object,
    *,
    spec: str = "googlenet",
    input_shape: Shape | None = None,
    accept: str | Sequence[str] = (),
    baseline: str | Path = "",
    prove: bool = True,
) -> Report:
    """The report with the published variants recognised and what is accepted marked."""
    entries = variants.accepted(_words(accept), spec) + (baselines.read(Path(baseline)) if baseline else ())
    found = variants.recognised(audit(model, spec=spec, input_shape=input_shape, prove=prove))
    return acceptance.accept(found, entries, datetime.now().astimezone().date())


def _words(said: str | Sequence[str]) -> tuple[str, ...]:
    """One word or several, each perhaps a list with commas, as on the command line."""
    return options.words((said,) if isinstance(said, str) else said)
