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


# --- when a search ends: every item here is worth 1, so another one in its place costs a half --------------------

P, X, Y, C, D, E, F, G, H, Q = range(0, 40, 4)


@pytest.mark.parametrize(("calm", "cost"), [(2, 2.5), (3, 2.0)])
def test_so_many_alike_neighbours_end_a_search(monkeypatch: pytest.MonkeyPatch, calm: int, cost: float) -> None:
    monkeypatch.setattr(sequences, "CALM", calm)
    # X new and G gone cost 2. X for the first P, two of them alike, the third new and G gone cost 2.5, but begin cheaper.
    assert cheapest(task([P, P, P, C, D, E, F, G], [X, P, P, P, C, D, E, F])).cost == cost


@pytest.mark.parametrize(("calm", "cost"), [(8, 5.0), (9, 4.0)])
def test_neighbours_unlike_each_other_count_four_times(monkeypatch: pytest.MonkeyPatch, calm: int, cost: float) -> None:
    monkeypatch.setattr(sequences, "CALM", calm)
    # X and Y new, G and H gone cost 4. Both taken for P and Q, and P and Q new afterwards, cost one more.
    assert cheapest(task([P, Q, P, Q, C, D, E, F, G, H], [X, Y, P, Q, P, Q, C, D, E, F])).cost == cost


def test_an_item_unlike_the_one_before_it_tells_four_times_as_much() -> None:
    items = [P, Q, Q, P, Q]
    assert [task(items, items).telling(i) for i in range(5)] == [1, 4, 1, 4, 4]


@pytest.mark.parametrize(("most", "cost"), [(3, 2.5), (4, 1.6)])
def test_a_search_looks_at_so_many_cells(monkeypatch: pytest.MonkeyPatch, most: int, cost: float) -> None:
    monkeypatch.setattr(sequences, "MOST", most)
    # The start, the first gone at 1, the other new at 1.5, both at 1.6; from the second of these 1.5 is left to pay.
    assert cheapest(task([0], [1], taken=lambda _i, _j: 1.6)).cost == cost


def test_a_search_that_has_looked_at_enough_goes_on_from_the_cheapest_of_the_furthest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sequences, "MOST", 5)
    # Looked at: the start, one gone at 1, one new at 1.5, a pair at 1.6, both gone at 2.
    plan = cheapest(task([0, 0], [1, 1], taken=lambda _i, _j: 1.6))
    assert plan == Plan(cost=3.2, steps=((0, 0), (1, 1)))


def test_of_ends_at_the_same_cost_an_opening_takes_the_first() -> None:
    # Either 0 for the 1 at 0.5 + 0.5, or 0 gone at 1 and the 1 alike.
    assert cheapest(task([0, 1], [1], opening=True)) == Plan(cost=1.0, steps=((0, 0), (1, None)))


def test_what_is_alike_at_the_end_is_not_looked_at() -> None:
    looked: list[Step] = []

    def taken(i: int, j: int) -> float:
        looked.append((i, j))
        return 0.5

    assert cheapest(task([P, C, P], [P, D, P], taken=taken)).steps == ((0, 0), (1, 1), (2, 2))
    assert set(looked) == {(1, 1)}
    looked.clear()
    assert cheapest(task([C, D, E], [X, C, D, E], taken=taken)).steps == ((None, 0), (0, 1), (1, 2), (2, 3))
    assert not looked


def test_in_a_row_of_equal_items_the_last_ones_are_new() -> None:
    assert cheapest(task([P, P], [P, P, P])).steps == ((0, 0), (1, 1), (None, 2))


def test_an_end_is_rather_come_to_than_a_calm_place_at_the_same_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "CALM", 2)
    # The 1 taken for the 0 costs 0.5 + 0.5, and two are alike behind it; the 0 new costs 1, and nothing is left to pay.
    plan = cheapest(task([1, 1, 1], [0, 1, 1, 1], opening=True))
    assert plan == Plan(cost=1.0, steps=((None, 0), (0, 1), (1, 2), (2, 3)))


def test_a_calm_place_does_not_take_the_place_of_a_cheaper_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "CALM", 1)
    # 0.5 + 0.5 and 0.5 + 0.5; the 2 gone at 2 makes the 1s alike, and the 3 is new at 2.
    assert cheapest(task([2, 1], [1, 3])) == Plan(cost=2.0, steps=((0, 0), (1, 1)))


def test_of_cells_at_the_same_cost_the_furthest_is_looked_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "MOST", 5)
    # Two pairs at 0.5 + 0.5 each; at that cost there are the 3 new, and the first pair with the 0 gone: the search's end.
    assert cheapest(task([1, 0], [3, 1])) == Plan(cost=2.0, steps=((0, 0), (1, 1)))
