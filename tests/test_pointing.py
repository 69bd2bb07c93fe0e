"""Which line a finding points at, once all that differs is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.differences import Difference, called_apart, constructed_apart, lines_of, literals
from gnet_audit.network import CodeOrigin, Layer, Location, Network
from gnet_audit.pointing import Lines
from gnet_audit.rules import Severity
from tests.networks import network

WRAPPER = Location(file="net.py", line=1, offset=10)
"""Where every convolution is made."""
RUNNER = Location(file="net.py", line=2, offset=20)
"""Where every layer is called."""


def made(number: int, *words: str, offset: int = 30) -> Location:
    """A line of the user's that makes a layer."""
    return Location(file="net.py", line=number, literals=words, offset=offset)


def placed(text: str, *, written: dict[str, tuple[Location, ...]] | None = None, **lines: Location) -> Network:
    """A network all of whose layers the same lines make and call, but for one line of each layer's own."""
    plain = network(text)

    def origin(layer: Layer) -> Layer:
        own = (lines[layer.name],) if layer.name in lines else ()
        table = (written or {}).get(layer.name, ())
        return replace(layer, origin=CodeOrigin(calls=(RUNNER,), constructed=(WRAPPER, *own), written=table))

    return replace(plain, layers=tuple(map(origin, plain.layers)))


def width(found: Network, name: str) -> Difference:
    """The difference of a convolution's width."""
    layer = found.by_name[name]
    value = layer.op.out_channels  # type: ignore[union-attr]
    return difference(found, name, words=literals((("out_channels", value),)))


def difference(
    found: Network, name: str, *, words: tuple[str, ...] = (), rule: str = "GA201", first: tuple[Location, ...] = ()
) -> Difference:
    """A difference at a layer of the model."""
    lines = (*first, *lines_of(found.by_name[name]))
    return Difference(
        rule=rule,
        attribute="",
        slot=name,
        expected="",
        found="",
        severity=Severity.ERROR,
        layer=name,
        lines=lines,
        words=words,
    )


def pointed(found: Network, *group: Difference) -> list[int]:
    """The lines that the differences point at."""
    return [one.location.line for one in Lines([found]).pointed(group) if one.location]


TWO = "a: conv 3 24 p1\nb: conv 3 32 p1\nc: conv 3 48 p1"


def test_a_width_is_where_it_is_written_even_if_other_layers_share_the_line() -> None:
    found = placed(TWO, a=made(5, "24", "32", "48"), b=made(5, "24", "32", "48"), c=made(5, "24", "32", "48"))
    assert pointed(found, width(found, "b")) == [5]


def test_a_width_that_is_written_nowhere_is_at_the_line_that_fewest_layers_share() -> None:
    shared = made(6)
    found = placed(TWO, a=made(5), b=shared, c=shared)
    assert pointed(found, width(found, "a")) == [5]
    assert pointed(found, width(found, "b")) == [6]
    assert pointed(found, width(found, "b"), width(found, "c"), width(found, "a")) == [1, 1, 1]


def test_a_width_in_the_table_that_the_layers_values_came_from_is_there() -> None:
    row = (made(9, "24", "32", "48", offset=-1),)
    found = placed(TWO, written={"a": row, "b": row, "c": row})
    assert pointed(found, width(found, "b")) == [9]


def test_a_number_that_another_layer_rightly_has_is_not_the_wrong_one() -> None:
    # b was given a's width by the code: the 24 in the row is a's.
    row = (made(9, "24", "32", "48", offset=-1),)
    text = TWO.replace("b: conv 3 32", "b: conv 3 24")
    found = placed(text, b=made(7), written={"a": row, "b": row, "c": row})
    assert pointed(found, width(found, "b")) == [7]
    outer = made(5, "24", "32", "48")
    found = placed(text, a=outer, b=outer, c=outer)
    assert pointed(found, width(found, "b")) == [1]


def test_the_same_number_written_for_each_of_two_layers_is_the_wrong_one() -> None:
    row = (made(9, "24", "24", "48", offset=-1),)
    text = TWO.replace("b: conv 3 32", "b: conv 3 24")
    found = placed(text, b=made(7), written={"a": row, "b": row, "c": row})
    assert pointed(found, width(found, "b")) == [9]


def test_a_number_at_two_lines_of_a_table_is_at_neither() -> None:
    rows = (made(8, "32", offset=-1), made(9, "32", offset=-1))
    found = placed(TWO, b=made(7), written={"a": rows, "b": rows, "c": rows})
    assert pointed(found, width(found, "b")) == [7]


@pytest.mark.parametrize(("words", "line"), [(("3", "2", "2"), 7), (("3", "2", "padding=2"), 9)])
def test_a_small_number_in_a_table_is_anything_unless_it_is_named(words: tuple[str, ...], line: int) -> None:
    row = (made(9, *words, offset=-1),)
    found = placed(TWO, b=made(7), written=dict.fromkeys("abc", row))
    padding = literals((("padding", (2, 2, 2, 2)),))
    assert pointed(found, difference(found, "b", words=padding)) == [line]


def test_what_all_layers_lack_is_where_all_of_them_pass_and_what_one_lacks_at_its_own_line() -> None:
    found = placed(TWO, a=made(5), b=made(6), c=made(7))
    one, *others = (difference(found, name, first=(RUNNER,)) for name in "abc")
    assert pointed(found, one, *others) == [2, 2, 2]
    assert pointed(found, one) == [5]


def test_a_layer_of_another_kind_on_the_same_line_is_no_sharer() -> None:
    text = "a: conv 3 24 p1\nb: maxpool 2 /2"
    found = placed(text, a=made(5), b=made(6))
    assert pointed(found, difference(found, "b", first=(RUNNER,))) == [2]


def test_a_difference_without_lines_to_choose_from_keeps_its_own() -> None:
    found = placed(TWO)
    own = replace(width(found, "a"), lines=(), location=made(77))
    assert pointed(found, own) == [77]
    assert pointed(found, replace(width(found, "a"), layer="gone")) == [1]


def test_a_softmax_goes_where_it_is_called_unless_one_line_runs_the_whole() -> None:
    plain = network("a: linear 10\nb: softmax")
    fc, softmax = plain.layers[1:]
    line = made(9, offset=1)
    for offset, expected in ((2, [9]), (1, [5])):
        called = replace(line, offset=offset)
        layers = (
            plain.layers[0],
            replace(fc, origin=CodeOrigin(calls=(line,), constructed=(made(4),))),
            replace(softmax, origin=CodeOrigin(calls=(called,), constructed=(made(5),))),
        )
        found = replace(plain, layers=layers)
        assert pointed(found, difference(found, "b", rule="GA310")) == expected


def test_two_calls_in_one_line_are_told_apart_by_their_instructions() -> None:
    one, two = (
        Layer(name=name, op=network("x: conv 1 2").layers[1].op, origin=CodeOrigin(calls=(line,), constructed=(line,)))
        for name, line in (("one", made(3, offset=1)), ("two", made(3, offset=2)))
    )
    for apart in (called_apart, constructed_apart):
        assert apart([one], two) == made(3)
        assert apart([one], one) is None
