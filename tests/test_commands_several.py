"""`check` with several targets: one table, and no target is the end of the run."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO

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
    "bar.py": 'import sys\nsys.stderr.write("\\rloading 100%")\nraise ValueError("no weights here")\n',
}
FATES = ("rate.py", "crash.py", "raises.py", "bar.py")
"""Found to differ, killed, stopped in its forward, not even imported."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def here(command: Sequence[str], *, stdout: IO[bytes], stderr: IO[bytes], **_: object) -> CompletedProcess[bytes]:
    """What the process of a target does, done in this one: torch is imported only once."""
    words = [word for word in command[command.index("check") :] if word != "--isolate"]
    out, err = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in (stdout, stderr))
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    out.detach(), err.detach()
    return CompletedProcess(command, status)


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", here)


def test_every_target_is_a_line_whatever_becomes_of_it_and_the_worst_status_is_that_of_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["check", *FATES, "--no-prove", "--format", "csv"])
    assert status == ExitStatus.USAGE
    out, err = capsys.readouterr()
    lines = {line["target"]: line for line in csv.DictReader(io.StringIO(out))}
    told = {
        name: (one["verdict"], one["errors"], one["warnings"], one["status"], one["rules"])
        for name, one in lines.items()
    }
    nothing = ("not audited", "", "", "2", "")
    assert told == {
        "rate.py:net": ("differs", "1", "0", "1", "GA212"),
        "crash.py": nothing,
        "raises.py:net": ("unproven", "0", "0", "2", ""),
        "bar.py": nothing,
    }
    assert "signal 6" in lines["crash.py"]["stopped"]
    assert lines["raises.py:net"]["stopped"].startswith("RuntimeError: ")
    crash, bar = err.splitlines()
    assert crash.startswith("gnet-audit: error: crash.py: not audited: ")
    # What the code wrote before hides no reason.
    assert bar == "gnet-audit: error: bar.py: not audited: bar.py:3: cannot be imported, ValueError: no weights here"


@pytest.mark.usefixtures("_here")
def test_options_hold_for_every_target_and_the_text_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "rate.py", "warned.py", "--ignore", "GA212", "--fail-on=warning"]
    assert main(words) == ExitStatus.FINDINGS
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["target", "verdict", "errors", "warnings", "proof", "status", "rules"],
        ["rate.py:net", "differs", "0", "0", "proven", "0"],
        ["warned.py:net", "differs", "0", "1", "proven", "1", "GA211"],
    ]


@pytest.mark.usefixtures("_here")
def test_a_target_that_is_not_there_keeps_no_other_from_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "missing.py", "exact.py", "warned.py", "--no-prove", "-f", "csv"]) == ExitStatus.USAGE
    out, err = capsys.readouterr()
    missing, exact, warned = csv.DictReader(io.StringIO(out))
    assert (missing["verdict"], missing["status"], missing["stopped"]) == (
        "not audited",
        "2",
        "missing.py: no such file",
    )
    assert (exact["target"], exact["verdict"], exact["status"], exact["rules"]) == ("exact.py:net", "matches", "0", "")
    assert (warned["verdict"], warned["warnings"], warned["status"], warned["rules"]) == ("differs", "1", "0", "GA211")
    assert err == "gnet-audit: error: missing.py: not audited: missing.py: no such file\n"


@pytest.mark.usefixtures("_here")
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


def test_a_target_that_is_interrupted_is_the_end_of_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def interrupted(command: list[str], **_: object) -> CompletedProcess[bytes]:
        asked.append(command[-1])
        return CompletedProcess(command, ExitStatus.INTERRUPTED)

    monkeypatch.setattr("subprocess.run", interrupted)
    assert main(["check", "exact.py", "rate.py"]) == ExitStatus.INTERRUPTED
    assert asked == ["exact.py"]
    assert capsys.readouterr() == ("", "gnet-audit: error: interrupted\n")


@pytest.mark.usefixtures("_here")
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
