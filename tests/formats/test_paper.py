"""The paper as text."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gnet_audit.cli import main
from gnet_audit.errors import UsageError
from gnet_audit.formats import paper
from gnet_audit.spec import load

GOOGLENET = load("googlenet")
SPECS = Path(__file__).parent.parent / "specs"


def line_of(text: str, name: str) -> list[str]:
    """The words of the line that begins with a name."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("source", [False, True])
def test_the_table_keeps_to_its_width_and_says_what_it_leaves_out(width: int, source: bool) -> None:
    text = paper.table(GOOGLENET, width=width, source=source)
    assert max(map(len, text.splitlines())) <= width
    shown = set(text.split("conv1")[0].split())
    left_out = " ".join(text.partition(f"not shown at {width} columns:")[2].split())
    for column in ("title", "depth", "patch", "output", "params", "ops"):
        assert column in shown or column in left_out


def test_every_printed_cell_is_in_the_table_in_the_papers_order() -> None:
    text = paper.table(GOOGLENET, width=160)
    assert line_of(text, "inception_4c") == (
        [
            "inception_4c",
            "inception",
            "(4c)",
            "14×14×512",
            "2",
            "128",
            "128",
            "256",
            "24",
            "64",
            "64",
            "463K",
            "100M",
            "14×14×512",
            "510,104",
            "99,850,240",
        ]
    )
    assert line_of(text, "conv1") == (
        ["conv1", "convolution", "7×7/2", "112×112×64", "1", "2.7K", "34M", "112×112×64", "9,472", "118,013,952"]
    )
    for row in GOOGLENET.rows:
        words = " ".join(line_of(text, row.id))
        for _, cell in row.printed:
            assert cell in words


def test_a_cell_that_gives_the_size_of_one_slot_is_no_column_of_the_table() -> None:
    cell = ("inception_3a.5x5", "28×28×32")
    rows = (replace(row, printed=(*row.printed, cell)) if row.id == "inception_3a" else row for row in GOOGLENET.rows)
    assert paper.table(replace(GOOGLENET, rows=tuple(rows)), width=160) == paper.table(GOOGLENET, width=160)


def test_no_printed_number_is_lost_at_80_columns() -> None:
    text = paper.table(GOOGLENET, width=80)
    assert line_of(text, "inception_4c") == [
        "inception_4c",
        "14×14×512",
        "128",
        "128",
        "256",
        "24",
        "64",
        "64",
        "463K",
        "100M",
    ]


def test_the_heads_and_totals_follow_the_table() -> None:
    text = " ".join(paper.table(GOOGLENET, width=100).split())
    assert "aux1: auxiliary classifier on (4a); reads inception_4a, in training only, loss weight 0.3" in text
    assert "6,998,552 parameters, 1,582,671,872 MACs; with the heads 13,378,280 parameters" in text
    assert "stated: 1.5 billion MACs in all" in text


def test_sources_are_listed_with_how_sure_they_are() -> None:
    plain, full = (paper.table(GOOGLENET, width=0, source=source) for source in (False, True))
    for source in GOOGLENET.sources:
        assert [source.id, str(source.status), *source.where.split()] == line_of(
            full.partition("\nsources\n")[2], source.id
        )
    assert "BVLC Caffe bvlc_googlenet" not in plain


def test_a_row_shows_all_attributes_of_its_slots() -> None:
    text = paper.row(GOOGLENET, "inception_3a", width=0)
    assert "3x3_reduce 96" in text
    assert "inception_3a.5x5  conv 5×5 pad 2, 32" in text
    assert "reads inception_3a.5x5_reduce.relu" in text
    assert "gives 28×28×32, 12,832 parameters, 10,035,200 MACs" in text
    assert "kernel 5, out_channels 32, stride 1, padding 2 (same), dilation 1, groups 1, bias yes" in text
    assert "merge concat, order as listed" in text


def test_each_fact_of_a_row_has_its_place_and_status() -> None:
    text = paper.row(GOOGLENET, "inception_3a.5x5", width=0, source=True)
    assert line_of(text, "out_channels") == [
        "out_channels",
        "32",
        "printed:",
        "Table",
        "1:",
        "5x5",
        "of",
        "inception",
        "(3a)",
    ]
    assert line_of(text, "padding") == ["padding", "2", "(same)", "stated:", "Figure", "3:", "(S),", "same", "padding"]
    assert line_of(text, "bias")[:3] == ["bias", "yes", "inferred:"]
    assert "inception_3a.1x1" not in text


def test_a_row_that_prints_nothing_shows_its_slots_alone() -> None:
    rows = tuple(replace(row, printed=()) if row.id == "conv1" else row for row in GOOGLENET.rows)
    before, after = (
        paper.row(one, "conv1", width=0).splitlines() for one in (GOOGLENET, replace(GOOGLENET, rows=rows))
    )
    assert before[1] == "  patch 7×7/2, output 112×112×64, depth 1, params 2.7K, ops 34M"
    assert after == [before[0], *before[2:]]


@pytest.mark.parametrize("name", ["conv1", "conv2_reduce", "inception_4e.concat", "aux2", "aux1.fc2", "conv1.relu"])
def test_rows_heads_slots_and_what_follows_them_can_be_shown(name: str) -> None:
    for source in (False, True):
        text = paper.row(GOOGLENET, name, width=80, source=source)
        assert name.removesuffix(".relu") in text
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("name", "told"),
    [("inception3a", "one like inception_3a"), ("aux1.fc3", "one like aux1.fc"), ("nowhere", "one such as conv1")],
)
def test_an_unknown_row_is_one_line_with_what_is_near(name: str, told: str) -> None:
    with pytest.raises(UsageError) as stop:
        paper.row(GOOGLENET, name, width=80)
    assert told in stop.value.line
    assert repr(name) in stop.value.line


def test_other_specs_have_a_table_too() -> None:
    text = paper.table(load(str(SPECS / "residual.toml")), width=80)
    assert line_of(text, "stage2") == ["stage2", "stage", "2", "8×8×12", "12", "8×8×12", "2,328", "144,384"]
    assert "with the heads" not in text


def test_list_is_one_line_for_each_spec(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "list"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("googlenet  GoogLeNet  21 rows, 2 heads  Szegedy et al., Going Deeper")


def test_a_valid_file_is_told_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(SPECS / "two_branches.toml")
    assert main(["spec", "validate", file]) == 0
    assert capsys.readouterr().out == f"{file}: valid: 2 rows, 1 head, 9 slots\n"


def test_show_takes_a_row_a_spec_and_a_width(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "show", "stage1", "--spec", str(SPECS / "residual.toml"), "--source", "--width", "80"]) == 0
    assert "stage1.add  add" in capsys.readouterr().out
    assert main(["spec", "show", "--width", "80"]) == 0
    assert "not shown at 80 columns" in capsys.readouterr().out


def test_the_paper_is_shown_without_torch() -> None:
    code = (
        "import sys; from gnet_audit.cli import main\n"
        "for words in (['list'], ['show'], ['show', 'conv1', '--source'], ['validate', sys.argv[1]]):\n"
        "    assert main(['spec', *words]) == 0\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(SPECS / "chain.toml")], check=True, capture_output=True)
