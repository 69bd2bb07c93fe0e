"""A report as one page that needs nothing else: no network, no scripts; light and dark, screen and paper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from gnet_audit.formats import marks, places, plot, roofline, rows, terse, words
from gnet_audit.formats.columns import Col
from gnet_audit.formats.picture import HIGH, WIDE, picture, slices
from gnet_audit.formats.plot import Plot
from gnet_audit.formats.roofline import Roofline
from gnet_audit.formats.view import View
from gnet_audit.report import Report, Totals
from gnet_audit.rules import BY_ID

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "page.html.jinja"
ROOM, LABEL = 23, 17
"""Characters of an op, and of a name, that fit in a box."""
ALWAYS = ("slot", "status")
COLUMNS = (
    "slot", "layer", "expected_op", "found_op", "printed", "derived", "measured", "params", "macs", "status",
)  # fmt: skip
"""Of the table, by the names of a row's fields; one that is empty in every row is left out."""
HEADS = {"expected_op": "expected", "found_op": "found", "params": "parameters", "macs": "MACs", "status": "verdict"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Measured figures as a table: the columns that are not empty, and what is to be said of it."""

    title: str
    columns: tuple[Col, ...]
    notes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """For each column what it counts, as a head above those beside it that count the same; empty for no such head."""
    under: tuple[str, ...] = ()
    """For each line what stands small below its first cell."""

    @property
    def shown(self) -> list[tuple[str, Col]]:
        """The columns that say something, each with its group."""
        groups = self.groups or ("",) * len(self.columns)
        return [(group, column) for group, column in zip(groups, self.columns, strict=True) if column.filled]

    @property
    def spans(self) -> list[tuple[str, int]]:
        """The heads above the heads, and how many columns each has."""
        return [(group, len(list(columns))) for group, columns in groupby(group for group, _ in self.shown)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a page shows beside an audit, or of something else than an audit."""

    title: str = ""
    verdict: str = ""
    """The word, and `summary` the line, where they are not the audit's own."""
    summary: str = ""
    good: bool | None = None
    network: bool = True
    """Whether the rows are the layers of a network, which has a picture."""
    plots: tuple[Plot, ...] = ()
    roofline: Roofline | None = None
    no_roofline: str = ""
    """Why there is none, where one is to be expected."""
    tables: tuple[Table, ...] = ()
    counts: Table | None = None


def render(report: Report, view: View, figures: Figures | None = None) -> str:
    """The whole page; everything that comes from the model is escaped by the template."""
    figures = figures or Figures()
    named = places.findings_of(report)
    drawn = picture(report)
    numbers = {id(finding): number for number, finding in enumerate(report.findings, 1)}
    text = _template().render(
        report=report,
        title=figures.title or f"{report.target} beside {report.spec.title}",
        verdict=figures.verdict or terse.verdict_word(report),
        summary=figures.summary or terse.verdict_line(report, view),
        good=report.good if figures.good is None else figures.good,
        picture=drawn,
        slices=slices(drawn),
        size={"wide": WIDE, "high": HIGH},
        figures=figures,
        unchecked=rows.unchecked(report),
        not_checked=rows.amount_unchecked(report),
        roof_size={name: getattr(roofline, name.upper()) for name in ("width", "height", "left", "right", "bottom")},
        plot_size={
            "wide": plot.WIDTH,
            "high": plot.HEIGHT,
            "left": plot.LEFT,
            "right": plot.RIGHT,
            "bottom": plot.BOTTOM,
        },
        named={slot: [(numbers[id(one)], one) for one in findings] for slot, findings in named.items()},
        totals=_totals(report.totals),
        heads=HEADS,
        columns=[column for column in COLUMNS if column in ALWAYS or any(getattr(row, column) for row in report.rows)],
        rules=BY_ID,
        marks=marks.MARK,
        status_words=marks.WORD,
        place=lambda location: words.place(location, view.folder),
        lines=words.lines,
        lost=lambda finding: words.is_lost(finding, report),
        no_line=words.NO_LINE,
        behind=words.behind,
        shape=words.shape,
        number=words.number,
        signed=words.signed,
        cost=words.cost,
        paper=words.paper,
        short=_short,
        room={"op": ROOM, "label": LABEL},
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
    """Every text on the page with its control characters as escapes; the template escapes markup afterwards.

    What a macro of the template made is markup whose texts went through here already.
    """
    return words.safe(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


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
