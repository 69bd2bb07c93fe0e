"""The paper as text: the specs there are, the table as printed beside what follows from it, one row in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from rich.cells import cell_len
from rich.text import Text

from gnet_audit import expand
from gnet_audit.errors import UsageError
from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.layout import GAP
from gnet_audit.network import Conv2d, Layer, Mode, Network, Pool2d, SpecOrigin
from gnet_audit.notation import number_text, op_text, padding_text, pair_text
from gnet_audit.spec import Fact, Head, Row, Spec, Step


def listed(papers: Iterable[Spec]) -> str:
    """One line for each spec: id, title, size, citation."""
    return "".join(f"{paper.id}  {paper.title}  {_size(paper)}  {paper.citation}\n" for paper in papers)


def valid(file: str, paper: Spec) -> str:
    """The answer for a spec without mistakes."""
    return f"{file}: valid: {_size(paper)}, {words.count(len(paper.steps), 'slot')}\n"


def _size(paper: Spec) -> str:
    heads = f", {words.count(len(paper.heads), 'head')}" if paper.heads else ""
    return words.count(len(paper.rows), "row") + heads


# --- the whole table ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of the paper's table: printed cells, or what is derived from them."""

    head: str
    cells: tuple[str, ...]
    number: bool = False

    @property
    def width(self) -> int:
        return max(map(cell_len, (*self.head.split(), *self.cells)))


SPARE = ("title", "depth", "derived output", "derived MACs", "derived params", "patch", "source")
"""The columns that make room on a narrow terminal, first to last."""


UNITS = {"params": "parameters", "macs": "MACs"}


def table(paper: Spec, *, width: int, source: bool = False, color: bool = False) -> str:
    """The rows as printed beside what is derived from them, the heads, the totals; with `source`, where it all stands."""
    canvas = Canvas(width=width, color=color)
    network = expand.network(paper, Mode.TRAIN)
    canvas.paragraph(words.safe(f"{paper.title}: {paper.citation}"), rest="  ")
    canvas.line(f"input {words.shape(paper.input_shape)}{_stands(paper.input_source.where, source=source)}")
    canvas.line()
    _draw(canvas, tuple(_columns(paper.rows, network, source=source)))
    for head in paper.heads:
        canvas.line()
        canvas.paragraph(words.safe(_hangs(head, source=source)), rest="  ")
        _draw(canvas, tuple(_slots(head.row, network)))
    canvas.line()
    for line in _totals(paper, network):
        canvas.paragraph(words.safe(line), rest="  ")
    if source:
        _sources(canvas, paper)
    return canvas.text()


def _columns(rows: Sequence[Row], network: Network, *, source: bool) -> Iterator[_Column]:
    yield _Column(head="row", cells=tuple(row.id for row in rows))
    yield _Column(head="title", cells=tuple(row.title for row in rows))
    if source:
        yield _Column(head="source", cells=tuple(row.source.id for row in rows))
    for name in _cell_names(rows):
        cells = tuple(row.cell(name) for row in rows)
        yield _Column(head=name.replace("_", " "), cells=cells, number=name not in {"patch", "output"})
    layers = [_layers(row, network) for row in rows]
    yield _Column(head="derived output", cells=tuple(words.shape(part[-1].shape) for part in layers))
    yield _Column(
        head="derived params", cells=tuple(_sum(layer.params for layer in part) for part in layers), number=True
    )
    yield _Column(head="derived MACs", cells=tuple(_sum(layer.macs for layer in part) for part in layers), number=True)


def _cell_names(rows: Iterable[Row]) -> list[str]:
    """The names of all printed cells: each row's in its own order, a new one before what follows it there."""
    names: list[str] = []
    for row in rows:
        following = len(names)
        for name, _ in reversed(row.printed):
            if name in names:
                following = names.index(name)
            elif "." not in name:
                names.insert(following, name)
    return names


def _slots(row: Row, network: Network) -> Iterator[_Column]:
    layers = [network.by_name[step.slot] for step in row.steps]
    yield _Column(head="slot", cells=tuple(step.slot for step in row.steps))
    yield _Column(head="op", cells=tuple(op_text(layer.op) for layer in layers))
    yield _Column(head="output", cells=tuple(row.output_of(step) for step in row.steps))
    yield _Column(head="derived output", cells=tuple(words.shape(layer.shape) for layer in layers))
    yield _Column(head="derived params", cells=tuple(_sum([layer.params]) for layer in layers), number=True)
    yield _Column(head="derived MACs", cells=tuple(_sum([layer.macs]) for layer in layers), number=True)


def _layers(row: Row, network: Network) -> list[Layer]:
    return [network.by_name[name] for step in row.steps for name in step.names]


def _sum(counts: Iterable[int]) -> str:
    """A sum; empty for nothing."""
    return words.number(sum(counts) or None)


