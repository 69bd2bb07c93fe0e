"""Specs as files: what is shipped, what can be said, and every way to get it wrong."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from gnet_audit.errors import SpecError, UsageError
from gnet_audit.network import Activation, Status
from gnet_audit.spec import Row, load, read_file, shipped
from gnet_audit.spec.words import ATTRIBUTES, MERGE, REQUIRED

HERE = Path(__file__).parent.parent
CHAIN = (HERE / "specs" / "chain.toml").read_text(encoding="utf-8")
RESIDUAL = (HERE / "specs" / "residual.toml").read_text(encoding="utf-8")

# Table 1 of arXiv:1409.4842, cell by cell.
CELLS = ("output", "depth", "1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj", "params", "ops")
MODULES = {
    "3a": "28×28×256 2 64 96 128 16 32 32 159K 128M",
    "3b": "28×28×480 2 128 128 192 32 96 64 380K 304M",
    "4a": "14×14×512 2 192 96 208 16 48 64 364K 73M",
    "4b": "14×14×512 2 160 112 224 24 64 64 437K 88M",
    "4c": "14×14×512 2 128 128 256 24 64 64 463K 100M",
    "4d": "14×14×528 2 112 144 288 32 64 64 580K 119M",
    "4e": "14×14×832 2 256 160 320 32 128 128 840K 170M",
    "5a": "7×7×832 2 256 160 320 32 128 128 1072K 54M",
    "5b": "7×7×1024 2 384 192 384 48 128 128 1388K 71M",
}
OTHERS = {
    "conv1": {"patch": "7×7/2", "output": "112×112×64", "depth": "1", "params": "2.7K", "ops": "34M"},
    "pool1": {"patch": "3×3/2", "output": "56×56×64", "depth": "0"},
    "conv2": {
        "patch": "3×3/1", "output": "56×56×192", "depth": "2", "3x3_reduce": "64", "3x3": "192", "params": "112K",
        "ops": "360M",
    },
    "pool2": {"patch": "3×3/2", "output": "28×28×192", "depth": "0"},
    "pool3": {"patch": "3×3/2", "output": "14×14×480", "depth": "0"},
    "pool4": {"patch": "3×3/2", "output": "7×7×832", "depth": "0"},
    "avgpool": {"patch": "7×7/1", "output": "1×1×1024", "depth": "0"},
    "dropout": {"output": "1×1×1024", "depth": "0"},
    "linear": {"output": "1×1×1000", "depth": "1", "params": "1000K", "ops": "1M"},
    "softmax": {"output": "1×1×1000", "depth": "0"},
    "lrn1": {},
    "lrn2": {},
}  # fmt: skip


def row(name: str) -> Row:
    """A row of GoogLeNet's spec."""
    return next(row for row in load("googlenet").rows if row.id == name)


def mistakes(text: str, folder: Path) -> list[str]:
    """All mistakes of a spec's text, without the file's name."""
    file = folder / "a.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as stop:
        read_file(str(file))
    assert all(line.startswith(f"{file}:") for line in stop.value.lines)
    return [line.removeprefix(f"{file}:") for line in stop.value.lines]


# --- the shipped specs -----------------------------------------------------------------------------------


def test_googlenet_is_shipped_and_known_by_its_bytes() -> None:
    assert "googlenet" in shipped()
    paper = load("googlenet")
    assert paper.sha256 == sha256(Path(paper.file).read_bytes()).hexdigest()
    assert (paper.id, paper.input_shape) == ("googlenet", (3, 224, 224))
    assert "1409.4842" in paper.citation


@pytest.mark.parametrize(("name", "cells"), MODULES.items())
def test_each_inception_row_holds_the_papers_cells_as_text(name: str, cells: str) -> None:
    module = row(f"inception_{name}")
    assert module.title == f"inception ({name})"
    assert dict(module.printed) == dict(zip(CELLS, cells.split(), strict=True))


@pytest.mark.parametrize(("name", "cells"), OTHERS.items())
def test_each_other_row_holds_the_papers_cells_as_text(name: str, cells: dict[str, str]) -> None:
    assert dict(row(name).printed) == cells


