"""Which columns fit a width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnet_audit.formats.layout import GAP, Extent, fit, least
from gnet_audit.formats.view import DEFAULT_COLUMNS, EXPENDABLE, ON_REQUEST, Column, Depth

EXTENTS = st.dictionaries(
    st.sampled_from(Column),
    st.tuples(st.integers(1, 40), st.integers(0, 40)).map(lambda pair: Extent(minimum=pair[0], natural=sum(pair))),
    min_size=1,
)


@pytest.mark.parametrize("depth", Depth)
def test_every_default_column_but_slot_and_verdict_can_make_room(depth: Depth) -> None:
    assert set(EXPENDABLE[depth]) == set(DEFAULT_COLUMNS) - {Column.SLOT, Column.VERDICT}
    assert set(DEFAULT_COLUMNS) | ON_REQUEST == set(Column)


@given(extents=EXTENTS, width=st.integers(1, 200))
def test_a_table_is_never_wider_than_asked_while_anything_can_be_dropped(
    extents: dict[Column, Extent], width: int
) -> None:
    layout = fit(extents, width, tuple(Column))
    total = sum(size for _, size in layout.widths) + GAP * (len(layout.widths) - 1)
    assert total <= width or not layout.widths


@given(extents=EXTENTS, width=st.integers(0, 200))
def test_every_column_is_shown_or_told_as_dropped_and_none_is_narrower_than_it_can_be(
    extents: dict[Column, Extent], width: int
) -> None:
    layout = fit(extents, width, tuple(Column))
    shown = [column for column, _ in layout.widths]
    assert set(shown) | set(layout.dropped) == set(extents)
    assert not set(shown) & set(layout.dropped)
    assert shown == [column for column in extents if column in shown]
    assert all(extents[column].minimum <= size <= extents[column].natural for column, size in layout.widths)


@given(extents=EXTENTS)
def test_without_a_limit_nothing_is_dropped_or_narrowed(extents: dict[Column, Extent]) -> None:
    layout = fit(extents, 0, tuple(Column))
    assert dict(layout.widths) == {column: extent.natural for column, extent in extents.items()}


@given(extents=EXTENTS)
def test_the_least_width_is_the_first_at_which_no_column_is_dropped(extents: dict[Column, Extent]) -> None:
    assert not fit(extents, least(extents), tuple(Column)).dropped
    assert fit(extents, least(extents) - 1, tuple(Column)).dropped or least(extents) == 1


def test_columns_are_dropped_in_the_order_given() -> None:
    extents = {column: Extent(natural=10, minimum=10) for column in (Column.SLOT, Column.OP, Column.MACS)}
    assert fit(extents, 33, (Column.MACS, Column.OP)).dropped == (Column.MACS,)
    assert fit(extents, 21, (Column.MACS, Column.OP)).dropped == (Column.OP, Column.MACS)


def test_the_column_with_the_most_room_gives_way_first() -> None:
    extents = {Column.SLOT: Extent(natural=20, minimum=20), Column.OP: Extent(natural=30, minimum=10)}
    assert fit(extents, 42, ()).widths == ((Column.SLOT, 20), (Column.OP, 20))
