"""The audit as one assertion, for anybody's test suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.pipeline import audit
from gnet_audit.policy import exit_status, narrowed, wanted
from gnet_audit.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gnet_audit.network import Shape


def assert_matches(
    model: object,
    *,
    spec: str = "googlenet",
    input_shape: Shape | None = None,
    fail_on: Severity = Severity.ERROR,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> None:
    """Raise AssertionError with one line for each difference unless the model is the paper's network.

    `model` is a torch module, a factory of one, or a target as on the command line.

    `input_shape` is (channels, height, width), the paper's by default; findings below `fail_on` pass, and so do
    rules left out by `select` or `ignore` (ids or their beginnings, such as GA2).
    """
    report = narrowed(audit(model, spec=spec, input_shape=input_shape), wanted(select, ignore))
    if exit_status(report, fail_on=fail_on):
        raise AssertionError("\n" + render(report, Format.TEXT, View(terse=True)).rstrip())
