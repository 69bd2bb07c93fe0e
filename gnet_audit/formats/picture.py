"""Where each slot of a report stands in a picture of the network: arithmetic only, from what reads what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gnet_audit.report import Report, RowStatus, SlotResult

WIDE, HIGH = 150, 38
"""A box."""
GAP, STEP = 12, 18
"""Between two boxes side by side, and between two levels."""
MARGIN, BAND = 16, 30
"""Around everything, and between two rows of the paper."""
SLICES = 200
"""Slices at most: to a browser each is another whole picture."""
TITLE = 20
"""Room for a row's name above its boxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One slot: its number in the report's rows, and its upper left corner."""

    index: int
    row: SlotResult
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The outline of a row of the paper that has several slots."""

    name: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of it, with its size; `edges` are paths of an SVG."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...]
    edges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """The slots of one row of the paper on a grid: column and level of each, by name."""

    name: str
    cells: Mapping[str, tuple[int, int]]
    columns: int
    levels: int

    @property
    def framed(self) -> bool:
        return len(self.cells) > 1

    @property
    def width(self) -> int:
        return self.columns * (WIDE + GAP) - GAP

    @property
    def height(self) -> int:
        return self.levels * (HIGH + STEP) - STEP + (TITLE if self.framed else 0)


def picture(report: Report) -> Picture:
    """The trunk from top to bottom along the left edge, what hangs on it (the auxiliary heads) to its right."""
    blocks = _blocks(report.rows)
    trunk = _trunk(report.rows, blocks)
    middle = max((block.width for block in blocks if block.name in trunk), default=WIDE)
    corners: dict[str, tuple[int, int]] = {}
    y = MARGIN
    for block in blocks:
        if block.name in trunk:
            corners[block.name] = (MARGIN + GAP, y)
            y += block.height + BAND
    home = {slot: block for block in blocks for slot in block.cells}
    rows = {row.slot: row for row in report.rows}
    side, bottom = MARGIN + 2 * GAP + middle + WIDE // 3, MARGIN
    for block in blocks:
        if block.name not in trunk:
            corners[block.name] = (side, max(bottom, _beside(block, home, rows, corners)))
            bottom = corners[block.name][1] + block.height + BAND
    return _drawn(report.rows, blocks, corners)


