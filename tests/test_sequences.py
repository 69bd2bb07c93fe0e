"""Sequences turned into one another: as the whole table says, and without filling it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit import sequences
from gnet_audit.sequences import Plan, Step, Task, cheapest

ITEMS = st.lists(st.integers(0, 3), max_size=9)
Taken = Callable[[int, int], float]


def weight(item: int) -> float:
    """What it costs that an item has no counterpart; halves, so that sums are exact."""
    return (1.0, 1.5, 2.0, 2.0)[item % 4]


def unlike(one: int, two: int) -> float:
    """What it costs to take one item for another: a distance, as what no counterpart costs is one from nothing."""
    return 0.0 if one == two else 0.5 + abs(weight(one) - weight(two))


def task(one: Sequence[int], two: Sequence[int], *, opening: bool = False, taken: Taken | None = None) -> Task:
    """Two sequences of numbers, each its own item."""
    return Task(
        one=one,
        two=two,
        gone=lambda i: weight(one[i]),
        new=lambda j: weight(two[j]),
        taken=taken or (lambda i, j: unlike(one[i], two[j])),
        opening=opening,
    )


def least(one: Sequence[int], two: Sequence[int]) -> float:
    """The least cost, by the whole table."""
    row = [sum(map(weight, two[:j])) for j in range(len(two) + 1)]
    for item in one:
        above, row = row, [row[0] + weight(item)]
        for j, other in enumerate(two):
            row.append(min(above[j] + unlike(item, other), above[j + 1] + weight(item), row[j] + weight(other)))
    return row[-1]


def price(one: Sequence[int], two: Sequence[int], steps: Sequence[Step]) -> float:
    """What steps cost."""
    return sum(
        unlike(one[i], two[j]) if i is not None and j is not None else weight(one[i] if i is not None else two[j or 0])
        for i, j in steps
    )


def in_order(plan: Plan, one: Sequence[int], two: Sequence[int]) -> bool:
    """Whether the steps take each item of both once, in order."""
    first = [i for i, _ in plan.steps if i is not None]
    second = [j for _, j in plan.steps if j is not None]
    return first == list(range(len(one))) and second == list(range(len(two)))


@given(ITEMS, ITEMS)
@settings(max_examples=300)
def test_a_plan_is_as_cheap_as_the_whole_table_says(one: list[int], two: list[int]) -> None:
    plan = cheapest(task(one, two))
    assert plan.cost == price(one, two, plan.steps) == least(one, two)
    assert in_order(plan, one, two)


@given(ITEMS, ITEMS)
@settings(max_examples=300)
def test_what_an_opening_leaves_over_costs_nothing(one: list[int], two: list[int]) -> None:
    plan = cheapest(task(one, two, opening=True))
    assert plan.cost == min(least(one[:length], two) for length in range(len(one) + 1))
    assert in_order(plan, one, two)


def changed(one: list[int], random: Random) -> list[int]:
    """A sequence with one item in a hundred gone, new or another."""
    two = list(one)
    for place in range(len(one) - 50, 0, -100):
        match random.choice(("gone", "new", "other")):
            case "gone":
                del two[place]
            case "new":
                two.insert(place, 9)
            case _:
                two[place] += 4
    return two


def looked_at(length: int, kinds: int) -> int:
    """How many pairs are priced for two sequences of which one hundredth differs."""
    random = Random(length)
    one = [random.randrange(kinds) for _ in range(length)]
    two, count = changed(one, random), 0

    def taken(i: int, j: int) -> float:
        nonlocal count
        count += 1
        return unlike(one[i], two[j])

    plan = cheapest(task(one, two, taken=taken))
    assert in_order(plan, one, two)
    assert plan.cost <= 2 * (length // 100)
    return count


@pytest.mark.parametrize("kinds", [1, 4])
def test_ten_times_the_items_are_ten_times_the_work(kinds: int) -> None:
    assert looked_at(10_000, kinds) <= 13 * looked_at(1_000, kinds)


def test_a_block_of_many_new_items_is_found() -> None:
    random = Random(0)
    one = [random.randrange(4) for _ in range(3_000)]
    block = [random.randrange(4) for _ in range(60)]
    plan = cheapest(task(one, [*one[:1_500], *block, *one[1_500:]]))
    assert plan.cost <= sum(map(weight, block))


def test_sequences_with_nothing_in_common_are_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "MOST", 1_000)
    one, two, count = [0] * 2_000, [2] * 2_000, 0

    def taken(_i: int, _j: int) -> float:
        nonlocal count
        count += 1
        return 4.0

    plan = cheapest(task(one, two, taken=taken))
    assert in_order(plan, one, two)
    # A thousand cells a search, and each search brings 45 steps at least: the diagonal of their square is that long.
    assert count <= 1_000 * (2 * 2_000 / 44)
