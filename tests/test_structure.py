"""A network as a tree: what every path passes, what stands side by side, what hangs beside."""

from __future__ import annotations

from gnet_audit.structure import Item, Region, Unit, tree
from tests.networks import network

MODULE = """
    conv: conv 3 8 p1
    relu: relu
    one: conv 1 4 < relu
    three_reduce: conv 1 2 < relu
    three: conv 3 4 p1
    join: concat < one three
    fc: linear 10
"""


def names(items: tuple[Item, ...]) -> list[object]:
    """Anchors of a sequence; a region is a list of its branches with its merge behind."""
    return [
        item.name if isinstance(item, Unit) else ([names(branch) for branch in item.branches], item.merge.name)
        for item in items
    ]


def test_activations_go_with_the_layer_they_follow() -> None:
    main = tree(network(MODULE)).main
    assert names(main) == ["input", "conv", ([["one"], ["three_reduce", "three"]], "join"), "fc"]
    conv = main[1]
    assert isinstance(conv, Unit)
    assert [layer.name for layer in conv.trail] == ["relu"]


def test_an_activation_of_a_value_that_others_read_too_stands_alone() -> None:
    main = tree(network("a: conv 1 4\nr: relu < a\ns: add < a r")).main
    assert names(main) == ["input", "a", ([[], ["r"]], "s")]


def test_a_shortcut_is_an_empty_branch() -> None:
    main = tree(network("a: conv 1 4\nb: conv 3 4 p1\nsum: add < b a\nc: conv 1 2")).main
    assert names(main) == ["input", "a", ([["b"], []], "sum"), "c"]


def test_regions_nest() -> None:
    main = tree(
        network("""
        a: conv 1 4
        b: conv 1 4 < a
        c: conv 1 4 < b
        d: conv 3 4 p1 < b
        inner: concat < c d
        e: conv 5 8 p2 < a
        outer: concat < inner e
    """)
    ).main
    assert names(main) == ["input", "a", ([["b", ([["c"], ["d"]], "inner")], ["e"]], "outer")]


def test_what_hangs_beside_the_main_path_is_a_head_with_its_tap() -> None:
    text = f"{MODULE}\nside: conv 1 4 < relu\nside_fc: linear 3"
    found = tree(network(text, outputs="side_fc fc"))
    assert names(found.main)[-1] == "fc"
    (head,) = found.heads
    assert (head.path, head.taps, names(head.items)) == ("[0]", ("conv",), ["side", "side_fc"])


def test_the_main_output_is_the_deepest_one_whatever_the_order_of_the_outputs() -> None:
    text = f"{MODULE}\nside_fc: linear 3 < conv"
    for outputs in ("side_fc fc", "fc side_fc"):
        assert names(tree(network(text, outputs=outputs)).main)[-1] == "fc"


def test_an_inner_value_that_is_returned_is_told_apart_from_a_head() -> None:
    found = tree(network(MODULE, outputs="fc join"))
    assert found.heads == ()
    assert found.extra_outputs == (("[1]", "join"),)


def test_dense_connections_end() -> None:
    lines = ["l0: conv 1 2"]
    for index in range(1, 40):
        lines.append(
            f"c{index}: concat < " + " ".join(f"l{k}" for k in range(index)) if index > 1 else "c1: identity < l0"
        )
        lines.append(f"l{index}: conv 1 2")
    main = tree(network("\n".join(lines))).main
    assert any(isinstance(item, Region) for item in main) or len(main) > 1