def _draw(canvas: Canvas, columns: Sequence[_Column]) -> None:
    """The columns that fit, then the names of those that do not."""
    kept = list(columns)
    for head in SPARE:
        if sum(column.width + GAP for column in kept) - GAP > canvas.width:
            kept = [column for column in kept if column.head != head]
    canvas.table(
        [column.head for column in kept],
        [column.width for column in kept],
        [column.number for column in kept],
        [[Text(words.safe(cell)) for cell in cells] for cells in zip(*(column.cells for column in kept), strict=True)],
    )
    dropped = [column.head for column in columns if column not in kept]
    if dropped:
        canvas.paragraph(f"not shown at {canvas.width} columns: {', '.join(dropped)}")


def _hangs(head: Head, *, source: bool) -> str:
    when = "in training only" if head.train_only else "always"
    weight = f"loss weight {_value(head.loss_weight)}"
    return f"{head.id}: {head.title}; reads {head.tap}, {when}, {weight}" + _stands(
        head.row.source.where, source=source
    )


def _stands(where: str, *, source: bool) -> str:
    return f" ({where})" if source else ""


def _totals(paper: Spec, network: Network) -> Iterator[str]:
    heads = {head.id for head in paper.heads}
    main = [
        layer for layer in network.layers if not (isinstance(layer.origin, SpecOrigin) and layer.origin.row in heads)
    ]
    yield f"derived: {_amounts(main)}" + (f"; with the heads {_amounts(network.layers)}" if heads else "")
    for total in paper.totals:
        yield f"{total.source.status}: {total.printed} {UNITS[total.of]} in all ({total.source.where})"


def _amounts(layers: Iterable[Layer]) -> str:
    known = tuple(layers)
    return f"{sum(layer.params for layer in known):,} parameters, {sum(layer.macs for layer in known):,} MACs"


def _sources(canvas: Canvas, paper: Spec) -> None:
    canvas.line()
    canvas.line("sources")
    widest = max(cell_len(source.id) for source in paper.sources)
    for source in paper.sources:
        first = f"  {words.safe(source.id):<{widest}}  {source.status:<8}  "
        canvas.paragraph(words.safe(source.where), first=first, rest=" " * len(first))


# --- one row --------------------------------------------------------------------------------------------


def row(paper: Spec, name: str, *, width: int, source: bool = False, color: bool = False) -> str:
    """A row, a head or a single slot with all its attributes; UsageError where the paper has none of that name."""
    owner, steps = _named(paper, name)
    canvas = Canvas(width=width, color=color)
    network = expand.network(paper, Mode.TRAIN)
    head = next((head for head in paper.heads if head.row is owner), None)
    title = _hangs(head, source=False) if head else f"{owner.id}: {owner.title}"
    canvas.paragraph(words.safe(title), rest="  ")
    if owner.printed:
        canvas.paragraph(words.safe(", ".join(f"{key} {text}" for key, text in owner.printed)), first="  ", rest="  ")
    if source:
        canvas.paragraph(words.safe(words.paper(owner.source)), first="  ", rest="  ")
    for step in steps:
        canvas.line()
        _step(canvas, step, network, source=source)
    return canvas.text()


def _named(paper: Spec, name: str) -> tuple[Row, tuple[Step, ...]]:
    rows = (*paper.rows, *(head.row for head in paper.heads))
    for owner in rows:
        if owner.id == name:
            return owner, owner.steps
    for owner in rows:
        for step in owner.steps:
            if name in step.names:
                return owner, (step,)
    known = [*(owner.id for owner in rows), *(step.slot for step in paper.steps)]
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    expected = f"one like {', '.join(near)}" if near else f"one such as {', '.join(known[:3])}; `spec show` lists them"
    raise UsageError(f"{paper.id} has no row, head or slot {name!r}", where="ROW", expected=expected)


def _step(canvas: Canvas, step: Step, network: Network, *, source: bool) -> None:
    layer = network.by_name[step.slot]
    canvas.line(f"{step.slot}  {op_text(layer.op)}", style="bold")
    canvas.paragraph(f"reads {', '.join(layer.inputs)}", first="  ", rest="    ")
    work = f", {layer.params:,} parameters, {layer.macs:,} MACs" if layer.params or layer.macs else ""
    canvas.line(f"  gives {words.shape(layer.shape)}{work}")
    facts = [(name, _value(fact, layer), fact) for name, fact in step.facts]
    if not source:
        canvas.paragraph(words.safe(", ".join(f"{name} {value}" for name, value, _ in facts)), first="  ", rest="  ")
        return
    for name, value, fact in facts:
        first = f"  {name:<14} {words.safe(value):<12} "
        canvas.paragraph(words.safe(words.paper(fact.source)), first=first, rest=" " * len(first))


def _value(fact: Fact, layer: Layer | None = None) -> str:
    """A fact's value as the paper would write it."""
    match fact.value:
        case bool():
            return "yes" if fact.value else "no"
        case int() | float():
            return number_text(fact.value)
        case (height, width):
            return str(height) if height == width else pair_text((height, width))
        case (top, bottom, left, right):
            return padding_text((top, bottom, left, right))
        case "same" if layer and isinstance(layer.op, Conv2d | Pool2d):
            return f"{padding_text(layer.op.padding)} (same)"
        case _:
            return str(fact.value)
