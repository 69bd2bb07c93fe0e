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
