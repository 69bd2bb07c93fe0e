"""Single edits of single layers: every attribute of every kind of op, at several places."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from gnet_audit.rules import Severity
from tests.mistakes.plan import Plan
from tests.mistakes.truth import (
    CONVS,
    RELUS,
    TRUNK_CONVS,
    Case,
    Truth,
    each,
    truth,
)

ERROR, WARNING = Severity.ERROR, Severity.WARNING
Row = tuple[str, Callable[[Plan], Plan], Truth]


def _global_end(plan: Plan) -> Plan:
    """Average whatever map arrives, so that a map of another size can reach the classifier."""
    return plan.become("avgpool", "adaptive_avg", output_size=1)


def _cases(family: str, *rows: Row) -> tuple[Case, ...]:
    return tuple(Case(id=id, family=family, edit=edit, truths=(fault,)) for id, edit, fault in rows)


def _wider(slot: str, width: int) -> Row:
    attribute = "out_features" if ".fc" in slot or slot == "linear" else "out_channels"
    return (
        f"{slot}-is-{width}-wide",
        lambda plan: plan.change(slot, **{attribute: width}),
        truth("GA201", attribute, slot, severity=ERROR),
    )


def _set(id: str, rule: str, attribute: str, slot: str, **settings: object) -> Row:
    return id, lambda plan: plan.change(slot, **settings), truth(rule, attribute, slot)


WIDTHS = _cases(
    "width",
    _wider("conv1", 32),
    _wider("conv2_reduce", 96),
    _wider("conv2", 128),
    _wider("inception_3a.1x1", 96),
    _wider("inception_3b.3x3_reduce", 96),
    _wider("inception_4a.3x3", 204),
    _wider("inception_4b.5x5_reduce", 16),
    _wider("inception_4e.5x5", 64),
    _wider("inception_5a.5x5_reduce", 48),
    _wider("inception_5b.pool_proj", 64),
    _wider("aux1.conv", 64),
    _wider("aux2.fc1", 512),
)

KERNELS = _cases(
    "kernel",
    _set("conv1-5x5", "GA202", "kernel", "conv1", kernel_size=5, padding=2),
    _set("conv1-11x11", "GA202", "kernel", "conv1", kernel_size=11, padding=5),
    _set("conv2-reduce-3x3", "GA202", "kernel", "conv2_reduce", kernel_size=3, padding=1),
    _set("conv2-5x5", "GA202", "kernel", "conv2", kernel_size=5, padding=2),
    _set("conv2-1x1", "GA202", "kernel", "conv2", kernel_size=1, padding=0),
    _set("3a-1x1-is-3x3", "GA202", "kernel", "inception_3a.1x1", kernel_size=3, padding=1),
    _set("4c-3x3-reduce-is-3x3", "GA202", "kernel", "inception_4c.3x3_reduce", kernel_size=3, padding=1),
    _set("3b-3x3-is-1x1", "GA202", "kernel", "inception_3b.3x3", kernel_size=1, padding=0),
    _set("4b-3x3-is-3x1", "GA202", "kernel", "inception_4b.3x3", kernel_size=(3, 1), padding=(1, 0)),
    _set("5a-5x5-is-7x7", "GA202", "kernel", "inception_5a.5x5", kernel_size=7, padding=3),
    _set("4d-5x5-is-3x3", "GA202", "kernel", "inception_4d.5x5", kernel_size=3, padding=1),
    _set("5b-projection-3x3", "GA202", "kernel", "inception_5b.pool_proj", kernel_size=3, padding=1),
    _set("pool1-2x2", "GA202", "kernel", "pool1", kernel_size=2),
    _set("4a-pool-5x5", "GA202", "kernel", "inception_4a.pool", kernel_size=5, padding=2),
    _set("avgpool-5x5", "GA202", "kernel", "avgpool", kernel_size=5),
    _set("aux1-conv-3x3", "GA202", "kernel", "aux1.conv", kernel_size=3, padding=1),
    _set("aux2-pool-4x4", "GA202", "kernel", "aux2.pool", kernel_size=4),
)

STRIDES = _cases(
    "stride",
    (
        "conv1-stride-1",
        lambda plan: _global_end(plan).change("conv1", stride=1),
        truth("GA203", "stride", "conv1", severity=ERROR),
    ),
    (
        "conv2-stride-2",
        lambda plan: _global_end(plan).change("conv2", stride=2),
        truth("GA203", "stride", "conv2", severity=ERROR),
    ),
    (
        "pool1-stride-3",
        lambda plan: _global_end(plan).change("pool1", stride=3),
        truth("GA203", "stride", "pool1", severity=ERROR),
    ),
    (
        "pool3-stride-1",
        lambda plan: _global_end(plan).change("pool3", stride=1, ceil_mode=False),
        truth("GA203", "stride", "pool3", severity=ERROR),
    ),
    _set("aux1-pool-stride-2", "GA203", "stride", "aux1.pool", stride=2),
    (
        "aux-pools-stride-5-by-default",
        lambda plan: plan.change("aux?.pool", stride=None),
        truth("GA203", "stride", "aux1.pool", "aux2.pool", severity=ERROR),
    ),
)

PADDINGS = _cases(
    "padding",
    (
        "conv1-padding-2",
        lambda plan: _global_end(plan).change("conv1", padding=2),
        truth("GA204", "padding", "conv1", severity=ERROR),
    ),
    _set("conv1-padding-4-hidden-by-the-pool", "GA204", "padding", "conv1", padding=4),
    _set("conv2-reduce-padding-1", "GA204", "padding", "conv2_reduce", padding=1),
    (
        "conv2-padding-0",
        lambda plan: _global_end(plan).change("conv2", padding=0),
        truth("GA204", "padding", "conv2", severity=ERROR),
    ),
    _set("pool2-padding-1-for-ceil", "GA204", "padding", "pool2", padding=1, ceil_mode=False),
    _set("pool1-padding-1-and-ceil", "GA204", "padding", "pool1", padding=1),
    (
        "aux-pools-padding-1-same-size",
        lambda plan: plan.change("aux?.pool", padding=1),
        truth("GA204", "padding", "aux1.pool", "aux2.pool"),
    ),
    _set("aux1-conv-padding-1", "GA204", "padding", "aux1.conv", padding=1),
)

CONVOLUTIONS = _cases(
    "dilation, groups, bias, padding mode",
    _set("conv2-dilated", "GA205", "dilation", "conv2", dilation=2, padding=2),
    _set("5b-3x3-dilated", "GA205", "dilation", "inception_5b.3x3", dilation=2, padding=2),
    (
        "all-5x5-dilated",
        lambda plan: plan.change("inception_*.5x5", dilation=2, padding=4),
        truth("GA205", "dilation", *each("5x5")),
    ),
    (
        "pool4-dilated",
        lambda plan: _global_end(plan).change("pool4", dilation=2),
        truth("GA205", "dilation", "pool4"),
    ),
    _set("conv2-in-2-groups", "GA206", "groups", "conv2", groups=2),
    _set("3a-3x3-in-32-groups", "GA206", "groups", "inception_3a.3x3", groups=32),
    _set("aux2-conv-in-4-groups", "GA206", "groups", "aux2.conv", groups=4),
    _set("conv1-without-bias", "GA207", "bias", "conv1", bias=False),
    _set("4c-projection-without-bias", "GA207", "bias", "inception_4c.pool_proj", bias=False),
    _set("linear-without-bias", "GA207", "bias", "linear", bias=False),
    (
        "fc1-without-bias",
        lambda plan: plan.change("aux?.fc1", bias=False),
        truth("GA207", "bias", "aux1.fc1", "aux2.fc1", severity=WARNING),
    ),
    _set("conv1-reflect", "GA216", "padding_mode", "conv1", padding_mode="reflect"),
    _set("3b-5x5-replicate", "GA216", "padding_mode", "inception_3b.5x5", padding_mode="replicate"),
    (
        "all-3x3-circular",
        lambda plan: plan.change("inception_*.3x3", padding_mode="circular"),
        truth("GA216", "padding_mode", *each("3x3")),
    ),
)

POOLS = _cases(
    "pool kind and rounding",
    (
        "pool2-average",
        lambda plan: plan.become("pool2", "avgpool", kernel_size=3, stride=2, ceil_mode=True),
        truth("GA208", "kind", "pool2", severity=ERROR),
    ),
    (
        "avgpool-is-max-7x7",
        lambda plan: plan.become("avgpool", "maxpool", kernel_size=7, stride=1),
        truth("GA208", "kind", "avgpool", severity=ERROR),
    ),
    (
        "aux1-pool-max",
        lambda plan: plan.become("aux1.pool", "maxpool", kernel_size=5, stride=3),
        truth("GA208", "kind", "aux1.pool", severity=ERROR),
    ),
    (
        "5a-pool-average-without-padding-counted",
        lambda plan: plan.become(
            "inception_5a.pool", "avgpool", kernel_size=3, stride=1, padding=1, count_include_pad=False
        ),
        truth("GA208", "kind", "inception_5a.pool", severity=ERROR),
    ),
    (
        "pool1-floor",
        lambda plan: _global_end(plan).change("pool1", ceil_mode=False),
        truth("GA209", "ceil_mode", "pool1", severity=ERROR),
    ),
    (
        "pool4-floor",
        lambda plan: _global_end(plan).change("pool4", ceil_mode=False),
        truth("GA209", "ceil_mode", "pool4", severity=ERROR),
    ),
    (
        "aux2-pool-adaptive",
        lambda plan: plan.become("aux2.pool", "adaptive_avg", output_size=4),
        truth("GA214", "adaptive", "aux2.pool", severity=ERROR),
    ),
)


def _within_channels(plan: Plan) -> Plan:
    """Normalise over a 5×5 window of the image, as Caffe's WITHIN_CHANNEL does."""

    def spatial(x: Tensor) -> Tensor:
        return x / (F.avg_pool2d(x.pow(2), 5, stride=1, padding=2) * 1e-4 + 1.0).pow(0.75)

    return plan.become("lrn?", "do", function=spatial)


