"""A forward that stops on the way: what ran is judged, what may only not have run yet is said to be unchecked."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from gnet_audit import patch
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.findings import Edit, Insert, Remove, SetFields
from gnet_audit.network import Concat, Conv2d, Layer, Mode, Network, Unknown
from gnet_audit.stops import _pending, joined
from tests.networks import network
from tests.test_compare import PAPER, anonymous, told


def shuffled(whole: Network, seed: int) -> Network:
    """The same network with branches and heads run in another order."""
    random, left, done = Random(seed), list(whole.layers), list[Layer]()
    while left:
        known = {layer.name for layer in done}
        ready = [layer for layer in left if known.issuperset(layer.inputs)]
        done.append(random.choice(ready))
        left.remove(done[-1])
    return replace(whole, layers=tuple(done))


def stopped(whole: Network, length: int) -> Comparison:
    """The paper held against a model of which only the first layers ran."""
    part = replace(whole, layers=whole.layers[:length], outputs=())
    return compare(PAPER, {whole.mode: Found(network=part, complete=False)})


def up_to(slot: str, *edits: Edit, mode: Mode = Mode.EVAL) -> Comparison:
    """The paper held against a model with these faults that stops behind a slot."""
    whole = patch.apply(PAPER[mode], edits)
    return stopped(anonymous(whole), whole.positions[slot] + 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", Mode)
def test_nothing_is_told_of_a_right_network_wherever_it_stops(mode: Mode, seed: int) -> None:
    whole = shuffled(anonymous(PAPER[mode]), seed)
    wrong = {length: told(stopped(whole, length)) for length in range(2 + seed, len(whole.layers), 4)}
    assert {length: findings for length, findings in wrong.items() if findings} == {}


def test_an_activation_that_may_not_have_run_yet_is_not_checked() -> None:
    assert [(one.what, one.why) for one in up_to("conv1").unverified] == [
        ("conv1.relu", "the forward stopped before it")
    ]
    assert up_to("conv1.relu").unverified == ()


def test_an_activation_may_yet_come_behind_a_maximum() -> None:
    late = Remove(layers=("conv1.relu",))
    assert told(up_to("pool1", late)) == []
    # behind the normalisation it would be another function
    assert told(up_to("lrn1", late)) == [("GA213", "activation", ("conv1.relu",))]


def test_a_fault_before_the_stop_is_told() -> None:
    kernel = SetFields(layer="inception_3a.5x5", fields=(("kernel", (3, 3)), ("padding", (1, 1, 1, 1))))
    assert told(up_to("inception_3a.pool", kernel)) == [("GA202", "kernel", ("inception_3a.5x5",))]
    gone = Remove(layers=("inception_3a.5x5_reduce.relu",))
    assert told(up_to("inception_3a.5x5", gone)) == [("GA213", "activation", ("inception_3a.5x5_reduce.relu",))]


@pytest.mark.parametrize("mode", Mode)
def test_a_layer_too_few_or_too_many_before_the_stop_is_told(mode: Mode) -> None:
    gone = Remove(layers=("lrn1",))
    assert told(up_to("inception_3a.3x3", gone, mode=mode)) == [("GA301", "layer", ("lrn1",))]
    more = Insert(after="conv1.relu", layers=(Layer(name="more", op=Conv2d(out_channels=64, kernel=(1, 1))),))
    assert told(up_to("inception_3a.3x3", more, mode=mode)) == [("GA302", "layer", ("conv1",))]
    wide = SetFields(layer="conv1", fields=(("out_channels", 96),))
    assert told(up_to("inception_3a.3x3", wide, mode=mode)) == [("GA201", "out_channels", ("conv1",))]


def test_a_layer_behind_which_two_may_stand_is_pending_once() -> None:
    assert _pending(network("a: conv 1 4\nb: maxpool 2 < a\nc: dropout 0.5 < a", outputs="b")) == {"a", "b", "c"}
    assert _pending(network("a: conv 1 4\nb: avgpool 2 < a", outputs="b")) == {"b"}


# --- loose ends -------------------------------------------------------------------------------------------------------

STOP = "(stopped)"


def test_a_single_loose_end_stays_as_it_is() -> None:
    chain = network("a: conv 1 4\nb: relu")
    assert joined(chain) is chain


@pytest.mark.parametrize("ends", [("a", "b"), ("a", "b", "c")])
def test_loose_branches_are_held_together(ends: tuple[str, ...]) -> None:
    whole = network("i: conv 3 8 p1\n" + "\n".join(f"{end}: conv 1 4 < i" for end in ends))
    (*before, last) = joined(whole).layers
    assert tuple(before) == whole.layers
    assert last == Layer(name=STOP, op=Concat(), inputs=ends)


HEADED = "i: conv 3 8 p1\nh: conv 1 4 < i\ny: linear 3\n{}k: conv 3 8 p1 < i"


@pytest.mark.parametrize(
    ("text", "trunk"),
    [
        # A head that has run, whatever stands behind its linear layer.
        (HEADED.format(""), "k"),
        (HEADED.format("r: relu\n"), "k"),
        (HEADED.format("d: dropout 0.5\ns: softmax\nn: identity\n"), "k"),
        # Joined branches in front of a linear layer are the trunk: what is left over is a head on its way.
        ("i: conv 3 8 p1\na: conv 1 4 < i\nb: conv 1 4 < i\nj: concat < a b\nz: linear 3\nh: conv 1 4 < i", "z"),
        # They are no part of a head that hangs behind them.
        ("a: conv 1 4\nb: conv 1 4 < input\nj: concat < a b\ny: linear 3\nk: conv 3 8 p1 < j", "k"),
        # Of heads alone the last one that ran.
        ("i: conv 3 8 p1\ny: linear 3 < i\nz: linear 3 < i", "z"),
        ("i: conv 3 8 p1\nx: linear 3 < i\ny: linear 3 < i\nz: linear 3 < i", "z"),
    ],
)
def test_a_head_is_no_part_of_the_trunk(text: str, trunk: str) -> None:
    last = joined(network(text, outputs=trunk)).layers[-1]
    assert last == Layer(name=STOP, op=Unknown(function=STOP), inputs=(trunk,))


def test_an_end_that_is_no_linear_layer_is_none_behind_an_op_that_changes_values() -> None:
    whole = network("i: conv 3 8 p1\ny: linear 3 < i\nn: lrn < i\nk: conv 1 4 < i", outputs="k")
    assert joined(whole).layers[-1].inputs == ("n", "k")
    whole = network("i: conv 3 8 p1\nr: relu < input\nk: conv 1 4 < i", outputs="k")
    assert joined(whole).layers[-1].inputs == ("r", "k")


@pytest.mark.parametrize("slot", ["inception_3a.3x3", "inception_3a.5x5.relu"])
def test_what_holds_loose_ends_together_stands_for_no_layer_of_the_paper(slot: str) -> None:
    view = up_to(slot).views[Mode.EVAL]
    assert view.found.layers[-1].name == STOP
    names = {pair.found.name for pair in view.reached() if pair.found} | {one.found.name for one in view.known().merges}
    assert STOP not in names


# --- what may still follow --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "pending"),
    [
        ("maxpool 2", {"a", "b"}),
        ("avgpool 2", {"b"}),
        ("adaptive max 1", {"a", "b"}),
        ("adaptive avg 1", {"b"}),
        ("concat", {"a", "b"}),
        ("flatten", {"a", "b"}),
        ("identity", {"a", "b"}),
        ("slice 0 2", {"a", "b"}),
        ("dropout 0.5", {"a", "b"}),
        ("lrn", {"b"}),
        ("relu", {"b"}),
        ("unknown roll", {"b"}),
        ("conv 1 4", {"b"}),
    ],
)
def test_an_activation_may_yet_come_behind_what_keeps_values_or_takes_the_largest(last: str, pending: set[str]) -> None:
    assert _pending(network(f"a: conv 1 4\nb: {last}", outputs="b")) == pending


def test_it_may_yet_come_behind_each_of_the_ends_held_together() -> None:
    whole = network("i: conv 3 8 p1\na: conv 1 4 < i\nb: conv 1 4 < i")
    assert _pending(joined(whole)) == {STOP, "a", "b"}
    assert _pending(joined(network(HEADED.format(""), outputs="k"))) == {STOP, "k", "y"}
