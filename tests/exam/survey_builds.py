"""Builds after the first look at the wild: block classes, functional, flat, lazy, shared, misspelled."""

from __future__ import annotations

from dataclasses import replace

from tests.exam.build import Build
from tests.exam.faults import (
    ADAPTIVE_HEADS,
    AVERAGE_IN_THE_POOL_BRANCH,
    ERROR,
    FIVE_AS_THREE,
    GLOBAL_MAX,
    NO_DROPOUT,
    NO_HEAD_DROPOUT,
    NO_HEADS,
    NO_LRN,
    SOFTMAX,
    WARNING,
    batch_norm,
    channels,
    classes,
    dropout,
    fault,
    head_dropout,
    lacks,
    leaky,
    lrn,
    no_bias,
    no_head,
    no_relu,
    padded_pools,
    size,
    tap,
    two_by_two,
    width,
)
from tests.mistakes.plan import TABLE, Plan, Values
from tests.mistakes.truth import BRANCH_CONVS, CLASSIFIERS, CONVS, STEM_POOLS, TRUNK_CONVS, each, truth

REDUCTIONS = ("conv2_reduce", *each("3x3_reduce"), *each("5x5_reduce"))
MODULE_CONVS = tuple(slot for conv in BRANCH_CONVS for slot in each(conv))
AGAIN = "relu.again"


def _all_outputs(values: Values, training: bool) -> object:
    del training
    return values["out"], values["aux1.fc2"], values["aux2.fc2"]


def _two_threes(plan: Plan) -> Plan:
    """Each 5×5 as 3×3, ReLU, 3×3, ReLU."""
    for slot in each("5x5"):
        wide = plan.steps[slot].settings["out_channels"]
        plan = plan.change(slot, kernel_size=3, padding=1)
        plan = plan.insert(f"{slot}.relu", "again", "conv", out_channels=wide, kernel_size=3, padding=1)
        plan = plan.insert(f"{slot}.{AGAIN}", "relu", "relu")
    return plan


FIVE_AS_TWO_THREES = fault(_two_threes, truth("GA217", "kernel", *each("5x5"), severity=ERROR))


def _batch_norm_on_what_is_left_at_32(plan: Plan) -> Plan:
    for slot in ("conv2", *MODULE_CONVS, *(f"{five}.{AGAIN}" for five in each("5x5"))):
        plan = plan.insert(slot, "bn", "batch_norm")
    return plan


def _batch_norm_behind_every_relu_of_the_trunk(plan: Plan) -> Plan:
    for slot in (*TRUNK_CONVS, *(f"{five}.{AGAIN}" for five in each("5x5"))):
        plan = plan.insert(f"{slot}.relu", "bn", "batch_norm")
    return plan


AUX_ALWAYS = Build(
    file="aux_always",
    name="GoogLeNet",
    faults=(
        # `features1` ends with 4b, `features2` with 4e.
        tap("aux1", "4b"),
        tap("aux2", "4e"),
        NO_HEAD_DROPOUT,
        fault(
            lambda plan: replace(plan, heads_in_eval=True, pack=_all_outputs),
            truth("GA308", "eval", "aux1", "aux2", severity=ERROR),
        ),
    ),
)

DATACLASS_OUTPUT = Build(
    file="dataclass_output",
    name="GoogLeNet",
    # AvgPool2d(7) steps by 7, on a 7×7 map the same as by 1.
    faults=(AVERAGE_IN_THE_POOL_BRANCH, SOFTMAX),
)

ONE_CHANNEL = Build(
    file="one_channel",
    name="googlenet",
    args={"in_channel": 1, "num_classes": 10},
    input_shape=(1, 224, 224),
    faults=(channels(1), NO_HEADS, classes(10, "linear")),
)

DICT_OUTPUT = Build(
    file="dict_output",
    name="GoogLeNet",
    faults=(
        # The activation stands only behind the second convolution of each pair, in the stem too.
        no_relu(*REDUCTIONS),
        # Only the first of the two normalisations has moved.
        fault(lambda plan: plan.move("lrn1", after="conv1.relu"), truth("GA303", "order", "lrn1|pool1")),
    ),
)

RELU_AFTER_LOGITS = Build(
    file="relu_after_logits",
    name="GoogLeNet",
    faults=(
        width("inception_4e.3x3", 256),
        NO_HEAD_DROPOUT,
        fault(lambda plan: plan.become("out", "relu"), truth("GA302", "layer", "linear", severity=ERROR)),
    ),
)

THIRTY_TWO = Build(
    file="thirty_two",
    name="CifarGoogLeNet",
    input_shape=(3, 32, 32),
    faults=(
        size(32, 32),
        NO_HEADS,
        # `pre` is a 3×3 convolution to 192 maps: the paper's conv2 as it is, the rest of the stem is absent.
        lacks("conv1"),
        lacks("pool1"),
        lacks("lrn1"),
        lacks("conv2_reduce"),
        lacks("lrn2"),
        lacks("pool2"),
        padded_pools("pool3", "pool4"),
        FIVE_AS_TWO_THREES,
        fault(
            _batch_norm_on_what_is_left_at_32,
            truth("GA215", "batch_norm", "conv2", *MODULE_CONVS, severity=ERROR),
        ),
        NO_DROPOUT,
        classes(10, "linear"),
    ),
)

