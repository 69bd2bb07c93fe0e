"""Work by arithmetic: operations of each kind, values moved, memory."""

from __future__ import annotations

import pytest

from gnet_audit import derive, expand
from gnet_audit.measurement import Measurement, Roof
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    Input,
    Layer,
    Linear,
    Mean,
    Mode,
    Network,
    Op,
    Output,
    Pool2d,
    PoolKind,
    Shape,
    Softmax,
    Unknown,
    Weight,
)
from gnet_audit.spec import load
from gnet_audit.speed import bound
from gnet_audit.work import PRODUCTS, Kind, LayerWork, peak_values, total, work

CONV = Conv2d(out_channels=8, kernel=(3, 3), padding=(1, 1, 1, 1))
MAP = 10 * 12


def network(*ops: Op, shape: Shape = (4, 10, 12), weights: dict[str, tuple[Weight, ...]] | None = None) -> Network:
    """A chain of ops named a, b, c, … behind the input."""
    names = ["input", *"abcdefgh"]
    layers = [Layer(name="input", op=Input())]
    layers += [
        Layer(name=name, op=op, inputs=(before,), weights=(weights or {}).get(name, ()))
        for before, name, op in zip(names, names[1:], ops, strict=False)
    ]
    known = derive.infer(layers, shape)
    return Network(name="chain", mode=Mode.EVAL, layers=known, outputs=(Output(path="output", layer=known[-1].name),))


def only(op: Op, shape: Shape = (4, 10, 12)) -> LayerWork:
    """The work of one op."""
    return work(network(op, shape=shape))[1]


@pytest.mark.parametrize(
    ("op", "shape", "expected"),
    [
        (CONV, (4, 10, 12), {Kind.CONV: 2 * 4 * 8 * 9 * MAP, Kind.BIAS: 8 * MAP}),
        (Conv2d(out_channels=8, kernel=(1, 1), bias=False, groups=2), (4, 10, 12), {Kind.CONV: 2 * 2 * 8 * MAP}),
        (Linear(out_features=7), (20,), {Kind.LINEAR: 2 * 140, Kind.BIAS: 7}),
        (BatchNorm(), (4, 10, 12), {Kind.BATCH_NORM: 2 * 4 * MAP}),
        (BatchNorm(batch_statistics=True), (4, 10, 12), {Kind.BATCH_NORM: 7 * 4 * MAP}),
        (LRN(size=5, alpha=1e-4, beta=0.75, k=1.0), (4, 10, 12), {Kind.LRN: 9 * 4 * MAP}),
        # 5×6 windows of 4 values: 3 comparisons each, or 3 additions and a division
        (Pool2d(kind=PoolKind.MAX, kernel=(2, 2), stride=(2, 2)), (4, 10, 12), {Kind.POOL: 4 * 30 * 3}),
        (Pool2d(kind=PoolKind.AVG, kernel=(2, 2), stride=(2, 2)), (4, 10, 12), {Kind.POOL: 4 * 30 * 4}),
        # 3×3/2 rounded up on 4×4: windows of 3 and 2 rows and columns, 25 values in 4 windows
        (Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(2, 2), ceil_mode=True), (1, 4, 4), {Kind.POOL: 25 - 4}),
        (AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1)), (4, 10, 12), {Kind.POOL: 4 * MAP}),
        (Activation(function="relu"), (4, 10, 12), {Kind.ACTIVATION: 4 * MAP}),
        (Dropout(rate=0.4), (20,), {Kind.DROPOUT: 20}),
        (Elementwise(function="mul", constants=(None, 2.0)), (4, 10, 12), {Kind.ARITHMETIC: 4 * MAP}),
        (Dropout(rate=0.4, active=False), (20,), {}),
        (Softmax(), (20,), {Kind.SOFTMAX: 5 * 20 - 2}),
        (Mean(axes=(1, 2)), (4, 10, 12), {Kind.ARITHMETIC: 4 * MAP}),
        (Flatten(), (4, 10, 12), {}),
    ],
)
def test_each_op_has_its_flops(op: Op, shape: Shape, expected: dict[Kind, int]) -> None:
    assert dict(only(op, shape).forward) == expected


def test_a_sum_adds_once_less_than_it_has_inputs() -> None:
    layers = derive.infer(
        [Layer(name="input", op=Input()), Layer(name="a", op=Add(), inputs=("input", "input", "input"))], (4, 10, 12)
    )
    found = work(Network(name="sum", mode=Mode.EVAL, layers=layers, outputs=()))
    assert dict(found[1].forward) == {Kind.ARITHMETIC: 2 * 4 * MAP}


def test_macs_are_of_products_only_and_flops_twice_as_many() -> None:
    found = total(work(network(CONV, BatchNorm(), Activation(function="relu"), Flatten(), Linear(out_features=7))))
    macs = 4 * 8 * 9 * MAP + 8 * MAP * 7
    assert found.macs == macs
    assert found.flops() == 2 * macs
    assert found.flops(frozenset({Kind.LINEAR})) == 2 * 8 * MAP * 7
    # biases, two for each value of the batch norm, one for each of the activation
    assert found.flops(frozenset(Kind)) == 2 * macs + 8 * MAP + 7 + 2 * 8 * MAP + 8 * MAP


