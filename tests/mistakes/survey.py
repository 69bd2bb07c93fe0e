"""Twenty-three mistakes that people really make, of which a look at the output shape catches none."""

from __future__ import annotations

from collections.abc import Callable

from gnet_audit.rules import Severity
from tests.mistakes.plan import Plan
from tests.mistakes.truth import CONVS, STEM_POOLS, Case, Truth, each, truth

ERROR, WARNING = Severity.ERROR, Severity.WARNING
MODULES_5X5 = "inception_*.5x5"


def _batch_norm_and_no_bias(plan: Plan) -> Plan:
    for conv in CONVS:
        plan = plan.change(conv, bias=False).insert(conv, "bn", "batch_norm", eps=1e-3)
    return plan


def _without_bias(plan: Plan) -> Plan:
    for conv in CONVS:
        plan = plan.change(conv, bias=False)
    return plan


def _as_two_threes(plan: Plan) -> Plan:
    window = {"kernel_size": 3, "padding": 1}
    for slot in each("5x5"):
        out = plan.steps[slot].settings["out_channels"]
        plan = plan.become(slot, "two_convs", middle=out, out=out, first=window, second=window)
    return plan


def _pool_after_projection(plan: Plan) -> Plan:
    for module in each("pool"):
        plan = plan.move(module, after=f"{module}_proj.relu")
    return plan


def _one_five_three_pool(plan: Plan) -> Plan:
    for concat in each("concat"):
        one, three, five, projection = plan.steps[concat].reads
        plan = plan.rewire(concat, one, five, three, projection)
    return plan


def _padding_one_pools(plan: Plan) -> Plan:
    return plan.change("pool?", padding=1, ceil_mode=False)


def _floor_pools(plan: Plan) -> Plan:
    # The maps become 55, 27, 13 and 6: only a global average still runs on the last.
    return plan.change("pool?", ceil_mode=False).become("avgpool", "adaptive_avg", output_size=1)


def _relus_missing_after_reductions(plan: Plan) -> Plan:
    return plan.drop("*_reduce.relu")


REDUCE_RELUS = (
    "conv2_reduce.relu",
    *each("3x3_reduce.relu"),
    *each("5x5_reduce.relu"),
)


def _case(id: str, edit: Callable[[Plan], Plan], *truths: Truth) -> Case:
    return Case(id=id, family="23 survey mistakes", edit=edit, truths=truths)


SURVEY: tuple[Case, ...] = (
    _case(
        "5x5-as-3x3",
        lambda plan: plan.change(MODULES_5X5, kernel_size=3, padding=1),
        truth("GA202", "kernel", *each("5x5"), severity=ERROR),
    ),
    _case("5x5-as-two-3x3", _as_two_threes, truth("GA217", "kernel", *each("5x5"), severity=ERROR)),
    _case(
        "5x5-as-3x3-dilated-2",
        lambda plan: plan.change(MODULES_5X5, kernel_size=3, padding=2, dilation=2),
        truth("GA202", "kernel", *each("5x5"), severity=ERROR),
    ),
    _case(
        "batch-norm-and-no-bias",
        _batch_norm_and_no_bias,
        truth("GA215", "batch_norm", *CONVS),
    ),
    _case("bias-removed", _without_bias, truth("GA207", "bias", *CONVS, severity=WARNING)),
    _case(
        "padding-1-pools-for-ceil-mode",
        _padding_one_pools,
        truth("GA204", "padding", *STEM_POOLS, severity=WARNING),
    ),
    _case("floor-pools", _floor_pools, truth("GA209", "ceil_mode", *STEM_POOLS, severity=ERROR)),
    _case(
        "pool4-2x2",
        lambda plan: plan.change("pool4", kernel_size=2),
        truth("GA202", "kernel", "pool4", severity=ERROR),
    ),
    _case("lrn-removed", lambda plan: plan.drop("lrn?"), truth("GA301", "layer", "lrn1", "lrn2", severity=ERROR)),
    _case(
        "lrn-before-the-pool",
        lambda plan: plan.move("lrn1", after="conv1.relu"),
        truth("GA303", "order", "lrn1|pool1"),
    ),
    _case(
        "lrn-k-2",
        lambda plan: plan.change("lrn?", k=2.0),
        truth("GA211", "k", "lrn1", "lrn2", severity=WARNING),
    ),
    _case(
        "lrn-size-1",
        lambda plan: plan.change("lrn?", size=1),
        truth("GA211", "size", "lrn1", "lrn2", severity=WARNING),
    ),
    _case(
        "relu-missing-after-the-reductions",
        _relus_missing_after_reductions,
        truth("GA213", "activation", *REDUCE_RELUS, severity=ERROR),
    ),
    _case(
        "average-pool-in-the-pool-branch",
        lambda plan: plan.become("inception_*.pool", "avgpool", kernel_size=3, stride=1, padding=1),
        truth("GA208", "kind", *each("pool"), severity=ERROR),
    ),
    _case(
        "pool-after-its-projection",
        _pool_after_projection,
        truth("GA303", "order", *(f"{pool}|{pool}_proj|{pool}_proj.relu" for pool in each("pool"))),
    ),
    _case(
        "concat-order-1-5-3-pool",
        _one_five_three_pool,
        truth("GA304", "order", *each("concat"), severity=WARNING),
    ),
    _case(
        "aux1-tapped-at-4b",
        lambda plan: plan.rewire("aux1.pool", "inception_4b.concat"),
        truth("GA307", "tap", "aux1", severity=ERROR),
    ),
    _case(
        "aux-dropout-0.4",
        lambda plan: plan.change("aux?.dropout", p=0.4),
        truth("GA212", "rate", "aux1.dropout", "aux2.dropout", severity=ERROR),
    ),
    _case(
        "main-dropout-0.2",
        lambda plan: plan.change("dropout", p=0.2),
        truth("GA212", "rate", "dropout", severity=ERROR),
    ),
    _case(
        "aux-pool-adaptive",
        lambda plan: plan.become("aux?.pool", "adaptive_avg", output_size=4),
        truth("GA214", "adaptive", "aux1.pool", "aux2.pool", severity=ERROR),
    ),
    _case(
        "global-max-pool-for-average",
        lambda plan: plan.become("avgpool", "adaptive_max", output_size=1),
        truth("GA208", "kind", "avgpool", severity=ERROR),
    ),
    _case(
        "adaptive-average-pool-at-the-end",
        lambda plan: plan.become("avgpool", "adaptive_avg", output_size=1),
    ),
    _case(
        "softmax-inside",
        lambda plan: plan.become("out", "softmax"),
        truth("GA310", "softmax", "softmax", severity=WARNING),
    ),
)
