"""Alignment by dataflow: the cheapest pairing, whatever the names and the order of branches."""

from __future__ import annotations

from itertools import permutations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit.align import Alignment, align, assignment
from gnet_audit.structure import tree
from tests.networks import network


def aligned(expected: str, found: str) -> Alignment:
    """The alignment of two networks given as text."""
    return align(tree(network(expected)), tree(network(found)))


def pairs(alignment: Alignment) -> set[tuple[str, str]]:
    """Pairs of anchors by name; `-` for none."""
    return {
        (pair.expected.name if pair.expected else "-", pair.found.name if pair.found else "-")
        for pair in alignment.pairs
    }


CHAIN = "a: conv 7 8 p3 /2\nb: maxpool 3 /2\nc: conv 3 16 p1\nd: linear 10"


def test_a_network_aligns_with_itself_at_no_cost() -> None:
    found = aligned(CHAIN, CHAIN)
    assert found.distance == 0
    assert pairs(found) == {(name, name) for name in ("input", "a", "b", "c", "d")}


def test_names_do_not_matter() -> None:
    renamed = "z: conv 7 8 p3 /2\ny: maxpool 3 /2\nx: conv 3 16 p1\nw: linear 10"
    assert pairs(aligned(CHAIN, renamed)) == {("input", "input"), ("a", "z"), ("b", "y"), ("c", "x"), ("d", "w")}


def test_a_missing_layer_has_no_partner() -> None:
    found = aligned(CHAIN, "a: conv 7 8 p3 /2\nc: conv 3 16 p1\nd: linear 10")
    assert ("b", "-") in pairs(found)
    assert found.distance > 0


def test_an_added_layer_says_after_which_slot_it_stands_and_who_reads_it() -> None:
    found = aligned(CHAIN, CHAIN.replace("c: conv", "n: lrn\nc: conv"))
    (added,) = [pair for pair in found.pairs if pair.expected is None]
    assert (added.after, added.readers) == ("b", ("c",))


BRANCHES = "i: conv 1 8\na: conv 1 4 < i\nb: conv 3 4 p1 < i\nc: conv 5 4 p2 < i\n"


def test_branches_are_matched_by_what_they_are_not_by_where_they_stand() -> None:
    for order in permutations("abc"):
        found = aligned(f"{BRANCHES}j: concat < a b c", f"{BRANCHES}j: concat < {' '.join(order)}")
        assert {("a", "a"), ("b", "b"), ("c", "c")} <= pairs(found)
        (merge,) = found.merges
        assert merge.branches == tuple(order.index(name) for name in "abc")


def test_unrelated_networks_are_far_apart() -> None:
    other = "\n".join(f"l{index}: linear {index}" for index in range(20, 40))
    assert aligned(CHAIN, other).distance > 0.7


def test_heads_are_matched_by_likeness_and_tap() -> None:
    def with_heads(first: str, second: str) -> str:
        return f"a: conv 3 8 p1\nb: conv 3 8 p1\nc: linear 10\nh: linear 5 < {first}\nk: linear 7 < {second}"

    def read(text: str) -> object:
        return tree(network(text, outputs="c h k"))

    found = align(read(with_heads("a", "b")), read(with_heads("a", "b")))  # type: ignore[arg-type]
    taken = [(pair.expected.taps, pair.found.taps) for pair in found.heads if pair.expected and pair.found]
    assert taken == [(("a",), ("a",)), (("b",), ("b",))]
    moved = align(read(with_heads("a", "b")), read(with_heads("b", "b")))  # type: ignore[arg-type]
    assert [pair.found.taps for pair in moved.heads if pair.found] == [("b",), ("b",)]


@given(st.integers(1, 5), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_assignment_is_the_cheapest_of_all(size: int, seed: int) -> None:
    random = Random(seed)
    matrix = [[random.randint(0, 20) * 1.0 for _ in range(size)] for _ in range(size)]
    chosen = assignment(matrix)
    assert sorted(chosen) == list(range(size))
    cheapest = min(sum(matrix[row][column] for row, column in enumerate(order)) for order in permutations(range(size)))
    assert sum(matrix[row][column] for row, column in enumerate(chosen)) == cheapest
