"""Comparison without torch: a network against edited copies of itself whose names say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gnet_audit import expand, patch, spec
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.findings import Edit, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import BatchNorm, Dropout, Layer, Mode, Network, Softmax
from gnet_audit.rules import Severity
from tests.networks import network, op

PAPER: Mapping[Mode, Network] = {mode: expand.network(spec.load("googlenet"), mode) for mode in Mode}
MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")


def anonymous(whole: Network) -> Network:
    """The network as a model would give it: other names, nothing of the paper, no softmax at its end."""
    names = {layer.name: f"n{index}" for index, layer in enumerate(whole.layers)}
    gone = {layer.name: layer.inputs[0] for layer in whole.layers if isinstance(layer.op, Softmax)}
    layers = tuple(
        replace(layer, name=names[layer.name], inputs=tuple(names[name] for name in layer.inputs), origin=None)
        for layer in whole.layers
        if layer.name not in gone
    )
    outputs = tuple(replace(out, layer=names[gone.get(out.layer, out.layer)]) for out in whole.outputs)
    return replace(whole, layers=layers, outputs=outputs)


def model(*edits: Edit) -> Mapping[Mode, Found]:
    """The paper's network with some edits, as a model."""
    return {mode: Found(network=anonymous(patch.apply(paper, edits))) for mode, paper in PAPER.items()}


def told(comparison: Comparison) -> list[tuple[str, str, tuple[str, ...]]]:
    """Rule, attribute and rows of everything above a note."""
    return [(one.rule, one.attribute, one.rows) for one in comparison.findings if one.severity is not Severity.NOTE]


def batch_norm(slot: str) -> Insert:
    """Batch normalisation between a convolution and its ReLU."""
    return Insert(after=slot, layers=(Layer(name=f"{slot}.bn", op=BatchNorm()),))


FIVES = tuple(f"inception_{module}.5x5" for module in MODULES)
EDITS: dict[str, tuple[tuple[Edit, ...], list[tuple[str, str, tuple[str, ...]]]]] = {
    "nothing": ((), []),
    "all 5x5 as 3x3": (
        tuple(SetFields(layer=slot, fields=(("kernel", (3, 3)), ("padding", (1, 1, 1, 1)))) for slot in FIVES),
        [("GA202", "kernel", FIVES)],
    ),
    "a wider conv1": ((SetFields(layer="conv1", fields=(("out_channels", 96),)),), [("GA201", "out_channels", ("conv1",))]),
    "pool4 2x2": ((SetFields(layer="pool4", fields=(("kernel", (2, 2)),)),), [("GA202", "kernel", ("pool4",))]),
    "no LRN": ((Remove(layers=("lrn1", "lrn2")),), [("GA301", "layer", ("lrn1", "lrn2"))]),
    "aux1 on 4b": ((SetInputs(layer="aux1.pool", inputs=("inception_4b.concat",)),), [("GA307", "tap", ("aux1",))]),
    "leaky relu": (
        (SetOp(layer="conv2.relu", op=op("leaky_relu")),), [("GA213", "activation", ("conv2.relu",))],
    ),
    "batch norm": ((batch_norm("inception_4c.3x3"),), [("GA215", "batch_norm", ("inception_4c.3x3",))]),
    "other dropout": ((SetFields(layer="aux2.dropout", fields=(("rate", 0.5),)),), [("GA212", "rate", ("aux2.dropout",))]),
    "average in the branch": (
        (SetFields(layer="inception_5a.pool", fields=(("kind", op("avgpool 3").kind), ("ceil_mode", False))),),  # type: ignore[union-attr]
        [("GA208", "kind", ("inception_5a.pool",))],
    ),
    "concat 1, 5, 3, pool": (
        (
            SetInputs(
                layer="inception_3b.concat",
                inputs=tuple(f"inception_3b.{branch}.relu" for branch in ("1x1", "5x5", "3x3", "pool_proj")),
            ),
        ),
        [("GA304", "order", ("inception_3b.concat",))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_told_once_at_its_slot_and_attribute(name: str) -> None:
    edits, expected = EDITS[name]
    assert told(compare(PAPER, model(*edits))) == expected


@pytest.mark.parametrize("name", EDITS)
def test_the_paper_with_the_findings_is_the_model(name: str) -> None:
    found = model(*EDITS[name][0])
    edits = [edit for finding in compare(PAPER, found).findings for edit in finding.edits]
    patched = {mode: patch.apply(paper, edits) for mode, paper in PAPER.items()}
    again = compare(patched, found)
    assert told(again) == []
    for mode in Mode:
        assert [layer.params for layer in patched[mode].layers if layer.params] == [
            layer.params for layer in found[mode].network.layers if layer.params
        ]


def test_the_test_above_can_fail() -> None:
    found = model(SetFields(layer="conv1", fields=(("out_channels", 96),)))
    assert told(compare(PAPER, found))


def test_a_cost_is_found_minus_expected_here_and_in_total() -> None:
    (finding,) = compare(PAPER, model(SetFields(layer="conv1", fields=(("out_channels", 96),)))).findings
    assert finding.cost is not None
    assert finding.cost.params == 32 * (7 * 7 * 3 + 1)
    assert finding.cost.macs == 32 * 7 * 7 * 3 * 112 * 112
    assert finding.cost.total_params == 32 * (7 * 7 * 3 + 1) + 32 * 64
    assert finding.cost.total_macs == 32 * 7 * 7 * 3 * 112 * 112 + 32 * 64 * 56 * 56


def test_a_head_that_runs_in_eval_is_known_from_training() -> None:
    found = model()
    trained = found[Mode.TRAIN].network
    layers = tuple(
        replace(layer, op=replace(layer.op, active=False)) if isinstance(layer.op, Dropout) else layer
        for layer in trained.layers
    )
    both = {Mode.TRAIN: found[Mode.TRAIN], Mode.EVAL: Found(network=replace(trained, layers=layers, mode=Mode.EVAL))}
    assert told(compare(PAPER, both)) == [("GA308", "eval", ("aux1", "aux2"))]


def test_a_network_that_stopped_on_the_way_is_compared_up_to_there() -> None:
    whole = model(SetFields(layer="conv2", fields=(("kernel", (5, 5)), ("padding", (2, 2, 2, 2)))))[Mode.EVAL].network
    part = replace(whole, layers=whole.layers[:40], outputs=())
    comparison = compare(PAPER, {Mode.EVAL: Found(network=part, complete=False)})
    assert told(comparison) == [("GA202", "kernel", ("conv2",))]


def test_another_network_is_refused_with_the_reason() -> None:
    small = {mode: Found(network=anonymous(_chain(mode))) for mode in Mode}
    refusal = compare(PAPER, small).refusal
    assert "layers with weights 1 have a counterpart" in refusal


def _chain(mode: Mode) -> Network:
    lines = "\n".join(f"c{index}: conv 3 {8 * index} p1 /2\nr{index}: relu" for index in range(1, 7))
    return network(f"{lines}\nfc: linear 1000", input_shape=(3, 224, 224), mode=mode)
