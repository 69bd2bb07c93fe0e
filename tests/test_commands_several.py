"""`check` with several targets: one table, and no target is the end of the run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from gnet_audit.cli import main
from gnet_audit.errors import ExitStatus
from gnet_audit.formats import Format
from gnet_audit.formats.several import Audited, render

NET = """\
from torch import nn
from gnet_audit.live.googlenet import GoogLeNet

def net():
    model = GoogLeNet()
    {change}
    return model
"""
FILES = {
    "exact.py": NET.format(change="pass"),
    "rate.py": NET.format(change="model.dropout = nn.Dropout(0.2)"),
    "warned.py": NET.format(change="model.lrn1 = nn.LocalResponseNorm(5, k=2.0)"),
    "crash.py": "import os\nos.abort()\n",
    "raises.py": NET.format(change="model.linear = nn.Linear(3, 1000)"),
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_every_target_is_a_line_whatever_becomes_of_it_and_the_worst_status_is_that_of_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["check", *FILES, "missing.py", "--no-prove", "--format", "csv"])
    assert status == ExitStatus.USAGE
    out, err = capsys.readouterr()
    lines = {line["target"]: line for line in csv.DictReader(io.StringIO(out))}
    told = {
        name: (one["verdict"], one["errors"], one["warnings"], one["status"], one["rules"])
        for name, one in lines.items()
    }
    nothing = ("not audited", "", "", "2", "")
    assert told == {
        "exact.py:net": ("matches", "0", "0", "0", ""),
        "rate.py:net": ("differs", "1", "0", "1", "GA212"),
        "warned.py:net": ("differs", "0", "1", "0", "GA211"),
        "crash.py": nothing,
        "raises.py:net": ("unproven", "0", "0", "2", ""),
        "missing.py": nothing,
    }
    assert "signal 6" in lines["crash.py"]["stopped"]
    assert lines["missing.py"]["stopped"] == "missing.py: no such file"
    assert lines["raises.py:net"]["stopped"].startswith("RuntimeError: ")
    assert [line.split(": ")[2] for line in err.splitlines()] == ["crash.py", "missing.py"]


def test_options_hold_for_every_target_and_the_text_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "rate.py", "warned.py", "--ignore", "GA212", "--fail-on=warning"]
    assert main(words) == ExitStatus.FINDINGS
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["target", "verdict", "errors", "warnings", "proof", "status", "rules"],
        ["rate.py:net", "differs", "0", "0", "proven", "0"],
        ["warned.py:net", "differs", "0", "1", "proven", "1", "GA211"],
    ]


def test_what_the_code_wrote_before_hides_no_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bar = 'import sys\nsys.stderr.write("\\rloading 100%")\nraise ValueError("no weights here")\n'
    (tmp_path / "bar.py").write_text(bar, encoding="utf-8")
    assert main(["check", "bar.py", "exact.py", "--no-prove"]) == ExitStatus.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "gnet-audit: error: bar.py: not audited: bar.py:3: cannot be imported, ValueError: no weights here"


def test_why_a_target_that_matches_fails_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "from gnet_audit.live.googlenet import GoogLeNet\nclass Net(GoogLeNet):\n    def forward(self, x):\n"
    text += "        return super().forward(x if x.shape[-1] == 224 else 2 * x)\n"
    (tmp_path / "at_224.py").write_text(text, encoding="utf-8")
    words = ["check", "exact.py", "at_224.py", "--format", "csv", "--sweep", "96"]
    assert main(words) == ExitStatus.FINDINGS
    exact, at_224 = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (exact["verdict"], exact["status"]) == ("matches", "0")
    assert (at_224["verdict"], at_224["status"]) == ("matches, but not at 96×96", "1")
    assert main(["check", "exact.py", "warned.py", "--accept", "variant:no-lrn", "--no-prove"]) == ExitStatus.FINDINGS
    assert " matches, but 1 accepted in vain " in capsys.readouterr().out


def test_formats_of_the_settings_are_of_one_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = '[tool.gnet-audit]\nformat = ["github", "sarif:x.sarif"]\n'
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    assert main(["check", "exact.py", "warned.py", "--no-prove", "-o", "table.txt"]) == ExitStatus.CLEAN
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "table.txt").read_text(encoding="utf-8").split()[:2] == ["target", "verdict"]
    assert not (tmp_path / "x.sarif").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--json"], "--format: of several targets only text and csv; got json"),
        (["-f", "csv", "-f", "html:a.html"], "--format: of several targets only text and csv; got html"),
        (["--baseline", "a.toml", "--baseline-prune"], "--baseline-prune: one baseline cannot be written for several"),
    ],
)
def test_what_makes_no_sense_for_several_is_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "rate.py", "crash.py", *words]) == ExitStatus.USAGE
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"gnet-audit: error: {line}")
    assert err.count("\n") == 1


def test_no_cell_is_obeyed_by_a_terminal_or_run_by_a_spreadsheet() -> None:
    line = Audited(target="=1+1\x1b[2J", status=ExitStatus.USAGE, error="@x")
    assert "\x1b" not in render([line], Format.TEXT, 80)
    assert render([line], Format.CSV, 0).splitlines()[1] == "'=1+1\\x1b[2J,not audited,,,,2,,'@x"
