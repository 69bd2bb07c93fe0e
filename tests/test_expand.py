"""Specs as networks: the paper's own, held against the paper's arithmetic, and three of other kinds."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from gnet_audit import expand, spec
from gnet_audit.errors import ShapeError
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Input,
    Layer,
    Linear,
    Mode,
    Network,
    Output,
    Pool2d,
    PoolKind,
    Shape,
    Softmax,
    SpecOrigin,
    Status,
)

SPECS = Path(__file__).parent / "specs"
GOOGLENET = spec.load("googlenet")

# Derived by hand from Table 1's channels: parameters with biases, multiply-accumulates, output at 224×224.
ROWS: dict[str, tuple[int, int, Shape]] = {
    "conv1": (9_472, 118_013_952, (64, 112, 112)),
    "pool1": (0, 0, (64, 56, 56)),
    "lrn1": (0, 0, (64, 56, 56)),
    "conv2": (114_944, 359_661_568, (192, 56, 56)),
    "lrn2": (0, 0, (192, 56, 56)),
    "pool2": (0, 0, (192, 28, 28)),
    "inception_3a": (163_696, 128_049_152, (256, 28, 28)),
    "inception_3b": (388_736, 304_267_264, (480, 28, 28)),
    "pool3": (0, 0, (480, 14, 14)),
    "inception_4a": (376_176, 73_608_192, (512, 14, 14)),
    "inception_4b": (449_160, 87_908_352, (512, 14, 14)),
    "inception_4c": (510_104, 99_850_240, (512, 14, 14)),
    "inception_4d": (605_376, 118_515_712, (528, 14, 14)),
    "inception_4e": (868_352, 169_996_288, (832, 14, 14)),
    "pool4": (0, 0, (832, 7, 7)),
    "inception_5a": (1_043_456, 51_079_168, (832, 7, 7)),
    "inception_5b": (1_444_080, 70_697_984, (1024, 7, 7)),
    "avgpool": (0, 0, (1024, 1, 1)),
    "dropout": (0, 0, (1024, 1, 1)),
    "linear": (1_025_000, 1_024_000, (1000,)),
    "softmax": (0, 0, (1000,)),
}
MODULE = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool", "pool_proj", "concat")
HEAD = ("pool", "conv", "fc1", "dropout", "fc2")


def googlenet(mode: Mode = Mode.EVAL, size: Shape | None = None) -> Network:
    """The paper's network."""
    return expand.network(GOOGLENET, mode, size)


def other(name: str, mode: Mode = Mode.EVAL) -> Network:
    """One of the small networks."""
    return expand.network(spec.load(str(SPECS / f"{name}.toml")), mode)


def of_row(network: Network, row: str) -> list[Layer]:
    """A row's layers."""
    return [layer for layer in network.layers if origin(layer).row == row]


def origin(layer: Layer) -> SpecOrigin:
    """A layer's place in the paper."""
    assert isinstance(layer.origin, SpecOrigin)
    return layer.origin


# --- GoogLeNet ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_the_parameters_work_and_size_that_follow_from_the_table(row: str) -> None:
    layers = of_row(googlenet(), row)
    params, macs, shape = ROWS[row]
    assert sum(layer.params for layer in layers) == params
    assert sum(layer.macs for layer in layers) == macs
    assert layers[-1].shape == shape


def test_the_totals_are_the_sums_of_the_rows() -> None:
    assert googlenet().params == sum(params for params, _, _ in ROWS.values()) == 6_998_552
    assert googlenet().macs == sum(macs for _, macs, _ in ROWS.values()) == 1_582_671_872
    head = 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000
    assert googlenet(Mode.TRAIN).params == 6_998_552 + 2 * head + (512 + 528) * 128 == 13_378_280


def test_each_derived_size_is_the_printed_one() -> None:
    for layer in googlenet(Mode.TRAIN).layers:
        printed = origin(layer).printed_cell("output")
        if printed and layer.shape:
            *image, channels = map(int, printed.split("×"))
            assert layer.shape in {(channels, *image), (channels,)}


