"""Where the boxes of the picture stand."""

from __future__ import annotations

from dataclasses import replace

from gnet_audit import expand, wiring
from gnet_audit.formats.picture import HIGH, SLICES, WIDE, Box, Picture, picture, slices
from gnet_audit.network import Mode, SpecOrigin
from gnet_audit.report import RowStatus, SlotResult
from gnet_audit.spec import load
from tests.canonical_report import READS, REPORT, ROWS

MODULES = [f"inception_{name}" for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]


def googlenet() -> Picture:
    """The paper's network with every slot a match."""
    network = expand.network(load("googlenet"), Mode.TRAIN)
    rows = [
        replace(ROWS[0], row=layer.origin.row, slot=layer.name)
        for layer in network.layers
        if layer.name != "input" and not layer.name.endswith(".relu") and isinstance(layer.origin, SpecOrigin)
    ]
    return picture(replace(REPORT, rows=wiring.wired(rows, network)))


def boxes(drawn: Picture) -> dict[str, Box]:
    return {box.row.slot: box for box in drawn.boxes}


def test_no_two_boxes_overlap_and_all_are_inside() -> None:
    for drawn in (googlenet(), picture(REPORT), picture(replace(REPORT, rows=ROWS))):
        for index, one in enumerate(drawn.boxes):
            assert one.x >= 0
            assert one.y >= 0
            assert one.x + WIDE <= drawn.width
            assert one.y + HIGH <= drawn.height
            for two in drawn.boxes[:index]:
                assert abs(one.x - two.x) >= WIDE or abs(one.y - two.y) >= HIGH, (one.row.slot, two.row.slot)


def test_data_flows_downwards() -> None:
    drawn = googlenet()
    at = boxes(drawn)
    assert drawn.edges
    for box in drawn.boxes:
        assert all(at[read].y + HIGH < box.y for read in box.row.reads if read in at)


def test_each_module_has_four_branches_side_by_side_and_its_concatenation_below() -> None:
    at = boxes(googlenet())
    for module in MODULES:
        heads = [at[f"{module}.{name}"] for name in ("1x1", "3x3_reduce", "5x5_reduce", "pool")]
        assert len({box.y for box in heads}) == 1
        assert [box.x for box in heads] == sorted({box.x for box in heads})
        for upper, lower in (("3x3_reduce", "3x3"), ("5x5_reduce", "5x5"), ("pool", "pool_proj")):
            assert at[f"{module}.{upper}"].x == at[f"{module}.{lower}"].x
        assert at[f"{module}.concat"].y > at[f"{module}.3x3"].y


def test_the_heads_stand_beside_the_trunk_below_what_they_read() -> None:
    at = boxes(googlenet())
    right = max(at[f"{module}.pool"].x for module in MODULES) + WIDE
    assert at["aux1.pool"].x > right
    assert at["inception_4a.concat"].y < at["aux1.pool"].y < at["inception_4b.concat"].y
    assert at["inception_4d.concat"].y < at["aux2.pool"].y


def test_every_row_with_several_slots_has_a_frame() -> None:
    assert [frame.name for frame in googlenet().frames if frame.name.startswith("inception")] == MODULES


def test_an_added_layer_stands_behind_the_slot_before_it_with_its_edges() -> None:
    drawn = picture(REPORT)
    at = boxes(drawn)
    extra = at[next(row for row in ROWS if row.status is RowStatus.EXTRA).slot]
    before, after = at["inception_3a.5x5"], at["inception_3a.concat"]
    assert extra.x == before.x
    assert before.y + HIGH < extra.y < extra.y + HIGH < after.y
    middle = extra.x + WIDE // 2
    assert any(edge.startswith(f"M{middle} {extra.y + HIGH} ") for edge in drawn.edges)
    assert any(edge.endswith(f" {middle} {extra.y}") for edge in drawn.edges)
    # Where nobody knows what it reads, it still stands behind the slot that it follows.
    loose = boxes(picture(replace(REPORT, rows=tuple(replace(row, reads=()) for row in ROWS))))
    assert loose[extra.row.slot].y > loose["inception_3a.5x5"].y


def test_the_trunk_runs_along_the_left_edge() -> None:
    """A narrow screen begins there: the first box is whole, and so is all that everything passes through."""
    at = boxes(googlenet())
    trunk = ("conv1", "conv2", "pool2", *(f"{module}.concat" for module in MODULES), "avgpool", "linear")
    assert {at[slot].x for slot in trunk} == {at["conv1"].x}
    assert at["conv1"].x + WIDE < 340


def test_a_report_without_rows_or_without_edges_has_a_picture() -> None:
    assert picture(replace(REPORT, rows=())).boxes == ()
    loose: tuple[SlotResult, ...] = tuple(replace(row, reads=()) for row in ROWS)
    assert len(picture(replace(REPORT, rows=loose)).boxes) == len(ROWS)


def test_the_edges_of_the_paper_are_what_its_layers_read() -> None:
    rows = {box.row.slot: box.row.reads for box in googlenet().boxes}
    assert rows["conv1"] == ("input",)
    assert rows["inception_3a.1x1"] == ("pool2",)
    assert rows["inception_3b.concat"] == tuple(f"inception_3b.{name}" for name in ("1x1", "3x3", "5x5", "pool_proj"))
    assert rows["aux1.pool"] == ("inception_4a.concat",)
    assert set(READS) == {row.slot for row in ROWS}


def test_a_slot_alone_in_its_row_has_its_whole_name() -> None:
    labels = {
        box.row.slot: box.label for box in picture(replace(REPORT, rows=(replace(ROWS[0], slot="conv1.conv"),))).boxes
    }
    assert labels == {"conv1.conv": "conv1.conv"}
    assert boxes(picture(REPORT))["inception_3a.5x5"].label == "5x5"


def test_slices_for_paper_make_up_the_picture_and_cut_through_nothing() -> None:
    for drawn in (googlenet(), picture(REPORT)):
        parts = slices(drawn)
        assert parts[0][0] == 0
        assert [top + high for top, high in parts] == [*(top for top, _ in parts[1:]), drawn.height]
        things = [(box.y, box.y + HIGH) for box in drawn.boxes] + [(one.y, one.y + one.height) for one in drawn.frames]
        for cut, _ in parts[1:]:
            assert not any(top < cut < bottom for top, bottom in things)
    # Each slice is the whole picture once more to a browser.
    long = tuple(replace(ROWS[0], row=f"c{number}", slot=f"c{number}", reads=()) for number in range(SLICES + 1))
    assert slices(picture(replace(REPORT, rows=long))) == ()
    assert max(high for _, high in slices(googlenet())) < 0.4 * googlenet().width * 297 / 210  # several on a page