NORMALISATIONS = _cases(
    "LRN and batch norm",
    _set("lrn1-size-3", "GA211", "size", "lrn1", size=3),
    _set("lrn2-alpha-1", "GA211", "alpha", "lrn2", alpha=1.0),
    (
        "lrn-alpha-times-5",
        lambda plan: plan.change("lrn?", alpha=5e-4),
        truth("GA211", "alpha", "lrn1", "lrn2", severity=WARNING),
    ),
    _set("lrn1-beta-half", "GA211", "beta", "lrn1", beta=0.5),
    _set("lrn2-k-2", "GA211", "k", "lrn2", k=2.0),
    (
        "lrn-within-channels",
        _within_channels,
        truth("GA211", "across", "lrn1", "lrn2", severity=WARNING),
    ),
    (
        "lrn1-missing",
        lambda plan: plan.drop("lrn1"),
        truth("GA301", "layer", "lrn1", severity=ERROR),
    ),
    (
        "lrn2-missing",
        lambda plan: plan.drop("lrn2"),
        truth("GA301", "layer", "lrn2", severity=ERROR),
    ),
    (
        "lrn2-after-pool2",
        lambda plan: plan.move("lrn2", after="pool2"),
        truth("GA303", "order", "lrn2|pool2"),
    ),
    (
        "batch-norm-for-lrn",
        lambda plan: plan.become("lrn?", "batch_norm"),
        truth("GA218", "layer", "lrn1", "lrn2"),
    ),
    (
        "group-norm-for-lrn1",
        lambda plan: plan.become("lrn1", "group_norm", num_groups=8),
        truth("GA218", "layer", "lrn1"),
    ),
    (
        "batch-norm-on-conv1",
        lambda plan: plan.insert("conv1", "bn", "batch_norm"),
        truth("GA215", "batch_norm", "conv1"),
    ),
    (
        "batch-norm-on-4d-3x3-without-bias",
        lambda plan: plan.change("inception_4d.3x3", bias=False).insert("inception_4d.3x3", "bn", "batch_norm"),
        truth("GA215", "batch_norm", "inception_4d.3x3"),
    ),
    (
        "batch-norm-on-the-trunk-only",
        lambda plan: _batch_norm(plan, TRUNK_CONVS),
        truth("GA215", "batch_norm", *TRUNK_CONVS),
    ),
    (
        "batch-norm-after-the-relu",
        lambda plan: _batch_norm(plan, tuple(f"{conv}.relu" for conv in CONVS)),
        truth("GA215", "batch_norm", *CONVS),
    ),
)


