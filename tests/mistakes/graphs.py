"""Single edits of the graph: layers missing, added, moved, shared or wired elsewhere; heads; the task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from gnet_audit.rules import Severity
from tests.mistakes.plan import TABLE, Plan, Values, inception
from tests.mistakes.truth import CLASSIFIERS, Case, Truth, after, gone, truth

ERROR, WARNING = Severity.ERROR, Severity.WARNING
Row = tuple[str, Callable[[Plan], Plan], tuple[Truth, ...]]


def _cases(family: str, *rows: Row) -> tuple[Case, ...]:
    return tuple(Case(id=id, family=family, edit=edit, truths=truths) for id, edit, truths in rows)


def _one(id: str, edit: Callable[[Plan], Plan], rule: str, attribute: str, *rows: str) -> Row:
    return id, edit, (truth(rule, attribute, *rows),)


def _lost(slot: str) -> Row:
    return _one(f"{slot}-missing", lambda plan: _drop_with_relu(plan, slot), "GA301", "layer", *gone(slot))


def _drop_with_relu(plan: Plan, slot: str) -> Plan:
    if f"{slot}.relu" in plan.steps:
        plan = plan.drop(f"{slot}.relu")
    return plan.drop(slot)


def _flat_end(plan: Plan) -> Plan:
    return plan.drop("avgpool")


def _module_again(plan: Plan, module: str) -> Plan:
    """The module a second time, with weights of its own, reading the first."""
    again, widths = f"{module}_again", TABLE[module.removeprefix("inception_")]
    plan = plan.redirect(f"{module}.concat", f"{again}.concat")
    return inception(plan, again, f"{module}.concat", widths)


def _modules_swapped(plan: Plan, first: str, second: str) -> Plan:
    """Each gets the other's widths; in a graph without names that is what a swap is."""
    for slot in ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj"):
        one, two = (plan.steps[f"{module}.{slot}"].settings["out_channels"] for module in (first, second))
        plan = plan.change(f"{first}.{slot}", out_channels=two).change(f"{second}.{slot}", out_channels=one)
    return plan


def _without_5x5_branch(plan: Plan) -> Plan:
    plan = plan.rewire("inception_4c.concat", *(f"inception_4c.{b}.relu" for b in ("1x1", "3x3", "pool_proj")))
    for slot in ("5x5.relu", "5x5", "5x5_reduce.relu", "5x5_reduce"):
        plan = plan.without(f"inception_4c.{slot}")
    return plan


MISSING = _cases(
    "layer missing",
    _lost("conv2_reduce"),
    _lost("conv2"),
    _lost("pool1"),
    _lost("pool2"),
    _lost("inception_3a.3x3_reduce"),
    _lost("inception_4d.5x5_reduce"),
    _lost("inception_4b.pool"),
    _lost("inception_5a.pool_proj"),
    _lost("aux1.pool"),
    _lost("aux1.conv"),
    _lost("aux2.fc1"),
    _one("avgpool-missing-and-all-flattened", _flat_end, "GA301", "layer", "avgpool"),
    _one("pool3-missing", lambda plan: plan.drop("pool3"), "GA301", "layer", "pool3"),
    _one(
        "branch-5x5-missing",
        _without_5x5_branch,
        "GA301",
        "layer",
        *gone("inception_4c.5x5_reduce", "inception_4c.5x5"),
    ),
    _one(
        "module-4c-missing", lambda plan: plan.without("inception_4c"), "GA301", "layer", "inception_4c|inception_4c.*"
    ),
    _one(
        "module-5a-missing", lambda plan: plan.without("inception_5a"), "GA301", "layer", "inception_5a|inception_5a.*"
    ),
)