STL_96 = Build(
    file="stl_96",
    name="GoogLeNet",
    args={"n_class": 10},
    input_shape=(3, 96, 96),
    # The 128 inputs of the heads' fc1 follow from the size: the map of 4a is 6×6.
    faults=(size(96, 96), classes(10, *CLASSIFIERS), dropout(0.5)),
)

FEATURES_FROM_HEADS = Build(
    file="features_from_heads",
    name="EmbeddingGoogLeNet",
    faults=(
        tap("aux2", "4e"),
        fault(
            lambda plan: plan.change("aux?.fc1", out_features=512),
            truth("GA201", "out_features", "aux1.fc1", "aux2.fc1", severity=ERROR),
        ),
    ),
    # The pooled features, and the embedding of each head: inner values, a note each.
    features=(1, 3),
)

FLAT_FORWARD = Build(
    file="flat_forward",
    name="GoogLeNet",
    faults=(
        width("inception_4c.5x5_reduce", 32),
        no_relu("inception_4e.3x3_reduce"),
        fault(
            lambda plan: plan.rewire(
                "inception_5a.concat", *(f"inception_5a.{slot}.relu" for slot in ("1x1", "3x3", "pool_proj", "5x5"))
            ),
            truth("GA304", "order", "inception_5a.concat", severity=WARNING),
        ),
        dropout(0.5),
    ),
)

LAZY_LAYERS = Build(file="lazy_layers", name="GoogleNet")

FUNCTIONAL = Build(file="functional", name="Net")

BN_AFTER_RELU = Build(
    file="bn_after_relu",
    name="GoogLeNet_BN",
    faults=(
        NO_LRN,
        FIVE_AS_TWO_THREES,
        # The heads' convolutions have none.
        fault(
            _batch_norm_behind_every_relu_of_the_trunk,
            truth("GA215", "batch_norm", *TRUNK_CONVS, severity=ERROR),
        ),
    ),
)

GLOBAL_MAXIMUM = Build(
    file="global_max",
    name="G",
    faults=(
        GLOBAL_MAX,
        fault(lambda plan: plan.move("dropout", after="linear"), truth("GA303", "order", "dropout|linear")),
    ),
)

TUPLE_BLOCKS = Build(
    file="tuple_blocks", name="GoogLeNet", faults=(NO_LRN, padded_pools(*STEM_POOLS), head_dropout(0.5))
)

SHARED_POOL = Build(file="shared_pool", name="GoogLeNet", faults=(FIVE_AS_THREE, NO_DROPOUT))

NAMED_OUTPUTS = Build(file="named_outputs", name="GoogLeNet", faults=(no_bias(*CONVS), lrn("k", 2.0), ADAPTIVE_HEADS))

ALL_SEQUENTIAL = Build(file="all_sequential", name="googlenet", faults=(NO_HEADS, two_by_two("pool4")))

MISSPELLED = Build(
    file="misspelled",
    name="GoogelNet",
    # fc1 of the heads goes through a plain ReLU.
    faults=(leaky(*CONVS), padded_pools("pool4")),
)

NEVER_CALLED = Build(
    file="never_called",
    name="Model",
    # LRN, dropout and the second head are built and forgotten; so are a batch norm in every module and a softmax.
    faults=(NO_LRN, NO_DROPOUT, no_head("aux2")),
    unused=2 * sum(widths[0] for widths in TABLE.values())
    + (528 * 128 + 128)
    + (2048 * 1024 + 1024)
    + (1024 * 1000 + 1000),
)

WRONG_WIDTHS = Build(
    file="wrong_widths",
    name="GoogLeNet",
    faults=(
        NO_LRN,
        width("conv1", 96),
        width("inception_3b.5x5", 64),
        width("inception_4a.3x3", 204),
        width("inception_5a.5x5_reduce", 48),
    ),
)

CONFIG_OBJECT = Build(
    file="config_object",
    name="InceptionNet",
    config="ModelConfig",
    faults=(NO_LRN, batch_norm(*CONVS, eps=1e-3, bias=False), dropout(0.2)),
)

SURVEY_BUILDS = (
    AUX_ALWAYS,
    DATACLASS_OUTPUT,
    ONE_CHANNEL,
    DICT_OUTPUT,
    RELU_AFTER_LOGITS,
    THIRTY_TWO,
    STL_96,
    FEATURES_FROM_HEADS,
    FLAT_FORWARD,
    LAZY_LAYERS,
    FUNCTIONAL,
    BN_AFTER_RELU,
    GLOBAL_MAXIMUM,
    TUPLE_BLOCKS,
    SHARED_POOL,
    NAMED_OUTPUTS,
    ALL_SEQUENTIAL,
    MISSPELLED,
    NEVER_CALLED,
    WRONG_WIDTHS,
    CONFIG_OBJECT,
)
