"""Single edits of the graph: layers missing, added, moved, shared or wired elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from gnet_audit.rules import Severity
from tests.mistakes.plan import TABLE, Plan, inception
from tests.mistakes.truth import Case, Truth, after, gone, truth

ERROR, WARNING = Severity.ERROR, Severity.WARNING
Row = tuple[str, Callable[[Plan], Plan], tuple[Truth, ...]]


def cases(family: str, *rows: Row) -> tuple[Case, ...]:
    return tuple(Case(id=id, family=family, edit=edit, truths=truths) for id, edit, truths in rows)


def one(id: str, edit: Callable[[Plan], Plan], rule: str, attribute: str, *rows: str) -> Row:
    return id, edit, (truth(rule, attribute, *rows),)


def _lost(slot: str) -> Row:
    return one(f"{slot}-missing", lambda plan: _drop_with_relu(plan, slot), "GA301", "layer", *gone(slot))


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


MISSING = cases(
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
    one("avgpool-missing-and-all-flattened", _flat_end, "GA301", "layer", "avgpool"),
    one("pool3-missing", lambda plan: plan.drop("pool3"), "GA301", "layer", "pool3"),
    one(
        "branch-5x5-missing",
        _without_5x5_branch,
        "GA301",
        "layer",
        *gone("inception_4c.5x5_reduce", "inception_4c.5x5"),
    ),
    one(
        "module-4c-missing", lambda plan: plan.without("inception_4c"), "GA301", "layer", "inception_4c|inception_4c.*"
    ),
    one(
        "module-5a-missing", lambda plan: plan.without("inception_5a"), "GA301", "layer", "inception_5a|inception_5a.*"
    ),
)

ADDED = cases(
    "layer added",
    one(
        "conv-after-pool3",
        lambda plan: plan.insert("pool3", "extra", "conv", out_channels=480, kernel_size=1),
        "GA302",
        "layer",
        "pool3",
    ),
    one(
        "conv-and-relu-after-4c",
        lambda plan: plan.insert("inception_4c.concat", "relu", "relu").insert(
            "inception_4c.concat", "conv", "conv", out_channels=512, kernel_size=3, padding=1
        ),
        "GA302",
        "layer",
        "inception_4c.concat",
    ),
    one(
        "max-pool-after-5b",
        lambda plan: plan.insert("inception_5b.concat", "pool", "maxpool", kernel_size=3, stride=1, padding=1),
        "GA302",
        "layer",
        "inception_5b.concat",
    ),
    one(
        "third-lrn-after-pool3",
        lambda plan: plan.insert("pool3", "lrn", "lrn", size=5, alpha=1e-4, beta=0.75, k=1.0),
        "GA302",
        "layer",
        "pool3",
    ),
    one(
        "hidden-linear-before-the-classifier",
        lambda plan: plan.insert("dropout", "fc", "linear", out_features=1024).insert("dropout.fc", "relu", "relu"),
        "GA302",
        "layer",
        "dropout",
    ),
    one(
        "dropout-after-aux1-conv",
        lambda plan: plan.insert("aux1.conv.relu", "drop", "dropout", p=0.5),
        "GA302",
        "layer",
        after("aux1.conv"),
    ),
    one("relu-after-the-logits", lambda plan: plan.become("out", "relu"), "GA302", "layer", "linear"),
    one(
        "input-scaled-inside",
        lambda plan: plan.add("scaled", "do", "input", function=_scaled).rewire("conv1", "scaled"),
        "GA302",
        "layer",
        "input",
    ),
    one(
        "module-4b-twice",
        lambda plan: _module_again(plan, "inception_4b"),
        "GA302",
        "layer",
        "inception_4[ab]|inception_4[ab].*",
    ),
    one(
        "residual-around-4c",
        lambda plan: plan.insert("inception_4c.concat", "sum", "sum").rewire(
            "inception_4c.concat.sum", "inception_4c.concat", "inception_4b.concat"
        ),
        "GA302|GA305|GA312",
        "layer|merge|input",
        "inception_4c.concat",
    ),
    one(
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


MOVED = cases(
    "order",
    one("pool3-after-4a", _pool3_after_4a, "GA303", "order", "pool3"),
    one("pool4-after-5a", lambda plan: plan.move("pool4", after="inception_5a.concat"), "GA303", "order", "pool4"),
    one(
        "pool-after-projection-in-4a",
        lambda plan: plan.move("inception_4a.pool", after="inception_4a.pool_proj.relu"),
        "GA303",
        "order",
        "inception_4a.pool|inception_4a.pool_proj|inception_4a.pool_proj.relu",
    ),
    one(
        "dropout-before-the-average-pool",
        lambda plan: plan.move("dropout", after="inception_5b.concat"),
        "GA303",
        "order",
        "dropout|avgpool",
    ),
    one(
        "concat-of-5a-reversed",
        lambda plan: plan.rewire("inception_5a.concat", *reversed(plan.steps["inception_5a.concat"].reads)),
        "GA304",
        "order",
        "inception_5a.concat",
    ),
    one(
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


WIRED = cases(
    "wiring and sharing",
    one(
        "5x5-reads-the-3x3-reduction-beside-its-own",
        lambda plan: plan.rewire("inception_3a.5x5", "inception_3a.3x3_reduce.relu"),
        "GA312",
        "input",
        "inception_3a.5x5",
    ),
    one(
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
    one(
        "3b-1x1-and-3x3-reduction-shared",
        lambda plan: plan.tie("inception_3b.3x3_reduce", "inception_3b.1x1"),
        "GA311",
        "weights",
        "inception_3b.1x1",
        "inception_3b.3x3_reduce",
    ),
    one(
        "heads-share-fc1",
        lambda plan: plan.tie("aux2.fc1", "aux1.fc1"),
        "GA311",
        "weights",
        "aux1.fc1",
        "aux2.fc1",
    ),
    one(
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


GRAPHS = (*MISSING, *ADDED, *MOVED, *SWAPPED, *WIRED)
