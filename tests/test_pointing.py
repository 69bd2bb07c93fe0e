"""Which line a finding points at, once all that differs is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.differences import Difference, called_apart, constructed_apart, lines_of, literals
from gnet_audit.network import CodeOrigin, Layer, Location, Network, Weight
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


@pytest.mark.parametrize(("word", "line"), [("7", 7), ("-1", 7), ("8", 9)])
def test_a_number_in_a_table_is_telling_from_eight_on(word: str, line: int) -> None:
    row = (made(9, "3", word, offset=-1),)
    found = placed(TWO, b=made(7), written=dict.fromkeys("abc", row))
    assert pointed(found, difference(found, "b", words=(word,))) == [line]


def test_a_width_of_a_linear_layer_that_another_rightly_has_is_not_the_wrong_one() -> None:
    row = (made(9, "24", "32", offset=-1),)
    found = placed("a: linear 24\nb: linear 24\nc: linear 32", b=made(7), written=dict.fromkeys("abc", row))
    wrong = difference(found, "b", words=literals((("out_features", 24),)))
    assert pointed(found, wrong) == [7]


def test_layers_that_have_no_width_share_lines_as_well() -> None:
    found = placed("a: maxpool 2\nb: maxpool 2", a=made(5), b=made(6))
    assert pointed(found, difference(found, "b", first=(RUNNER,))) == [6]


def test_a_number_that_is_no_width_is_free_however_many_layers_have_the_width() -> None:
    row = (made(9, "11", "32", offset=-1),)
    found = placed(f"{TWO}\nd: conv 3 32 p1", b=made(7), written=dict.fromkeys("abcd", row))
    assert pointed(found, difference(found, "b", words=("11",))) == [9]


def test_of_two_lines_at_which_a_value_is_written_it_is_at_the_one_that_fewest_layers_share() -> None:
    shared, own = made(8, "32"), made(5, "32")
    found = placed(TWO, a=shared, b=own, c=shared)
    assert pointed(found, difference(found, "b", words=("32",), first=(shared,))) == [5]


def test_a_line_that_led_to_no_other_layer_is_shared_by_none() -> None:
    found = placed(TWO, b=made(7))
    assert pointed(found, difference(found, "b", first=(RUNNER, made(50)))) == [50]


def test_a_layer_that_no_line_made_points_where_its_difference_does() -> None:
    plain = network(TWO)
    assert pointed(plain, replace(difference(plain, "b"), lines=(made(7), made(8)))) == [7]


def test_of_a_layer_that_ran_in_two_modes_the_first_ones_lines_count() -> None:
    row = (made(9, "24", "32", "48", offset=-1),)
    one, two = placed(TWO, b=made(7), written=dict.fromkeys("abc", row)), placed(TWO, b=made(7))
    for networks, line in (((one, two), 9), ((two, one), 7)):
        (there,) = Lines(networks).pointed([width(one, "b")])
        assert there.location is not None
        assert there.location.line == line


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
        assert pointed(found, difference(found, "b", rule="GA302")) == [5]


def test_two_calls_in_one_line_are_told_apart_by_their_instructions() -> None:
    one, two = (
        Layer(name=name, op=network("x: conv 1 2").layers[1].op, origin=CodeOrigin(calls=(line,), constructed=(line,)))
        for name, line in (("one", made(3, offset=1)), ("two", made(3, offset=2)))
    )
    for apart in (called_apart, constructed_apart):
        assert apart([one], two) == made(3)
        assert apart([one], one) is None


def ranged(found: Network, **of: str) -> Network:
    """The network with some of its convolutions as ranges of wide ones."""

    def narrow(layer: Layer) -> Layer:
        wide = of.get(layer.name)
        weight = Weight(
            role="weight", name=wide or f"{layer.name}.weight", shape=(64, 8, 1, 1), rows=(0, 8) if wide else None
        )
        return replace(layer, weights=(weight,))

    return replace(found, layers=tuple(map(narrow, found.layers)))


BLOCKS = "\n".join(f"{name}{block}: conv 1 8" for block in "123" for name in "abx")
"""Three blocks, of which each has a convolution, `x`, and another that is cut into `a` and `b`."""


def blocks(*, wide: bool) -> Network:
    """All blocks make their convolutions in the same lines; each block has a line that makes it."""
    inner, other = made(5), made(6)
    plain = network(BLOCKS)

    def origin(layer: Layer) -> Layer:
        lines = (other if layer.name[0] == "x" else inner, made(10 + int(layer.name[-1])))
        return replace(layer, origin=CodeOrigin(calls=(RUNNER,), constructed=lines))

    found = replace(plain, layers=tuple(map(origin, plain.layers[1:])))
    return ranged(found, **{f"{name}{block}": f"w{block}" for block in "123" for name in "ab"}) if wide else found


def test_a_range_of_a_wide_layer_in_every_block_is_where_the_block_makes_the_layer() -> None:
    found = blocks(wide=True)
    lacking = [difference(found, f"a{block}") for block in "123"]
    assert pointed(found, *lacking) == [5, 5, 5]


def test_a_range_of_a_wide_layer_in_one_block_is_where_that_block_is_made() -> None:
    found = blocks(wide=True)
    assert pointed(found, difference(found, "a2")) == [12]


def test_one_of_two_layers_that_a_line_of_every_block_makes_is_not_that_line() -> None:
    found = blocks(wide=False)
    lacking = [difference(found, f"a{block}") for block in "123"]
    assert pointed(found, *lacking) == [11, 12, 13]


def calling(found: Network, **calls: tuple[Location, ...]) -> Network:
    """The network with other lines that call some of its layers."""
    layers = [
        replace(one, origin=CodeOrigin(calls=calls.get(one.name, (RUNNER,)), constructed=lines_of(one)[:-1]))
        for one in found.layers
    ]
    return replace(found, layers=tuple(layers))


def test_what_is_missing_goes_where_the_layer_behind_it_is_called_if_that_calls_nothing_else() -> None:
    found = calling(placed(TWO, b=made(5)), b=(made(21), RUNNER))
    assert pointed(found, difference(found, "b", rule="GA301")) == [21]
    assert pointed(found, difference(found, "b", rule="GA205")) == [5]


def test_what_is_missing_does_not_go_into_a_call_that_runs_other_layers_as_well() -> None:
    part = made(21)
    found = calling(placed(f"{TWO}\nr: relu", b=made(5)), b=(part, RUNNER), r=(part, RUNNER))
    assert pointed(found, difference(found, "b", rule="GA301")) == [5]
    beside = made(21, offset=31)  # the same line, and another call
    found = calling(placed(f"{TWO}\nr: relu", b=made(5)), b=(part, RUNNER), r=(beside, RUNNER))
    assert pointed(found, difference(found, "b", rule="GA301")) == [21]
