"""A line plot as coordinates."""

from __future__ import annotations

from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from gnet_audit.formats.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Series, plot

FINITE = st.floats(min_value=0, max_value=1e6)


def test_a_line_runs_from_corner_to_corner() -> None:
    drawn = plot("loss", "step", [Series(name="main", points=((1, 0), (5, 2), (9, 4)))])
    assert drawn is not None
    middle = f"{(LEFT + WIDTH - RIGHT) // 2},{(TOP + HEIGHT - BOTTOM) // 2}"
    assert drawn.lines == (("main", f"{LEFT},{HEIGHT - BOTTOM} {middle} {WIDTH - RIGHT},{TOP}"),)
    assert [tick.text for tick in drawn.x_ticks] == ["2", "4", "6", "8"]
    assert [tick.text for tick in drawn.y_ticks] == ["0", "1", "2", "3", "4"]


def test_what_is_no_number_is_left_out() -> None:
    drawn = plot("loss", "step", [Series(name="main", points=((1, inf), (2, 3), (3, nan)))])
    assert drawn is not None
    assert len(drawn.lines[0][1].split()) == 1
    assert plot("loss", "step", [Series(name="main", points=((1, nan),))]) is None
    assert plot("loss", "step", []) is None


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=20))
def test_everything_stays_within_the_axes_and_there_are_a_few_numbers(points: list[tuple[float, float]]) -> None:
    drawn = plot("loss", "step", [Series(name="main", points=tuple(sorted(points)))])
    assert drawn is not None
    for pair in drawn.lines[0][1].split():
        x, y = map(int, pair.split(","))
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM
    assert 1 <= len(drawn.y_ticks) <= 12