def test_the_rows_stand_in_the_papers_order() -> None:
    assert [row.id for row in load("googlenet").rows] == [
        "conv1", "pool1", "lrn1", "conv2", "lrn2", "pool2", "inception_3a", "inception_3b", "pool3", "inception_4a",
        "inception_4b", "inception_4c", "inception_4d", "inception_4e", "pool4", "inception_5a", "inception_5b",
        "avgpool", "dropout", "linear", "softmax",
    ]  # fmt: skip


def test_both_heads_hang_where_the_paper_says() -> None:
    first, second = load("googlenet").heads
    assert (first.id, first.tap, second.id, second.tap) == ("aux1", "inception_4a", "aux2", "inception_4d")
    for head in (first, second):
        assert head.train_only
        assert head.loss_weight.value == 0.3
        assert head.loss_weight.source.status is Status.STATED


def test_the_stated_total_is_a_quantity_with_its_sentence() -> None:
    (total,) = load("googlenet").totals
    assert (total.of, total.printed, total.source.status) == ("macs", "1.5 billion", Status.STATED)
    assert 1_502_000_000 in total.quantity
    assert 1_582_671_872 not in total.quantity
    assert "Section 1" in total.source.where


def test_a_number_from_a_cell_names_the_cell() -> None:
    step = next(step for step in row("inception_3a").steps if step.slot == "inception_3a.5x5")
    facts = dict(step.facts)
    assert facts["out_channels"].value == 32
    assert facts["out_channels"].source.where == "Table 1: 5x5 of inception (3a)"
    assert facts["bias"].source.status is Status.INFERRED
    assert facts["activation"].source.status is Status.STATED


def test_no_line_of_python_knows_the_papers_modules() -> None:
    package = HERE.parent / "gnet_audit"
    for file in [*package.glob("*.py"), *(package / "spec").glob("*.py")]:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            code = re.sub(r'_epilog\(.*|^  gnet-audit .*|".*inception.*"""', "", line)
            assert "inception" not in code.lower(), f"{file.name}:{number}"


@pytest.mark.parametrize("name", ["chain", "residual", "two_branches"])
def test_other_kinds_of_networks_can_be_said(name: str) -> None:
    paper = load(str(HERE / "specs" / f"{name}.toml"))
    assert paper.id == name.replace("_", "-")


# --- files that cannot be read ---------------------------------------------------------------------------


def test_an_unknown_spec_is_one_line_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"--spec: no such spec; expected googlenet, or a \.toml file; got 'googlnet'"):
        load("googlnet")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    for file in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(UsageError, match="cannot read the spec"):
            load(str(file))


def test_a_file_that_is_not_utf_8_is_one_mistake_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"schema = 1\nid = '\xff'\n")
    with pytest.raises(SpecError) as stop:
        load(str(file))
    assert stop.value.lines == (f"{file}:2: no valid TOML: not UTF-8",)