def _batch_norm(plan: Plan, slots: tuple[str, ...]) -> Plan:
    for slot in slots:
        plan = plan.insert(slot, "bn", "batch_norm")
    return plan


def _activation(id: str, slot: str, kind: str = "", **settings: object) -> Row:
    row = f"{slot}.relu"
    fault = truth("GA213", "activation", row, severity=ERROR)
    if not kind:
        return id, lambda plan: plan.drop(row), fault
    return id, lambda plan: plan.become(row, kind, **settings), fault


def _all_relus(plan: Plan, kind: str) -> Plan:
    for relu in RELUS:
        plan = plan.become(relu, kind)
    return plan


ACTIVATIONS = _cases(
    "activation",
    _activation("conv1-without-relu", "conv1"),
    _activation("conv2-without-relu", "conv2"),
    _activation("3a-1x1-without-relu", "inception_3a.1x1"),
    _activation("4e-5x5-without-relu", "inception_4e.5x5"),
    _activation("5b-projection-without-relu", "inception_5b.pool_proj"),
    _activation("aux1-conv-without-relu", "aux1.conv"),
    _activation("aux2-fc1-without-relu", "aux2.fc1"),
    (
        "projections-without-relu",
        lambda plan: plan.drop("*.pool_proj.relu"),
        truth("GA213", "activation", *each("pool_proj.relu"), severity=ERROR),
    ),
    _activation("conv1-leaky", "conv1", "leaky_relu", negative_slope=0.1),
    _activation("conv2-reduce-relu6", "conv2_reduce", "relu6"),
    _activation("4a-3x3-gelu", "inception_4a.3x3", "gelu"),
    _activation("3b-5x5-reduce-tanh", "inception_3b.5x5_reduce", "tanh"),
    _activation("5a-projection-prelu", "inception_5a.pool_proj", "prelu"),
    _activation("aux1-fc1-tanh", "aux1.fc1", "tanh"),
    _activation("aux2-conv-leaky", "aux2.conv", "leaky_relu"),
    (
        "gelu-everywhere",
        lambda plan: _all_relus(plan, "gelu"),
        truth("GA213", "activation", *RELUS, severity=ERROR),
    ),
    (
        "elu-everywhere",
        lambda plan: _all_relus(plan, "elu"),
        truth("GA213", "activation", *RELUS, severity=ERROR),
    ),
)

