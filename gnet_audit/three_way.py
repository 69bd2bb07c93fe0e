"""Three numbers for everything: printed in the paper, derived from its channels, measured in the model; a verdict a pair.

Pure: from a spec and a finished report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from gnet_audit import conventions
from gnet_audit.contradictions import Lint, lint, middle
from gnet_audit.conventions import Cell, Convention, Count, count
from gnet_audit.report import Report, RowStatus, SlotResult
from gnet_audit.spec import Spec

WITH_HEADS = "total with the heads"
CLOSE = 0.01
"""Two totals this near to each other (as a share) would be taken for the same by a reader."""


class Pair(StrEnum):
    """Which two of the three numbers are held against each other."""

    PRINTED_DERIVED = "printed, derived"
    PRINTED_MEASURED = "printed, measured"
    DERIVED_MEASURED = "derived, measured"


class Agreement(StrEnum):
    """What became of one pair."""

    AGREE = "agree"
    DIFFER = "differ"
    NOTHING = "nothing to compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One pair's verdict and, where a printed text is one of the two, the conventions that give it."""

    pair: Pair
    agreement: Agreement
    conventions: tuple[Convention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """The three numbers of one column of one line, without biases and with."""

    cell: Cell
    printed: str
    derived: Count | None
    measured: Count | None
    verdicts: tuple[Verdict, ...]
    applies: bool = True
    """Whether what is printed speaks of the input that was audited: MACs do of the paper's own only."""
    ran: bool = True
    """Whether the forward reached all of it; what was not run is unverified and differs from nothing."""

    def verdict(self, pair: Pair) -> Verdict:
        """The verdict on one pair."""
        return next(one for one in self.verdicts if one.pair is pair)

    def number(self, counts: Count | None) -> int | None:
        """The count that a column shows: all parameters, products only."""
        return None if counts is None else counts.of(self.cell, biases=self.cell is Cell.PARAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the paper, one of its slots, or a sum."""

    row: str
    name: str
    params: Triple
    ops: Triple

    def of(self, cell: Cell) -> Triple:
        """The three numbers of a column."""
        return self.params if cell is Cell.PARAMS else self.ops


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelling:
    """Two totals that agree although the rows behind them do not."""

    total: str
    cell: Cell
    pair: str
    one: str
    two: str
    rows: tuple[str, ...]
    off: int
    """The sum of the rows' differences, each taken positive."""

    @property
    def text(self) -> str:
        """The warning in one sentence."""
        word = {Cell.PARAMS: "parameters", Cell.OPS: "MACs"}[self.cell]
        rows = "1 row differs" if len(self.rows) == 1 else f"{len(self.rows)} rows differ"
        return (
            f"{self.total}: {self.pair} agree in their total ({self.one}; {self.two}), but {rows} "
            f"by {self.off:,} {word} in sum: the total proves nothing"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeWay:
    """Every row and slot of a paper with its three numbers, the sums, and the sums that mislead."""

    rows: tuple[Line, ...]
    slots: tuple[Line, ...]
    totals: tuple[Line, ...]
    cancelling: tuple[Cancelling, ...]
    lint: Lint


def three_way(paper: Spec, report: Report) -> ThreeWay:
    """The three numbers of each row and slot, from a finished audit."""
    own = lint(paper)
    printed = {check.row: dict(check.printed) for check in own.rows}
    groups: dict[str, list[SlotResult]] = {}
    for slot in report.rows:
        groups.setdefault(slot.row or slot.slot, []).append(slot)
    heads = {head.id for head in paper.heads}
    cells = frozenset(Cell) if report.input_shape == paper.input_shape else frozenset({Cell.PARAMS})
    rows = tuple(_line(name, name, slots, printed.get(name, {}), cells) for name, slots in groups.items())
    main = tuple(line for line in rows if line.row not in heads)
    totals = [_sum("total", main), *([_sum(WITH_HEADS, rows, printed=False)] if len(main) < len(rows) else [])]
    return ThreeWay(
        rows=rows,
        slots=tuple(_slots(groups, printed, cells)),
        totals=tuple(totals),
        cancelling=(*_cancelling("total", main, paper), *_heads(main, rows, paper)),
        lint=own,
    )


def _slots(
    groups: dict[str, list[SlotResult]], printed: dict[str, dict[Cell, str]], cells: frozenset[Cell]
) -> Iterator[Line]:
    """A line for each slot; what a row prints speaks of its only layer with weights, where it has only one."""
    for name, slots in groups.items():
        weighted = [slot.slot for slot in slots if slot.expected_macs]
        for slot in slots:
            texts = printed.get(name, {}) if weighted == [slot.slot] else {}
            yield _line(name, slot.slot, [slot], texts, cells)


def _line(row: str, name: str, slots: Sequence[SlotResult], printed: dict[Cell, str], cells: frozenset[Cell]) -> Line:
    """The numbers of some slots; `cells` are those whose printed texts speak of this input."""
    derived = _counted((slot.expected_params, slot.expected_macs, slot.derived) for slot in slots)
    measured = _counted((slot.params, slot.macs, slot.measured) for slot in slots)
    ran = not any(slot.status is RowStatus.UNVERIFIED and slot.params is None for slot in slots)
    params, ops = (
        _triple(cell, printed.get(cell, ""), derived, measured, applies=cell in cells, ran=ran) for cell in Cell
    )
    return Line(row=row, name=name, params=params, ops=ops)


def _counted(numbers: Iterable[tuple[int | None, int | None, tuple[int, ...] | None]]) -> Count | None:
    found = [count(params or 0, macs or 0, shape) for params, macs, shape in numbers if params is not None]
    return reduce(Count.__add__, found) if found else None


def _triple(
    cell: Cell, printed: str, derived: Count | None, measured: Count | None, *, applies: bool = True, ran: bool = True
) -> Triple:
    held = printed if applies else ""
    exactly = _exactly(cell, derived, measured) if ran else Agreement.NOTHING
    return Triple(
        cell=cell,
        printed=printed,
        derived=derived,
        measured=measured,
        verdicts=(
            _against(Pair.PRINTED_DERIVED, cell, held, derived),
            _against(Pair.PRINTED_MEASURED, cell, held, measured if ran else None),
            Verdict(pair=Pair.DERIVED_MEASURED, agreement=exactly),
        ),
        applies=applies,
        ran=ran,
    )


def _against(pair: Pair, cell: Cell, printed: str, counts: Count | None) -> Verdict:
    if not printed or counts is None:
        return Verdict(pair=pair, agreement=Agreement.NOTHING)
    fit = conventions.fits(cell, printed, counts)
    return Verdict(pair=pair, agreement=Agreement.AGREE if fit else Agreement.DIFFER, conventions=fit)


def _exactly(cell: Cell, derived: Count | None, measured: Count | None) -> Agreement:
    """Between two exact numbers no convention can mediate."""
    biases = cell is Cell.PARAMS
    one, two = (0 if counts is None else counts.of(cell, biases=biases) for counts in (derived, measured))
    return Agreement.AGREE if one == two else Agreement.DIFFER


# --- totals ------------------------------------------------------------------------------------------------------


def _sum(name: str, lines: Sequence[Line], *, printed: bool = True) -> Line:
    """The sum of some lines; the paper prints none of the heads' counts, so their total is not held against it."""
    params, ops = (_summed(cell, [line.of(cell) for line in lines], of_paper=printed) for cell in Cell)
    return Line(row=name, name=name, params=params, ops=ops)


def _summed(cell: Cell, triples: Sequence[Triple], *, of_paper: bool) -> Triple:
    """A column's sum; the printed one is the sum of the texts taken at their word."""
    printed = [triple.printed for triple in triples if triple.printed and of_paper]
    derived, measured = (
        reduce(Count.__add__, [counts for counts in column if counts], Count())
        for column in ([triple.derived for triple in triples], [triple.measured for triple in triples])
    )
    ran = all(triple.ran for triple in triples)
    if not printed:
        return _triple(cell, "", derived, measured, ran=ran)
    column_sum = sum(map(middle, printed))
    if not all(triple.applies for triple in triples):
        return _triple(cell, f"{column_sum:,}", derived, measured, applies=False, ran=ran)
    nothing = Agreement.NOTHING
    verdicts = (
        Verdict(pair=Pair.PRINTED_DERIVED, agreement=_near(column_sum, cell, derived)),
        Verdict(pair=Pair.PRINTED_MEASURED, agreement=_near(column_sum, cell, measured) if ran else nothing),
        Verdict(pair=Pair.DERIVED_MEASURED, agreement=_exactly(cell, derived, measured) if ran else nothing),
    )
    return Triple(cell=cell, printed=f"{column_sum:,}", derived=derived, measured=measured, verdicts=verdicts, ran=ran)


def _near(column_sum: int, cell: Cell, counts: Count) -> Agreement:
    """A sum of rounded numbers can agree only roughly."""
    near = any(abs(column_sum - counts.of(cell, biases=biases)) <= CLOSE * column_sum for biases in (False, True))
    return Agreement.AGREE if near else Agreement.DIFFER


# --- totals that mislead -----------------------------------------------------------------------------------------


def _heads(main: Sequence[Line], rows: Sequence[Line], paper: Spec) -> Iterator[Cancelling]:
    """The total of training; only derived and measured have one."""
    if len(main) < len(rows):
        for one in _cancelling(WITH_HEADS, rows, paper):
            if one.pair == Pair.DERIVED_MEASURED:
                yield one


def _cancelling(total: str, lines: Sequence[Line], paper: Spec) -> Iterator[Cancelling]:
    ran = all(line.params.ran for line in lines)
    for cell in Cell:
        for pair in Pair if ran else (Pair.PRINTED_DERIVED,):
            yield from _misleading(total, cell, pair, lines)
        if ran:
            yield from _stated(total, cell, lines, paper)


def _misleading(total: str, cell: Cell, pair: Pair, lines: Sequence[Line]) -> Iterator[Cancelling]:
    wrong = [line for line in lines if line.of(cell).verdict(pair).agreement is Agreement.DIFFER]
    values = [_values(pair, line.of(cell)) for line in lines]
    one, two = sum(first for first, _ in values), sum(second for _, second in values)
    if wrong and one and abs(one - two) <= CLOSE * one:
        off = sum(abs(mine - other) for line in wrong for mine, other in [_values(pair, line.of(cell))])
        yield Cancelling(
            total=total,
            cell=cell,
            pair=pair.value,
            one=f"{one:,}",
            two=f"{two:,}",
            rows=tuple(line.name for line in wrong),
            off=off,
        )


def _values(pair: Pair, triple: Triple) -> tuple[int, int]:
    """The two numbers of a pair; a row that prints nothing counts nothing on either side."""
    derived, measured = triple.number(triple.derived) or 0, triple.number(triple.measured) or 0
    if pair is Pair.DERIVED_MEASURED:
        return derived, measured
    if not triple.printed:
        return 0, 0
    return middle(triple.printed), derived if pair is Pair.PRINTED_DERIVED else measured


_OF = {"params": Cell.PARAMS, "macs": Cell.OPS}


def _stated(total: str, cell: Cell, lines: Sequence[Line], paper: Spec) -> Iterator[Cancelling]:
    """A stated total that the model meets although its rows are not the paper's."""
    wrong = [line for line in lines if line.of(cell).verdict(Pair.DERIVED_MEASURED).agreement is Agreement.DIFFER]
    measured = sum(line.of(cell).number(line.of(cell).measured) or 0 for line in lines)
    for stated in paper.totals if all(line.of(cell).applies for line in lines) else ():
        if _OF[stated.of] is cell and wrong and measured in stated.quantity:
            pairs = [_values(Pair.DERIVED_MEASURED, line.of(cell)) for line in wrong]
            yield Cancelling(
                total=total,
                cell=cell,
                pair="stated, measured",
                one=stated.printed,
                two=f"{measured:,}",
                rows=tuple(line.name for line in wrong),
                off=sum(abs(mine - other) for mine, other in pairs),
            )
