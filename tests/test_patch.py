"""Edits of a network: what each changes, and that shapes, parameters and MACs follow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit import patch
from gnet_audit.errors import ShapeError
from gnet_audit.findings import Append, Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import Layer, Network, Weight
from tests.networks import network, op

NET = network("a: conv 3 8 p1\nr: relu\nb: conv 1 4\nc: conv 3 4 p1 < r\nj: concat < b c\nl: linear 10")


def edited(*edits: Edit) -> Network:
    """NET with these edits."""
    return patch.apply(NET, edits)


def test_no_edit_changes_nothing() -> None:
    assert edited() == NET


def test_fields_change_and_everything_after_follows() -> None:
    new = edited(SetFields(layer="a", fields=(("out_channels", 16), ("stride", (2, 2)))))
    assert new.by_name["j"].shape == (8, 16, 16)
    assert new.by_name["c"].params == 9 * 16 * 4 + 4
    assert new.by_name["l"].params == 8 * 16 * 16 * 10 + 10


def test_an_op_is_replaced() -> None:
    assert edited(SetOp(layer="j", op=op("add"))).by_name["j"].shape == (4, 32, 32)


def test_inputs_are_replaced() -> None:
    assert edited(SetInputs(layer="c", inputs=("input",))).by_name["c"].params == 9 * 3 * 4 + 4


def test_what_read_a_removed_layer_reads_what_it_read() -> None:
    new = edited(Remove(layers=("r", "b")))
    assert new.by_name["c"].inputs == ("a",)
    assert new.by_name["j"].shape == (8 + 4, 32, 32)


def test_the_output_follows_a_removed_last_layer() -> None:
    assert edited(Remove(layers=("l",))).outputs[0].layer == "j"


def test_layers_are_inserted_before_all_readers_or_some() -> None:
    layer = Layer(name="n", op=op("conv 1 2"))
    everywhere = edited(Insert(after="r", layers=(layer,)))
    assert (everywhere.by_name["b"].inputs, everywhere.by_name["c"].inputs) == (("n",), ("n",))
    once = edited(Insert(after="r", layers=(layer,), readers=("b",)))
    assert (once.by_name["b"].inputs, once.by_name["c"].inputs) == (("n",), ("r",))
    assert once.by_name["n"].inputs == ("r",)


def test_a_layer_inserted_behind_the_last_one_is_the_output() -> None:
    assert edited(Insert(after="l", layers=(Layer(name="s", op=op("softmax")),))).outputs[0].layer == "s"


def test_a_head_is_appended() -> None:
    head = Layer(name="h", op=op("linear 3"), inputs=("r",))
    assert [out.layer for out in edited(Append(layers=(head,), output=True)).outputs] == ["l", "h"]


def test_an_edit_of_a_layer_that_is_not_there_changes_nothing() -> None:
    new = edited(SetOp(layer="aux1.conv", op=op("relu")), Remove(layers=("aux1.conv",)))
    assert new == NET


def test_edits_that_do_not_fit_together_are_a_shape_error() -> None:
    with pytest.raises(ShapeError):
        edited(SetFields(layer="c", fields=(("stride", (2, 2)),)))


EDITS = st.lists(
    st.sampled_from(
        (
            SetFields(layer="a", fields=(("out_channels", 16),)),
            SetFields(layer="a", fields=(("stride", (2, 2)),)),
            SetFields(layer="b", fields=(("out_channels", 5),)),
            SetOp(layer="r", op=op("tanh")),
            SetInputs(layer="c", inputs=("input",)),
            SetInputs(layer="j", inputs=("c", "b")),
            SetInputs(layer="a", inputs=("b",)),  # a ring
            SetInputs(layer="b", inputs=("c",)),  # another order
            Remove(layers=("b",)),
            Remove(layers=("r",)),
            Remove(layers=("n",)),
            Insert(after="a", layers=(Layer(name="n", op=op("conv 5 6 p2")), Layer(name="m", op=op("bn")))),
            Insert(after="a", layers=(Layer(name="t", op=op("bn")),), trailing=True),
            Insert(after="r", layers=(Layer(name="o", op=op("conv 1 2")),), readers=("b",)),
            Append(layers=(Layer(name="h", op=op("linear 3"), inputs=("r",)),), output=True),
        )
    ),
    max_size=4,
    unique_by=repr,
)


@given(EDITS)
@settings(max_examples=400)
def test_what_edits_concern_is_where_the_changed_network_differs(edits: list[Edit]) -> None:
    try:
        whole = edited(*edits)
    except ShapeError:
        with pytest.raises(ShapeError):
            patch.concerned(NET, edits)
        return
    before, after = patch.concerned(NET, edits)
    kept = {name: layer for name, layer in NET.by_name.items() if name not in before}
    assert {**kept, **after} == whole.by_name
    assert {name: NET.by_name[name] for name in before} == before


def test_a_parameter_that_layers_share_is_counted_once_in_what_edits_concern() -> None:
    weights = (Weight(role="weight", name="w", shape=(4, 8, 1, 1)),)
    shared = {"b": replace(NET.by_name["b"], weights=weights), "c": replace(NET.by_name["c"], weights=weights)}
    whole = replace(NET, layers=tuple(shared.get(layer.name, layer) for layer in NET.layers))
    for edit in (Remove(layers=("b",)), SetFields(layer="a", fields=(("out_channels", 16),))):
        _, after = patch.concerned(whole, [edit])
        assert after["c"] == patch.apply(whole, [edit]).by_name["c"]


def test_edits_that_make_a_layer_read_itself_are_one_line() -> None:
    with pytest.raises(ShapeError, match=r"^[a-z]+: edits that make a layer read itself$"):
        edited(SetInputs(layer="a", inputs=("j",)))


CHAIN = network("a: conv 3 8 p1\nr: relu\nb: conv 1 4\nd: dropout 0.4 off\nl: linear 10")


def reads(whole: Network, name: str) -> list[str]:
    """What comes before a layer, the nearest first."""
    found: list[str] = []
    while inputs := whole.by_name[name].inputs:
        name = inputs[0]
        found.append(name)
    return found


def _new(name: str, words: str = "relu") -> tuple[Layer, ...]:
    return (Layer(name=name, op=op(words)),)


def test_layers_stand_before_their_reader_although_what_lay_between_is_gone() -> None:
    here = Insert(after="b", layers=_new("n"), readers=("l",))
    for edits in ((Remove(layers=("d",)), here), (here, Remove(layers=("d",)))):
        assert reads(patch.apply(CHAIN, edits), "l") == ["n", "b", "r", "a", "input"]


def test_layers_stand_behind_a_layer_although_it_is_gone() -> None:
    here = Insert(after="r", layers=_new("n", "bn"), readers=("b",))
    for edits in ((Remove(layers=("r",)), here), (here, Remove(layers=("r",)))):
        assert reads(patch.apply(CHAIN, edits), "b") == ["n", "a", "input"]


def test_layers_stand_before_who_reads_a_reader_that_is_gone() -> None:
    here = Insert(after="r", layers=_new("n"), readers=("b",))
    assert reads(patch.apply(CHAIN, (Remove(layers=("b",)), here)), "d") == ["n", "r", "a", "input"]


def test_of_several_insertions_at_one_place_the_smaller_number_stands_first() -> None:
    first = Insert(after="b", layers=_new("one"), readers=("d",), place=1)
    second = Insert(after="b", layers=_new("two"), readers=("d",), place=2)
    for edits in ((first, second), (second, first)):
        assert reads(patch.apply(CHAIN, edits), "d")[:3] == ["two", "one", "b"]


def test_what_a_layer_computes_is_set_wherever_it_has_moved_to() -> None:
    moved = (Remove(layers=("d",)), Insert(after="a", layers=(replace(CHAIN.by_name["d"], inputs=()),), readers=("r",)))
    rate = SetFields(layer="d", fields=(("rate", 0.5),))
    for edits in ((rate, *moved), (*moved, rate)):
        new = patch.apply(CHAIN, edits)
        assert new.by_name["d"].op == op("dropout 0.5 off")
        assert reads(new, "d") == ["a", "input"]


def test_what_belongs_to_a_layer_that_has_moved_stands_behind_it_and_other_layers_at_its_old_place() -> None:
    moved = (Remove(layers=("d",)), Insert(after="a", layers=(replace(CHAIN.by_name["d"], inputs=()),), readers=("r",)))
    own = Insert(after="d", layers=_new("t"), trailing=True)
    other = Insert(after="d", layers=_new("n"))
    for edits in ((own, other, *moved), (*moved, other, own)):
        assert reads(patch.apply(CHAIN, edits), "l") == ["n", "b", "r", "t", "d", "a", "input"]


def test_a_branch_leaves_its_merge_and_another_layer_is_read_instead() -> None:
    assert edited(Remove(layers=("c",), cut="j")).by_name["j"].inputs == ("b",)
    assert edited(Remove(layers=("b",), instead="c")).by_name["j"].inputs == ("c", "c")


def test_a_branch_joins_a_merge_as_the_input_that_it_is() -> None:
    new = edited(Insert(after="r", layers=_new("n", "conv 1 2"), readers=("j",), joins=1))
    assert (new.by_name["j"].inputs, new.by_name["n"].inputs) == (("b", "n", "c"), ("r",))
    assert new.by_name["j"].shape == (4 + 2 + 4, 32, 32)


def test_layers_between_others_that_this_mode_has_not_are_not_there() -> None:
    assert edited(Insert(after="r", layers=_new("n"), readers=("aux1.conv",))) == NET
    assert edited(Insert(after="aux1.conv", layers=_new("n"))) == NET


@given(st.permutations(range(6)))
def test_edits_come_to_the_same_in_any_order(order: list[int]) -> None:
    edits: tuple[Edit, ...] = (
        SetInputs(layer="j", inputs=("c", "b")),
        Remove(layers=("r",)),
        Insert(after="r", layers=_new("n"), readers=("b",)),
        Insert(after="a", layers=_new("t", "bn"), trailing=True),
        Append(layers=(Layer(name="h", op=op("linear 3"), inputs=("r",)),), output=True),
        SetOp(layer="j", op=op("add")),
    )
    new = edited(*(edits[index] for index in order))
    read = {name: new.by_name[name].inputs for name in "bcjnth"}
    assert read == {"b": ("n",), "c": ("t",), "j": ("c", "b"), "n": ("t",), "t": ("a",), "h": ("t",)}
    assert new.by_name["j"].shape == (4, 32, 32)
