"""Whole command lines: a status of ours, and on the standard error nothing but our own lines."""

from __future__ import annotations

import os
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from gnet_audit import pipeline
from gnet_audit.cli import main
from tests.fuzz.bounds import bounded, slowly
from tests.fuzz.mutants import mutants
from tests.fuzz.test_files import BASELINE, SETTINGS
from tests.fuzz.test_specs import TEXTS
from tests.fuzz.test_words import JUNK, SIZES_TEXT

LOADED = pipeline
"""And torch with it: before the memory that a command may take is measured."""
Capture = pytest.CaptureFixture[str]
WORDS = st.one_of(
    st.sampled_from([
        "-f", "--format", "json", "json:out", "text:", "--json", "--input", "3x32x32", "--arg", "a=1", "--select", "GA2", "--ignore", "GA", "--fail-on", "note", "--exit-zero",
        "--baseline", "pyproject.toml", "--accept", "variant:torchvision", "--spec", "made.toml", "googlenet", "--width", "80", "10", "--depth", "row", "--columns", "slot", "--batch", "1,2", "--config", "bf16",
        "--count", "all", "--duration", "nan", "--threads", "-1", "--sweep", "96", "--expires", "2030-01-31", "--reason", "x", "--baseline-update", "--color", "never", "--ascii", "--", "-", "", "--nothing", "--show-settings", "--help",
        "conv1", "--source", "--seed", "--steps", "--lr", "--time-limit", "--resume", "--checkpoint", "--plot", "inf", "-1e400", "99999999999999999999",
    ]),
    SIZES_TEXT, JUNK,
).filter(lambda text: len(text) < 20_000)  # fmt: skip
COMMANDS = st.sampled_from([["spec", "show"], ["spec", "lint"], ["spec", "validate"], ["spec", "list"], ["rules"], ["explain"], ["shapes"], ["check"], ["diff"], ["flops"], ["smoke-train"], ["data"], ["prove"], [], ["--version"], ["nothing"]])  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place of its own."""
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In that place, where no model is: what needs one stops there."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GNET_AUDIT_TARGET", "no_such_file.py:Net")


def told(words: list[str], capsys: Capture) -> int:
    """Run it; the status."""
    capsys.readouterr()
    with bounded(seconds=10):
        status = main(words)
    lines = capsys.readouterr().err.split("\n")
    event(f"status: {status}")
    assert status in {0, 1, 2, 3}
    assert lines.pop() == ""
    assert all(line.startswith("gnet-audit: error: ") for line in lines), lines
    assert not any(category(char) == "Cc" for char in "".join(lines)), lines
    assert not any("bug of gnet-audit" in line for line in lines), lines
    assert bool(lines) == (status in {2, 3})
    return status


@given(mutants(*TEXTS), st.sampled_from([["validate"], ["lint"], ["show", "--spec"], ["lint", "--json"]]))
@slowly
def test_a_spec_with_mistakes_at_the_command_line(
    folder: Path, capsys: Capture, content: bytes, words: list[str]
) -> None:
    (folder / "pyproject.toml").unlink(missing_ok=True)
    (folder / "made.toml").write_bytes(content)
    told(["spec", *words, "made.toml"], capsys)


@given(mutants(SETTINGS), mutants(BASELINE), st.sampled_from(["shapes", "check"]))
@slowly
def test_settings_and_a_baseline_with_mistakes_at_the_command_line(
    folder: Path, capsys: Capture, settings: bytes, baseline: bytes, command: str
) -> None:
    (folder / "pyproject.toml").write_bytes(settings)
    (folder / "accepted.toml").write_bytes(baseline)
    told([command, "no_such_file.py:Net", "--baseline", "accepted.toml", "--spec", "googlenet"], capsys)


@given(COMMANDS, st.lists(WORDS, max_size=5))
@example(["check"], ["-f", "yaml"])
@example(["flops"], ["--device", "cpu", "--batch", "9" * 5_000])
@example(["shapes"], ["--input", "3x9999999x9999999"])
@slowly
def test_words_that_mean_nothing_at_the_command_line(
    folder: Path, capsys: Capture, command: list[str], words: list[str]
) -> None:
    (folder / "pyproject.toml").unlink(missing_ok=True)
    if command in (["shapes"], ["check"], ["flops"], ["smoke-train"], ["prove"]):
        words = ["no_such_file.py:Net", *words]
    if command == ["diff"]:
        words = ["no_such_file.py:Net", "googlenet", *words]
    if command == ["data"]:
        words = ["no_such_folder", *words]
    told([*command, *words], capsys)
    assert os.getcwd() == str(folder)