DROPOUTS = _cases(
    "dropout",
    _set("dropout-0.5", "GA212", "rate", "dropout", p=0.5),
    _set("dropout-0.6-kept-for-dropped", "GA212", "rate", "dropout", p=0.6),
    _set("dropout-0", "GA212", "rate", "dropout", p=0.0),
    _set("aux1-dropout-0.5", "GA212", "rate", "aux1.dropout", p=0.5),
    (
        "aux-dropout-0.3-kept-for-dropped",
        lambda plan: plan.change("aux?.dropout", p=0.3),
        truth("GA212", "rate", "aux1.dropout", "aux2.dropout", severity=ERROR),
    ),
    ("dropout-missing", lambda plan: plan.drop("dropout"), truth("GA301", "layer", "dropout", severity=ERROR)),
    (
        "aux-dropout-missing",
        lambda plan: plan.drop("aux?.dropout"),
        truth("GA301", "layer", "aux1.dropout", "aux2.dropout", severity=ERROR),
    ),
    (
        "dropout-always-on",
        lambda plan: plan.become("dropout", "set_dropout", p=0.4, on=True),
        truth("GA309", "active", "dropout"),
    ),
    (
        "dropout-never-on",
        lambda plan: plan.become("dropout", "set_dropout", p=0.4, on=False),
        truth("GA309", "active", "dropout"),
    ),
    (
        "aux2-dropout-never-on",
        lambda plan: plan.become("aux2.dropout", "set_dropout", p=0.7, on=False),
        truth("GA309", "active", "aux2.dropout"),
    ),
    (
        "alpha-dropout",
        lambda plan: plan.become("dropout", "alpha_dropout", p=0.4),
        truth("GA218", "layer", "dropout"),
    ),
    (
        "dropout-after-the-linear",
        lambda plan: plan.move("dropout", after="linear"),
        truth("GA303", "order", "dropout"),
    ),
    (
        "aux-dropout-before-fc1",
        lambda plan: plan.move("aux1.dropout", after="aux1.conv.relu"),
        truth("GA303", "order", "aux1.dropout"),
    ),
)

LAYERS = (
    *WIDTHS,
    *KERNELS,
    *STRIDES,
    *PADDINGS,
    *CONVOLUTIONS,
    *POOLS,
    *NORMALISATIONS,
    *ACTIVATIONS,
    *DROPOUTS,
)
