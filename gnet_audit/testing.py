"""The audit as one assertion, for anybody's test suite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gnet_audit import acceptance, variants
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
    fail_on: Severity = Severity.ERROR,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    accept: Sequence[str] = (),
    baseline: str | Path = "",
    prove: bool = True,
) -> None:
    """Raise AssertionError with one line for each difference unless the model is the paper's network.

    `model` is a torch module, a factory of one, or a target as on the command line.

    `input_shape` is (channels, height, width), the paper's by default; findings below `fail_on` pass, and so do
    rules left out by `select` or `ignore` (ids or their beginnings, such as GA2), and what is accepted: published
    variants (`accept=["variant:torchvision"]`) and the differences of a baseline file. `prove` executes the claim
    that nothing but the findings differs.
    """
    report = audited(model, spec=spec, input_shape=input_shape, accept=accept, baseline=baseline, prove=prove)
    report = narrowed(report, wanted(select, ignore))
    if exit_status(report, fail_on=fail_on):
        raise AssertionError("\n" + render(report, Format.TEXT, View(terse=True)).rstrip())


def audited(
    model: object,
    *,
    spec: str = "googlenet",
    input_shape: Shape | None = None,
    accept: Sequence[str] = (),
    baseline: str | Path = "",
    prove: bool = True,
) -> Report:
    """The report with the published variants recognised and what is accepted marked."""
    entries = variants.accepted(accept, spec) + (baselines.read(Path(baseline)) if baseline else ())
    found = variants.recognised(audit(model, spec=spec, input_shape=input_shape, prove=prove))
    return acceptance.accept(found, entries, datetime.now().astimezone().date())
