"""What may stand behind a row's contradictory counts: a few hypotheses, each tried with plain arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gnet_audit import conventions, derive
from gnet_audit.conventions import Cell, Convention, Count, count
from gnet_audit.errors import ShapeError
from gnet_audit.network import (
    LRN,
    AdaptivePool2d,
    Concat,
    Conv2d,
    Dropout,
    Layer,
    Linear,
    Network,
    Op,
    Pool2d,
    Shape,
    Source,
)
from gnet_audit.spec import Row

MULTIPLIERS = range(1, 33)
"""Depth multipliers of a separable convolution that are tried."""
MOST_TRIED = 100_000
"""Layers counted anew while other numbers of channels are tried in a paper: about a second."""
SHOWN = 3
"""Changed channels that are named, the nearest first."""


class Confidence(StrEnum):
    """How much an explanation is worth."""

    MEDIUM = "medium"
    """Few free numbers explain independent cells."""
    LOW = "low"
    """Chance alone would do as well."""
    NONE = "none"
    """Nothing that we tried fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What may stand behind a contradiction, with its arithmetic."""

    text: str
    arithmetic: tuple[str, ...] = ()
    confidence: Confidence = Confidence.NONE


NOTHING = Explanation(text="nothing that we tried fits")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCheck:
    """A row of the paper with its exact counts and, for each printed one, the conventions that give it."""

    row: str
    source: Source
    printed: tuple[tuple[Cell, str], ...]
    counts: Count
    fits: tuple[tuple[Cell, tuple[Convention, ...]], ...]
    positions: int | None
    """Where each weight of the row is used: the size of the map, if all its products share one."""

    def misfits(self, cell: Cell) -> bool:
        """Whether the cell is printed and no convention gives it."""
        return dict(self.fits).get(cell) == ()


def implied(check: RowCheck) -> tuple[int, int]:
    """The least and the most weights that the printed operations admit, with the biases among them or not."""
    bounds = _admitted(check)
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def _admitted(check: RowCheck) -> list[tuple[int, int]]:
    """The same for each convention by which the operations may be read."""
    assert check.positions
    return [
        (-(-(printed.low - biases) // check.positions), (printed.high - biases - 1) // check.positions)
        for one, printed in conventions.readings(dict(check.printed)[Cell.OPS])
        for biases in (check.counts.bias_ops if one.biases else 0,)
    ]


def agree(check: RowCheck) -> bool:
    """Whether some number of weights gives both printed cells."""
    text = dict(check.printed)[Cell.PARAMS]
    for one, printed in conventions.readings(text):
        extra = check.counts.biases if one.biases else 0
        if any(low + extra < printed.high and printed.low <= high + extra for low, high in _admitted(check)):
            return True
    return False


# --- the best hypothesis ------------------------------------------------------------------------------------------


def of(row: Row, check: RowCheck, network: Network, *, widths: bool = True) -> Mapping[Cell, Explanation]:
    """The best explanation of each printed count that the channels do not give; without `widths`, none of other channels."""
    layers = [network.by_name[step.slot] for step in row.steps]
    found = _separable(check, layers, network) or _one_another(check)
    if found is None and widths:
        found = _channel(check, layers, network)
    found = found or NOTHING
    return {cell: found for cell in Cell if check.misfits(cell)}


def _fits(check: RowCheck, counts: Count) -> bool:
    """Whether each printed count of the row has a convention that gives it."""
    return all(conventions.fits(cell, text, counts) for cell, text in check.printed)


# --- a separable convolution ------------------------------------------------------------------------------------


def _separable(check: RowCheck, layers: list[Layer], network: Network) -> Explanation | None:
    """A lone large convolution, built as one filter for each input channel and a 1×1 behind it."""
    if len(layers) != 1 or not isinstance(layers[0].op, Conv2d) or not layers[0].shape:
        return None
    (layer,) = layers
    before = network.by_name[layer.inputs[0]].shape
    assert isinstance(layer.op, Conv2d)
    assert layer.shape
    kernel, cells = layer.op.kernel, len(check.printed)
    if kernel == (1, 1) or not before or cells < 2:
        return None
    fit = [factor for factor in MULTIPLIERS if _fits(check, _two(layer.op, before[0], factor, layer.shape[1:]))]
    if not fit:
        return None
    factor, positions = fit[0], layer.shape[1] * layer.shape[2]
    counts = _two(layer.op, before[0], factor, layer.shape[1:])
    deep, flat = before[0] * factor * kernel[0] * kernel[1], before[0] * factor * layer.op.out_channels
    work = f"{deep:,} + {flat:,} = {counts.weights:,} weights"
    others = f"; {len(fit) - 1} other multipliers fit too" if len(fit) > 1 else ""
    return Explanation(
        text=f"both counts are those of a separable {kernel[0]}×{kernel[1]} with depth multiplier {factor}: "
        f"{len(fit)} of the {len(MULTIPLIERS)} multipliers tried{others}; the paper does not say so",
        arithmetic=(
            f"{_product(before[0], factor, *kernel)} + {before[0] * factor}·{layer.op.out_channels} = {work}",
            f"{counts.weights:,} · {positions:,} positions = {counts.macs:,} MACs",
        ),
        confidence=Confidence.MEDIUM if len(fit) == 1 else Confidence.LOW,
    )


def _product(*factors: int) -> str:
    return "·".join(map(str, factors))


def _two(op: Conv2d, channels: int, factor: int, size: tuple[int, ...]) -> Count:
    weights = channels * factor * op.kernel[0] * op.kernel[1] + channels * factor * op.out_channels
    positions = size[0] * size[1]
    biases = op.out_channels * op.bias
    return Count(weights=weights, biases=biases, macs=weights * positions, bias_ops=biases * positions)


# --- one other number of channels -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A layer of the row with another number of channels."""

    slot: str
    before: int
    after: int
    counts: Count


