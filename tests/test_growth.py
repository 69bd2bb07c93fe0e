"""Ten times the layers are ten times the work, counted in lines of our code that are executed, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from gnet_audit import slots
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.network import Layer, Mode, Network, Source, SpecOrigin, Status
from gnet_audit.structure import DEEPEST, Region, tree
from tests.networks import network
from tests.test_compare import anonymous

MOST = 13
"""Times the work that ten times the layers may take."""
SOURCE = Source(id="t", where="a table", status=Status.PRINTED)


def chain(unit: int, edit: str) -> Iterator[str]:
    """A convolution of one of several widths, with its ReLU."""
    width, kernel = (4, 6, 8)[unit % 3], 1 if unit % 7 else 3
    if edit == "missing":
        return
    kernel += 2 if edit == "kernel" else 0
    yield f"c{unit}: conv {kernel} {width} p{kernel // 2}"
    yield from () if edit == "silent" else (f"c{unit}.relu: relu",)
    yield from (f"n{unit}: conv 7 {width} p3", f"n{unit}.relu: relu") if edit == "added" else ()


def residual(unit: int, edit: str) -> Iterator[str]:
    """Two convolutions with batch norm and a shortcut."""
    before = f"r{unit - 1}.out" if unit else "input"
    yield f"r{unit}.one: conv {5 if edit == 'kernel' else 3} 3 p{2 if edit == 'kernel' else 1} < {before}"
    yield f"r{unit}.one.bn: bn"
    yield from () if edit == "silent" else (f"r{unit}.one.relu: relu",)
    yield from (f"n{unit}: conv 7 3 p3",) if edit in {"added", "missing"} else ()
    yield f"r{unit}.two: conv 1 3"
    yield f"r{unit}.add: add < r{unit}.two {before}"
    yield f"r{unit}.out: relu"


def branches(unit: int, edit: str) -> Iterator[str]:
    """Two branches that are joined."""
    before = f"b{unit - 1}.join" if unit else "input"
    yield f"b{unit}.one: conv 1 {5 if edit == 'missing' else 2 + unit % 3} < {before}"
    yield f"b{unit}.one.relu: relu"
    yield f"b{unit}.reduce: conv {3 if edit == 'kernel' else 1} 2 p{int(edit == 'kernel')} < {before}"
    yield from () if edit == "silent" else (f"b{unit}.reduce.relu: relu",)
    yield from (f"n{unit}: conv 7 2 p3",) if edit == "added" else ()
    yield f"b{unit}.three: conv 3 4 p1"
    yield f"b{unit}.join: concat < b{unit}.one.relu b{unit}.three"


EDITS = ("kernel", "silent", "added", "missing")
EVERY = 10
"""One unit in so many is changed."""


def written(kind: Callable[[int, str], Iterator[str]], units: int, *, edits: bool) -> Network:
    """So many units behind each other, some of them changed."""
    lines = [
        line
        for unit in range(units)
        for line in kind(unit, EDITS[unit // EVERY % 4] if edits and unit % EVERY == 5 else "")
    ]
    return network("\n".join((*lines, "fc: linear 10")), input_shape=(3, 8, 8))


def told(layer: Layer) -> Layer:
    """A layer as the paper's, each unit a row."""
    row = layer.name.partition(".")[0]
    return replace(layer, origin=SpecOrigin(row=row, title=row, source=SOURCE))


def compared(expected: Network, found: Network) -> Comparison:
    """Findings and table of a paper's network and a model."""
    comparison = compare({Mode.EVAL: expected}, {Mode.EVAL: Found(network=found)})
    assert not comparison.refusal
    assert slots.table(comparison, {Mode.EVAL: expected})
    return comparison


def lines_of(call: Callable[[], object]) -> int:
    """How many lines of Python a call executes."""
    count = 0

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def work(kind: Callable[[int, str], Iterator[str]], units: int, *, edits: bool) -> int:
    """The lines executed for comparing so many units with themselves, or with one in ten changed."""
    whole = written(kind, units, edits=False)
    expected = replace(whole, layers=tuple(map(told, whole.layers)))
    found = anonymous(written(kind, units, edits=edits))
    return lines_of(lambda: compared(expected, found))


@pytest.mark.parametrize("kind", [chain, residual, branches])
@pytest.mark.parametrize("edits", [False, True])
def test_ten_times_the_layers_are_compared_with_ten_times_the_work(
    kind: Callable[[int, str], Iterator[str]], edits: bool
) -> None:
    assert work(kind, 400, edits=edits) <= MOST * work(kind, 40, edits=edits)


def paper(text: str) -> Network:
    """A network as a paper gives it."""
    whole = network(text, input_shape=(3, 8, 8))
    return replace(whole, layers=tuple(map(told, whole.layers)))


def deeper(depth: int, kernel: int = 1) -> str:
    """Shortcuts around shortcuts, each but the innermost with a convolution on either side."""
    lines = [f"d{level}: conv 1 3" for level in range(depth)] + [f"middle: conv {kernel} 3 p{kernel // 2}"]
    for level in reversed(range(depth)):
        lines += [f"u{level}: conv 1 3", f"a{level}: add < u{level} d{level}"]
    return "\n".join((*lines, "fc: linear 10"))


def test_regions_may_nest_deeper_than_pythons_stack() -> None:
    depth = sys.getrecursionlimit()
    comparison = compared(paper(deeper(depth)), anonymous(paper(deeper(depth, kernel=3))))
    assert [(one.rule, one.rows) for one in comparison.findings] == [("GA202", ("middle",))]


def test_a_sum_may_have_more_steps_than_pythons_stack() -> None:
    lines = [
        f"c{step}: conv 1 3 < s{step - 1}\ns{step}: add < s{step - 1} c{step}"
        for step in range(1, sys.getrecursionlimit())
    ]
    text = "\n".join(("s0: maxpool 1", *lines, "relu: relu", "fc: linear 10"))
    assert not compared(paper(text), anonymous(paper(text))).findings


def test_what_is_nested_deeper_than_a_tree_shows_stands_in_a_row() -> None:
    item = tree(network(deeper(DEEPEST + 5), input_shape=(3, 8, 8))).main[2]
    depth = 0
    while isinstance(item, Region):
        depth, item = depth + 1, next((inner for inner in item.branches[0] if isinstance(inner, Region)), item.merge)
    assert depth == DEEPEST + 1
