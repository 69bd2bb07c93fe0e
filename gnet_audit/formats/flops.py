"""The answer of `gnet-audit flops` as text: three numbers a row, work, memory, other counters, speed, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gnet_audit import conventions
from gnet_audit.conventions import Cell
from gnet_audit.counts import Reconciled
from gnet_audit.flops import Flops, WorkLine, by_row
from gnet_audit.formats import speed as speeds
from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.columns import Col, draw
from gnet_audit.formats.lint import STYLE
from gnet_audit.formats.view import Depth
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.three_way import Agreement, Line, Pair, Triple
from gnet_audit.work import CONVENTION, Kind

FLOAT = 4
MARK = {Agreement.AGREE: "✓", Agreement.DIFFER: "✗ differ", Agreement.NOTHING: ""}
NO_TIMES = "nothing was timed layer by layer, so there are no times to sort by: --sort time needs --device"
UNIT = {Cell.PARAMS: "parameters", Cell.OPS: "MACs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a reader may choose about the text."""

    width: int = 160
    color: bool = False
    depth: Depth = Depth.ROW
    by_time: bool = False
    """The slowest first."""


def text(answer: Flops, choices: Choices | None = None) -> str:
    """The whole answer; the last line is the verdict."""
    choices = choices or Choices()
    canvas = Canvas(width=choices.width, color=choices.color)
    _head(canvas, answer)
    for cell in Cell if answer.three.rows else ():
        canvas.line()
        _three(canvas, answer, cell, choices)
    canvas.line()
    _work(canvas, answer, choices)
    canvas.line()
    _memory(canvas, answer)
    if answer.counters:
        canvas.line()
        _counters(canvas, answer)
    if answer.speed:
        canvas.line()
        speeds.draw_speed(canvas, answer.speed)
        if answer.speed.layers:
            canvas.line()
            speeds.draw_layers(canvas, _lines(answer, choices), answer.speed, by_time=choices.by_time)
    if choices.by_time and not (answer.speed and answer.speed.layers):
        canvas.line()
        canvas.paragraph(NO_TIMES)
    _findings(canvas, answer)
    canvas.line()
    if answer.unseen:
        canvas.paragraph(
            f"the audit found {words.count(answer.unseen, 'difference')} from the paper that no count shows: "
            "`gnet-audit shapes` names them"
        )
    canvas.paragraph(verdict(answer), rest="  ", style="bold")
    return canvas.text()


def _head(canvas: Canvas, answer: Flops) -> None:
    report = answer.report
    canvas.paragraph(
        f"work of {words.safe(report.target)} beside {words.safe(report.spec.title)} (spec {words.safe(report.spec.id)}, "
        f"sha256 {report.spec.sha256[:12]}), input {words.shape(report.input_shape)}, counts for one image"
    )
    counted = ", ".join(kind.value for kind in Kind if kind in answer.kinds)
    canvas.paragraph(f"{CONVENTION}; MACs are of convolutions and linear layers; FLOPs count {counted}")
    if not report.compared and report.reason:
        canvas.paragraph(f"not held against the paper: {words.safe(report.reason)}")


# --- three numbers ---------------------------------------------------------------------------------------------


def _three(canvas: Canvas, answer: Flops, cell: Cell, choices: Choices) -> None:
    lines = answer.three.slots if choices.depth is Depth.SLOT else answer.three.rows
    shown = [line for line in lines if _says(line.of(cell))]
    every = [*shown, *answer.three.totals]
    triples = [line.of(cell) for line in every]
    unit = UNIT[cell]
    draw(
        canvas,
        [
            Col(head=unit, cells=tuple(line.name for line in every), number=False),
            Col(head="printed", cells=tuple(triple.printed for triple in triples)),
            Col(head="derived", cells=tuple(words.number(triple.number(triple.derived)) for triple in triples)),
            Col(head="measured", cells=tuple(words.number(triple.number(triple.measured)) for triple in triples)),
            *(_pair(pair, triples, spare) for pair, spare in zip(Pair, (2, 1, 0), strict=True)),
            Col(head="printed as", cells=tuple(_as(answer, line, cell) for line in every), number=False, spare=3),
        ],
    )
    left = len(lines) - len(shown)
    if left:
        canvas.paragraph(f"{words.count(left, choices.depth.value)} without {unit} not shown")


def _says(triple: Triple) -> bool:
    """Whether a line has anything to say in a column."""
    return bool(triple.printed or triple.number(triple.derived) or triple.number(triple.measured))


def _pair(pair: Pair, triples: Sequence[Triple], spare: int) -> Col:
    cells = tuple(MARK[triple.verdict(pair).agreement] for triple in triples)
    return Col(head=pair.value.replace(", ", " ~"), cells=cells, number=False, spare=spare)


def _as(answer: Flops, line: Line, cell: Cell) -> str:
    """The convention by which the printed cell follows from the channels; that none does is the paper's own doing."""
    triple = line.of(cell)
    if not triple.printed or line in answer.three.totals:
        return ""
    if not triple.applies:
        return "nothing to compare at this input"
    order = tuple(convention for column, convention, _ in answer.three.lint.tally if column is cell)
    fit = triple.verdict(Pair.PRINTED_DERIVED).conventions
    return conventions.named(fit, order) if fit else "no way: contradicts itself"


# --- work ------------------------------------------------------------------------------------------------------


def _lines(answer: Flops, choices: Choices) -> tuple[WorkLine, ...]:
    return answer.lines if choices.depth is Depth.SLOT else by_row(answer.lines)