def slices(drawn: Picture) -> tuple[tuple[int, int], ...]:
    """The picture in horizontal slices for paper, each its top and its height: no cut goes through a box or a frame.

    None of a picture that would fill dozens of pages.
    """
    things = sorted(
        [(box.y, box.y + HIGH) for box in drawn.boxes] + [(frame.y, frame.y + frame.height) for frame in drawn.frames]
    )
    cuts: list[int] = []
    passed, lowest = 0, 0
    for end in sorted(bottom + STEP // 3 for _, bottom in things):
        while passed < len(things) and things[passed][0] < end:
            lowest = max(lowest, things[passed][1])
            passed += 1
        cuts += [end] if lowest <= end < drawn.height else []
    edges = list(dict.fromkeys((0, *cuts, drawn.height)))
    if len(edges) > SLICES:
        return ()
    return tuple((top, bottom - top) for top, bottom in pairwise(edges))


# --- rows of the paper as grids ---------------------------------------------------------------------------


def _blocks(rows: Sequence[SlotResult]) -> list[_Block]:
    groups: dict[str, list[SlotResult]] = {}
    for row in rows:
        groups.setdefault(row.row or row.slot, []).append(row)
    return [_block(name, group) for name, group in groups.items()]


def _block(name: str, rows: Sequence[SlotResult]) -> _Block:
    """Levels by the longest way from the row's entry; a slot stands below the one that it reads, if it alone does."""
    cells: dict[str, tuple[int, int]] = {}
    levels: dict[int, set[int]] = {}
    for row in rows:
        inside = [read for read in row.reads if read in cells]
        if row.status is RowStatus.EXTRA and not row.reads and cells:
            inside = [next(reversed(cells))]  # nobody knows what it reads; it is told behind the slot that it follows
        level = max((cells[read][1] + 1 for read in inside), default=0)
        above = cells[inside[0]][0] if len(inside) == 1 else 0
        taken = levels.setdefault(level, set())
        column = above if above not in taken else 1 + max(taken)
        taken.add(column)
        cells[row.slot] = (column, level)
    return _Block(
        name=name,
        cells=cells,
        columns=1 + max(max(taken) for taken in levels.values()),
        levels=1 + max(levels),
    )


# --- what is the trunk ---------------------------------------------------------------------------------------


def _trunk(rows: Sequence[SlotResult], blocks: Sequence[_Block]) -> set[str]:
    """The rows of the paper on the longest way through it, and the added layers."""
    home = {slot: block.name for block in blocks for slot in block.cells}
    reads = {block.name: list[str]() for block in blocks}
    for row in rows:
        own = home[row.slot]
        reads[own] += [home[read] for read in row.reads if read in home and home[read] != own]
    depth: dict[str, int] = {}
    for name, before in reads.items():
        depth[name] = 1 + max((depth.get(one, 0) for one in before), default=0)
    trunk: set[str] = set()
    waiting = [max(depth, key=lambda name: depth[name])] if depth else []
    while waiting:
        name = waiting.pop()
        if name not in trunk:
            trunk.add(name)
            waiting += reads[name]
    wired = any(row.reads for row in rows)
    return trunk | {name for name, before in reads.items() if not wired or not before}


def _beside(
    block: _Block, home: Mapping[str, _Block], rows: Mapping[str, SlotResult], corners: Mapping[str, tuple[int, int]]
) -> int:
    """The height at which a side block hangs: a little below the end of the row that it reads."""
    reads = [read for slot in block.cells for read in rows[slot].reads if read not in block.cells]
    ends = [
        corners[home[read].name][1] + home[read].height for read in reads if read in home and home[read].name in corners
    ]
    return max(ends, default=MARGIN) + STEP


# --- coordinates -------------------------------------------------------------------------------------------------


def _drawn(rows: Sequence[SlotResult], blocks: Sequence[_Block], corners: Mapping[str, tuple[int, int]]) -> Picture:
    places = {slot: _place(block, slot, corners[block.name]) for block in blocks for slot in block.cells}
    framed = {block.name for block in blocks if block.framed}
    boxes = tuple(
        Box(index=index, row=row, label=_label(row, framed), x=places[row.slot][0], y=places[row.slot][1])
        for index, row in enumerate(rows)
    )
    frames = tuple(
        Frame(
            name=block.name,
            x=corners[block.name][0] - GAP,
            y=corners[block.name][1] - 6,
            width=block.width + 2 * GAP,
            height=block.height + GAP,
        )
        for block in blocks
        if block.framed
    )
    edges = tuple(_edge(places[read], places[row.slot]) for row in rows for read in row.reads if read in places)
    return Picture(
        width=max((box.x + WIDE for box in boxes), default=WIDE) + MARGIN + GAP,
        height=max((box.y + HIGH for box in boxes), default=HIGH) + MARGIN,
        boxes=boxes,
        frames=frames,
        edges=edges,
    )


def _place(block: _Block, slot: str, corner: tuple[int, int]) -> tuple[int, int]:
    column, level = block.cells[slot]
    return corner[0] + column * (WIDE + GAP), corner[1] + (TITLE if block.framed else 0) + level * (HIGH + STEP)


def _label(row: SlotResult, framed: set[str]) -> str:
    """The slot's name, without the row's where a frame tells that."""
    return row.slot.removeprefix(f"{row.row}.") if row.row in framed else row.slot


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the middle of a box's lower side to the middle of another's upper side: straight down, then across."""
    x1, y1, x2, y2 = start[0] + WIDE // 2, start[1] + HIGH, end[0] + WIDE // 2, end[1]
    turn = max(y1, y2 - STEP)
    bend = max((y2 - turn) // 2, 6)
    return f"M{x1} {y1} V{turn} C{x1} {turn + bend} {x2} {y2 - bend} {x2} {y2}"