def test_the_slots_stand_in_the_papers_reading_order_under_their_agreed_names() -> None:
    stem = ("conv1", "pool1", "lrn1", "conv2_reduce", "conv2", "lrn2", "pool2")
    rows: list[tuple[str, ...]] = [stem]
    rows += [
        (row,) if "pool" in row else tuple(f"inception_{row}.{slot}" for slot in MODULE)
        for row in ("3a", "3b", "pool3", "4a", "4b", "4c", "4d", "4e", "pool4", "5a", "5b")
    ]
    rows.append(("avgpool", "dropout", "linear", "softmax"))
    rows += [tuple(f"{head}.{slot}" for slot in HEAD) for head in ("aux1", "aux2")]
    names = [layer.name for layer in googlenet(Mode.TRAIN).layers if not layer.name.endswith(".relu")]
    assert names == ["input", *chain.from_iterable(rows)]


def test_a_rectifier_follows_every_convolution_and_no_other_layer_of_the_trunk() -> None:
    network = googlenet(Mode.TRAIN)
    for layer in network.layers:
        followed = isinstance(layer.op, Conv2d) or layer.name.endswith(".fc1")
        if isinstance(layer.op, Activation):
            assert layer.op == Activation(function="relu")
            assert layer.name == f"{layer.inputs[0]}.relu"
        else:
            assert (f"{layer.name}.relu" in network.by_name) == followed
            if followed:
                assert network.consumers[layer.name] == (f"{layer.name}.relu",)


def test_the_layers_are_wired_as_in_figure_2_and_3() -> None:
    by_name = googlenet(Mode.TRAIN).by_name
    module = "inception_3b"
    assert by_name[f"{module}.concat"].inputs == tuple(
        f"{module}.{slot}.relu" for slot in ("1x1", "3x3", "5x5", "pool_proj")
    )
    for slot in ("1x1", "3x3_reduce", "5x5_reduce", "pool"):
        assert by_name[f"{module}.{slot}"].inputs == ("inception_3a.concat",)
    assert by_name[f"{module}.pool_proj"].inputs == (f"{module}.pool",)
    assert by_name["conv1"].inputs == ("input",)
    assert by_name["lrn1"].inputs == ("pool1",)
    assert by_name["pool2"].inputs == ("lrn2",)
    assert by_name["aux1.pool"].inputs == ("inception_4a.concat",)
    assert by_name["aux2.pool"].inputs == ("inception_4d.concat",)


def test_the_ops_are_the_papers() -> None:
    ops = {name: layer.op for name, layer in googlenet(Mode.TRAIN).by_name.items()}
    assert ops["conv1"] == Conv2d(out_channels=64, kernel=(7, 7), stride=(2, 2), padding=(3, 3, 3, 3))
    assert ops["inception_4c.5x5"] == Conv2d(out_channels=64, kernel=(5, 5), padding=(2, 2, 2, 2))
    assert ops["inception_4c.5x5_reduce"] == Conv2d(out_channels=24, kernel=(1, 1))
    assert ops["pool4"] == Pool2d(kind=PoolKind.MAX, kernel=(3, 3), stride=(2, 2), ceil_mode=True)
    assert ops["lrn2"] == LRN(size=5, alpha=1e-4, beta=0.75, k=1)
    assert ops["avgpool"] == Pool2d(kind=PoolKind.AVG, kernel=(7, 7), stride=(1, 1))
    assert ops["aux2.pool"] == Pool2d(kind=PoolKind.AVG, kernel=(5, 5), stride=(3, 3))
    assert ops["dropout"] == Dropout(rate=0.4)
    assert ops["aux1.dropout"] == Dropout(rate=0.7)
    assert ops["linear"] == Linear(out_features=1000)
    assert ops["softmax"] == Softmax()
    assert ops["inception_5b.concat"] == Concat()


def test_heads_and_dropout_work_in_training_only() -> None:
    evaluated, trained = googlenet(Mode.EVAL), googlenet(Mode.TRAIN)
    assert evaluated.outputs == (Output(path="logits", layer="softmax"),)
    assert [output.path for output in trained.outputs] == ["logits", "aux1", "aux2"]
    assert [output.layer for output in trained.outputs] == ["softmax", "aux1.fc2", "aux2.fc2"]
    assert evaluated.by_name["dropout"].op == Dropout(rate=0.4, active=False)
    assert not any(name.startswith("aux") for name in evaluated.by_name)


