"""The paper against itself: its printed counts against its own channels, against each other, against its totals.

Pure arithmetic, no torch. An explanation is a hypothesis that the numbers admit; nothing is claimed beyond that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gnet_audit import conventions, expand, explanations
from gnet_audit.conventions import Cell, Convention, Count, count
from gnet_audit.explanations import NOTHING, Confidence, Explanation, RowCheck, agree, implied
from gnet_audit.network import Conv2d, Layer, Linear, Mode, Network, Shape, Source, SpecOrigin
from gnet_audit.notation import shape_text
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.spec import Row, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two statements of the paper that cannot both hold."""

    rule: str
    rows: tuple[str, ...]
    cell: str
    printed: str
    derived: str
    message: str
    arithmetic: tuple[str, ...]
    source: Source | None
    explanation: Explanation = NOTHING

    @property
    def severity(self) -> Severity:
        """How much it weighs."""
        return BY_ID[self.rule].severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """All that a paper says against itself."""

    id: str
    title: str
    sha256: str
    rows: tuple[RowCheck, ...]
    tally: tuple[tuple[Cell, Convention, int], ...]
    """How many cells of a column each convention fits, the best first."""
    contradictions: tuple[Contradiction, ...]


def lint(paper: Spec) -> Lint:
    """Hold a paper against itself."""
    network = expand.network(paper, Mode.EVAL)
    layers = _by_row(network)
    checks = tuple(_check(row, layers[row.id]) for row in paper.rows)
    tally = tuple(_tally(checks))
    found: list[Contradiction] = []
    left = explanations.MOST_TRIED
    for row, check in zip(paper.rows, checks, strict=True):
        found += _sizes(row, layers[row.id])
        explained: Mapping[Cell, Explanation] = {}
        if any(map(check.misfits, Cell)):
            left -= explanations.tries(row)
            explained = explanations.of(row, check, network, widths=left >= 0)
        found += _counts(check, explained)
        found += _apart(check)
    found += _mixed(checks)
    found += _totals(paper, checks)
    return Lint(
        id=paper.id,
        title=paper.title,
        sha256=paper.sha256,
        rows=checks,
        tally=tally,
        contradictions=tuple(sorted(found, key=lambda one: one.rule)),
    )


def _by_row(network: Network) -> Mapping[str, list[Layer]]:
    found: dict[str, list[Layer]] = {}
    for layer in network.layers:
        assert isinstance(layer.origin, SpecOrigin)
        found.setdefault(layer.origin.row, []).append(layer)
    return found


def _check(row: Row, layers: Iterable[Layer]) -> RowCheck:
    weighted = [layer for layer in layers if isinstance(layer.op, Conv2d | Linear)]
    every = sum((count(layer.params, layer.macs, layer.shape) for layer in weighted), Count())
    printed = tuple((cell, text) for cell in Cell if (text := row.cell(cell.value)))
    maps = {layer.shape[1:] for layer in weighted if layer.shape}
    positions = every.macs // every.weights if len(maps) == 1 and every.weights else None
    return RowCheck(
        row=row.id,
        source=row.source,
        printed=printed,
        counts=every,
        fits=tuple((cell, conventions.fits(cell, text, every)) for cell, text in printed),
        positions=positions,
    )


def _tally(checks: Iterable[RowCheck]) -> Iterator[tuple[Cell, Convention, int]]:
    every = tuple(checks)
    for cell in Cell:
        groups = [dict(check.fits).get(cell, ()) for check in every]
        for convention in conventions.commonest(groups):
            yield cell, convention, sum(convention in group for group in groups)


# --- sizes and depth -----------------------------------------------------------------------------------------


def _sizes(row: Row, layers: Iterable[Layer]) -> Iterator[Contradiction]:
    """The printed output size and depth of a row against its layers."""
    by_name = {layer.name: layer for layer in layers}
    for step in row.steps:
        printed, shape = row.output_of(step), by_name[step.slot].shape
        if printed and shape and printed not in _written(shape):
            yield _plain("GA006", row, "output", printed, shape_text(shape), f"{step.slot} gives {shape_text(shape)}")
    depth = max(sum(isinstance(step.op, Conv2d | Linear) for step in branch) for branch in row.branches)
    printed = row.cell("depth")
    if printed and printed != str(depth):
        yield _plain("GA007", row, "depth", printed, str(depth), f"its longest path has {depth} layers with weights")


def _written(shape: Shape) -> set[str]:
    """A vector may be printed as a map of one value a channel."""
    return {shape_text(shape)} | ({shape_text((*shape, 1, 1))} if len(shape) == 1 else set())


def _plain(rule: str, row: Row, cell: str, printed: str, derived: str, why: str) -> Contradiction:
    return Contradiction(
        rule=rule,
        rows=(row.id,),
        cell=cell,
        printed=printed,
        derived=derived,
        message=f"{row.id} prints {cell} {printed}, {why}.",
        arithmetic=(),
        source=row.source,
    )


# --- counts ----------------------------------------------------------------------------------------------------

_RULE = {Cell.PARAMS: "GA001", Cell.OPS: "GA002"}
_WORD = {Cell.PARAMS: "parameters", Cell.OPS: "operations"}


def _counts(check: RowCheck, explained: Mapping[Cell, Explanation]) -> Iterator[Contradiction]:
    """Printed counts that no convention derives from the printed channels."""
    for cell, text in check.printed:
        if not check.misfits(cell):
            continue
        exact = check.counts.of(cell, biases=False)
        yield Contradiction(
            rule=_RULE[cell],
            rows=(check.row,),
            cell=cell.value,
            printed=text,
            derived=f"{exact:,}",
            message=f"{check.row} prints {text} {_WORD[cell]}; its channels give {exact:,}, which no convention "
            f"prints as {text}.",
            arithmetic=tuple(_tries(cell, text, check.counts)),
            source=check.source,
            explanation=explained.get(cell, NOTHING),
        )


