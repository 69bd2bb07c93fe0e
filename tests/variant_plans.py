"""The published variants as edits of the paper's network, from what is published of them; typed in by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.mistakes.plan import Plan
from tests.mistakes.truth import CONVS, each

EPS = 1e-3
"""The batch normalisation of torchvision and TF-slim."""


def normalised(plan: Plan) -> Plan:
    """Batch normalisation after every convolution, which has no bias then."""
    for conv in CONVS:
        if conv in plan.steps:
            plan = plan.change(conv, bias=False).insert(conv, "bn", "batch_norm", eps=EPS)
    return plan


def three_for_five(plan: Plan) -> Plan:
    """The 5×5 branch with a 3×3 kernel."""
    return plan.change("inception_*.5x5", kernel_size=3, padding=1)


def two_threes(plan: Plan) -> Plan:
    """The 5×5 as two 3×3."""
    window = {"kernel_size": 3, "padding": 1}
    for slot in each("5x5"):
        out = plan.steps[slot].settings["out_channels"]
        plan = plan.become(slot, "two_convs", middle=out, out=out, first=window, second=window)
    return plan


def without_lrn(plan: Plan) -> Plan:
    """No local response normalisation."""
    return plan.drop("lrn?")


def torchvision(plan: Plan) -> Plan:
    """torchvision's googlenet: 3×3 for 5×5, batch norm, no LRN, pool4 2×2, dropout 0.2, adaptive pools in the heads."""
    plan = without_lrn(normalised(three_for_five(plan)))
    plan = plan.change("pool4", kernel_size=2).change("dropout", p=0.2)
    return plan.become("aux?.pool", "adaptive_avg", output_size=4)


def tf_slim(plan: Plan) -> Plan:
    """TF-slim's inception_v1: 3×3 for 5×5, batch norm, no LRN, 2×2 before 5a, dropout keep 0.8, no heads."""
    plan = plan.without("aux1").without("aux2")
    plan = without_lrn(normalised(three_for_five(plan)))
    return plan.change("pool4", kernel_size=2).change("dropout", p=0.2)


PLANS: Mapping[str, Callable[[Plan], Plan]] = {
    "5x5-as-two-3x3": two_threes,
    "batch-norm": normalised,
    "caffe": lambda plan: plan,
    "no-lrn": without_lrn,
    "tf-slim": tf_slim,
    "torchvision": torchvision,
}
