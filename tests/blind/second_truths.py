"""The second held-out papers and their truths: thirty builds, by another examiner, in the words of `truths`."""

from __future__ import annotations

from tests.blind.truths import CONV_LEAVES, SHARED, Paper, each, grey, truth

FOURS = ("4a", "4b", "4c", "4d", "4e")
STEM = "conv1 conv2_reduce conv2"
NEVER_CALLED = "defined but never called"


def either(one: str, *others: str) -> str:
    """Slots of which each has another as its alternative, as one text."""
    return " ".join("|".join(names) for names in zip(one.split(), *(o.split() for o in others), strict=True))


SECOND_CORRECT = tuple(
    Paper(target=target, status=(0,), verdict="matches")
    for target in (
        "s01_pure_functions:GoogLeNet",
        "s02_graph_table:GoogLeNet",
        "s03_same_pools:GoogLeNet",
        "s04_fused_entry:GoogLeNet",
        "s05_checkpoint_and_hooks:GoogLeNet",
        "s07_flat_softmax_in_eval:GoogLeNet",
    )
)

SECOND_FAULTY = (
    Paper(
        target="s06_input_normalised:GoogLeNet",
        status=(0, 1),
        verdict="matches|differs",
        truths=(grey("GA302|GA219", "input", mark=1),),
    ),
    Paper(
        target="s08_keras_norm:GoogLeNet",
        status=(0,),
        truths=(truth("GA211", "lrn1 lrn2", "alpha", "alpha 0.0001", "alpha 0.0005", 1),),
    ),
    Paper(
        target="s09_chained_order:GoogLeNet",
        truths=(
            truth("GA304", each("concat"), "order", "1x1, 3x3, 5x5, pool_proj", "1x1, 3x3, pool_proj, 5x5", 1),
            truth("GA212", "dropout", "rate", "0.4", "0.5", 2),
        ),
    ),
    Paper(
        target="s10_notebook_taps:GoogLeNet",
        truths=(
            truth("GA307", "aux1", "tap", "inception_4a.concat", "inception_4b.concat", 1),
            truth("GA307", "aux2", "tap", "inception_4d.concat", "inception_4e.concat", 2),
            truth("GA212", "aux1.dropout aux2.dropout", "rate", "0.7", "0.5", 3),
            truth("GA310", "softmax", "softmax", "in the loss", "log softmax in the model", 4),
        ),
    ),
    Paper(
        target="s11_config_widths:build",
        truths=(
            truth("GA201", "inception_4c.5x5_reduce", "out_channels", "24", "32", 1),
            truth("GA201", "inception_4e.pool_proj", "out_channels", "128", "64", 2),
        ),
    ),
    Paper(
        target="s12_idle_reduction:GoogLeNet",
        unchecked=NEVER_CALLED,  # the 5×5's own reduction, in each module
        truths=(
            truth("GA213", each("pool_proj"), "activation", "relu", "none", 1),
            truth("GA312|GA301", either(each("5x5"), each("5x5_reduce")), mark=2),
        ),
    ),
    Paper(
        target="s13_lazy_shared_heads:GoogLeNet",
        truths=(
            truth("GA211", "lrn1 lrn2", "k", "k 1", "k 2", 1),
            truth("GA311", "aux1.fc1 aux1.fc2 aux2.fc1 aux2.fc2", "weights", "weights of its own", SHARED, 2),
        ),
    ),
    Paper(
        target="s14_weight_norm:GoogLeNet",
        truths=(truth("GA213", "conv2_reduce", "activation", "relu", "none", 1),),
    ),
    Paper(
        target="s15_average_pools:GoogLeNet",
        truths=(truth("GA208", each("pool"), "kind", "max", "avg", 1),),
    ),
    Paper(
        target="s16_norms_swapped:GoogLeNet",
        truths=(
            truth("GA303", "lrn1", "order", "after pool1", "after conv1", 1),
            truth("GA303", "lrn2", "order", "after conv2", "after pool2", 2),
        ),
    ),
    Paper(
        target="s17_hooked_heads_in_eval:GoogLeNet",
        truths=(
            truth("GA203", "aux1.pool aux2.pool", "stride", "3", "2", 1),
            truth("GA308", "aux1 aux2", "eval", "training only", "runs in eval", 2),
        ),
    ),
    Paper(
        target="s18_no_bias:GoogLeNet",
        truths=(
            truth("GA207", STEM, "bias", "bias", "no bias", 1),
            truth("GA303", "dropout", "order", "after avgpool", "after linear", 2),
        ),
    ),
    Paper(
        target="s19_dilated:GoogLeNet",
        truths=(
            truth("GA202", each("5x5"), "kernel", "5×5", "3×3 dilation 2", 1),
            truth("GA204", "pool1 pool2 pool3 pool4", "padding", "0, sizes rounded up", "1", 2),
        ),
    ),
    Paper(
        target="s20_grouped:GoogLeNet",
        truths=(
            truth("GA206", each("3x3", of=FOURS), "groups", "1", "2", 1),
            truth("GA309", "dropout", "active", "inactive in eval", "active in eval", 2),
        ),
    ),
    Paper(
        target="s21_module_twice:GoogLeNet",
        unchecked=NEVER_CALLED,  # 4c, in whose place 4b is called again
        truths=(
            truth("GA301|GA311|GA312", either("inception_4c", *each(*CONV_LEAVES, of=("4b", "4c")).split()), mark=1),
        ),
    ),
    Paper(
        target="s22_nhwc_flatten:GoogLeNet",
        truths=(
            truth("GA303", "aux1.dropout aux2.dropout", "order", "after fc1", "after conv", 1),
            grey("GA302|GA219", either("aux1.conv aux2.conv", "aux1.fc1 aux2.fc1"), mark=2),
        ),
    ),
    Paper(
        target="s23_no_heads:GoogLeNet",
        truths=(
            truth("GA306", "aux1 aux2", "head", "an auxiliary classifier in training", "none"),
            truth("GA208", "avgpool", "kind", "avg", "max", 1),
        ),
    ),
    Paper(
        target="s24_reduction_missing:GoogLeNet",
        truths=(
            truth("GA301", "conv2_reduce", "layer", "conv 1×1, 64", "none"),
            truth("GA201", "inception_4a.3x3", "out_channels", "208", "204", 1),
            truth("GA201", "inception_5a.5x5_reduce", "out_channels", "32", "48", 2),
        ),
    ),
    Paper(
        target="s25_leaky_heads:GoogLeNet",
        truths=(
            truth("GA213", "aux1.conv aux2.conv", "activation", "relu", "leaky_relu 0.1", 1),
            truth("GA213", "aux1.fc1 aux2.fc1", "activation", "relu", "none", 2),
            truth("GA310", "softmax", "softmax", "in the loss", "softmax in the model", 3),
        ),
    ),
    Paper(
        target="s26_combinators:GoogLeNet",
        truths=(
            truth("GA303", each("pool"), "order", "before pool_proj", "after pool_proj", 1),
            truth("GA304", "inception_5b.concat", "order", "1x1, 3x3, 5x5, pool_proj", "pool_proj, 5x5, 3x3, 1x1", 2),
        ),
    ),
    Paper(
        target="s27_text_config:GoogLeNet",
        truths=(truth("GA204", "conv1", "padding", "3", "2", 1),),
    ),
    Paper(
        target="s28_batch_norm_stem:GoogLeNet",
        truths=(
            truth("GA215", STEM, "batch_norm", "no batch norm", "batch norm", 1),
            truth("GA302", "linear", "layer", "none", "relu", 2),
        ),
    ),
    Paper(
        target="s29_alpha_over_n:GoogLeNet",
        truths=(
            truth("GA211", "lrn1 lrn2", "alpha", "alpha 0.0001", "alpha 2e-05", 1),
            truth("GA307", "aux1", "tap", "inception_4a.concat", "inception_4b.concat", 2),
            truth("GA308", "aux1 aux2", "eval", "training only", "runs in eval, its output thrown away", 3),
        ),
    ),
    Paper(
        target="s30_written_in_slices:GoogLeNet",
        truths=(
            truth("GA201", "aux1.conv", "out_channels", "128", "64", 1),
            truth("GA208", "aux2.pool", "kind", "avg", "max", 2),
        ),
    ),
)

SECOND_PAPERS = SECOND_CORRECT + SECOND_FAULTY
