"""The answer of `gnet-audit flops` as a page: the audit's page, the counts as a table, what was measured, the roofline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gnet_audit.counts import Reconciled
from gnet_audit.flops import Flops, by_row
from gnet_audit.formats import flops, flops_csv, html, roofline, speed, words
from gnet_audit.formats.columns import Col
from gnet_audit.formats.html import Figures, Table
from gnet_audit.formats.view import View
from gnet_audit.report import Report
from gnet_audit.rules import Severity
from gnet_audit.three_way import Agreement

PAIRS = ("p≠d", "p≠m", "d≠m")
WORK = ("eval", "training", "with backward", "weights", "outputs", "moved")
GROUPS = ("", *("parameters",) * 4, *("MACs",) * 4, *("MFLOP",) * 3, *("MB",) * 3)
NOTES = (
    "✗ names the two of printed (p), derived (d) and measured (m) that differ; – where there is nothing to compare.",
    "MFLOP and MB (1,000,000 bytes, float32) are of one image and rounded; CSV and JSON have all digits.",
)


def render(answer: Flops, judged: Report, view: View) -> str:
    """The whole page."""
    found, told = roofline.timed(answer), flops.verdict(answer)
    figures = Figures(
        title=f"Work of {answer.report.target} beside {answer.report.spec.title}",
        verdict=told.partition(":")[0],
        summary=told,
        good=not judged.error and all(one.severity is not Severity.ERROR for one in answer.findings),
        counts=_counts(answer),
        roofline=roofline.drawn(found, answer.report.target) if found else None,
        no_roofline="" if found else roofline.missing(answer),
        tables=tuple(_tables(answer)),
    )
    return html.render(judged, view, figures)


def _tables(answer: Flops) -> Iterator[Table]:
    measured = answer.speed
    if answer.counters:
        yield _counters(answer.counters)
    if measured and measured.rows:
        yield Table(
            title=speed.HEAD.partition(": ")[2],
            columns=tuple(speed.rows(measured.rows)),
            notes=(*speed.devices(measured), speed.AGAINST, *speed.notes(measured), *speed.last_words(measured)),
        )
    if measured and measured.layers:
        columns = speed.layers(by_row(answer.lines), measured, by_time=False)
        yield Table(title=speed.layers_head(measured), columns=tuple(columns))


def _counts(answer: Flops) -> Table:
    """Three numbers of parameters and of MACs with one verdict each, and the work, a line for each slot and sum."""
    records = list(flops_csv.records(replace(answer, counters=())))
    columns = [Col(head="slot", cells=tuple(_name(record) for record in records), number=False)]
    for first in (4, 4 + len(flops_csv.NUMBERS)):
        for index, head in enumerate(flops_csv.NUMBERS[:3], first):
            columns.append(Col(head=head, cells=tuple(_exact(record[index]) for record in records)))
        pairs = slice(first + 3, first + len(flops_csv.NUMBERS))
        columns.append(Col(head="verdict", cells=tuple(_verdict(record[pairs]) for record in records), number=False))
    for index, head in enumerate(WORK, 4 + 2 * len(flops_csv.NUMBERS)):
        columns.append(Col(head=head, cells=tuple(_million(record[index]) for record in records)))
    ops = tuple(str(record[3] or "") for record in records)
    return Table(title="Counts", columns=tuple(columns), notes=NOTES, groups=GROUPS, under=ops)


def _name(record: Sequence[flops_csv.Value]) -> str:
    kind, _, slot, *_ = record
    return f"sum: {slot}" if kind == "sum" else str(slot)


def _exact(value: flops_csv.Value) -> str:
    return words.number(value) if isinstance(value, int) else value or ""


def _million(value: flops_csv.Value) -> str:
    return f"{value / 1e6:,.2f}" if isinstance(value, int) else ""


def _verdict(pairs: Sequence[flops_csv.Value]) -> str:
    """One word for three comparisons."""
    differ = [name for name, value in zip(PAIRS, pairs, strict=True) if value == Agreement.DIFFER]
    if differ:
        return f"✗ {' '.join(differ)}"
    return "✓" if Agreement.AGREE in pairs else "–" if any(pairs) else ""


def _counters(counters: Sequence[Reconciled]) -> Table:
    """What others count in eval for one image, and how much of the difference is explained."""
    totals = [one.counted.total for one in counters]
    return Table(
        title="Counters of others, in eval, one image",
        columns=(
            Col(head="counter", cells=tuple(one.counted.counter.value for one in counters), number=False),
            Col(head="version", cells=tuple(one.counted.version for one in counters), number=False),
            Col(head="total", cells=tuple("failed" if total is None else f"{total:,}" for total in totals)),
            Col(head="unit", cells=tuple(one.counted.counter.unit for one in counters), number=False),
            Col(head="as here", cells=tuple(f"{one.ours:,}" for one in counters)),
            Col(head="explained", cells=tuple(f"{sum(term.amount for term in one.terms):+,}" for one in counters)),
            Col(head="remainder", cells=tuple(words.number(one.remainder) for one in counters)),
        ),
        notes=tuple(f"{one.counted.counter.value}: {one.counted.failure}" for one in counters if one.counted.failure),
    )