def test_values_are_read_and_written_and_parameters_read_once_a_batch() -> None:
    one = only(CONV)
    assert (one.read, one.written, one.params) == (4 * MAP, 8 * MAP, 4 * 8 * 9 + 8)
    assert one.moved(10, 2) == 2 * (10 * 12 * MAP + 296)


@pytest.mark.parametrize("op", [Flatten(), Activation(function="relu"), Dropout(rate=0.4, active=False)])
def test_views_and_what_rides_on_another_op_move_nothing(op: Op) -> None:
    one = only(op)
    assert (one.read, one.written) == (0, 0)


def test_a_concatenation_moves_all_that_it_joins() -> None:
    layers = derive.infer(
        [Layer(name="input", op=Input()), Layer(name="a", op=Concat(), inputs=("input", "input"))], (4, 10, 12)
    )
    one = work(Network(name="concat", mode=Mode.EVAL, layers=layers, outputs=()))[1]
    assert (one.read, one.written) == (8 * MAP, 8 * MAP)


def test_what_is_unknown_is_said_and_counts_nothing() -> None:
    unknown, after = work(network(Unknown(function="fft"), Activation(function="relu")))[1:]
    assert not unknown.known
    assert not after.known
    assert unknown.flops(frozenset(Kind)) == 0


# --- backward --------------------------------------------------------------------------------------------------------


def test_the_first_product_needs_no_gradient_of_its_input() -> None:
    first, second = work(network(CONV, CONV))[1:]
    assert first.flops_back() == first.flops()
    assert second.flops_back() == 2 * second.flops()


def test_frozen_weights_need_no_gradient() -> None:
    frozen = (Weight(role="weight", name="a.weight", shape=(8, 4, 3, 3), trainable=False),)
    first, second = work(network(CONV, CONV, weights={"a": frozen}))[1:]
    assert first.flops_back(frozenset(Kind)) == 0
    assert second.flops_back() == second.flops()  # of its own weight only


def test_training_of_the_papers_network_costs_what_the_rule_gives() -> None:
    found = total(work(expand.network(load("googlenet"), Mode.TRAIN)))
    heads = 4_169_728 + 4_202_496
    macs, first = 1_582_671_872 + heads, 118_013_952
    assert found.macs == macs
    assert found.flops() + found.flops_back() == 2 * (3 * macs - first)


# --- the paper's network -----------------------------------------------------------------------------------------------


def test_the_papers_network_adds_a_bias_and_rectifies_once_for_each_value_of_a_convolution() -> None:
    found = dict(total(work(expand.network(load("googlenet"), Mode.EVAL))).forward)
    assert found[Kind.CONV] + found[Kind.LINEAR] == 2 * 1_582_671_872
    assert found[Kind.ACTIVATION] == 3_226_160
    assert found[Kind.BIAS] == 3_226_160 + 1_000
    assert found[Kind.LRN] == 9 * (56 * 56 * 64 + 56 * 56 * 192)


def test_in_bf16_it_is_bound_by_memory_on_a_large_gpu() -> None:
    # Calculated beforehand for batch 128 on an H100 SXM, 989.4 TFLOP/s and 3.35 TB/s: 97 FLOP per byte, 92,4xx images/s
    works = work(expand.network(load("googlenet"), Mode.EVAL))
    whole = total(works)
    assert round(whole.flops() * 128 / whole.moved(128, 2)) == 97
    assert bound(works, _roof(989.4e12, 3.35e12), 128, 2) == pytest.approx(92_363, rel=0.001)
    assert 989.4e12 / whole.flops() == pytest.approx(312_573, rel=1e-5)


def _roof(flops: float, bandwidth: float) -> Roof:
    one, two = (
        Measurement(name="", value=value, unit="", low=value, high=value, samples=(value,))
        for value in (flops, bandwidth)
    )
    return Roof(flops=one, bandwidth=two)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_value_lives_until_its_last_reader() -> None:
    chain = network(CONV, Activation(function="relu"), CONV, Flatten(), Linear(out_features=7))
    # the widest moment is the second convolution: 8 channels in and 8 out
    assert peak_values(chain, training=False) == 16 * MAP
    assert peak_values(chain, training=True) == 4 * MAP + 8 * MAP + 8 * MAP + 7


def test_the_widest_moment_of_the_papers_network_is_its_second_normalisation() -> None:
    assert peak_values(expand.network(load("googlenet"), Mode.EVAL), training=False) == 2 * 56 * 56 * 192


def test_products_are_what_is_counted_by_default() -> None:
    assert {Kind.CONV, Kind.LINEAR} == PRODUCTS