ADDED = _cases(
    "layer added",
    _one(
        "conv-after-pool3",
        lambda plan: plan.insert("pool3", "extra", "conv", out_channels=480, kernel_size=1),
        "GA302",
        "layer",
        "pool3",
    ),
    _one(
        "conv-and-relu-after-4c",
        lambda plan: plan.insert("inception_4c.concat", "relu", "relu").insert(
            "inception_4c.concat", "conv", "conv", out_channels=512, kernel_size=3, padding=1
        ),
        "GA302",
        "layer",
        "inception_4c.concat",
    ),
    _one(
        "max-pool-after-5b",
        lambda plan: plan.insert("inception_5b.concat", "pool", "maxpool", kernel_size=3, stride=1, padding=1),
        "GA302",
        "layer",
        "inception_5b.concat",
    ),
    _one(
        "third-lrn-after-pool3",
        lambda plan: plan.insert("pool3", "lrn", "lrn", size=5, alpha=1e-4, beta=0.75, k=1.0),
        "GA302",
        "layer",
        "pool3",
    ),
    _one(
        "hidden-linear-before-the-classifier",
        lambda plan: plan.insert("dropout", "fc", "linear", out_features=1024).insert("dropout.fc", "relu", "relu"),
        "GA302",
        "layer",
        "dropout",
    ),
    _one(
        "dropout-after-aux1-conv",
        lambda plan: plan.insert("aux1.conv.relu", "drop", "dropout", p=0.5),
        "GA302",
        "layer",
        after("aux1.conv"),
    ),
    _one("relu-after-the-logits", lambda plan: plan.become("out", "relu"), "GA302", "layer", "linear"),
    _one(
        "input-scaled-inside",
        lambda plan: plan.add("scaled", "do", "input", function=_scaled).rewire("conv1", "scaled"),
        "GA302",
        "layer",
        "input",
    ),
    _one(
        "module-4b-twice",
        lambda plan: _module_again(plan, "inception_4b"),
        "GA302",
        "layer",
        "inception_4[ab]|inception_4[ab].*",
    ),
    _one(
        "residual-around-4c",
        lambda plan: plan.insert("inception_4c.concat", "sum", "sum").rewire(
            "inception_4c.concat.sum", "inception_4c.concat", "inception_4b.concat"
        ),
        "GA302|GA305|GA312",
        "layer|merge|input",
        "inception_4c.concat",
    ),
    _one(
        "batch-norm-after-a-concat",
        lambda plan: plan.insert("inception_4a.concat", "bn", "batch_norm"),
        "GA302|GA215",
        "layer|batch_norm",
        "inception_4a.concat",
    ),
)


def _scaled(image: Tensor) -> Tensor:
    return image * 0.5 + 0.1


def _pool3_after_4a(plan: Plan) -> Plan:
    # The head stays on the module itself, as it would in code that names the module's output.
    return plan.move("pool3", after="inception_4a.concat").rewire("aux1.pool", "inception_4a.concat")


MOVED = _cases(
    "order",
    _one("pool3-after-4a", _pool3_after_4a, "GA303", "order", "pool3"),
    _one("pool4-after-5a", lambda plan: plan.move("pool4", after="inception_5a.concat"), "GA303", "order", "pool4"),
    _one(
        "pool-after-projection-in-4a",
        lambda plan: plan.move("inception_4a.pool", after="inception_4a.pool_proj.relu"),
        "GA303",
        "order",
        "inception_4a.pool|inception_4a.pool_proj|inception_4a.pool_proj.relu",
    ),
    _one(
        "dropout-before-the-average-pool",
        lambda plan: plan.move("dropout", after="inception_5b.concat"),
        "GA303",
        "order",
        "dropout|avgpool",
    ),
    _one(
        "concat-of-5a-reversed",
        lambda plan: plan.rewire("inception_5a.concat", *reversed(plan.steps["inception_5a.concat"].reads)),
        "GA304",
        "order",
        "inception_5a.concat",
    ),
    _one(
        "concat-of-3a-pool-first",
        lambda plan: plan.rewire(
            "inception_3a.concat", *(f"inception_3a.{b}.relu" for b in ("pool_proj", "1x1", "3x3", "5x5"))
        ),
        "GA304",
        "order",
        "inception_3a.concat",
    ),
)


SWAPPED = tuple(
    Case(
        id=f"modules-{first}-and-{second}-swapped",
        family="order",
        edit=lambda plan, first=first, second=second: _modules_swapped(  # type: ignore[misc]
            plan, f"inception_{first}", f"inception_{second}"
        ),
        truths=(truth("GA303", "order", f"inception_{first}*|inception_{second}*"),),
        or_else=(truth("GA201", "out_channels", *widths),),
    )
    for first, second, widths in (
        (
            "4b",
            "4c",
            tuple(f"inception_{module}.{slot}" for module in ("4b", "4c") for slot in ("1x1", "3x3_reduce", "3x3")),
        ),
        (
            "5a",
            "5b",
            tuple(
                f"inception_{module}.{slot}"
                for module in ("5a", "5b")
                for slot in ("1x1", "3x3_reduce", "3x3", "5x5_reduce")
            ),
        ),
    )
)


def _narrow_and_add(plan: Plan) -> Plan:
    return (
        plan.change("inception_4e.1x1", out_channels=128)
        .change("inception_4e.3x3", out_channels=128)
        .become("inception_4e.concat", "sum")
    )