def _work(canvas: Canvas, answer: Flops, choices: Choices) -> None:
    kinds = answer.kinds
    lines = [line for line in _lines(answer, choices) if line.eval.macs or line.eval.written or line.train.written]
    every = [*((line.slot, line.eval, line.train) for line in lines), ("total", answer.eval, answer.train)]
    draw(
        canvas,
        [
            Col(head="work", cells=tuple(name for name, _, _ in every), number=False),
            Col(head="MACs", cells=tuple(f"{one.macs:,}" for _, one, _ in every)),
            Col(head="FLOPs", cells=tuple(f"{one.flops(kinds):,}" for _, one, _ in every)),
            Col(head="training forward FLOPs", cells=tuple(f"{one.flops(kinds):,}" for _, _, one in every), spare=2),
            Col(
                head="forward + backward FLOPs",
                cells=tuple(f"{one.flops(kinds) + one.flops_back(kinds):,}" for _, _, one in every),
            ),
            Col(head="parameter bytes", cells=tuple(f"{FLOAT * one.params:,}" for _, one, _ in every), spare=3),
            Col(head="activation bytes", cells=tuple(f"{FLOAT * one.written:,}" for _, one, _ in every), spare=4),
            Col(head="bytes moved", cells=tuple(f"{one.moved(1, FLOAT):,}" for _, one, _ in every), spare=1),
        ],
    )
    if kinds != frozenset(Kind):
        canvas.paragraph("not counted: " + _uncounted(answer), rest="  ")
    canvas.paragraph(
        "bytes in fp32; an activation rides on the op before it; of the backward pass only the products are exact, every "
        "other op is taken to cost as much as forward",
        rest="  ",
    )


def _uncounted(answer: Flops) -> str:
    """What --count all would add, by kind."""
    rest = [f"{kind} {count:,}" for kind, count in answer.eval.forward if kind not in answer.kinds]
    return ", ".join(rest) + " FLOPs (--count all)" if rest else "nothing"


def _memory(canvas: Canvas, answer: Flops) -> None:
    memory = answer.memory
    canvas.paragraph(
        f"memory (fp32, estimated): {_mib(memory.params)} of parameters; activations of one image at the peak "
        f"{_mib(memory.inference)} in eval, {_mib(memory.training)} kept in training, where gradients take another "
        f"{_mib(memory.params)}",
        rest="  ",
    )


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"


# --- other counters ----------------------------------------------------------------------------------------------


def _counters(canvas: Canvas, answer: Flops) -> None:
    canvas.line("counters of others, in eval, one image, each on a copy of its own", "bold")
    ours = answer.eval.macs
    canvas.line(f"  {'gnet-audit':<16}  {ours:>16,} MACs = {2 * ours:,} FLOPs")
    for one in answer.counters:
        counted = one.counted
        total = "failed" if counted.total is None else f"{counted.total:,}"
        canvas.line(f"  {counted.counter.value:<16}  {total:>16} {counted.counter.unit}  ({counted.version})")
        for line in _explained(one):
            canvas.paragraph(words.safe(line), first=" " * 6, rest=" " * 8)


def _explained(one: Reconciled) -> Iterator[str]:
    if one.counted.failure:
        yield f"failed: {one.counted.failure}"
        return
    yield f"{one.ours:,} as here"
    for term in one.terms:
        yield f"{term.amount:+,}  {term.text} ({words.count(len(term.layers), 'layer')})"
    yield f"remainder {one.remainder:,}: " + ("explained to the op" if not one.remainder else "NOT EXPLAINED")
    if one.remainder:
        yield "its own account: " + ", ".join(f"{name} {amount:,}" for name, amount in one.counted.ledger)
    if one.counted.skipped:
        yield "it skipped " + ", ".join(f"{name} ×{count}" for name, count in one.counted.skipped)


# --- what is wrong -----------------------------------------------------------------------------------------------


def _findings(canvas: Canvas, answer: Flops) -> None:
    for index, finding in enumerate(answer.findings, 1):
        canvas.line()
        title = f"{finding.severity} {finding.rule} {BY_ID[finding.rule].title}: {words.some(finding.rows, limit=1)}"
        canvas.paragraph(title, first=f"{index:<3}", rest="   ", style=STYLE[finding.severity])
        for label, line in (
            ("what", finding.message),
            ("places", words.some(finding.rows, 12)),
            ("cure", finding.cure),
        ):
            canvas.paragraph(words.safe(line), first=f"   {label:<8}", rest=" " * 11)
    if answer.unverified:
        canvas.line()
        for entry in answer.unverified:
            canvas.paragraph(f"{words.safe(entry.what)}: {words.safe(entry.why)}", first="not checked: ", rest="  ")


def verdict(answer: Flops) -> str:
    """The last line."""
    rows = [line for line in answer.three.rows if any(map(_says, (line.params, line.ops)))]
    tally = [
        sum(any(line.of(cell).verdict(pair).agreement is Agreement.DIFFER for cell in Cell) for line in rows)
        for pair in Pair
    ]
    graves = sum(finding.severity is Severity.ERROR for finding in answer.findings)
    held = "not held against the paper"
    if rows:
        held = (
            f"{len(rows)} rows: model and channels differ in {tally[2]}, print and channels in {tally[0]}, "
            f"print and model in {tally[1]}"
        )
    ran = all(line.params.ran for line in answer.three.rows)
    word = "counts differ" if graves else "counts agree" if rows and ran else "counted"
    modes = answer.report.modes
    whole, mode = (answer.eval, "") if "eval" in modes else (answer.train, " in training")
    mode = mode if modes else " as far as it ran"
    return f"{word}: {whole.macs:,} MACs, {2 * whole.macs:,} FLOPs{mode}; {held}"