def test_every_layer_knows_where_it_stands_and_how_sure_that_is() -> None:
    by_name = googlenet(Mode.TRAIN).by_name
    conv = origin(by_name["inception_3a.5x5"])
    assert (conv.row, conv.title, conv.source.where) == ("inception_3a", "inception (3a)", "Table 1")
    assert conv.source_of("out_channels").where == "Table 1: 5x5 of inception (3a)"
    assert conv.source_of("bias").status is Status.INFERRED
    assert conv.source_of("padding").where == "Figure 3: (S), same padding"
    assert conv.source_of("activation").status is Status.STATED
    assert origin(by_name["inception_3a.5x5.relu"]).source == conv.source_of("activation")
    assert origin(by_name["inception_3a.concat"]).source_of("order").status is Status.INFERRED
    assert origin(by_name["pool1"]).source_of("ceil_mode").status is Status.INFERRED
    assert origin(by_name["aux1.pool"]).source_of("ceil_mode").status is Status.STATED
    assert origin(by_name["input"]).row == "input"
    assert all(isinstance(layer.origin, SpecOrigin) for layer in by_name.values())


def test_what_is_a_matter_of_the_task_is_marked() -> None:
    def marked(flag: str) -> list[str]:
        return [name for name, layer in googlenet(Mode.TRAIN).by_name.items() if flag in dict(origin(layer).attributes)]

    assert marked("classes") == ["linear", "aux1.fc2", "aux2.fc2"]
    assert marked("in_loss") == ["softmax"]
    assert marked("global") == ["avgpool"]


def test_printed_sizes_are_with_the_layer_that_they_speak_of() -> None:
    by_name = googlenet(Mode.TRAIN).by_name
    assert origin(by_name["conv2"]).printed_cell("output") == "56×56×192"
    assert origin(by_name["inception_3a.concat"]).printed_cell("output") == "28×28×256"
    assert origin(by_name["aux1.pool"]).printed_cell("output") == "4×4×512"
    for silent in ("conv2_reduce", "conv2.relu", "inception_3a.1x1", "lrn1", "aux1.conv"):
        assert origin(by_name[silent]).printed_cell("output") is None


# --- other input sizes ------------------------------------------------------------------------------------


def test_at_96_pixels_the_heads_have_fewer_inputs_and_the_average_stays_global() -> None:
    network = googlenet(Mode.TRAIN, (3, 96, 96))
    # 96 → 48 → 24 → 12 → 6 → 3; the heads see 6×6 and average it to 1×1.
    assert network.by_name["inception_4a.concat"].shape == (512, 6, 6)
    assert network.by_name["avgpool"].op == Pool2d(kind=PoolKind.AVG, kernel=(3, 3), stride=(1, 1))
    assert network.by_name["avgpool"].shape == (1024, 1, 1)
    assert network.by_name["aux1.fc1"].params == 128 * 1024 + 1024
    assert network.unverified == ()
    assert googlenet(Mode.EVAL, (3, 96, 96)).params == 6_998_552


def test_at_32_pixels_a_head_that_does_not_fit_is_told_and_kept_without_shapes() -> None:
    network = googlenet(Mode.TRAIN, (3, 32, 32))
    # 32 → 16 → 8 → 4 → 2 → 1: a 5×5 window does not fit a 2×2 map.
    assert network.by_name["softmax"].shape == (1000,)
    assert [item.what for item in network.unverified] == ["shapes from aux1.pool on", "shapes from aux2.pool on"]
    assert all("5×5" in item.why and "32×32×3" in item.why for item in network.unverified)
    assert all(layer.shape is None and not layer.params for layer in of_row(network, "aux1"))
    assert [output.path for output in network.outputs] == ["logits", "aux1", "aux2"]


def test_one_channel_changes_the_first_convolution_only() -> None:
    network = googlenet(Mode.EVAL, (1, 224, 224))
    assert network.by_name["conv1"].params == 49 * 64 + 64
    assert network.params == 6_998_552 - 2 * 49 * 64


