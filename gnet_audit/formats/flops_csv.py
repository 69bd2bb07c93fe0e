"""The answer of `gnet-audit flops` for spreadsheets and pages: a record for each slot and sum, exact integers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from gnet_audit.conventions import Cell
from gnet_audit.flops import FLOAT, Flops
from gnet_audit.formats import words
from gnet_audit.formats.csv import FORMULA
from gnet_audit.three_way import Line, Pair
from gnet_audit.work import LayerWork

Value = str | int | None
NUMBERS = ("printed", "derived", "measured", *(pair.value.replace(", ", "_") for pair in Pair))
WORK = (
    "flops", "training_forward_flops", "forward_backward_flops", "parameter_bytes", "activation_bytes", "bytes_moved",
)  # fmt: skip


def render(answer: Flops) -> str:
    """The records, their head first, RFC 4180."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_guarded(value) for value in record] for record in table(answer))
    return file.getvalue()


def table(answer: Flops) -> Iterator[tuple[Value, ...]]:
    """The records, their head first."""
    yield head(answer)
    yield from records(answer)


def head(answer: Flops) -> tuple[str, ...]:
    """The columns: what it is, three numbers of parameters and MACs, work, and what the other counters say."""
    names = [one.counted.counter.value for one in answer.counters]
    counters = tuple(f"{name}_{what}" for name in names for what in ("total", "explained", "remainder"))
    return (
        "kind",
        "row",
        "slot",
        "op",
        *(f"{cell}_{name}" for cell in ("params", "macs") for name in NUMBERS),
        *WORK,
        *counters,
    )


def records(answer: Flops) -> Iterator[tuple[Value, ...]]:
    """Each slot (and each layer that belongs to none), each sum, and last all the work with the other counters."""
    none = (None,) * 3 * len(answer.counters)
    slots = {(line.row, line.name): line for line in answer.three.slots}
    for work in answer.lines:
        line = slots.pop((work.row or work.slot, work.slot), None)
        numbers, done = _numbers(line), _work(answer, work.eval, work.train)
        yield ("slot" if line else "layer", work.row, work.slot, work.op, *numbers, *done, *none)
    for line in slots.values():
        yield ("slot", line.row, line.name, "", *_numbers(line), *(None,) * len(WORK), *none)
    for line in answer.three.totals:
        yield ("sum", "", line.name, "", *_numbers(line), *(None,) * len(WORK), *none)
    said = (
        value
        for one in answer.counters
        for value in (one.counted.total, sum(term.amount for term in one.terms), one.remainder)
    )
    yield ("work", "", "all", "", *_numbers(None), *_work(answer, answer.eval, answer.train), *said)


def _numbers(line: Line | None) -> tuple[Value, ...]:
    if line is None:
        return (None,) * 2 * len(NUMBERS)
    return tuple(
        value
        for triple in (line.of(Cell.PARAMS), line.of(Cell.OPS))
        for value in (
            triple.printed,
            triple.number(triple.derived),
            triple.number(triple.measured),
            *(verdict.agreement.value for verdict in triple.verdicts),
        )
    )


def _work(answer: Flops, plain: LayerWork, training: LayerWork) -> tuple[int, ...]:
    kinds = answer.kinds
    return (
        plain.flops(kinds),
        training.flops(kinds),
        training.flops(kinds) + training.flops_back(kinds),
        FLOAT * plain.params,
        FLOAT * plain.written,
        plain.moved(1, FLOAT),
    )


def _guarded(value: Value) -> Value:
    """A text that a spreadsheet would run gets an apostrophe in front."""
    if not isinstance(value, str):
        return value
    return f"'{words.safe(value)}" if value.startswith(FORMULA) else words.safe(value)
