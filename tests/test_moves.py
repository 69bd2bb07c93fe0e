"""Layers that stand elsewhere keep the lines of the model's own layer."""

from __future__ import annotations

from gnet_audit.differences import Difference, lines_of
from gnet_audit.moves import moved_activations
from gnet_audit.pointing import Lines
from gnet_audit.rules import Severity
from tests.networks import network
from tests.test_pointing import made, placed


def test_an_activation_in_another_order_points_at_the_line_of_the_one_that_the_model_has() -> None:
    expected = network("a: conv 3 8 p1\na.relu: relu\nb: maxpool 3 /1 p1\nz: linear 3")
    text = "one: conv 3 8 p1\ntwo: maxpool 3 /1 p1\nact: relu\nother: relu\nend: linear 3"
    model = placed(text, one=made(5), act=made(7))
    gone = Difference(
        rule="GA213",
        attribute="activation",
        slot="a.relu",
        expected="relu",
        found="none",
        severity=Severity.ERROR,
        layer="one",
        lines=lines_of(model.by_name["one"]),
    )
    new = Difference(
        rule="GA302",
        attribute="layer",
        slot="b",
        expected="none",
        found="relu",
        severity=Severity.ERROR,
        layer="act",
        lines=lines_of(model.by_name["act"]),
    )
    (one,) = Lines([model]).pointed(moved_activations(expected, [gone, new]))
    assert (one.rule, one.slot, one.expected, one.found) == ("GA303", "a.relu", "after a", "after b")
    assert (one.layer, one.location) == ("act", made(7))
