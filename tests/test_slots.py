"""The table of small networks: what became of each slot, and which layers of the model have a row of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit import expand, slots
from gnet_audit.compare import Found, compare
from gnet_audit.network import CodeOrigin, Location, Mode, Network, Shape, Source, SpecOrigin, Status
from gnet_audit.report import RowStatus
from gnet_audit.spec import load
from gnet_audit.wiring import wired
from tests.canonical_report import ROWS
from tests.networks import network

SOURCE = Source(id="table", where="Table 1", status=Status.PRINTED)


def paper(text: str) -> Network:
    """A network whose layers are slots."""
    whole = network(text)
    layers = (replace(one, origin=SpecOrigin(row=one.name, title=one.name, source=SOURCE)) for one in whole.layers)
    return replace(whole, layers=tuple(layers))


def rows(expected: str, found: str | Network, *, complete: bool = True) -> list[tuple[str, RowStatus, str]]:
    """Slot, status and note of each row, in eval alone."""
    model = found if isinstance(found, Network) else network(found)
    both = {Mode.EVAL: paper(expected)}
    comparison = compare(both, {Mode.EVAL: Found(network=model, complete=complete)})
    return [(row.slot, row.status, row.note) for row in slots.table(comparison, both)]


def measured(text: str, **shapes: Shape | None) -> Network:
    """A network of which some layers gave other sizes than their ops do."""
    whole = network(text)
    layers = (replace(one, shape=shapes[one.name]) if one.name in shapes else one for one in whole.layers)
    return replace(whole, layers=tuple(layers))


MATCH, EQUIVALENT, UNVERIFIED = RowStatus.MATCH, RowStatus.EQUIVALENT, RowStatus.UNVERIFIED
FOLLOWS, DIFFERS = RowStatus.CONSEQUENCE, RowStatus.DIFFERS
TWO = "a: conv 3 8 p1\nz: linear 3"


@pytest.mark.parametrize(
    ("expected", "found", "table"),
    [
        (TWO, TWO, [("a", MATCH, ""), ("z", MATCH, "")]),
        # What nobody knows is unverified, and no size behind it is known on either side.
        (f"u: unknown f\n{TWO}", f"u: unknown f\n{TWO}",
         [("u", UNVERIFIED, "an op that we do not know"), ("a", MATCH, ""), ("z", MATCH, "")]),
        (f"{TWO.replace('z', 'd: dropout 0.4 off' + chr(10) + 'z')}", TWO,
         [("a", MATCH, ""), ("d", EQUIVALENT, "does nothing in this mode"), ("z", MATCH, "")]),
        # A dropout too many that does nothing in eval has no row.
        (TWO, f"{TWO.replace('z', 'd: dropout 0.4 off' + chr(10) + 'z')}", [("a", MATCH, ""), ("z", MATCH, "")]),
        (TWO, measured(TWO, a=(8, 16, 16)), [("a", DIFFERS, slots.STRANGE), ("z", MATCH, "")]),
        (f"i: conv 1 8\n{TWO}", measured(f"i: conv 1 9\n{TWO}", a=(8, 16, 16)),
         [("i", DIFFERS, "finding 1"), ("a", FOLLOWS, slots.STRANGE), ("z", MATCH, "")]),
    ],
)  # fmt: skip
def test_what_became_of_each_slot(expected: str, found: str | Network, table: list[tuple[str, RowStatus, str]]) -> None:
    assert rows(expected, found) == table


def test_where_the_findings_cannot_be_derived_together_a_size_follows_from_them() -> None:
    text = "a: conv 3 8 p1\nb: conv 3 8 p1\nz: linear 3"
    whole = measured(text, a=(8, 16, 16))
    # 40 rows do not fit into 32.
    layers = (replace(one, op=replace(one.op, kernel=(40, 40))) if one.name == "b" else one for one in whole.layers)  # type: ignore[arg-type]
    assert rows(text, replace(whole, layers=tuple(layers))) == [
        ("a", FOLLOWS, "its size follows from a finding before it"),
        ("b", DIFFERS, "finding 1"),
        ("z", MATCH, ""),
    ]


def test_slots_behind_the_place_where_a_forward_stopped_are_not_verified() -> None:
    whole = network("a: conv 3 8 p1\nb: conv 3 8 p1\nz: linear 3")
    part = replace(whole, layers=whole.layers[:2], outputs=())
    assert rows("a: conv 3 8 p1\nb: conv 3 8 p1\nz: linear 3", part, complete=False) == [
        ("a", MATCH, ""),
        ("b", UNVERIFIED, "the forward stopped before it"),
        ("z", UNVERIFIED, "the forward stopped before it"),
    ]


def test_every_slot_of_a_region_that_is_missing_is_missing() -> None:
    stem = "i: conv 3 8 p1\nk: conv 3 8 p1\nl: conv 3 8 p1\n"
    table = rows(f"{stem}a: conv 1 8 < l\nb: conv 3 8 p1 < l\ns: add < a b\nz: linear 3", f"{stem}z: linear 3")
    assert [slot for slot, status, _ in table if status is RowStatus.MISSING] == ["a", "b", "s"]


def test_a_slot_says_where_the_paper_has_it_and_what_it_says_of_it() -> None:
    """Table 1 prints 32 under #5×5 of inception (3a); that its padding is the same is figure 3's word."""
    whole = {mode: expand.network(load("googlenet"), mode) for mode in Mode}
    found = {mode: Found(network=one) for mode, one in whole.items()}
    (row,) = [row for row in slots.table(compare(whole, found), whole) if row.slot == "inception_3a.5x5"]
    assert row.source is not None
    assert (row.source.where, row.source.status) == ("Table 1", Status.PRINTED)
    cell, *others = row.stated
    assert (cell.attribute, cell.value, cell.source.status) == ("out_channels", "32", Status.PRINTED)
    assert cell.source.where == "Table 1: 5x5 of inception (3a)"
    said = {one.attribute: (one.value, one.source.status) for one in others}
    assert said["kernel"] == ("5×5", Status.STATED)
    assert said["padding"] == ("2", Status.STATED)
    assert said["bias"] == ("yes", Status.INFERRED)
    assert said["activation"] == ("relu", Status.STATED)


