"""Where a missing layer, and a head or a branch that reads what it should not, are in the user's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gnet_audit.compare import Found, compare
from gnet_audit.findings import Finding
from gnet_audit.network import CodeOrigin, Layer, Location, Mode, Network
from tests.networks import network

RUNNER = Location(file="net.py", line=1, offset=1)
"""Where every layer is called that has no line of its own."""


def at(number: int) -> Location:
    """A line of the user's."""
    return Location(file="net.py", line=number, offset=number)


def placed(
    found: Network, *, called: Mapping[str, Location] | None = None, idle: Mapping[str, tuple[int, ...]] | None = None
) -> Network:
    """The network with lines: each layer made at one of its own, those of `idle` read what was given back as it was."""

    def origin(position: int, layer: Layer) -> Layer:
        calls = ((called or {}).get(layer.name, RUNNER), RUNNER)
        stacks = tuple((at(line),) for line in (idle or {}).get(layer.name, ()))
        return replace(layer, origin=CodeOrigin(calls=calls, constructed=(at(100 + position),), idle=stacks))

    return replace(found, layers=tuple(origin(position, layer) for position, layer in enumerate(found.layers)))


def told(expected: str, found: Network) -> Finding:
    """The only finding."""
    (finding,) = compare({Mode.EVAL: network(expected)}, {Mode.EVAL: Found(network=found)}).findings
    return finding


CHAIN = "a: conv 3 8 p1\np: maxpool 2\nn: lrn\nb: conv 3 16 p1\nc: conv 3 24 p1\nz: linear 5"
WITHOUT = network(CHAIN.replace("n: lrn\n", ""))
B, C = 103, 104
"""The lines that make `b` and `c` of it."""


@pytest.mark.parametrize(
    ("idle", "line"),
    [
        ({}, B),
        ({"b": (55,)}, 55),
        # Two of them: nobody knows which.
        ({"b": (55, 56)}, B),
        # It stands elsewhere.
        ({"c": (55,)}, B),
        # The same one stands before the gap as well, and is no layer of its own there.
        ({"p": (55,), "b": (55,)}, B),
        # Whoever comes behind the gap may read it too.
        ({"b": (55,), "c": (55,)}, 55),
    ],
)
def test_an_identity_that_stands_alone_in_the_gap_is_where_the_layer_is_missing(
    idle: dict[str, tuple[int, ...]], line: int
) -> None:
    finding = told(CHAIN, placed(WITHOUT, idle=idle))
    assert (finding.rule, finding.rows) == ("GA301", ("n",))
    assert finding.location is not None
    assert finding.location.line == line


FORK = "i: conv 3 8 p1\na: conv 1 4 < i\np: maxpool 3 /1 p1 < i\nb: conv 1 6 < p\nj: concat < a b\nz: linear 5"


def test_an_identity_before_all_branches_is_not_what_one_of_them_lacks() -> None:
    found = network(FORK.replace("p: maxpool 3 /1 p1 < i\nb: conv 1 6 < p", "b: conv 1 6 < i"))
    alone, shared = (placed(found, idle=idle) for idle in ({"b": (55,)}, {"a": (55,), "b": (55,)}))
    assert [told(FORK, one).rows for one in (alone, shared)] == [("p",), ("p",)]
    assert told(FORK, alone).location == at(55)
    assert told(FORK, shared).location == at(103)


TRUNK = "i: conv 3 8 p1\nk: conv 3 8 p1\nz: linear 3"
HEAD = "q: avgpool 2 < i\nh: conv 1 4\ny: linear 3"


def tapped(**called: Location) -> Finding:
    """What is told of a head on `k` in place of `i`."""
    train = network(f"{TRUNK}\n{HEAD}", mode=Mode.TRAIN, outputs="z y")
    elsewhere = network(f"{TRUNK}\n{HEAD.replace('< i', '< k')}", mode=Mode.TRAIN, outputs="z y")
    found = {Mode.TRAIN: Found(network=placed(elsewhere, called=called)), Mode.EVAL: Found(network=network(TRUNK))}
    (finding,) = compare({Mode.TRAIN: train, Mode.EVAL: network(TRUNK)}, found).findings
    assert finding.rule == "GA307"
    return finding


def test_a_head_on_the_wrong_place_is_where_it_is_called_or_its_first_layer_is() -> None:
    assert tapped(q=at(20), h=at(20), y=at(20)).location == at(20)
    assert tapped(q=at(20), h=at(21), y=at(22)).location == at(20)


def test_a_head_whose_calls_no_line_tells_apart_has_none_and_borrows_none_from_its_making() -> None:
    finding = tapped()
    assert (finding.location, finding.locations) == (None, ())
    assert finding.layers == ("h",)


def test_a_branch_that_reads_another_has_no_line_where_nothing_tells_their_calls_apart() -> None:
    fork = "i: conv 3 8 p1\no: conv 1 5\ns: conv 1 4 < i\na: conv 3 6 p1\nr: conv 1 6 < i\nb: conv 5 7 p2\nj: concat < a b o\nz: linear 5"
    wired = network(fork.replace("r: conv 1 6 < i\nb: conv 5 7 p2", "b: conv 5 7 p2 < s"))
    here = placed(wired, called={"b": at(20)})
    assert (told(fork, here).rule, told(fork, here).location) == ("GA312", at(20))
    assert told(fork, placed(wired)).location is None
