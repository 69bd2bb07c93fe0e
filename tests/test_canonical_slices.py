"""Channels that are cut only to be joined again: in their order nothing, in another order one thing that is added."""

from __future__ import annotations

import pytest

from gnet_audit.canonical import canonical
from gnet_audit.network import Concat, Conv2d, Slice
from tests.networks import network
from tests.test_attributes import told

WIDE = "c: conv 1 4{between}\ns: slice {first} < {source}\nt: slice {second} < {source}\nj: concat < s t\nz: linear 5"


def cut(first: str, second: str, between: str = "") -> str:
    """A convolution of four channels of which these ranges are joined."""
    source = between.partition(":")[0] or "c"
    return WIDE.format(first=first, second=second, source=source, between=f"\n{between}" if between else "")


@pytest.mark.parametrize("between", ["", "r: relu", "d: dropout 0.5"])
def test_ranges_that_are_joined_as_they_were_are_the_whole(between: str) -> None:
    plain = canonical(network("\n".join(filter(None, ("c: conv 1 4", between, "z: linear 5"))))).network
    whole = network(cut("0 3", "3 4", between))
    assert [one.op for one in canonical(whole).network.layers] == [one.op for one in plain.layers]


@pytest.mark.parametrize("between", ["", "r: relu", "d: dropout 0.5"])
def test_ranges_in_another_order_leave_the_convolution_whole(between: str) -> None:
    found = canonical(network(cut("1 4", "0 1", between))).network
    ops = [one.op for one in found.layers]
    assert Conv2d(out_channels=4, kernel=(1, 1)) in ops
    assert ops[-4:-1] == [Slice(axis=0, start=1, stop=4), Slice(axis=0, start=0, stop=1), Concat()]


def test_channels_in_another_order_are_one_thing_added_and_no_layer_is_called_missing_or_narrower() -> None:
    paper = network("c: conv 1 4\nr: relu\nz: linear 5")
    assert told(paper, network(cut("2 4", "0 2", "r: relu"))) == [
        ("GA302", "layer", ("c",), "none", "slice 2:4 of axis 0, slice 0:2 of axis 0, concat")
    ]


@pytest.mark.parametrize(("first", "second"), [("0 2", "0 2"), ("0 2", "1 4"), ("0 2", "3 4")])
def test_ranges_that_are_not_all_channels_once_are_convolutions_of_their_own(first: str, second: str) -> None:
    ops = [one.op for one in canonical(network(cut(first, second))).network.layers]
    assert Conv2d(out_channels=4, kernel=(1, 1)) not in ops


def test_a_range_that_is_read_elsewhere_too_is_a_branch() -> None:
    text = cut("2 4", "0 2").replace("z: linear 5", "e: conv 3 2 p1 < s\nk: concat < e j")
    ops = [one.op for one in canonical(network(text)).network.layers]
    assert Conv2d(out_channels=4, kernel=(1, 1)) not in ops
