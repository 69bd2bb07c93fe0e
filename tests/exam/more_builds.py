"""Builds in further styles: ready instances, factories, dispatch by name, hooks, TorchScript, fused layers, notes."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from tests.exam.build import Build
from tests.exam.faults import (
    ADAPTIVE_HEADS,
    ERROR,
    FIVE_AS_DILATED_THREE,
    FLOOR_POOLS,
    NO_AVERAGE,
    NO_HEADS,
    NO_LRN,
    REDUCED_BY_FIVE,
    WARNING,
    batch_norm,
    classes,
    dropout,
    fault,
    head_dropout,
    lacks,
    lrn,
    no_relu,
    padded_pools,
    tap,
    two_by_two,
    width,
)
from tests.mistakes.plan import Plan
from tests.mistakes.truth import CLASSIFIERS, CONVS, MODULES, STEM_POOLS, each, truth

# --- edits that only one build needs -----------------------------------------------------------------


def _normalised(image: Tensor) -> Tensor:
    mean, deviation = image.new_tensor([0.485, 0.456, 0.406]), image.new_tensor([0.229, 0.224, 0.225])
    return (image - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)


def _within_channels(x: Tensor) -> Tensor:
    return x / (1 + 1e-4 * F.avg_pool2d(x.square(), 5, 1, 2)) ** 0.75


def _five_branch_padded_twice(plan: Plan) -> Plan:
    return plan.change("inception_*.5x5_reduce", padding=1).change("inception_*.5x5", padding=1)


def _hidden_layer(plan: Plan) -> Plan:
    return plan.insert("dropout", "hidden", "linear", out_features=512).insert("dropout.hidden", "relu", "relu")


def _projection_before_five(plan: Plan) -> Plan:
    for module in MODULES:
        order = ("1x1", "3x3", "pool_proj", "5x5")
        plan = plan.rewire(f"{module}.concat", *(f"{module}.{slot}.relu" for slot in order))
    return plan


def _fused(plan: Plan) -> Plan:
    """The same function with one 1×1 convolution for three, and linear layers as convolutions."""
    for module in MODULES:
        slots = tuple(f"{module}.{slot}" for slot in ("1x1", "3x3_reduce", "5x5_reduce"))
        widths = [int(str(plan.steps[slot].settings["out_channels"])) for slot in slots]
        reads = plan.steps[slots[0]].reads
        plan = plan.add(f"{module}.entry", "conv", *reads, out_channels=sum(widths), kernel_size=1)
        start = 0
        for slot, wide in zip(slots, widths, strict=True):
            plan = plan.rewire(slot, f"{module}.entry")
            plan = plan.become(slot, "do", function=lambda x, at=start, to=start + wide: x[:, at:to])
            start += wide
    plan = plan.become("aux?.fc1", "conv", out_channels=1024, kernel_size=4)
    return plan.become("aux?.fc2", "conv", out_channels=1000, kernel_size=1)


# --- the builds --------------------------------------------------------------------------------------

READY_INSTANCE = Build(
    file="ready_instance",
    name="net",
    # Both heads are built, but a constant keeps them from running.
    faults=(NO_LRN, NO_HEADS, classes(10, "linear")),
    unused=(512 + 528) * 128 + 2 * (128 + 2048 * 1024 + 1024 + 1024 * 10 + 10),
)

FACTORY_KWARGS = Build(
    file="factory_kwargs",
    name="build_model",
    args={"num_classes": 102},
    faults=(REDUCED_BY_FIVE, dropout(0.5), classes(102, *CLASSIFIERS)),
)

NESTED_DISPATCH = Build(
    file="nested_dispatch",
    name="Net",
    # What TensorFlow keeps is given to PyTorch, which drops it.
    faults=(no_relu(*each("pool_proj")), dropout(0.6), head_dropout(0.3)),
)

TORCHVISION_STYLE = Build(
    file="torchvision_style",
    name="GoogLeNet",
    faults=(
        fault(
            lambda plan: plan.add("scaled", "do", "input", function=_normalised).rewire("conv1", "scaled"),
            truth("GA302", "layer", "input", severity=ERROR),
        ),
        NO_LRN,
        batch_norm(*CONVS, eps=1e-3, bias=False),
        # Ceil mode in the pool branch changes nothing at stride 1.
        ADAPTIVE_HEADS,
    ),
)

SPATIAL_LRN = Build(
    file="spatial_lrn",
    name="Inception_v1",
    faults=(
        fault(
            lambda plan: plan.become("lrn?", "do", function=_within_channels),
            truth("GA211", "across", "lrn1", "lrn2", severity=WARNING),
        ),
        width("inception_4a.3x3", 204),
        width("inception_5a.5x5_reduce", 48),
    ),
)

HANDWRITTEN_LRN = Build(
    file="handwritten_lrn",
    name="googlenet",
    faults=(
        lrn("k", 2.0),
        # alpha times the sum of five squares; torch's and Caffe's alpha is divided by the five.
        lrn("alpha", 5e-4),
        # F.dropout is on unless told otherwise; in the heads, which only run in training, that is right.
        fault(
            lambda plan: plan.become("dropout", "set_dropout", p=0.4, on=True),
            truth("GA309", "active", "dropout", severity=ERROR),
        ),
    ),
)

HIDDEN_PADDINGS = Build(
    file="hidden_paddings",
    name="GoogLeNet",
    faults=(
        # 224 → 111 → 56: the pool's padding makes up for the convolution's.
        fault(lambda plan: plan.change("conv1", padding=2), truth("GA204", "padding", "conv1", severity=ERROR)),
        fault(lambda plan: plan.change("pool1", padding=1, ceil_mode=False), truth("GA204", "padding", "pool1")),
        # 28 → 30 → 28.
        fault(
            _five_branch_padded_twice,
            truth("GA204", "padding", *each("5x5_reduce"), *each("5x5"), severity=ERROR),
        ),
    ),
)

HOOKED_HEADS = Build(file="hooked_heads", name="GoogLeNet", faults=(tap("aux1", "4b"),))

FLAT_CLASSIFIER = Build(file="flat_classifier", name="GoogLeNet", faults=(NO_HEADS, NO_AVERAGE, classes(200, "linear")))

STL_NOTES = Build(
    file="stl_notes",
    name="GoogLeNet",
    # Dropout2d on 1×1 maps is plain dropout.
    faults=(NO_HEADS, NO_LRN, lacks("conv2_reduce"), padded_pools(*STEM_POOLS), classes(10, "linear")),
)

SCRIPTED = Build(
    file="scripted", name="export", faults=(width("inception_4d.5x5_reduce", 24), dropout(0.5)), steady=False
)

KEYWORD_FORWARD = Build(
    file="keyword_forward",
    name="GoogLeNetForImageClassification",
    faults=(lrn("alpha", 5e-4), no_relu("aux1.conv", "aux1.fc1", "aux2.conv", "aux2.fc1")),
)

DILATED = Build(
    file="dilated",
    name="DilatedGoogLeNet",
    faults=(
        NO_LRN,
        # Another kernel; its dilation is a part of that.
        FIVE_AS_DILATED_THREE,
        fault(_projection_before_five, truth("GA304", "order", *each("concat"), severity=WARNING)),
        # On maps of even size rounding up changes nothing.
        two_by_two(*STEM_POOLS),
    ),
)

TRANSFER_HEAD = Build(
    file="transfer_head",
    name="cifar100",
    faults=(
        NO_HEADS,
        fault(_hidden_layer, truth("GA302", "layer", "dropout", severity=ERROR)),
        classes(100, "linear"),
    ),
)

FLOOR = Build(
    file="floor_pools",
    name="GoogLeNetV1",
    # The heads' 1,152 inputs follow from the smaller maps.
    faults=(FLOOR_POOLS,),
)

FUSED_REDUCE = Build(
    file="fused_reduce",
    name="GoogLeNet",
    written=_fused,
    # ReLU behind the pool is the same; the normalisation behind it is not.
    faults=(fault(lambda plan: plan.move("lrn2", after="pool2"), truth("GA303", "order", "lrn2|pool2")),),
)

MORE_BUILDS = (
    READY_INSTANCE,
    FACTORY_KWARGS,
    NESTED_DISPATCH,
    TORCHVISION_STYLE,
    SPATIAL_LRN,
    HANDWRITTEN_LRN,
    HIDDEN_PADDINGS,
    HOOKED_HEADS,
    FLAT_CLASSIFIER,
    STL_NOTES,
    SCRIPTED,
    KEYWORD_FORWARD,
    DILATED,
    TRANSFER_HEAD,
    FLOOR,
    FUSED_REDUCE,
)
