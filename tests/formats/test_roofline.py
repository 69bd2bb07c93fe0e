"""The roofline as a picture: where the labels of its dots stand."""

from __future__ import annotations

from gnet_audit.formats.roofline import Point, _dots


def test_a_label_without_a_free_place_is_left_out_and_its_dot_is_not() -> None:
    points = [
        (Point(name=f"inception_{at:03}", per_byte=1.0, per_second=1e9, share=0.001), 100, 100) for at in range(40)
    ]
    dots = list(_dots(points))
    assert len(dots) == 40
    # Three distances in six directions are 18 places, of which some overlap.
    assert 1 <= sum(bool(dot.label) for dot in dots) <= 18
