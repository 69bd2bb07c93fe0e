"""Faults that foreign builds have: an edit of the paper's network, and what an auditor must then say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gnet_audit.rules import Severity
from tests.mistakes.plan import HEADS, Plan
from tests.mistakes.truth import STEM_POOLS, Truth, each, gone, truth

ERROR, WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: as an edit of the paper's network, and as an auditor must report it."""

    edit: Callable[[Plan], Plan]
    truths: tuple[Truth, ...]


def fault(edit: Callable[[Plan], Plan], *truths: Truth) -> Fault:
    """One thing that is wrong."""
    return Fault(edit=edit, truths=truths)


# --- the task --------------------------------------------------------------------------------------


def classes(number: int, *slots: str) -> Fault:
    """Another number of classes, in the classifiers that the build has."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.change(slot, out_features=number)
        return plan

    return fault(edit, truth("GA102", "num_classes", *slots, severity=ERROR))


def size(height: int, width: int) -> Fault:
    """Another input size; the average at the end stays the one over the whole map."""

    def edit(plan: Plan) -> Plan:
        plan = plan.become("avgpool", "adaptive_avg", output_size=1)
        return replace(plan, input_shape=(plan.input_shape[0], height, width))

    return fault(edit, truth("GA103", "input_size", "input", severity=WARNING))


def channels(number: int) -> Fault:
    """Pictures with another number of channels."""
    return fault(
        lambda plan: replace(plan, input_shape=(number, *plan.input_shape[1:])),
        truth("GA104", "in_channels", "input", severity=ERROR),
    )


# --- single layers ---------------------------------------------------------------------------------


def width(slot: str, number: int) -> Fault:
    """A convolution of another width."""
    return fault(
        lambda plan: plan.change(slot, out_channels=number), truth("GA201", "out_channels", slot, severity=ERROR)
    )


def dropout(rate: float) -> Fault:
    """Another rate before the classifier."""
    return fault(lambda plan: plan.change("dropout", p=rate), truth("GA212", "rate", "dropout", severity=ERROR))


def head_dropout(rate: float) -> Fault:
    """Another rate in both heads."""
    return fault(
        lambda plan: plan.change("aux?.dropout", p=rate),
        truth("GA212", "rate", "aux1.dropout", "aux2.dropout", severity=ERROR),
    )


def no_relu(*slots: str) -> Fault:
    """No activation after these layers."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.drop(f"{slot}.relu")
        return plan

    return fault(edit, truth("GA213", "activation", *(f"{slot}.relu" for slot in slots), severity=ERROR))


def lacks(slot: str) -> Fault:
    """A layer is not there, nor is the activation behind it."""

    def edit(plan: Plan) -> Plan:
        plan = plan.drop(f"{slot}.relu") if f"{slot}.relu" in plan.steps else plan
        return plan.drop(slot)

    return fault(edit, truth("GA301", "layer", *gone(slot), severity=ERROR))


def batch_norm(*slots: str, eps: float = 1e-5, bias: bool) -> Fault:
    """Batch normalisation between these convolutions and their activations; whether the bias is kept."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.change(slot, bias=bias).insert(slot, "bn", "batch_norm", eps=eps)
        return plan

    return fault(edit, truth("GA215", "batch_norm", *slots, severity=ERROR))


def no_bias(*slots: str) -> Fault:
    """Convolutions without bias."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.change(slot, bias=False)
        return plan

    return fault(edit, truth("GA207", "bias", *slots, severity=WARNING))


FIVE_AS_THREE = fault(
    lambda plan: plan.change("inception_*.5x5", kernel_size=3, padding=1),
    truth("GA202", "kernel", *each("5x5"), severity=ERROR),
)
FIVE_AS_DILATED_THREE = fault(
    lambda plan: plan.change("inception_*.5x5", kernel_size=3, padding=2, dilation=2),
    truth("GA202", "kernel", *each("5x5"), severity=ERROR),
)
REDUCED_BY_FIVE = fault(
    lambda plan: plan.change("inception_*.5x5_reduce", kernel_size=5, padding=2),
    truth("GA202", "kernel", *each("5x5_reduce"), severity=ERROR),
)
AVERAGE_IN_THE_POOL_BRANCH = fault(
    lambda plan: plan.become("inception_*.pool", "avgpool", kernel_size=3, stride=1, padding=1),
    truth("GA208", "kind", *each("pool"), severity=ERROR),
)
GLOBAL_MAX = fault(
    lambda plan: plan.become("avgpool", "adaptive_max", output_size=1),
    truth("GA208", "kind", "avgpool", severity=ERROR),
)


def leaky(*slots: str) -> Fault:
    """A leaky activation after these layers."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.become(f"{slot}.relu", "leaky_relu", negative_slope=0.1)
        return plan

    return fault(edit, truth("GA213", "activation", *(f"{slot}.relu" for slot in slots), severity=ERROR))


# --- pools -----------------------------------------------------------------------------------------


def padded_pools(*slots: str) -> Fault:
    """Padding 1 and rounding down where the paper's pools round up: the same sizes, other windows."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.change(slot, padding=1, ceil_mode=False)
        return plan

    return fault(edit, truth("GA204", "padding", *slots, severity=WARNING))


def two_by_two(*slots: str) -> Fault:
    """Pools that halve the map with a 2×2 window."""

    def edit(plan: Plan) -> Plan:
        for slot in slots:
            plan = plan.change(slot, kernel_size=2)
        return plan

    return fault(edit, truth("GA202", "kernel", *slots, severity=ERROR))


FLOOR_POOLS = fault(
    lambda plan: plan.change("pool?", ceil_mode=False).become("avgpool", "adaptive_avg", output_size=1),
    truth("GA209", "ceil_mode", *STEM_POOLS, severity=ERROR),
)
NO_AVERAGE = fault(lambda plan: plan.drop("avgpool"), truth("GA301", "layer", "avgpool", severity=ERROR))

# --- normalisation ---------------------------------------------------------------------------------

NO_LRN = fault(lambda plan: plan.drop("lrn?"), truth("GA301", "layer", "lrn1", "lrn2", severity=ERROR))


def lrn(attribute: str, number: float) -> Fault:
    """Another constant in both normalisations."""
    return fault(
        lambda plan: plan.change("lrn?", **{attribute: number}),
        truth("GA211", attribute, "lrn1", "lrn2", severity=WARNING),
    )


# --- heads and outputs -----------------------------------------------------------------------------


def no_head(*heads: str) -> Fault:
    """Heads that do not run, whether they are built or not."""

    def edit(plan: Plan) -> Plan:
        for head in heads:
            plan = plan.without(head)
        return plan

    return fault(edit, truth("GA306", "head", *heads, severity=ERROR))


NO_HEADS = no_head(*HEADS)


def tap(head: str, module: str) -> Fault:
    """A head on another module."""
    return fault(
        lambda plan: plan.rewire(f"{head}.pool", f"inception_{module}.concat"),
        truth("GA307", "tap", head, severity=ERROR),
    )


NO_DROPOUT = lacks("dropout")
NO_HEAD_DROPOUT = fault(
    lambda plan: plan.drop("aux?.dropout"),
    truth("GA301", "layer", "aux1.dropout", "aux2.dropout", severity=ERROR),
)
ADAPTIVE_HEADS = fault(
    lambda plan: plan.become("aux?.pool", "adaptive_avg", output_size=4),
    truth("GA214", "adaptive", "aux1.pool", "aux2.pool", severity=ERROR),
)
SOFTMAX = fault(lambda plan: plan.become("out", "softmax"), truth("GA310", "softmax", "softmax", severity=WARNING))
