"""Alignment by dataflow: the cheapest pairing, whatever the names and the order of branches."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit.align import Alignment, align, assignment
from gnet_audit.structure import Tree, tree
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
    assert gaps(found) == [("b", "", (), "", False, "")]
    assert found.distance > 0


def test_an_added_layer_says_after_which_slot_it_stands_and_who_reads_it() -> None:
    found = aligned(CHAIN, CHAIN.replace("c: conv", "n: lrn\nc: conv"))
    (added,) = [pair for pair in found.pairs if pair.expected is None]
    assert (added.after, added.readers) == ("b", ("c",))


def test_the_distance_is_what_has_no_counterpart_of_all_there_is() -> None:
    # A convolution or linear layer weighs 2, a pool 1, a ReLU behind it 0.1; the input nothing.
    two = "a: conv 3 8 p1\nr: relu\nb: maxpool 2 /2"
    assert aligned(f"{two}\nd: linear 10", two).distance == pytest.approx(2 / (5.1 + 3.1))
    assert aligned(two, f"{two}\nd: linear 10").distance == pytest.approx(2 / (5.1 + 3.1))
    assert aligned("", "").distance == 0
    # Two differences are added up, and what is alike between them costs nothing: a kernel, a padding, a width.
    both = aligned(CHAIN, CHAIN.replace("conv 7 8 p3", "conv 5 8 p2").replace("linear 10", "linear 20"))
    assert both.distance == pytest.approx((0.4 + 0.05 + 0.01 + 0.8) / (7 + 7))


def gaps(alignment: Alignment) -> list[tuple[str, str, tuple[str, ...], str, bool, str]]:
    """What is told of units that only one side has."""
    return [
        (unit.name, pair.after, pair.readers, pair.region, pair.aside, pair.branch_of)
        for pair in alignment.pairs
        if (unit := pair.found if pair.expected is None else None if pair.found else pair.expected)
    ]


def test_every_pair_says_why() -> None:
    found = aligned(CHAIN, "a: conv 5 8 p2 /2\nn: lrn\nb: maxpool 3 /2\nd: linear 10")
    assert {(pair.expected or pair.found).name: pair.reason for pair in found.pairs} == {  # type: ignore[union-attr]
        "input": "the same op at the same place",
        "a": "the most similar op at the same place",
        "n": "nothing in the paper at this place resembles it",
        "b": "the same op at the same place",
        "c": "nothing in the model at this place resembles it",
        "d": "the most similar op at the same place",
    }


def test_a_convolution_is_the_same_op_whatever_reaches_it() -> None:
    found = aligned(CHAIN, CHAIN.replace("conv 7 8", "conv 7 9"))
    reasons = {pair.expected.name: pair.reason for pair in found.pairs if pair.expected}
    assert reasons["c"] == "the same op at the same place"


def test_a_shortcut_around_a_layer_stands_aside_with_its_merge_behind() -> None:
    shortcut = "a: conv 3 8 p1\nb: conv 3 8 p1\ns: add < b a\nc: conv 3 4 p1"
    found = aligned("a: conv 3 8 p1\nb: conv 3 8 p1\nc: conv 3 4 p1", shortcut)
    assert {("a", "a"), ("b", "b"), ("c", "c")} <= pairs(found)
    assert gaps(found) == [("s", "b", (), "", False, "")]
    projected = shortcut.replace("s: add < b a", "p: conv 1 8 < a\ns: add < b p")
    found = aligned("a: conv 3 8 p1\nb: conv 3 8 p1\nc: conv 3 4 p1", projected)
    assert {("a", "a"), ("b", "b"), ("c", "c")} <= pairs(found)
    assert gaps(found) == [("p", "a", (), "", True, ""), ("s", "b", (), "", False, "")]


BRANCHES = "i: conv 1 8\na: conv 1 4 < i\nb: conv 3 4 p1 < i\nc: conv 5 4 p2 < i\n"


def test_branches_are_matched_by_what_they_are_not_by_where_they_stand() -> None:
    for order in permutations("abc"):
        found = aligned(f"{BRANCHES}j: concat < a b c", f"{BRANCHES}j: concat < {' '.join(order)}")
        assert {("a", "a"), ("b", "b"), ("c", "c")} <= pairs(found)
        (merge,) = found.merges
        assert merge.branches == tuple(order.index(name) for name in "abc")


def test_a_layer_added_before_a_shortcut_is_read_by_both_of_its_ways() -> None:
    expected = "i: conv 1 8\nb: conv 3 8 p1 < i\ns: add < b i\nz: linear 3"
    found = aligned(
        expected, expected.replace("b: conv 3 8 p1 < i", "n: lrn < i\nb: conv 3 8 p1 < n").replace("b i", "b n")
    )
    assert gaps(found) == [("n", "i", ("b", "s"), "", False, "")]


@pytest.mark.parametrize("order", ["{} a", "a {}"])
def test_what_is_added_beside_a_layer_with_a_shortcut_says_where_it_stands(order: str) -> None:
    plain = "a: conv 3 8 p1\nb: conv 3 8 p1\nc: conv 3 4 p1"
    only = aligned(plain, f"a: conv 3 8 p1\nb: conv 3 8 p1\ns: add < {order.format('b')}\nc: conv 3 4 p1")
    assert gaps(only) == [("s", "b", (), "", False, "")]
    # The sum weighs 0.6, each convolution 2.
    assert only.distance == pytest.approx(0.6 / (6 + 6.6))
    before = aligned(plain, f"a: conv 3 8 p1\nn: lrn\nb: conv 3 8 p1\ns: add < {order.format('b')}\nc: conv 3 4 p1")
    assert gaps(before) == [("n", "a", ("b",), "", False, ""), ("s", "b", (), "", False, "")]
    behind = aligned(plain, f"a: conv 3 8 p1\nb: conv 3 8 p1\nn: lrn\ns: add < {order.format('n')}\nc: conv 3 4 p1")
    assert gaps(behind) == [("n", "b", (), "", False, ""), ("s", "b", (), "", False, "")]


def test_of_equally_good_matchings_of_branches_the_one_in_order_is_taken() -> None:
    alike = "i: conv 1 8\na: conv 1 4 < i\nb: conv 1 4 < i\nc: conv 3 4 p1 < i\nj: concat < a b c"
    (merge,) = aligned(alike, alike.replace("conv 3 4 p1", "conv 5 4 p2")).merges
    assert merge.branches == (0, 1, 2)


def test_a_missing_branch_names_its_merge_and_an_added_one_its_reader() -> None:
    three, two = f"{BRANCHES}j: concat < a b c\nz: linear 3", f"{BRANCHES}j: concat < a b c\nz: linear 3"
    two = two.replace("b: conv 3 4 p1 < i\n", "").replace("a b c", "a c")
    missing = aligned(three, two)
    assert {("i", "i"), ("a", "a"), ("c", "c"), ("j", "j"), ("z", "z")} <= pairs(missing)
    assert [pair.reason for pair in missing.pairs if pair.found and pair.found.name == "j"] == [
        "joins the matched branches"
    ]  # fmt: skip
    assert gaps(missing) == [("b", "", (), "", False, "j")]
    (merge,) = missing.merges
    assert merge.branches == (0, None, 1)
    added = aligned(two, three)
    assert gaps(added) == [("b", "i", ("j",), "", False, "")]
    (merge,) = added.merges
    assert merge.branches == (0, 2)
    # It joins where the model's merge has it; nothing else that is added joins anywhere.
    assert [pair.joins for pair in added.pairs if pair.expected is None] == [1]
    beside = aligned(CHAIN, CHAIN.replace("d: linear", "n: conv 1 16\nd: linear"))
    assert [pair.joins for pair in beside.pairs if pair.expected is None] == [None]


def test_a_wrong_layer_costs_in_a_branch_what_it_costs_in_a_chain() -> None:
    wrong = ("conv 3 4 p1", "conv 5 4 p2")
    chain = "i: conv 3 8 p1\nb: conv 3 4 p1\nz: linear 3"
    region = f"{BRANCHES}j: concat < a b c\nz: linear 3"
    # A layer with weights counts 2 on each side, a merge 0.6.
    in_chain = aligned(chain, chain.replace(*wrong)).distance * 2 * (3 * 2)
    in_branch = aligned(region, region.replace(*wrong)).distance * 2 * (5 * 2 + 0.6)
    assert in_branch == pytest.approx(in_chain)
    assert in_branch > 0


def test_a_whole_region_that_only_one_side_has_is_named_by_its_merge() -> None:
    region = f"{BRANCHES}j: concat < a b c\nz: linear 3"
    missing = aligned(region, "i: conv 1 8\nz: linear 3")
    assert {(name, where) for name, _, _, where, _, _ in gaps(missing)} == {(name, "j") for name in "abcj"}
    added = aligned("i: conv 1 8\nz: linear 3", region)
    assert gaps(added) == [(name, "i", ("z",), "j", False, "") for name in "abcj"]


def test_a_layer_added_before_branches_is_read_by_the_first_layer_of_each() -> None:
    found = aligned(
        f"{BRANCHES}j: concat < a b c\nz: linear 3",
        f"{BRANCHES.replace('< i', '< n').replace('a:', 'n: lrn < i' + chr(10) + 'a:')}j: concat < a b c\nz: linear 3",
    )
    assert gaps(found) == [("n", "i", ("a", "b", "c"), "", False, "")]


def test_what_is_added_in_a_branch_is_read_by_what_follows_there() -> None:
    region = f"{BRANCHES}j: concat < a b c\nz: linear 3"
    first = aligned(region, region.replace("b: conv 3 4 p1 < i", "n: lrn < i\nb: conv 3 4 p1 < n"))
    assert gaps(first) == [("n", "i", ("b",), "", False, "")]
    last = aligned(region, region.replace("c: conv", "n: lrn < b\nc: conv").replace("a b c", "a n c"))
    assert gaps(last) == [("n", "b", ("j",), "", False, "")]


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


def test_a_layer_added_at_the_end_is_read_by_nobody() -> None:
    assert gaps(aligned(CHAIN, f"{CHAIN}\ne: lrn")) == [("e", "d", (), "", False, "")]


def headed(head: str) -> Tree:
    """Two convolutions and a classifier, with heads."""
    text = f"a: conv 3 8 p1\nb: conv 3 8 p1\nc: linear 10\n{head}"
    ends = [name for line in head.splitlines() if f"< {(name := line.partition(':')[0])}" not in head]
    return tree(network(text, outputs=" ".join(["c", *ends])))


def test_a_head_is_known_by_what_it_is_rather_than_by_where_it_hangs() -> None:
    # Hung elsewhere costs 0.5 a head, another width 0.01 + 0.4 + 0.4 log2(7 / 5) = 0.6.
    found = align(headed("h: linear 5 < a\nk: linear 7 < b"), headed("h: linear 5 < b\nk: linear 7 < a"))
    taken = [(pair.expected.path, pair.found.path) for pair in found.heads if pair.expected and pair.found]
    assert taken == [("[1]", "[1]"), ("[2]", "[2]")]


def test_heads_that_have_nothing_in_common_are_a_missing_and_an_added_one() -> None:
    found = align(headed("h: conv 3 4 < a"), headed("h: maxpool 2 /2 < a"))
    assert [(pair.expected is None, pair.found is None) for pair in found.heads] == [(False, True), (True, False)]


def test_a_layer_added_at_the_beginning_of_a_head_stands_behind_its_tap() -> None:
    found = align(headed("h: linear 5 < a"), headed("n: lrn < a\nh: linear 5 < n"))
    assert gaps(found) == [("n", "a", ("h",), "", False, "")]
    behind = align(headed("h: linear 5 < a"), headed("h: linear 5 < a\nn: lrn < h"))
    assert gaps(behind) == [("n", "h", (), "", False, "")]


@given(st.integers(1, 5), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_assignment_is_the_cheapest_of_all(size: int, seed: int) -> None:
    random = Random(seed)
    matrix = [[random.randint(0, 20) * 1.0 for _ in range(size)] for _ in range(size)]
    chosen = assignment(matrix)
    assert sorted(chosen) == list(range(size))
    cheapest = min(sum(matrix[row][column] for row, column in enumerate(order)) for order in permutations(range(size)))
    assert sum(matrix[row][column] for row, column in enumerate(chosen)) == cheapest