WIRED = _cases(
    "wiring and sharing",
    _one(
        "5x5-reads-the-3x3-reduction-beside-its-own",
        lambda plan: plan.rewire("inception_3a.5x5", "inception_3a.3x3_reduce.relu"),
        "GA312",
        "input",
        "inception_3a.5x5",
    ),
    _one(
        "5x5-reads-the-3x3-reduction-instead-of-its-own",
        lambda plan: (
            plan.rewire("inception_4b.5x5", "inception_4b.3x3_reduce.relu")
            .without("inception_4b.5x5_reduce.relu")
            .without("inception_4b.5x5_reduce")
        ),
        "GA312",
        "input",
        "inception_4b.5x5",
    ),
    (
        "4e-branches-added",
        _narrow_and_add,
        (
            truth("GA201", "out_channels", "inception_4e.1x1"),
            truth("GA201", "out_channels", "inception_4e.3x3"),
            truth("GA305", "merge", "inception_4e.concat"),
        ),
    ),
    _one(
        "3b-1x1-and-3x3-reduction-shared",
        lambda plan: plan.tie("inception_3b.3x3_reduce", "inception_3b.1x1"),
        "GA311",
        "weights",
        "inception_3b.1x1",
        "inception_3b.3x3_reduce",
    ),
    _one(
        "heads-share-fc1",
        lambda plan: plan.tie("aux2.fc1", "aux1.fc1"),
        "GA311",
        "weights",
        "aux1.fc1",
        "aux2.fc1",
    ),
    _one(
        "heads-share-fc1-and-fc2",
        lambda plan: plan.tie("aux2.fc1", "aux1.fc1").tie("aux2.fc2", "aux1.fc2"),
        "GA311",
        "weights",
        "aux1.fc1",
        "aux2.fc1",
        "aux1.fc2",
        "aux2.fc2",
    ),
)


def _tap(head: str, module: str) -> Row:
    return _one(
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


HEAD_CASES = _cases(
    "auxiliary heads",
    _tap("aux1", "3b"),
    _tap("aux2", "4b"),
    _tap("aux2", "4c"),
    _tap("aux2", "4e"),
    _one("aux1-on-pool3", lambda plan: plan.rewire("aux1.pool", "pool3"), "GA307", "tap", "aux1"),
    _one(
        "both-heads-on-4a", lambda plan: plan.rewire("aux2.pool", "inception_4a.concat"), "GA307", "tap", "aux2|aux1"
    ),
    (
        "heads-on-4b-and-4e",
        _both_taps_late,
        (truth("GA307", "tap", "aux1", severity=ERROR), truth("GA307", "tap", "aux2", severity=ERROR)),
    ),
    _one("aux1-missing", lambda plan: plan.without("aux1"), "GA306", "head", "aux1"),
    _one("aux2-missing", lambda plan: plan.without("aux2"), "GA306", "head", "aux2"),
    _one("both-heads-missing", lambda plan: plan.without("aux1").without("aux2"), "GA306", "head", "aux1", "aux2"),
    _one(
        "heads-active-in-eval",
        lambda plan: replace(plan, heads_in_eval=True, pack=_all_outputs),
        "GA308",
        "eval",
        "aux1",
        "aux2",
    ),
    _one("third-head-on-4e", _third_head, "GA313", "head", "inception_4e*|aux3|"),
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


TASK = _cases(
    "task",
    _one("10-classes", _of(10), "GA102", "num_classes", *CLASSIFIERS),
    _one("1001-classes", _of(1001), "GA102", "num_classes", *CLASSIFIERS),
    ("1-input-channel", _at(1, 224, 224), (truth("GA104", "in_channels", "input"),)),
    ("input-96x96", _at(3, 96, 96), (truth("GA103", "input_size", "input", severity=WARNING),)),
    ("input-299x299", _at(3, 299, 299), (truth("GA103", "input_size", "input", severity=WARNING),)),
    _one("log-softmax-inside", lambda plan: plan.become("out", "log_softmax"), "GA310", "softmax", "softmax"),
    _one(
        "softmax-in-training-only",
        lambda plan: replace(plan, pack=_softmax_in_training),
        "GA310",
        "softmax",
        "softmax",
    ),
    _one("sigmoid-after-the-logits", lambda plan: plan.become("out", "sigmoid"), "GA302", "layer", "linear"),
)

GRAPHS = (*MISSING, *ADDED, *MOVED, *SWAPPED, *WIRED, *HEAD_CASES, *TASK)
