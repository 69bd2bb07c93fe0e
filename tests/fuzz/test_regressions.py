"""What fuzzing has found, each as its smallest case."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gnet_audit import (
    baseline,
    contradictions,
    conventions,
    derive,
    options,
    patch,
    quantity,
    settings,
    spec,
    variants,
)
from gnet_audit.canonical import canonical
from gnet_audit.commands import flops
from gnet_audit.compare import Found, compare
from gnet_audit.errors import GnetAuditError, UnavailableError, UsageError, said
from gnet_audit.findings import Cost
from gnet_audit.live import checkpoint, launch, stl10
from gnet_audit.network import Elementwise, Mean, Mode, Weight
from tests.fuzz.bounds import bounded
from tests.fuzz.test_checkpoints import file, job
from tests.fuzz.test_sizes import HEAD, ROW
from tests.fuzz.test_stl10 import SOUND
from tests.networks import network, op
from tests.test_compare import anonymous

__all__ = ["file"]
DEEP = "x = " + "[" * 5_000
DIGITS = "x = " + "9" * 5_000


def write(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def one_line(call: Callable[[], object], error: type[GnetAuditError] = UsageError) -> str:
    """The one line with which a call refuses."""
    with bounded(), pytest.raises(error) as caught:
        call()
    assert "\n" not in caught.value.line
    return caught.value.line


@pytest.mark.parametrize("text", [DEEP, DIGITS, "schema = true", "schema = 1.0"])
def test_a_baseline_nested_too_deep_with_too_long_a_number_or_another_schema_is_refused(
    tmp_path: Path, text: str
) -> None:
    assert "baseline" in one_line(lambda: baseline.read(write(tmp_path, "accepted.toml", text)))


def test_a_baseline_cannot_be_named_by_a_text_with_a_null() -> None:
    assert "cannot be read as a baseline" in one_line(lambda: baseline.read(Path("a\0b")))


@pytest.mark.parametrize("text", ["tool = 3", 'tool = "x"', "tool = [1]", DEEP, DIGITS])
def test_a_project_file_whose_tools_are_no_table_or_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, settings.FILE, f"{text} # gnet-audit")
    one_line(lambda: settings.read(tmp_path))


@pytest.mark.parametrize("text", ["", "slots = 1", 'title = 3\nspec = ""', DEEP, DIGITS])
def test_a_variant_that_lacks_something_is_refused(tmp_path: Path, text: str) -> None:
    assert "not a variant" in one_line(lambda: variants.read(write(tmp_path, "mine.toml", text)))


@pytest.mark.parametrize(
    ("change", "other"),
    [('rule = "GA301"', 'rule = "GA999"'), ('["lrn1", "lrn2"]', '"lrn1"'), ('["lrn1", "lrn2"]', "[1]"), ('"none"', "1979-05-27")],
)  # fmt: skip
def test_a_variant_with_a_wrong_value_is_refused(tmp_path: Path, change: str, other: str) -> None:
    text = Path("specs/variants/no-lrn.toml").read_text(encoding="utf-8")
    assert change in text
    one_line(lambda: variants.read(write(tmp_path, "mine.toml", text.replace(change, other))))


@pytest.mark.parametrize("text", ["'\\d'", "1is 2", "0x1for x in y"])
def test_a_warning_of_python_about_an_argument_is_not_shown(text: str) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        options.arguments([f"a={text}"])
    assert told == []


def test_no_format_goes_to_a_file_with_a_null_in_its_name() -> None:
    one_line(lambda: options.destinations(["json:a\0b"], json=False, output=""))
    one_line(lambda: options.destinations([], json=False, output="\0"))


def test_two_formats_do_not_both_go_to_the_standard_output_where_one_says_so_by_a_dash() -> None:
    assert "the same" in one_line(lambda: options.destinations(["text:-"], json=True, output=""))


@pytest.mark.parametrize("name", ["RANK", "WORLD_SIZE", "LOCAL_RANK"])
def test_a_rank_of_five_thousand_digits_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "9" * 5_000)
    assert name in one_line(launch.launch)


def test_a_batch_of_five_thousand_digits_is_refused() -> None:
    assert "--batch" in one_line(lambda: flops.batch_size("9" * 5_000))


@pytest.mark.parametrize("text", ["3x224x224\x1f", "3\x1fx\x1c224x224", " 3 x 224 × 224 "])
def test_blanks_around_a_number_of_a_size_are_none_of_it(text: str) -> None:
    assert options.input_size(text).shape == (3, 224, 224)


def test_a_message_that_quotes_a_megabyte_has_an_end() -> None:
    assert len(one_line(lambda: options.input_size("x" * 1_000_000))) == 2_000
    assert "x" * 1_500 in one_line(lambda: options.input_size("x" * 1_500))
    assert len(said(ValueError("x" * 1_000_000))) == 400


def test_a_thousand_is_a_thousand_also_where_k_is_1024() -> None:
    assert 100_000 in quantity.parse("100 thousand", k=1024)
    assert 102_400 not in quantity.parse("100 thousand", k=1024)
    assert contradictions.unit_of("12 thousand", 1024) == 1000
    assert contradictions.unit_of("12K", 1024) == 1024


def test_what_k_stands_for_matters_for_a_printed_zero_too() -> None:
    # 505 rounds to 1K where K is 1,000, and to 0K where it is 1,024.
    fits = conventions.fits(conventions.Cell.PARAMS, "0K", conventions.Count(weights=505))
    assert {(one.k, one.truncated) for one in fits} == {(1000, True), (1024, False), (1024, True)}


LINES = """printed = { ops = "3K" }
layers = [
  { slot = "a", op = "conv", kernel = 1, out_channels = FIRST },
  { slot = "p", op = "maxpool", kernel = 2, stride = 2 },
  { slot = "b", op = "conv", kernel = 1, out_channels = 4, groups = GROUPS },
]
"""


@pytest.mark.parametrize(("first", "groups"), [(1, 1), (8, 4), (999_983, 1)])
def test_the_channels_of_a_reduction_of_one_or_of_grouped_or_of_very_many_are_tried_with_care(
    tmp_path: Path, first: int, groups: int
) -> None:
    text = HEAD + ROW.format(0) + LINES.replace("FIRST", str(first)).replace("GROUPS", str(groups))
    path = write(tmp_path, "made.toml", text)
    with bounded(seconds=6):
        assert contradictions.lint(spec.read_file(str(path))).contradictions


def test_another_width_reaches_the_layer_behind_a_pooling(tmp_path: Path) -> None:
    # Layer a: 3·w weights and w biases at 32×32; layer b behind the pooling: w·4 weights at 16×16. For w = 8 that is
    # 3·8·1024 + 8·4·256 = 32,768 products, for w = 9 it is 36,864.
    text = HEAD + ROW.format(0) + LINES.replace("FIRST", "8").replace("GROUPS", "1").replace('"3K"', '"36,864"')
    found = contradictions.lint(spec.read_file(str(write(tmp_path, "made.toml", text))))
    explanation = next(one.explanation.text for one in found.contradictions if one.rule == "GA002")
    assert explanation.endswith("a 9 instead of 8")


def test_a_mean_behind_which_nothing_reads_is_no_stumbling_block() -> None:
    whole = network("""
        a: mean < input
        b: identity < a
        c: conv 1 4 < input
        d: mean < c
    """)
    square = Elementwise(function="pow", constants=(None, 2.0))
    layers = tuple(replace(layer, op=square) if layer.name == "b" else layer for layer in whole.layers)
    # Taking up d drops b, which nobody reads, and a, which only b reads; then it would be b's turn.
    ordered = (*layers[:2], *layers[3:], layers[2])
    for written in (layers, ordered):
        assert [one.name for one in canonical(replace(whole, layers=written)).network.layers] == ["input", "c", "d"]


@pytest.mark.parametrize(
    ("first", "second"),
    [(Mean(axes=(1,), keepdim=True), (1,)), (Mean(axes=(2,), keepdim=True), (2,)), (Mean(axes=(0,)), (0,))],
)
def test_two_means_over_one_axis_are_no_mean_over_the_map(first: Mean, second: tuple[int, ...]) -> None:
    # With its axis kept, the second mean is over what the first has made one value already.
    whole = network("m: mean\nn: identity\nfc: linear 5")
    ops = {"m": first, "n": Mean(axes=second)}
    layers = tuple(replace(layer, op=ops.get(layer.name, layer.op)) for layer in whole.layers)
    whole = replace(whole, layers=derive.infer(layers, (3, 32, 32)))
    assert [layer.op for layer in canonical(whole).network.layers[1:3]] == [first, Mean(axes=second)]


@pytest.mark.parametrize(("first", "second"), [((1,), (1,)), ((2,), (1,))])
def test_a_mean_over_the_rows_and_one_over_the_columns_left_are_one_over_the_map(
    first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    # Without its axis, the other one has moved up, or not.
    whole = network("m: mean\nn: identity\nfc: linear 5")
    ops = {"m": Mean(axes=first), "n": Mean(axes=second)}
    layers = tuple(replace(layer, op=ops.get(layer.name, layer.op)) for layer in whole.layers)
    whole = replace(whole, layers=derive.infer(layers, (3, 32, 32)))
    assert canonical(whole).network.layers[1].op == op("adaptive avg 1")


@pytest.mark.parametrize(("pad", "moved"), [(2, True), (3, False)])
def test_a_relu_stays_behind_a_pooling_one_of_whose_windows_is_all_padding(pad: int, moved: bool) -> None:
    # Such a window gives minus infinity; a ReLU behind it makes that 0, one before the pooling does not.
    whole = network(f"c: conv 1 4\np: maxpool 3 /2 p{pad}\nr: relu")
    assert (canonical(whole).network.layers[-1].name == "p") is moved


def test_what_only_fits_together_has_no_cost_of_its_own() -> None:
    # The sum takes two maps of 32×32 or two of 30×30; that the second are of 30×30 are two findings.
    rest = "j: add < a b\nc: conv 3 4\nd: conv 3 5\nfc: linear 5"
    first = network(f"a: conv 3 3 p1 < input\nb: conv 1 3 < input\n{rest}")
    second = network(f"a: conv 3 3 < input\nb: conv 3 3 < input\n{rest}")
    found = compare({Mode.EVAL: first}, {Mode.EVAL: Found(network=anonymous(second))})
    assert [(one.attribute, one.rows, one.cost) for one in found.findings] == [
        ("padding", ("a",), None),
        ("kernel", ("b",), None),
    ]


def test_a_range_of_a_flattened_map_is_none_of_its_channels() -> None:
    # Of the 4·32·32 values the first four are all of channel 0; the join's second part begins at value 4,096.
    cut = canonical(network("c: conv 1 4\nf: flatten\ns: slice 0 4")).network
    assert [layer.op for layer in cut.layers if layer.name == "c"] == [op("conv 1 4")]
    joined = canonical(
        network("""
            a: conv 1 4 < input
            f: flatten < a
            b: conv 1 4 < input
            g: flatten < b
            j: concat < f g
            s: slice 0 4
        """)
    ).network
    assert joined.outputs[0].layer == "s"


def test_a_model_is_held_against_one_that_writes_its_pooling_as_a_mean() -> None:
    first = network("c: conv 1 4\nm: mean\nfc: linear 5")
    second = network("c: conv 1 4\nm: adaptive max 1\nfc: linear 5")
    found = compare({Mode.EVAL: first}, {Mode.EVAL: Found(network=anonymous(second))})
    assert [(one.rows, one.cost) for one in found.findings if one.attribute == "kind"] == [
        (("m",), Cost(params=0, macs=0, total_params=0, total_macs=0))
    ]


def test_no_edit_at_all_changes_nothing_not_even_who_owns_a_shared_weight() -> None:
    whole = network("""
        a: conv 3 4 p1 < input
        b: conv 3 4 p1 < input
        c: conv 3 4 p1 < a
        j: concat < c b
    """)
    shared = tuple(Weight(role=role, name=f"one.{role}", shape=()) for role in ("weight", "bias"))
    layers = tuple(replace(layer, weights=shared) if layer.name in "ab" else layer for layer in whole.layers)
    whole = replace(whole, layers=derive.infer(layers, (3, 32, 32)))
    assert patch.apply(whole, []).by_name == whole.by_name


@pytest.mark.parametrize("name", ["class_names.txt", "fold_indices.txt", "train_y.bin"])
def test_a_file_of_a_terabyte_among_those_of_stl_10_is_refused_and_not_read(tmp_path: Path, name: str) -> None:
    for other, content in SOUND.items():
        (tmp_path / other).write_bytes(content)
    with (tmp_path / name).open("wb") as sparse:
        sparse.truncate(10**12)
    if name == "train_y.bin":
        with (tmp_path / "train_X.bin").open("wb") as sparse:
            sparse.truncate(27_648 * 10**8)
        (tmp_path / name).unlink()
        with (tmp_path / name).open("wb") as sparse:
            sparse.truncate(10**8)
    assert "wrong size" in one_line(lambda: stl10.load(tmp_path))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["points"][0].update(step="one"),
        lambda found: found["points"][0].update(losses=3),
        lambda found: found["points"][0].update(losses=["x"]),
        lambda found: found["checks"][0].update(rule="GA999"),
        lambda found: found.update(done=[1]),
        lambda found: found.update(seconds={}),
        lambda found: found.update(accuracy=[]),
        lambda found: found.update(more=1),
    ],
)
def test_a_checkpoint_whose_records_have_other_types_is_refused(
    file: Path, tmp_path: Path, change: Callable[[dict[str, object]], object]
) -> None:
    content = torch.load(file, weights_only=True)
    found = json.loads(content["found"])
    change(found)
    torch.save(content | {"found": json.dumps(found)}, tmp_path / "run.pt")
    assert "not a checkpoint" in one_line(lambda: checkpoint.load(tmp_path / "run.pt", job()))


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.update(step=-1),
        lambda session: session.update(step=1.5),
        lambda session: session.update(average={"x": torch.zeros(1)}),
        lambda session: session["optimizer"]["param_groups"][0].update(lr="fast"),
        lambda session: session["optimizer"]["state"][0].update(exp_avg=torch.zeros(7, 7)),
    ],
)
def test_a_checkpoint_of_another_optimizer_is_refused(
    file: Path, tmp_path: Path, change: Callable[[dict[str, object]], object]
) -> None:
    content = torch.load(file, weights_only=True)
    change(content["session"])
    torch.save(content, tmp_path / "run.pt")
    assert "not a checkpoint" in one_line(lambda: checkpoint.load(tmp_path / "run.pt", job()))


def test_what_is_missing_of_stl_10_is_told_with_status_3(tmp_path: Path) -> None:
    assert "not there" in one_line(lambda: stl10.load(tmp_path), UnavailableError)
