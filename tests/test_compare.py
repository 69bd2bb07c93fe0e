"""Comparison without torch: a network against edited copies of itself whose names say nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gnet_audit import derive, expand, patch, spec
from gnet_audit.compare import Comparison, Found, compare, cost
from gnet_audit.findings import Cost, Edit, Finding, Insert, Remove, SetFields, SetInputs, SetOp
from gnet_audit.network import (
    BatchNorm,
    CodeOrigin,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Location,
    Mode,
    Network,
    Softmax,
    SpecOrigin,
    Unknown,
    Weight,
)
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
    comparison = compare(PAPER, both)
    assert told(comparison) == [("GA308", "eval", ("aux1", "aux2"))]
    # In eval the paper has no heads: 1x1 convolutions on 512 and 528 channels, then 4 x 4 x 128 to 1024 to 1000.
    convs, linears = (512 + 1 + 528 + 1) * 128, 2 * ((2048 + 1) * 1024 + (1024 + 1) * 1000)
    cost_of = next(one.cost for one in comparison.findings if one.rule == "GA308")
    assert cost_of is not None
    assert cost_of.params == cost_of.total_params == convs + linears


def test_a_network_that_stopped_on_the_way_is_compared_up_to_there() -> None:
    whole = model(SetFields(layer="conv2", fields=(("kernel", (5, 5)), ("padding", (2, 2, 2, 2)))))[Mode.EVAL].network
    part = replace(whole, layers=whole.layers[:40], outputs=())
    comparison = compare(PAPER, {Mode.EVAL: Found(network=part, complete=False)})
    assert told(comparison) == [("GA202", "kernel", ("conv2",))]


def test_another_network_is_refused_with_the_reason() -> None:
    small = {mode: Found(network=anonymous(_chain(mode))) for mode in Mode}
    comparison = compare(PAPER, small)
    assert "layers with weights 1 have a counterpart" in comparison.refusal
    assert (comparison.findings, comparison.unverified, comparison.hidden) == ((), (), False)


def test_where_nothing_could_be_traced_nothing_is_told_and_nothing_refused() -> None:
    nothing = compare(PAPER, {})
    assert (nothing.findings, nothing.views, nothing.unverified, nothing.refusal, nothing.hidden) == (
        (),
        {},
        (),
        "",
        False,
    )


def _chain(mode: Mode) -> Network:
    lines = "\n".join(f"c{index}: conv 3 {8 * index} p1 /2\nr{index}: relu" for index in range(1, 7))
    return network(f"{lines}\nfc: linear 1000", input_shape=(3, 224, 224), mode=mode)


def test_a_finding_says_all_that_its_reader_needs() -> None:
    (finding,) = compare(PAPER, model(SetFields(layer="conv1", fields=(("out_channels", 96),)))).findings
    conv1 = PAPER[Mode.TRAIN].by_name["conv1"]
    assert isinstance(conv1.origin, SpecOrigin)
    assert finding == Finding(
        rule="GA201",
        severity=Severity.ERROR,
        rows=("conv1",),
        attribute="out_channels",
        expected="64",
        found="96",
        message=finding.message,
        source=conv1.origin.source_of("out_channels"),
        layers=("n1",),
        cost=finding.cost,
        cause="the most similar op at the same place",
        cure=finding.cure,
        edits=(SetFields(layer="conv1", fields=(("out_channels", 96),)),),
    )
    assert {"conv1", "64", "96"} <= set(re.findall(r"\w+", finding.message))
    assert finding.cure


def test_the_cost_of_a_head_is_that_of_training() -> None:
    (finding,) = compare(PAPER, model(SetFields(layer="aux1.conv", fields=(("bias", False),)))).findings
    assert finding.cost == Cost(params=-128, macs=0, total_params=-128, total_macs=0)


def test_findings_stand_gravest_first_then_in_the_papers_order() -> None:
    edits = (
        SetFields(layer="inception_5b.3x3", fields=(("out_channels", 300),)),
        SetFields(layer="inception_3a.1x1", fields=(("out_channels", 72),)),
        SetFields(layer="conv1", fields=(("bias", False),)),
        SetFields(layer="aux1.dropout", fields=(("rate", 0.5),)),
    )
    findings = compare(PAPER, model(*edits)).findings
    ranks = [finding.severity.rank for finding in findings]
    assert ranks == sorted(ranks, reverse=True)
    order = [layer.name for layer in PAPER[Mode.TRAIN].layers]
    for rank in set(ranks):
        places = [order.index(finding.rows[0]) for finding in findings if finding.severity.rank == rank]
        assert places == sorted(places)
    assert {finding.rows[0] for finding in findings} == {
        "inception_5b.3x3",
        "inception_3a.1x1",
        "conv1",
        "aux1.dropout",
    }


# --- small networks -------------------------------------------------------------------------------------


def held(expected: str, found: str | Network) -> Comparison:
    """One small network against another, in eval."""
    whole = found if isinstance(found, Network) else network(found)
    return compare({Mode.EVAL: network(expected)}, {Mode.EVAL: Found(network=whole)})


BESIDE = "i: conv 3 8 p1\na: conv 1 4 < i\nb: conv 3 4 p1 < i\nc: conv 1 4 < i\nj: concat < a b c\nz: linear 3"


def test_another_form_of_the_same_function_is_a_note_at_each_slot() -> None:
    (note,) = held(
        "i: conv 3 8 p1\na: conv 3 4 p1\nz: linear 3", "i: conv 3 8 p1\nq: pad 1\na: conv 3 4\nz: linear 3"
    ).findings
    assert note == Finding(
        rule="GA219",
        severity=Severity.NOTE,
        rows=("a",),
        attribute="padding as an op of its own",
        expected="as in the paper",
        found="padding as an op of its own",
        message="a is written in another form of the same function: padding as an op of its own.",
        layers=("a",),
        cause="rewritten by rules that keep the function",
    )


def wide(channels: int) -> Network:
    """`a` and `c` of the network above as two ranges of one convolution."""
    found = network(
        f"i: conv 3 8 p1\nf: conv 1 {channels} < i\na: slice 0 4 < f\nc: slice 4 8 < f\n"
        "b: conv 3 4 p1 < i\nj: concat < a b c\nz: linear 3"
    )  # fmt: skip
    weight = Weight(role="weight", name="f.weight", shape=(channels, 8, 1, 1))
    layers = (replace(layer, weights=(weight,)) if layer.name == "f" else layer for layer in found.layers)
    return replace(found, layers=tuple(layers))


def test_channels_that_nothing_reads_are_a_finding_and_those_that_are_read_none() -> None:
    (note,) = held(BESIDE, wide(8)).findings
    assert (note.rule, note.severity, note.rows) == ("GA219", Severity.NOTE, ("a", "c"))
    surplus, note = held(BESIDE, wide(11)).findings
    assert (note.rule, note.severity, note.rows) == ("GA219", Severity.NOTE, ("a", "c"))
    assert (surplus.rule, surplus.severity, surplus.rows) == ("GA302", Severity.ERROR, ("a",))
    assert (surplus.attribute, surplus.expected) == ("layer", "none")
    assert surplus.found == "3 output channels that nothing reads"
    assert surplus.cure == "Leave them out."


def test_a_cost_is_that_of_the_form_in_which_the_edits_speak_where_a_model_stands_for_the_paper() -> None:
    apart = network(BESIDE.replace("a: conv 1 4", "a: conv 1 4 nobias"))
    (finding,) = compare({Mode.EVAL: wide(8)}, {Mode.EVAL: Found(network=apart)}).findings
    # Of the wide convolution only its first four channels lose their biases; the others stay what they are.
    assert (finding.rule, finding.rows) == ("GA207", ("f[0:4]",))
    assert finding.cost == Cost(params=-4, macs=0, total_params=-4, total_macs=0)
    mean = "i: conv 3 8 p1\nm: mean\nz: linear 5"
    (finding,) = held(mean, mean.replace("mean", "adaptive max 1")).findings
    assert (finding.rule, finding.rows) == ("GA208", ("m",))
    assert finding.cost == Cost(params=0, macs=0, total_params=0, total_macs=0)


def stopped(last: str, whole: Network = PAPER[Mode.EVAL]) -> Mapping[Mode, Found]:
    """The network as a forward leaves it that raises behind this layer; one branch runs after the other."""
    end = [layer.name for layer in whole.layers].index(last) + 1
    part = replace(anonymous(whole), layers=anonymous(whole).layers[:end], outputs=())
    return {Mode.EVAL: Found(network=part, complete=False)}


@pytest.mark.parametrize(
    "last", ["1x1.relu", "3x3_reduce.relu", "3x3", "3x3.relu", "5x5.relu", "pool", "pool_proj.relu", "concat"]
)
def test_what_a_stopped_forward_may_only_not_have_run_yet_is_not_missing(last: str) -> None:
    assert told(compare(PAPER, stopped(f"inception_4c.{last}"))) == []


def test_what_went_wrong_before_a_forward_stopped_inside_a_module_is_told() -> None:
    def narrowed(layer: Layer) -> Layer:
        return replace(layer, op=op("conv 1 100")) if layer.name in {"inception_4b.1x1", "inception_4c.1x1"} else layer

    paper = PAPER[Mode.EVAL]
    narrow = replace(paper, layers=tuple(map(narrowed, paper.layers)))
    rows = ("inception_4b.1x1", "inception_4c.1x1")
    # 160 and 128 in the paper.
    assert told(compare(PAPER, stopped("inception_4c.5x5.relu", narrow))) == [
        ("GA201", "out_channels", (row,)) for row in rows
    ]


def test_the_last_layer_that_ran_is_compared() -> None:
    paper = PAPER[Mode.EVAL]
    layers = (replace(one, op=op("conv 3 100 p1")) if one.name == "conv2" else one for one in paper.layers)
    assert told(compare(PAPER, stopped("conv2.relu", replace(paper, layers=tuple(layers))))) == [
        ("GA201", "out_channels", ("conv2",)),
    ]  # fmt: skip


def test_branches_that_had_not_met_when_the_forward_stopped_are_compared_all_the_same() -> None:
    expected = "i: conv 3 8 p1\na: conv 3 8 p1 < i\nb: conv 1 8 < i\ns: add < a b\nz: linear 3"
    for edited, findings in (
        (expected, []),
        (expected.replace("a: conv 3 8 p1", "a: conv 5 8 p2"), [("GA202", "kernel", ("a",))]),
    ):
        whole = network(edited)
        part = Found(network=replace(whole, layers=whole.layers[:4], outputs=()), complete=False)
        assert told(compare({Mode.EVAL: network(expected)}, {Mode.EVAL: part})) == findings


def test_a_mode_that_is_another_network_is_left_out_and_said() -> None:
    found = {
        **model(SetFields(layer="conv1", fields=(("out_channels", 96),))),
        Mode.EVAL: Found(network=anonymous(_chain(Mode.EVAL))),
    }
    comparison = compare(PAPER, found)
    assert comparison.refusal == ""
    assert told(comparison) == [("GA201", "out_channels", ("conv1",))]
    assert set(comparison.views) == {Mode.TRAIN}
    (unverified,) = comparison.unverified
    assert unverified.what == "eval mode"
    # 57 convolutions and one linear layer on the main path; of the chain's 6 and 1 the classifier has its width.
    assert unverified.why.startswith(
        "it cannot be compared: of the paper's 58 layers with weights 1 have a counterpart of their width in the model,"
        " which has 7 (distance 0."
    )
    assert unverified.why.endswith("; a build of this paper has at most 0.35 and 50% of the widths)")


def test_a_network_is_another_one_from_more_than_half_of_its_widths_on() -> None:
    lines = [f"c{index}: conv 3 8 p1" for index in range(7)]
    expected = "\n".join([*lines, "z: linear 10"])
    for changed, refused in ((4, False), (5, True)):
        found = "\n".join([*(line.replace("3 8", "3 9") for line in lines[:changed]), *lines[changed:], "z: linear 10"])
        assert bool(held(expected, found).refusal) is refused
        assert bool(held(expected, found).findings) is not refused


def test_widths_of_linear_layers_count_as_well() -> None:
    expected = "\n".join(f"l{index}: linear {8 + index}" for index in range(4))
    assert held(expected, expected.replace("linear 8", "linear 7")).refusal == ""
    other = "\n".join(f"l{index}: linear {9 + index}" for index in range(4))
    assert "of the paper's 4 layers with weights 0 have a counterpart" in held(expected, other).refusal


def test_a_finding_at_several_places_has_all_their_lines_and_stands_at_the_first() -> None:
    lines = {"n1": Location(file="net.py", line=11), "n7": Location(file="net.py", line=12)}
    whole = model(*(SetFields(layer=slot, fields=(("bias", False),)) for slot in ("conv1", "conv2")))
    found = {
        mode: Found(network=replace(one.network, layers=tuple(map(partial(constructed, lines), one.network.layers))))
        for mode, one in whole.items()
    }
    at = {
        layer.name: name for layer, name in zip(PAPER[Mode.TRAIN].layers, (f"n{i}" for i in range(400)), strict=False)
    }
    assert at["conv1"] == "n1"
    (finding,) = compare(PAPER, found).findings
    assert finding.rows == ("conv1", "conv2")
    assert finding.location == lines["n1"]
    assert finding.locations == tuple(lines[name] for name in (at["conv1"], at["conv2"]))


def constructed(lines: Mapping[str, Location], layer: Layer) -> Layer:
    """The layer with the line that constructed it."""
    line = lines.get(layer.name)
    return replace(layer, origin=CodeOrigin(constructed=(line,))) if line else layer


def test_the_rows_of_a_finding_stand_in_the_papers_order_wherever_they_are() -> None:
    rows = ("conv1", "aux1.conv", "inception_4e.1x1", "aux2.conv", "inception_5b.1x1")
    order = [layer.name for layer in PAPER[Mode.TRAIN].layers]
    (finding,) = compare(PAPER, model(*(SetFields(layer=row, fields=(("bias", False),)) for row in rows))).findings
    assert finding.rows == tuple(sorted(rows, key=order.index))


def test_what_stands_deeper_in_a_slot_belongs_to_its_cost() -> None:
    small = network("a: conv 1 4\na.b.c.d: conv 1 5\nz: conv 1 2")
    found = cost(small, ("a.b",), (SetFields(layer="a.b.c.d", fields=(("bias", False),)),))
    assert found == Cost(params=-5, macs=0, total_params=-5, total_macs=0)
    elsewhere = cost(small, ("a.c",), (SetFields(layer="a.b.c.d", fields=(("bias", False),)),))
    assert elsewhere == Cost(params=0, macs=0, total_params=-5, total_macs=0)


def test_a_cost_counts_each_sign_once_and_nothing_where_nothing_can_be_derived() -> None:
    paper = PAPER[Mode.TRAIN]
    assert cost(paper, ("conv1",), ()) is None
    assert cost(paper, ("conv1",), (SetFields(layer="conv1", fields=(("kernel", (300, 300)),)),)) is None
    extra = Layer(name="conv1.more", op=Conv2d(out_channels=64, kernel=(1, 1)))
    # 64 x 64 weights and 64 biases, on 112 x 112 places, and nothing else changes.
    more = Cost(
        params=64 * 64 + 64, macs=64 * 64 * 112 * 112, total_params=64 * 64 + 64, total_macs=64 * 64 * 112 * 112
    )  # fmt: skip
    assert cost(paper, ("conv1",), (Insert(after="conv1", layers=(extra,)),)) == more
    reduce = 16 * 192 + 16
    gone = cost(paper, ("inception_3a.5x5_reduce",), (Remove(layers=("inception_3a.5x5_reduce",)),))
    assert gone is not None
    assert (gone.params, gone.macs) == (-reduce, -16 * 192 * 28 * 28)
    # The 5x5 behind it then reads 192 channels in place of 16.
    wider = 32 * (192 - 16) * 25
    assert (gone.total_params, gone.total_macs) == (wider - reduce, (wider - 16 * 192) * 28 * 28)


def test_a_layer_added_behind_a_batch_norm_and_an_activation_stands_behind_both() -> None:
    text = "a: conv 3 8 p1\na.bn: bn\na.relu: relu\n{}b: conv 1 4\nc: linear 10"
    paper, model = network(text.format("")), anonymous(network(text.format("n: conv 7 8 p3\n")))
    (finding,) = compare({Mode.EVAL: paper}, {Mode.EVAL: Found(network=model)}).findings
    patched = patch.apply(paper, finding.edits)
    (new,) = [layer for layer in patched.layers if layer.of]
    assert (finding.rule, new.inputs, patched.by_name["b"].inputs) == ("GA302", ("a.relu",), (new.name,))


# --- both modes, and what only one of them says ------------------------------------------------------------

HEADED = "i: conv 3 8 p1\nk: conv 3 8 p1\nz: linear 3"
HEAD = "h: conv 1 4 < i\n{}y: linear 3"


def trained(head: str) -> Network:
    """The small network with a head, in training."""
    return network(f"{HEADED}\n{head}", mode=Mode.TRAIN, outputs="z y")


def test_the_only_value_of_eval_is_the_main_output_of_training_too_however_deep_its_head() -> None:
    paper = {Mode.TRAIN: trained(HEAD.format("")), Mode.EVAL: network(HEADED)}
    # Six layers with weights up to the head's output, three up to the classifier's.
    deeper = trained(HEAD.format("a: conv 1 4\nb: conv 1 4\nc: conv 1 4\n"))
    comparison = compare(paper, {Mode.TRAIN: Found(network=deeper), Mode.EVAL: Found(network=network(HEADED))})
    assert told(comparison) == [("GA302", "layer", ("h",))]
    assert {mode: view.found for mode, view in comparison.views.items()} == {
        Mode.TRAIN: deeper, Mode.EVAL: network(HEADED),
    }  # fmt: skip


def test_training_alone_can_be_compared() -> None:
    paper = {Mode.TRAIN: trained(HEAD.format("")), Mode.EVAL: network(HEADED)}
    wider = trained(HEAD.format("").replace("conv 1 4", "conv 1 6"))
    assert told(compare(paper, {Mode.TRAIN: Found(network=wider)})) == [("GA201", "out_channels", ("h",))]


def test_a_head_too_many_in_both_modes_is_one_finding_that_adds_it_in_both() -> None:
    paper = {mode: network(HEADED, mode=mode) for mode in Mode}
    both = {mode: replace(trained(HEAD.format("")), mode=mode) for mode in Mode}
    (finding,) = compare(paper, {mode: Found(network=one) for mode, one in both.items()}).findings
    assert (finding.rule, finding.rows) == ("GA313", ("i",))
    for mode in Mode:
        assert patch.apply(paper[mode], finding.edits).params == both[mode].params


def test_a_head_that_the_paper_has_not_and_nobody_returns_is_no_finding_and_said() -> None:
    spare = network(f"{HEADED}\n{HEAD.format('')}", mode=Mode.TRAIN, outputs="z")
    comparison = compare({Mode.TRAIN: network(HEADED, mode=Mode.TRAIN)}, {Mode.TRAIN: Found(network=spare)})
    assert comparison.findings == ()
    (thrown_away,) = comparison.unverified
    assert (thrown_away.what, thrown_away.why) == ("h", "computed, but nothing returned is known to depend on it")


@pytest.mark.parametrize(("mode", "right", "wrong"), [(Mode.EVAL, " off", ""), (Mode.TRAIN, "", " off")])
def test_a_dropout_is_judged_by_the_mode_in_which_it_ran(mode: Mode, right: str, wrong: str) -> None:
    paper, found = (network(f"a: conv 3 8\nd: dropout 0.4{state}\nz: linear 3", mode=mode) for state in (right, wrong))
    (finding,) = compare({mode: paper}, {mode: Found(network=found)}).findings
    active, inactive = f"active in {mode}", f"inactive in {mode}"
    said = (inactive, active) if mode is Mode.EVAL else (active, inactive)
    assert (finding.rule, finding.rows, finding.expected, finding.found) == ("GA309", ("d",), *said)


def test_findings_at_a_slot_and_at_a_whole_head_stand_in_the_papers_order() -> None:
    train = PAPER[Mode.TRAIN]
    head = tuple(layer.name for layer in reversed(train.layers) if layer.name.startswith("aux1."))
    more = Layer(name="more", op=Conv2d(out_channels=64, kernel=(1, 1)))
    wide = SetFields(layer="inception_3b.1x1", fields=(("out_channels", 100),))
    other = SetFields(layer="aux2.fc1", fields=(("out_features", 100),))
    added = Insert(after="inception_3a.1x1.relu", layers=(more,))
    found = {
        Mode.TRAIN: Found(network=anonymous(patch.apply(train, (added, wide, other, Remove(layers=head))))),
        Mode.EVAL: Found(network=anonymous(patch.apply(PAPER[Mode.EVAL], (added, wide)))),
    }
    findings = [one.rows for one in compare(PAPER, found).findings if one.severity is Severity.ERROR]
    assert findings == [("inception_3a.1x1",), ("inception_3b.1x1",), ("aux1",), ("aux2.fc1",)]


def test_a_distance_of_exactly_the_limit_is_still_this_network() -> None:
    # 12 convolutions and a linear layer, each worth 2, beside as many and more: 2 * 14 / (2 * 13 + 2 * 27) = 0.35.
    lines = ["c: conv 3 8 p1"] * 12
    for more, refused in ((14, False), (15, True)):
        chains = (
            "\n".join(f"{index}{line}" for index, line in enumerate(own)) for own in (lines, lines + lines[:1] * more)
        )
        expected, found = (f"{chain}\nz: linear 3" for chain in chains)
        assert bool(held(expected, found).refusal) is refused


def test_another_form_of_a_layer_that_the_paper_has_not_is_no_note() -> None:
    expected = "i: conv 3 8 p1\na: conv 1 4\nz: linear 3"
    found = "i: conv 3 8 p1\nq: pad 1\nn: conv 3 8\na: conv 1 4\nz: linear 3"
    assert [(one.rule, one.rows) for one in held(expected, found).findings] == [("GA302", ("i",))]


def test_another_form_of_the_same_function_stands_at_its_line() -> None:
    line = Location(file="net.py", line=7)
    padded = network("i: conv 3 8 p1\nq: pad 1\na: conv 3 4\nz: linear 3")
    found = replace(padded, layers=tuple(constructed({"a": line}, layer) for layer in padded.layers))
    (note,) = held("i: conv 3 8 p1\na: conv 3 4 p1\nz: linear 3", found).findings
    assert (note.rule, note.location, note.locations) == ("GA219", line, (line,))


# --- ops that nobody knows ------------------------------------------------------------------------------------


def written_by_hand(found: Found, *, weights: int | None = None, flat: bool = False) -> Found:
    """All convolutions as an op that nobody knows, with the weights that they need or so many."""

    def by_hand(layer: Layer) -> Layer:
        if not isinstance(layer.op, Conv2d):
            return layer
        before = found.network.by_name[layer.inputs[0]].shape
        assert before is not None
        assert layer.shape is not None
        own = derive.parameter_shapes(layer.op, (before,))["weight"]
        weight = Weight(role="weight", name=f"{layer.name}.w", shape=own if weights is None else (weights,))
        shape = layer.shape[:2] if flat else layer.shape
        return replace(layer, op=Unknown(function="matmul"), shape=shape, weights=(weight,) if weights != 0 else ())

    return replace(found, network=replace(found.network, layers=tuple(map(by_hand, found.network.layers))))


def filled_in(found: Found) -> Found:
    """Each concatenation as writes into an empty map, one behind the other."""
    layers: list[Layer] = []
    for layer in found.network.layers:
        if not isinstance(layer.op, Concat):
            layers.append(layer)
            continue
        last: tuple[str, ...] = ()
        for index, source in enumerate(layer.inputs, 1):
            name = layer.name if index == len(layer.inputs) else f"{layer.name}.{index}"
            layers.append(replace(layer, name=name, op=Unknown(function="setitem"), inputs=(*last, source)))
            last = (name,)
    return replace(found, network=replace(found.network, layers=tuple(layers)))


@pytest.mark.parametrize(
    ("edit", "function", "number"),
    [(written_by_hand, "matmul", 57 + 2), (filled_in, "setitem", 36)],
)
def test_a_network_behind_ops_that_nobody_knows_is_not_called_another_one(
    edit: Callable[[Found], Found], function: str, number: int
) -> None:
    comparison = compare(PAPER, {mode: edit(found) for mode, found in model().items()})
    assert comparison.hidden
    start = f"it cannot be compared because of unknown op {function} ({number} times"
    assert comparison.refusal.startswith(start), comparison.refusal
    assert "58 of the paper's 58 layers with weights may be in the model" in comparison.refusal


@pytest.mark.parametrize("settings", [{"weights": 0}, {"weights": 7}, {"flat": True}])
def test_ops_that_nobody_knows_and_that_cannot_be_the_papers_layers_are_another_network(
    settings: dict[str, Any],
) -> None:
    # Without weights, with a number of them that the paper never has, or with columns for maps as in one dimension.
    comparison = compare(PAPER, {mode: written_by_hand(found, **settings) for mode, found in model().items()})
    assert not comparison.hidden
    assert "layers with weights 1 have a counterpart" in comparison.refusal


def test_another_network_stays_another_one_although_it_has_an_op_that_nobody_knows() -> None:
    chain = "\n".join(
        ["u: unknown roll < input input", *(f"c{index}: conv 3 {index + 400} p1" for index in range(20)), "l: linear 9"]
    )
    found = {mode: Found(network=network(chain, input_shape=(3, 224, 224), mode=mode)) for mode in Mode}
    assert not compare(PAPER, found).hidden
    assert "have a counterpart" in compare(PAPER, found).refusal


WIDTHS = (8, 9, 10, 11, 12, 13)


def chain(*widths: int, kernel: str = "3", pad: str = "p1") -> str:
    """Convolutions of these widths, `c0` and so on."""
    return "\n".join(f"c{index}: conv {kernel} {width} {pad}" for index, width in enumerate(widths))


JOINING, PASSING = "u: unknown roll < c0 c1", "u: unknown roll < c0"


def test_an_op_that_nobody_knows_hides_a_network_only_if_it_joins_values_and_the_layers_are_there() -> None:
    turned = chain(*reversed(WIDTHS))
    assert held(chain(*WIDTHS), f"{turned}\n{JOINING}").hidden
    assert not held(chain(*WIDTHS), f"{turned}\n{PASSING}").hidden
    # As wide, with kernels that the paper has not.
    assert not held(chain(*WIDTHS), f"{chain(*reversed(WIDTHS), kernel='1', pad='p0')}\n{JOINING}").hidden


@pytest.mark.parametrize(("own", "there"), [((9, 8, 8), 3), ((8, 8, 8, 8), 3), ((9, 8), 2), ((8, 8, 8, 10), 3)])
def test_each_layer_of_the_model_is_there_for_one_of_the_paper(own: tuple[int, ...], there: int) -> None:
    # Three of width 8 and three of width 9 are wanted; half of the six are enough.
    comparison = held(chain(8, 9, 8, 9, 8, 9), f"{chain(*own)}\n{JOINING}")
    assert comparison.hidden is (there >= 3)
    assert f"{there} of the paper's 6 layers" in comparison.refusal or not comparison.hidden


def test_a_layer_without_weights_is_there_for_none_of_the_paper() -> None:
    paper = "\n".join(f"l{index}: linear 1" for index in range(4))
    shifts = "\n".join(f"r{index}: {name}" for index, name in enumerate(("relu", "avgpool 2", "lrn", "softmax")))
    assert not held(paper, f"{shifts}\nu: unknown roll < r0 r1").hidden


@pytest.mark.parametrize(
    ("ops", "folder", "said"),
    [
        (JOINING, None, "roll (once)"),
        (JOINING, "", "roll (once, first at net.py:7)"),
        (JOINING, "deep/er/", "roll (once, first at net.py:7)"),
        ("v: unknown roll < c0 c1\nu: unknown roll < v c1", "", "roll (2 times, first at net.py:5)"),
        ("v: unknown turn < c0\nu: unknown roll < v c1", "", "roll (once, first at net.py:7)"),
        ("v: unknown spin < c0 c1\nu: unknown roll < v c1", None, "roll, spin (2 times)"),
    ],
)
def test_what_hides_a_network_is_named_with_its_first_line(ops: str, folder: str | None, said: str) -> None:
    def called(layer: Layer) -> Layer:
        line = Location(file=f"{folder}net.py", line={"v": 5, "u": 7}.get(layer.name, 1))
        return replace(layer, origin=None if folder is None else CodeOrigin(calls=(line,)))

    found = network(f"{chain(*reversed(WIDTHS))}\n{ops}")
    refusal = held(chain(*WIDTHS), replace(found, layers=tuple(map(called, found.layers)))).refusal
    assert f"because of unknown op {said}: 6 of the paper's 6 layers with weights" in refusal


def test_two_networks_with_ops_that_nobody_knows_can_be_held_against_each_other() -> None:
    # What stands behind the op has no shape on either side.
    expected = f"u: unknown roll\n{chain(*WIDTHS)}"
    found = f"u: unknown roll\n{chain(*reversed(WIDTHS))}\nv: unknown turn < c0 c1"
    assert held(expected, found).hidden
    assert held(expected, expected).refusal == ""


# --- notes --------------------------------------------------------------------------------------------------------


def test_a_form_that_the_layers_own_comparison_tells_is_told_once() -> None:
    (note,) = held("a: conv 3 8 p1\ng: avgpool 32\nz: linear 3", "a: conv 3 8 p1\ng: mean\nz: linear 3").findings
    assert (note.rule, note.rows, note.attribute) == ("GA219", ("g",), "adaptive")
    assert (note.expected, note.found) == ("avg pool 32×32/1", "global avg pool")


def test_a_form_that_is_written_elsewhere_than_its_layer_stands_there() -> None:
    here, there = Location(file="net.py", line=3), Location(file="net.py", line=7)
    plain = network("c: conv 1 4\nf: flatten\nl: linear 5")
    shape = plain.by_name["c"].shape
    assert shape is not None
    swapped = Flatten(of=shape, order=(1, 2, 0), shape=plain.by_name["f"].shape)
    origins = {"f": CodeOrigin(calls=(there,)), "l": CodeOrigin(constructed=(here,))}
    layers = (
        replace(one, origin=origins.get(one.name), op=swapped if one.name == "f" else one.op) for one in plain.layers
    )
    (note,) = held("c: conv 1 4\nf: flatten\nl: linear 5", replace(plain, layers=tuple(layers))).findings
    assert (note.rule, note.rows, note.location) == ("GA219", ("l",), there)
