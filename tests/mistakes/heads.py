"""Single edits of the auxiliary heads, of the outputs and of the task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from gnet_audit.rules import Severity
from tests.mistakes.graphs import Row, cases, one
from tests.mistakes.plan import Plan, Values
from tests.mistakes.truth import CLASSIFIERS, truth

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def _tap(head: str, module: str) -> Row:
    return one(
        f"{head}-on-{module}",
        lambda plan: plan.rewire(f"{head}.pool", f"inception_{module}.concat"),
        "GA307",
        "tap",
        head,
    )


def _both_taps_late(plan: Plan) -> Plan:
    return plan.rewire("aux1.pool", "inception_4b.concat").rewire("aux2.pool", "inception_4e.concat")


def _third_head(plan: Plan) -> Plan:
    plan = plan.add("aux3.pool", "avgpool", "inception_4e.concat", kernel_size=5, stride=3)
    plan = plan.add("aux3.conv", "conv", "aux3.pool", out_channels=128, kernel_size=1)
    plan = plan.add("aux3.relu", "relu", "aux3.conv")
    plan = plan.add("aux3.fc", "linear", "aux3.relu", out_features=1000)
    return replace(plan, pack=_with_third)


def _with_third(values: Values, training: bool) -> object:
    if not training:
        return values["out"]
    return values["out"], values["aux1.fc2"], values["aux2.fc2"], values["aux3.fc"]


def _all_outputs(values: Values, training: bool) -> object:
    del training
    return values["out"], values["aux1.fc2"], values["aux2.fc2"]


def _swapped_heads(values: Values, training: bool) -> object:
    return (values["out"], values["aux2.fc2"], values["aux1.fc2"]) if training else values["out"]


def _softmax_in_training(values: Values, training: bool) -> object:
    logits = torch.softmax(values["out"], 1) if training else values["out"]
    return (logits, values["aux1.fc2"], values["aux2.fc2"]) if training else logits


HEAD_CASES = cases(
    "auxiliary heads",
    _tap("aux1", "3b"),
    _tap("aux2", "4b"),
    _tap("aux2", "4c"),
    _tap("aux2", "4e"),
    one("aux1-on-pool3", lambda plan: plan.rewire("aux1.pool", "pool3"), "GA307", "tap", "aux1"),
    one("both-heads-on-4a", lambda plan: plan.rewire("aux2.pool", "inception_4a.concat"), "GA307", "tap", "aux2|aux1"),
    (
        "heads-on-4b-and-4e",
        _both_taps_late,
        (truth("GA307", "tap", "aux1", severity=ERROR), truth("GA307", "tap", "aux2", severity=ERROR)),
    ),
    one("aux1-missing", lambda plan: plan.without("aux1"), "GA306", "head", "aux1"),
    one("aux2-missing", lambda plan: plan.without("aux2"), "GA306", "head", "aux2"),
    one("both-heads-missing", lambda plan: plan.without("aux1").without("aux2"), "GA306", "head", "aux1", "aux2"),
    one(
        "heads-active-in-eval",
        lambda plan: replace(plan, heads_in_eval=True, pack=_all_outputs),
        "GA308",
        "eval",
        "aux1",
        "aux2",
    ),
    one("third-head-on-4e", _third_head, "GA313", "head", "inception_4e*|aux3|"),
    ("heads-returned-in-the-other-order", lambda plan: replace(plan, pack=_swapped_heads), ()),
    (
        "heads-tap-each-others-module",
        lambda plan: plan.rewire("aux1.pool", "inception_4d.concat").rewire("aux2.pool", "inception_4a.concat"),
        (),
    ),
)


def _of(classes: int) -> Callable[[Plan], Plan]:
    def edit(plan: Plan) -> Plan:
        for classifier in CLASSIFIERS:
            plan = plan.change(classifier, out_features=classes)
        return plan

    return edit


def _at(*shape: int) -> Callable[[Plan], Plan]:
    def edit(plan: Plan) -> Plan:
        if shape[1:] != (224, 224):
            plan = plan.become("avgpool", "adaptive_avg", output_size=1)
        return replace(plan, input_shape=shape)

    return edit


TASK = cases(
    "task",
    one("10-classes", _of(10), "GA102", "num_classes", *CLASSIFIERS),
    one("1001-classes", _of(1001), "GA102", "num_classes", *CLASSIFIERS),
    ("1-input-channel", _at(1, 224, 224), (truth("GA104", "in_channels", "input"),)),
    ("input-96x96", _at(3, 96, 96), (truth("GA103", "input_size", "input", severity=WARNING),)),
    ("input-299x299", _at(3, 299, 299), (truth("GA103", "input_size", "input", severity=WARNING),)),
    one("log-softmax-inside", lambda plan: plan.become("out", "log_softmax"), "GA310", "softmax", "softmax"),
    one(
        "softmax-in-training-only",
        lambda plan: replace(plan, pack=_softmax_in_training),
        "GA310",
        "softmax",
        "softmax",
    ),
    one("sigmoid-after-the-logits", lambda plan: plan.become("out", "sigmoid"), "GA302", "layer", "linear"),
)

HEADS = (*HEAD_CASES, *TASK)