def _channel(check: RowCheck, layers: list[Layer], network: Network) -> Explanation | None:
    """One printed channel cell read otherwise, the row's printed output kept: reductions only."""
    inner = [layer for layer in layers if isinstance(layer.op, Conv2d) and not _ends(layer, layers)]
    fit = [
        change for layer in inner for change in _changes(check, layer, layers, network) if _fits(check, change.counts)
    ]
    if not fit:
        return None
    fit.sort(key=lambda change: (abs(change.after - change.before), change.slot))
    shown = [f"{change.slot} {change.after} instead of {change.before}" for change in fit[:SHOWN]]
    return Explanation(
        text=f"another number of channels in one reduction gives both counts: {', or '.join(shown)}",
        arithmetic=tuple(
            f"{change.slot} = {change.after}: {change.counts.weights:,} weights, {change.counts.params:,} with biases, "
            f"{change.counts.macs:,} MACs"
            for change in fit[:SHOWN]
        ),
        confidence=Confidence.LOW,
    )


def tries(row: Row) -> int:
    """How many layers are counted anew while other numbers of channels are tried in a row."""
    inner = [step.op for branch in row.branches for step in branch[:-1] if isinstance(step.op, Conv2d)]
    return len(row.steps) * sum(2 * op.out_channels for op in inner)


def _ends(layer: Layer, layers: list[Layer]) -> bool:
    """Whether the row's output would change its size with the layer."""
    merge = next((one for one in layers if isinstance(one.op, Concat)), None)
    ends = merge.inputs if merge else (layers[-1].name,)
    return any(layer.name in {end, end.rpartition(".")[0]} for end in ends)


def _changes(check: RowCheck, layer: Layer, layers: list[Layer], network: Network) -> Iterator[_Change]:
    """The row with other widths of one layer, from half to twice, none left out that may fit."""
    assert isinstance(layer.op, Conv2d)
    width = layer.op.out_channels
    others: Iterable[int] = range(max(1, width // 2), 2 * width + 1)
    if all(_takes_any_width(one.op) for one in layers):
        ends = (_counted(layers, network, layer.name, size) for size in (width, 2 * width))
        others = sorted(set(others).intersection(*_straight(check, width, *ends)))
    for other in others:
        if other == width:
            continue
        try:
            counts = _counted(layers, network, layer.name, other)
        except ShapeError:
            continue
        yield _Change(slot=layer.name, before=width, after=other, counts=counts)


def _straight(check: RowCheck, width: int, own: Count, twice: Count) -> Iterator[set[int]]:
    """For each printed count the widths that give it, where each channel more adds the same: solved, not tried."""
    for cell, text in check.printed:
        found: set[int] = set()
        for one, printed in conventions.readings(text):
            now, then = (counts.of(cell, biases=one.biases) for counts in (own, twice))
            each = (then - now) // width
            first, end = (width - (now - bound) // each for bound in (printed.low, printed.high))
            found.update(range(max(first, 1), min(end, 2 * width + 1)))
        yield found


def _takes_any_width(op: Op) -> bool:
    match op:
        case Conv2d(groups=groups):
            return groups == 1
        case Concat(axis=axis):
            return axis == 0
        case _:
            return isinstance(op, Linear | Pool2d | AdaptivePool2d | LRN | Dropout)


def _counted(layers: list[Layer], network: Network, name: str, width: int) -> Count:
    """The row with another width of one layer; ShapeError where another layer of it cannot take that."""
    shapes: dict[str, Shape] = {}
    total = Count()
    for layer in layers:
        op = replace(layer.op, out_channels=width) if layer.name == name and isinstance(layer.op, Conv2d) else layer.op
        inputs = tuple(_reached(before, shapes, network) for before in layer.inputs)
        output = shapes[layer.name] = derive.output_shape(op, inputs)
        if isinstance(op, Conv2d | Linear):
            macs = derive.multiply_accumulates(op, inputs, output)
            total += count(derive.parameters(op, inputs), macs, output)
    return total


def _reached(name: str, shapes: Mapping[str, Shape], network: Network) -> Shape:
    """A layer's output in the changed row: an activation has the shape of the layer that it follows."""
    shape = shapes.get(name) or shapes.get(name.rpartition(".")[0]) or network.by_name[name].shape
    assert shape
    return shape


# --- two cells that agree with each other -----------------------------------------------------------------------


def _one_another(check: RowCheck) -> Explanation | None:
    """Both cells contradict the channels, and agree with each other: another row stood here once."""
    texts = dict(check.printed)
    if not all(map(check.misfits, Cell)) or not check.positions or not agree(check):
        return None
    read = conventions.CONVENTIONS[0].read(texts[Cell.PARAMS])
    lines = [
        f"{texts[Cell.PARAMS]} at K = {k:,}: {value:,} · {check.positions:,} = {value * check.positions:,} "
        f"MACs, printed {texts[Cell.OPS]}"
        for k in (1000, 1024)
        for value in [read.with_k(k).cut().low]
    ]
    return Explanation(
        text="the two printed counts agree with each other, not with the channels: an earlier design, perhaps",
        arithmetic=tuple(lines),
        confidence=Confidence.LOW,
    )