def _tries(cell: Cell, text: str, counts: Count) -> Iterator[str]:
    """What the counts would be printed as, in the unit of the printed text."""
    seen = set[tuple[int, int]]()
    for one, _ in conventions.readings(text):
        value, unit = counts.of(cell, biases=one.biases), unit_of(text, one.k)
        if (value, unit) in seen or one.truncated:
            continue
        seen.add((value, unit))
        biases = "with biases" if one.biases else "without biases"
        yield f"{value:,} / {unit:,} = {value / unit:,.2f} ({biases}), printed {text}"


def unit_of(text: str, k: int) -> int:
    """What a printed text's suffix stands for."""
    suffix = text.strip().lstrip("0123456789.,")
    return {"K": k, "T": 1000, "M": 10**6, "B": 10**9, "G": 10**9}.get(suffix.strip().upper()[:1], 1)


def _apart(check: RowCheck) -> Iterator[Contradiction]:
    """Printed parameters and operations that cannot belong to one layer, whatever its channels."""
    texts = dict(check.printed)
    if len(texts) < len(Cell) or not check.positions or agree(check):
        return
    low, high = implied(check)
    yield Contradiction(
        rule="GA003",
        rows=(check.row,),
        cell="params, ops",
        printed=f"{texts[Cell.PARAMS]}, {texts[Cell.OPS]}",
        derived=f"{check.counts.weights:,} weights",
        message=f"{check.row} prints {texts[Cell.OPS]} operations, which at {check.positions:,} positions take "
        f"{low:,} to {high:,} weights; it prints {texts[Cell.PARAMS]}.",
        arithmetic=(
            f"{texts[Cell.OPS]} / {check.positions:,} = {low:,} … {high:,}, up to {check.counts.biases:,} biases apart",
            f"its channels give {check.counts.weights:,}",
        ),
        source=check.source,
    )


# --- the whole table -------------------------------------------------------------------------------------------


def _mixed(checks: tuple[RowCheck, ...]) -> Iterator[Contradiction]:
    """Columns whose cells were not all rounded alike, those left out that nothing fits."""
    for cell in Cell:
        groups = {check.row: group for check in checks if (group := dict(check.fits).get(cell))}
        if not groups or set.intersection(*map(set, groups.values())):
            continue
        best, *_ = conventions.commonest(groups.values())
        others = tuple(row for row, group in groups.items() if best not in group)
        texts = {check.row: dict(check.printed)[cell] for check in checks if check.row in others}
        yield Contradiction(
            rule="GA004",
            rows=others,
            cell=cell.value,
            printed=", ".join(texts.values()),
            derived=best.text,
            message=f"{len(groups) - len(others)} of {len(groups)} cells of {cell} that can be explained follow "
            f"{best.text}; {', '.join(others)} need{'s' * (len(others) == 1)} another convention.",
            arithmetic=tuple(
                f"{row}: {texts[row]} fits {'; '.join(one.text for one in groups[row])}" for row in others
            ),
            source=None,
            explanation=Explanation(
                text="a rounding of its own for each row would fit any of them", confidence=Confidence.LOW
            ),
        )


_TOTAL = {"params": Cell.PARAMS, "macs": Cell.OPS}


def _totals(paper: Spec, checks: tuple[RowCheck, ...]) -> Iterator[Contradiction]:
    """Stated totals that the channels do not give, and what makes the printed column agree with them all the same."""
    for stated in paper.totals:
        cell = _TOTAL[stated.of]
        exact = sum(check.counts.of(cell, biases=False) for check in checks)
        every = sum(check.counts.of(cell, biases=True) for check in checks)
        if exact in stated.quantity or every in stated.quantity:
            continue
        column = sum(middle(text) for check in checks for name, text in check.printed if name is cell)
        agrees = stated.quantity.low <= column < stated.quantity.high
        yield Contradiction(
            rule="GA005",
            rows=tuple(check.row for check in checks if check.misfits(cell)),
            cell=cell.value,
            printed=stated.printed,
            derived=f"{exact:,}",
            message=f"The paper says {stated.printed} {stated.of.replace('macs', 'MACs')} in all; its channels give "
            f"{exact:,}, "
            + (
                f"but its printed column sums to {column:,}, which agrees: the rows differ, the total hides it."
                if agrees
                else f"its printed column {column:,}."
            ),
            arithmetic=tuple(_shares(checks, cell)),
            source=stated.source,
            explanation=Explanation(
                text="the total was summed from the printed column, contradictory rows included",
                arithmetic=(f"{column:,} lies in {stated.quantity.low:,} … {stated.quantity.high - 1:,}",),
                confidence=Confidence.MEDIUM,
            )
            if agrees and column
            else NOTHING,
        )


def _shares(checks: Iterable[RowCheck], cell: Cell) -> Iterator[str]:
    """By how much each contradictory row moves the sum."""
    for check in checks:
        if check.misfits(cell):
            text, exact = dict(check.printed)[cell], check.counts.of(cell, biases=False)
            yield f"{check.row}: printed {text}, derived {exact:,}, difference {middle(text) - exact:+,}"


def middle(text: str) -> int:
    """A printed text taken at its word: `34M` is 34,000,000."""
    return conventions.CONVENTIONS[0].read(text).cut().low