def test_a_size_that_the_main_path_cannot_take_is_one_line() -> None:
    with pytest.raises(ShapeError, match=r"^pool1 \(max pool 3×3/2 ceil\): .* at input 1×1×3; got size 1$"):
        googlenet(Mode.EVAL, (3, 1, 1))
    with pytest.raises(ShapeError, match=r"^conv1 .*needs an image"):
        googlenet(Mode.EVAL, (3,))


# --- other kinds of networks --------------------------------------------------------------------------------


def test_a_plain_chain() -> None:
    network = other("chain")
    assert [(layer.name, layer.op, layer.shape) for layer in network.layers] == [
        ("input", Input(), (1, 32, 32)),
        ("c1", Conv2d(out_channels=6, kernel=(5, 5)), (6, 28, 28)),
        ("c1.tanh", Activation(function="tanh"), (6, 28, 28)),
        ("s2", Pool2d(kind=PoolKind.AVG, kernel=(2, 2), stride=(2, 2)), (6, 14, 14)),
        ("f3", Linear(out_features=10, bias=False), (10,)),
    ]
    assert network.params == (25 * 6 + 6) + 6 * 14 * 14 * 10
    assert network.macs == 25 * 6 * 28 * 28 + 6 * 14 * 14 * 10
    assert origin(network.by_name["f3"]).source_of("classes").where == "Section 1"


def test_a_small_residual_net() -> None:
    network = other("residual")
    norm, relu = BatchNorm(eps=1e-3), Activation(function="relu")
    assert [layer.name for layer in of_row(network, "stage1")] == [
        "stage1.a", "stage1.a.batch_norm", "stage1.a.relu", "stage1.b", "stage1.b.batch_norm", "stage1.add",
        "stage1.add.relu",
    ]  # fmt: skip
    by_name = network.by_name
    assert by_name["stage1.add"].op == Add()
    assert by_name["stage1.add"].inputs == ("stage1.b.batch_norm", "stem.relu")
    assert by_name["stage2.add"].inputs == ("stage2.b.batch_norm", "stage2.proj.batch_norm")
    assert by_name["stage2.a"].inputs == by_name["stage2.proj"].inputs == ("stage1.add.relu",)
    assert by_name["stage1.a.batch_norm"].op == norm
    assert by_name["stage2.add.relu"].op == relu
    assert by_name["stage2.add"].shape == (12, 8, 8)
    assert by_name["pool"].op == AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))
    convolutions = 27 * 8 + 2 * 72 * 8 + (72 + 108) * 12 + 8 * 12
    norms = 2 * (3 * 8 + 3 * 12)
    assert network.params == convolutions + norms + 12 * 5 + 5
    assert network.macs == (27 * 8 + 2 * 72 * 8) * 256 + ((72 + 108) * 12 + 8 * 12) * 64 + 12 * 5


def test_batch_norm_uses_the_batch_in_training() -> None:
    assert other("residual", Mode.TRAIN).by_name["stem.batch_norm"].op == BatchNorm(eps=1e-3, batch_statistics=True)
    assert origin(other("residual").by_name["stem.batch_norm"]).source.status is Status.INFERRED


def test_two_branches_and_a_head_that_is_always_there() -> None:
    network = other("two_branches")
    by_name = network.by_name
    assert [layer.name for layer in network.layers] == [
        "input", "fork.wide", "fork.norm", "fork.norm.relu", "fork.pool", "fork.concat", "norm", "shrink", "last",
        "side.max", "side.fc",
    ]  # fmt: skip
    assert by_name["fork.concat"].inputs == ("fork.norm.relu", "fork.pool")
    assert by_name["fork.concat"].shape == (10, 9, 9)
    assert by_name["fork.wide"].op == Conv2d(out_channels=6, kernel=(1, 3), padding=(0, 0, 1, 1), groups=2)
    # 9 rows and one of padding below, in steps of two: 5.
    assert by_name["shrink"].shape == (7, 5, 5)
    assert by_name["side.max"].inputs == ("fork.pool",)
    assert by_name["side.max"].shape == (4, 2, 1)
    main = (2 * 3 * 6 + 6) + 12 + (10 * 4 * 7 + 7) + (175 * 3 + 3)
    assert network.params == main + 8 * 2 + 2
    assert network.macs == 36 * 81 + 280 * 25 + 525 + 16
    assert [output.path for output in network.outputs] == ["logits", "side"]