def test_a_slot_has_the_lines_that_findings_name_for_it_and_no_others() -> None:
    """One helper makes both convolutions; each is told by a line of its own how large it is to be."""
    made = Location(file="net.py", line=1)
    sizes = {
        "a": Location(file="net.py", line=8, literals=("3",)),
        "b": Location(file="net.py", line=9, literals=("3",)),
    }
    model = network("a: conv 3 8 p1\nb: conv 3 8 p1\nz: linear 3")
    layers = tuple(
        replace(one, origin=CodeOrigin(constructed=(made, sizes[one.name]))) if one.name in sizes else one
        for one in model.layers
    )
    both = {Mode.EVAL: paper("a: conv 5 8 p2\nb: conv 5 8 p2\nz: linear 3")}
    comparison = compare(both, {Mode.EVAL: Found(network=replace(model, layers=layers))})
    assert [finding.locations for finding in comparison.findings] == [tuple(sizes.values())]
    lines = {row.slot: (row.location, row.lines) for row in slots.table(comparison, both)}
    assert lines == {"a": (made, (sizes["a"],)), "b": (made, (sizes["b"],)), "z": (None, ())}


def test_around_an_added_layer_the_slots_read_what_they_do_in_the_model() -> None:
    both = {Mode.EVAL: paper("a: conv 3 8 p1\nm: maxpool 2 /2\nz: linear 3")}
    found = Found(network=network("first: conv 3 8 p1\nn: lrn 5\no: lrn 3\npool: maxpool 2 /2\nend: linear 3"))
    reads = {row.slot: row.reads for row in slots.table(compare(both, {Mode.EVAL: found}), both)}
    assert reads == {"a": ("input",), "+n": ("a",), "+o": ("+n",), "m": ("+o",), "z": ("m",)}


def test_what_two_ways_lead_to_is_read_once() -> None:
    paper = network("a: conv 1 4\nm: relu < a\nl: relu < m\nr: relu < m\nj: concat < l r\nb: conv 1 4 < j")
    rows = tuple(replace(ROWS[0], row=name, slot=name, layer="", reads=()) for name in ("a", "b"))
    assert [row.reads for row in wired(rows, paper)] == [("input",), ("a",)]
