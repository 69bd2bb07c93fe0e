"""A smoke training as a page: the verdict, the losses as plots, the checks that failed, and all checks as a table."""

from __future__ import annotations

from gnet_audit.formats import checks, html
from gnet_audit.formats.html import Figures
from gnet_audit.formats.training import verdict_line
from gnet_audit.formats.view import View
from gnet_audit.training import Training


def render(training: Training, view: View) -> str:
    """The whole page."""
    figures = Figures(
        title=f"Smoke training of {training.target} ({training.data.kind} data)",
        verdict=training.verdict.value,
        summary=verdict_line(training),
        network=False,
        plots=checks.curves(training),
    )
    return html.render(checks.report(training), view, figures)
