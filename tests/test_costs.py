"""How unlike two units are: the scale by hand, one term of it after the other."""

from __future__ import annotations

from math import log2

import pytest

from gnet_audit.costs import FAR, distance, same_windows, weight
from gnet_audit.network import AdaptivePool2d, Pool2d, PoolKind, Shape
from gnet_audit.structure import Unit, tree
from tests.networks import network


def unit(text: str, shape: Shape = (8, 12, 12)) -> Unit:
    """The last unit of a network of a few lines."""
    last = tree(network(text, input_shape=shape)).main[-1]
    assert isinstance(last, Unit)
    return last


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: conv 3 8", 2.0),
        ("a: linear 8", 2.0),
        ("a: conv 3 8\nb: relu", 2.1),
        ("a: conv 3 8\nb: bn\nc: relu", 2.2),
        ("a: maxpool 2 /2", 1.0),
        ("a: adaptive avg 1", 1.0),
        ("a: lrn", 0.6),
        ("a: softmax", 0.3),
    ],
)
def test_a_unit_without_a_counterpart_costs_what_it_is(text: str, expected: float) -> None:
    assert weight(unit(text)) == pytest.approx(expected)


def test_the_input_always_has_a_counterpart() -> None:
    (first, *_) = tree(network("a: conv 1 8")).main
    assert isinstance(first, Unit)
    assert weight(first) == FAR


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("a: conv 3 8 p1", "a: conv 3 8 p1", 0),
        ("a: conv 3 8 p1", "a: conv 3 16 p1", 0.4 + 0.4),
        ("a: conv 3 8 p1", "a: conv 3 12 p1", 0.4 + 0.4 * log2(1.5)),
        ("a: conv 3 8 p1", "a: conv 3 640 p1", 0.4 + 0.8),
        ("a: conv 3 8 p1", "a: conv 5 8 p1", 0.4),
        ("a: conv 3 8 p1", "a: conv 3 8 p1 /2", 0.3),
        ("a: conv 3 8 p1", "a: conv 3 8", 0.05),
        ("a: conv 3 8 p1", "a: conv 3 8 p1 d2", 0.1),
        ("a: conv 3 8 p1", "a: conv 3 8 p1 g2", 0.2),
        ("a: conv 3 8 p1", "a: conv 3 8 p1 nobias", 0.02),
        ("a: conv 3 8 p1", "a: conv 3 8 p1 transposed", 1),
        ("a: linear 10", "a: linear 20", 0.01 + 0.8),
        ("a: linear 10", "a: conv 12 10", 0.01),
        ("a: conv 12 10", "a: linear 10", 0.01),
        ("a: linear 10", "a: linear 0", 0.01 + 1.2),
        ("a: linear 10", "a: conv 3 10", FAR),
        ("a: maxpool 2 /2", "a: avgpool 2 /2", 0.5 + 0.001),
        ("a: maxpool 2 /2", "a: maxpool 3 /2", 0.2 + 0.05),
        ("a: maxpool 2 /2", "a: maxpool 2 /3", 0.4 + 0.05),
        ("a: avgpool 12", "a: adaptive avg 1", 0.001),
        ("a: avgpool 6 /6", "a: adaptive avg 1", 0.3),
        ("a: dropout 0.5", "a: dropout 0.25", 0.05 + 0.05),
        ("a: lrn", "a: lrn", 0),
        ("a: softmax", "a: linear 3", FAR),
        ("a: conv 3 8", "a: maxpool 3 /2", FAR),
    ],
)
def test_two_units_are_as_far_apart_as_their_attributes(one: str, two: str, expected: float) -> None:
    assert distance(unit(one), unit(two)) == pytest.approx(expected)


def test_what_follows_costs_a_little_where_it_differs() -> None:
    assert distance(unit("a: conv 3 8\nb: relu"), unit("a: conv 3 8")) == pytest.approx(0.06)
    assert distance(unit("a: conv 3 8\nb: relu"), unit("a: conv 3 8\nb: tanh")) == pytest.approx(0.12)


def test_a_merge_may_be_an_op_that_is_not_known_if_it_joins_as_many() -> None:
    def joined(last: str) -> Unit:
        (region,) = tree(network(f"a: conv 1 4 < input\nb: conv 1 4 < input\nc: conv 1 4 < input\nj: {last}")).main[1:]
        assert not isinstance(region, Unit)
        return region.merge

    assert distance(joined("concat < a b c"), joined("add < a b c")) == 0.4
    assert distance(joined("concat < a b c"), joined("unknown f < a b c")) == 1.0
    assert distance(joined("concat < a b c"), joined("unknown f < a b")) == FAR


def test_where_no_shape_is_known_only_equal_pools_are_the_same() -> None:
    pool = Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(1, 1))
    whole = AdaptivePool2d(kind=PoolKind.MAX, output_size=(1, 1))
    assert same_windows(pool, pool, None)
    assert not same_windows(pool, whole, None)
    assert same_windows(pool, whole, (4, 3, 3))
    assert not same_windows(pool, whole, (4, 2, 2))
