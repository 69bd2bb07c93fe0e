"""A report as one page that needs nothing else: no network, no scripts; light and dark, screen and paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from gnet_audit.formats import places, plot, terse, words
from gnet_audit.formats.picture import HIGH, WIDE, picture
from gnet_audit.formats.plot import Plot
from gnet_audit.formats.view import View
from gnet_audit.report import Report, Totals, Verdict
from gnet_audit.rules import BY_ID

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "page.html.jinja"
ROOM = 23
"""Characters of an op that fit in a box."""


def render(
    report: Report, view: View, plots: Sequence[Plot] = (), counts: Sequence[Sequence[str | int | None]] = ()
) -> str:
    """The whole page, `counts` a table with its head first; everything that comes from the model is escaped by the template."""
    named = places.findings_of(report)
    numbers = {id(finding): number for number, finding in enumerate(report.findings, 1)}
    text = _template().render(
        report=report,
        title=f"{report.target} beside {report.spec.title}",
        verdict=terse.verdict_word(report),
        summary=terse.verdict_line(report),
        good=report.verdict is Verdict.MATCHES,
        picture=picture(report),
        size={"wide": WIDE, "high": HIGH},
        plots=plots,
        counts=counts,
        plot_size={
            "wide": plot.WIDTH,
            "high": plot.HEIGHT,
            "left": plot.LEFT,
            "right": plot.RIGHT,
            "bottom": plot.BOTTOM,
        },
        named={slot: [(numbers[id(one)], one) for one in findings] for slot, findings in named.items()},
        totals=_totals(report.totals),
        rules=BY_ID,
        marks=words.MARK,
        status_words=words.WORD,
        place=lambda location: words.place(location, view.folder),
        shape=words.shape,
        number=words.number,
        signed=words.signed,
        cost=words.cost,
        paper=words.paper,
        short=_short,
    )
    return f"{text.rstrip()}\n"


def fragment(report: Report) -> str:
    """The page within a frame, for a notebook: its styles stay its own."""
    from html import escape

    # Without a base of its own a link to a part of the page would open the notebook within the frame.
    page = escape(render(report, View()).replace("<head>", '<head>\n<base href="about:srcdoc">', 1), quote=True)
    return f'<iframe title="gnet-audit" style="width:100%;height:46em;border:0" sandbox srcdoc="{page}"></iframe>'


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_visible, trim_blocks=True, lstrip_blocks=True
    )
    source = files("gnet_audit.formats").joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source)


def _visible(value: object) -> object:
    """Every text on the page with its control characters as escapes; the template escapes markup afterwards."""
    return words.safe(value) if isinstance(value, str) else value


def _short(text: str) -> str:
    return text if len(text) <= ROOM else f"{text[: ROOM - 1]}…"


def _totals(totals: Totals) -> list[tuple[str, str, str, str]]:
    lines = (
        ("parameters", totals.expected_params, totals.params),
        ("parameters, training", totals.expected_params_train, totals.params_train),
        ("MACs per image", totals.expected_macs, totals.macs),
        ("MACs per image, training", totals.expected_macs_train, totals.macs_train),
        ("parameters, all it owns", None, totals.model_params),
    )
    return [
        (
            name,
            words.number(expected),
            words.number(found),
            "" if expected is None or found is None else words.signed(found - expected),
        )
        for name, expected, found in lines
        if expected is not None or found is not None
    ]