# --- mistakes -----------------------------------------------------------------------------------------------
# Each case edits the chain's text; the lines are those of tests/specs/chain.toml.


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("schema = 1", "schema = 2", "3: schema: another schema than this version reads; expected 1; got 2"),
        ("schema = 1", "schema = true", "3: schema: another schema than this version reads; expected 1; got true"),
        ("schema = 1", "", "1: the file: `schema` is missing; expected 1"),
        ('id = "chain"', 'id = "a b"', "4: id: not an id; expected letters, digits, _, + and -; got a b"),
        ('title = "Chain"', "title = 7", "5: title: wrong value; expected a text; got 7"),
        ('title = "Chain"', 'title = " "', "5: title: wrong value; expected a text; got ' '"),
        ('title = "Chain"', 'titel = "Chain"', "5: titel: unknown key; expected title"),
        ("[1, 32, 32]", "[1, 32]", "9: input.shape: wrong value; expected [channels, height, width] or [features]"),
        ("[1, 32, 32]", "[1, 32, 2000000]", "9: input.shape: wrong value"),
        ("[1, 32, 32]", "[1, 32, 0]", "9: input.shape: wrong value"),
        ("[1, 32, 32]", "[1, 32, true]", "9: input.shape: wrong value"),
        ("shape = [1, 32, 32]", "", "8: input: `shape` is missing"),
        ("shape = [1, 32, 32]", "shape = { source = 'text' }", "9: input.shape: `value` is missing"),
        ('"stated"', '"sure"', "14: source.text.status: unknown status; expected printed, stated, inferred; got sure"),
        ('where = "Section 1"', "", "12: source.text: `where` is missing; expected a text"),
        ('id = "s2"', 'id = "c1"', "23: row[2]: c1 is already the name of the row c1"),
        ('id = "s2"', 'id = "input"', "23: row[2]: input is already the name of the input"),
        ('id = "s2"', "", "23: row[2]: `id` is missing; expected a text"),
        ('title = "S2"\nsource = "text"', 'title = "S2"\nsource = "txt"', "26: row[2].source: unknown source; expected text"),
        ('title = "S2"\nsource = "text"', 'title = "S2"', "23: row[2]: `source` is missing; expected a text"),
        ('"14×14×6"', "14", "27: row[2].printed.output: wrong value; expected a text; got 14"),
        ('"14×14×6"', '"big"', "27: row[2].printed.output: no output size; expected height×width×channels such as"),
        ('"14×14×6"', '"14×14×0"', "27: row[2].printed.output: no output size"),
        ('params = "156"', 'params = "many"', "20: row[1].printed.params: not a quantity; expected a number such as"),
        ('params = "156"', '"c1.x" = "156"', "20: row[1].printed.c1.x: no slot of this row; expected c1, c1.tanh"),
        ('op = "conv"', 'op = "cnov"', "21: row[1].layers[1].op: unknown op; expected conv; got cnov"),
        ('op = "conv"', "op = 3", "21: row[1].layers[1].op: wrong value; expected a text; got 3"),
        ("kernel = 5,", "kernle = 5,", "21: row[1].layers[1]: `kernel` is missing; expected a whole number from 1"),
        ("kernel = 5,", "kernle = 5,", "21: row[1].layers[1].kernle: unknown key; expected kernel"),
        ("kernel = 5,", 'kernel = "5",', "21: row[1].layers[1].kernel: wrong value"),
        ("kernel = 5,", "kernel = 1000001,", "21: row[1].layers[1].kernel: wrong value"),
        ("kernel = 5,", "kernel = -1,", "21: row[1].layers[1].kernel: wrong value"),
        ("kernel = 5,", "kernel = [5, 5, 5],", "21: row[1].layers[1].kernel: wrong value"),
        ("kernel = 5,", "kernel = { value = 5, sauce = 'text' },", "21: row[1].layers[1].kernel.sauce: unknown key; expected source"),
        ("kernel = 5,", "kernel = { value = 5, source = 'x' },", "21: row[1].layers[1].kernel.source: unknown source; expected text; got x"),
        ("kernel = 5,", 'kernel = "$k",', "21: row[1].layers[1].kernel: the row prints no cell `k`; got $k"),
        ("kernel = 5,", 'kernel = "$output",', "20: row[1].printed.output: no number; expected a number, for `kernel` of c1"),
        ("out_channels = 6", "out_channels = 9999999999", "21: row[1].layers[1].out_channels: wrong value"),
        ("out_channels = 6", "out_channels = 6.0", "21: row[1].layers[1].out_channels: wrong value"),
        ('"tanh"', '"tahn"', "21: row[1].layers[1].activation: wrong value; expected the name of an activation"),
        ("kernel = 5,", "kernel = 4, padding = 'same',", '21: row[1].layers[1].padding: "same" padding is not clear here'),
        ("kernel = 5,", "kernel = 3, stride = 2, padding = 'same',", '21: row[1].layers[1].padding: "same" padding'),
        ("kernel = 5,", "kernel = 5, padding = [1, 2, 3],", "21: row[1].layers[1].padding: wrong value"),
        ("kernel = 5,", "kernel = 5, padding_mode = 'mirror',", "21: row[1].layers[1].padding_mode: wrong value"),
        ('op = "avgpool", kernel = 2, stride = 2', "op = 'lrn', size = 5, alpha = 1, beta = 1, k = 1, across = 'time'",
         "28: row[2].layers[1].across: wrong value; expected channels or space; got 'time'"),
        ("kernel = 5,", "kernel = 50,", "21: c1: does not fit: the 50×50 kernel does not fit; got 32×32×1"),
        ("stride = 2 }", "stride = 2, ceil_mode = 1 }", "28: row[2].layers[1].ceil_mode: wrong value; expected true or false; got 1"),
        ("stride = 2 }", "stride = 2, global = true }", "28: s2: does not fit: the pooling is not global here; got output 14×14×6"),
        ("stride = 2 }]", "stride = 2 }, { op = 'softmax' }]", "28: row[2].layers[1]: `slot` is missing; expected a text"),
        ("stride = 2 }]", "stride = 2 }]\nblock = 'b'", "28: row[2].layers: a row has either layers or a block"),
        ("stride = 2 }]", "stride = 2 }]\nblock = 'b'", "29: row[2].block: unknown block; expected a [block.NAME] table; got b"),
        ('layers = [{ op = "avgpool", kernel = 2, stride = 2 }]', "layers = []", "28: row[2].layers: a row without layers"),
        ('layers = [{ op = "avgpool", kernel = 2, stride = 2 }]', "layers = 3", "28: row[2].layers: wrong value; expected an array of tables; got 3"),
        ('layers = [{ op = "avgpool", kernel = 2, stride = 2 }]', "", "23: row[2]: `layers` is missing; expected an array of tables"),
        ("bias = false", "bias = 0", "35: row[3].layers[1].bias: wrong value; expected true or false; got 0"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_line_with_its_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in CHAIN
    found = mistakes(CHAIN.replace(old, new, 1), tmp_path)
    assert any(line.startswith(expected) for line in found), found
    assert len(found) <= 2, "nothing is said that only follows from it"


HEAD = """
[[head]]
id = "side"
title = "side"
source = "text"
tap = "s2"
mode = "train"
loss_weight = 0.5
layers = [{ slot = "fc", op = "linear", out_features = 2 }]

[[total]]
of = "params"
printed = "12K"
source = "text"

[default.conv]
bias = { value = true, source = "text" }
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('tap = "s2"', 'tap = "s3"', "41: head[1].tap: no row and no slot of one; got s3"),
        ('tap = "s2"', "", "37: head[1]: `tap` is missing; expected a text"),
        ('mode = "train"', 'mode = "eval"', "42: head[1].mode: unknown mode; expected train or always; got eval"),
        ("loss_weight = 0.5", "loss_weight = 'x'", "43: head[1].loss_weight: wrong value; expected a number; got 'x'"),
        ("loss_weight = 0.5", "", "37: head[1]: `loss_weight` is missing; expected a number"),
        ('slot = "fc"', 'slot = "f c"', "44: head[1].layers[1].slot: not a slot's name"),
        ('op = "linear", out_features = 2', 'op = "avgpool", kernel = 15, stride = 1', "44: side.fc: does not fit"),
        ('id = "side"', 'id = "s2"', "37: head[1]: s2 is already the name of the row s2"),
        ('of = "params"', 'of = "flops"', "47: total[1].of: unknown total; expected params or macs; got flops"),
        ('printed = "12K"', 'printed = "some"', "48: total[1].printed: not a quantity"),
        ('printed = "12K"', "printed = 12", "48: total[1].printed: wrong value; expected a text; got 12"),
        ("default.conv", "default.cnov", "51: default.cnov: defaults for an unknown op"),
        ("bias = {", "bais = {", "52: default.conv.bais: unknown key; expected bias"),
        ('{ value = true, source = "text" }', "true", "52: default.conv.bias: no source"),
        ('{ value = true, source = "text" }', "{ value = 1, source = 'text' }", "52: default.conv.bias.value: wrong value"),
    ],
)  # fmt: skip
def test_mistakes_of_heads_totals_and_defaults_have_their_place(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in HEAD
    found = mistakes(CHAIN + HEAD.replace(old, new, 1), tmp_path)
    assert [line for line in found if not line.startswith(expected)] == []
    assert len(found) == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('merge = "add"', 'merge = "sum"', "34: block.identity.merge: wrong value; expected concat or add; got 'sum'"),
        ('merge = "add"', "", "32: block.identity: `merge` is missing; expected concat or add"),
        ('slot = "b"', 'slot = "a"', "32: block.identity: the slot a stands here 2 times"),
        ('printed = { output = "16×16×8", width = "8" }\nblock', 'printed = { output = "16×16×8" }\nblock',
         "67: row[2]: the row prints no cell `width`, which the block's a asks for"),
        ('printed = { output = "16×16×8", width = "8" }\nblock', 'printed = { width = "many" }\nblock',
         "71: row[2].printed.width: no number; expected a number, for `out_channels` of a; got many"),
        ('block = "identity"', 'block = "identiti"', "72: row[2].block: unknown block; expected identity, projection"),
        ('width = "8" }\nblock', 'width = "9" }\nblock', "67: stage1.add: does not fit: the inputs are not of one shape"),
    ],
)  # fmt: skip
def test_mistakes_of_blocks_are_told_once_where_they_are(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in RESIDUAL
    found = mistakes(RESIDUAL.replace(old, new, 1), tmp_path)
    assert any(line.startswith(expected) for line in found), found
    assert len(found) <= 2


def test_an_activation_may_be_a_layer_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    pool = '{ op = "avgpool", kernel = 2, stride = 2 }'
    both = "{ slot = 's2', op = 'avgpool', kernel = 2, stride = 2 }, { slot = 'gate', op = 'activation', function = 'sigmoid' }"
    assert pool in CHAIN
    file.write_text(CHAIN.replace(pool, both), encoding="utf-8")
    row = next(row for row in read_file(str(file)).rows if row.id == "s2")
    assert row.steps[-1].op == Activation(function="sigmoid")


def test_a_single_branch_has_nothing_to_merge_with(tmp_path: Path) -> None:
    shortcut = "[[block.identity.branch]]\nlayers = []\n"
    assert shortcut in RESIDUAL
    found = mistakes(RESIDUAL.replace(shortcut, ""), tmp_path)
    assert any("a single branch has nothing to merge with; expected two branches or more" in line for line in found)


def test_all_mistakes_are_told_at_once_in_line_order(tmp_path: Path) -> None:
    text = (
        CHAIN.replace('title = "Chain"', "title = 1").replace("kernel = 5", "kernel = 0").replace("out_features", "out")
    )
    found = mistakes(text + HEAD.replace('"s2"', '"nowhere"'), tmp_path)
    assert [line.split(":")[0] for line in found] == ["5", "21", "35", "35", "41"]


def test_behind_a_row_that_does_not_fit_the_printed_size_counts(tmp_path: Path) -> None:
    text = CHAIN.replace("kernel = 5", "kernel = 50").replace("kernel = 2, stride", "kernel = 15, stride")
    assert len(mistakes(text, tmp_path)) == 1, "28 rows remain after the first convolution, as printed"
    found = mistakes(text.replace("kernel = 15", "kernel = 29"), tmp_path)
    assert [line.split(":")[:2] for line in found] == [["21", " c1"], ["28", " s2"]]


def test_a_wrong_default_is_told_once_and_not_as_missing(tmp_path: Path) -> None:
    text = RESIDUAL.replace("bias = false", "bias = false\nkernel = 0").replace(
        'op = "conv", kernel = 3,', 'op = "conv",'
    )
    assert [line.split(":")[0] for line in mistakes(text, tmp_path)] == ["27"]


def test_an_absurd_number_of_layers_is_refused_and_not_tried(tmp_path: Path) -> None:
    layers = ",".join(f"{{ slot = 's{index}', op = 'softmax' }}" for index in range(2_000))
    block = f"[[block.identity.branch]]\nlayers = [{layers}]\n"
    rows = "".join(
        f"[[row]]\nid = 'r{i}'\ntitle = 'r'\nsource = 'text'\nprinted.width = '8'\nblock = 'identity'\n"
        for i in range(200)
    )
    text = RESIDUAL.replace("[block.projection]", block + "[block.projection]", 1) + rows
    (line,) = mistakes(text, tmp_path)
    assert line.endswith("too many layers; expected at most 100,000")


def test_the_readme_names_every_word_of_the_language() -> None:
    readme = (HERE.parent / "specs" / "README.md").read_text(encoding="utf-8")
    layers = readme.partition("### Layers")[2].partition("###")[0].splitlines()
    for op, attributes in ATTRIBUTES.items():
        (line,) = [line for line in layers if line.startswith("|") and f"`{op}`" in line.split("|")[1]]
        for attribute in attributes:
            emphasis = "**" if attribute in REQUIRED.get(op, ()) else ""
            assert f"{emphasis}`{attribute}`{emphasis}" in line
    for word in MERGE:
        assert f"`{word}`" in readme
