"""A stranger's network whose names are markup, commands and formulas, from the command line to each format."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gnet_audit.cli import main
from gnet_audit.formats import Format
from gnet_audit.formats.csv import FORMULA
from gnet_audit.formats.words import UNSAFE

NAME = "=cmd|'\\\\C calc'!A1 [red]<script>alert(1)<\\\\script><img src=x onerror=y>\"`|$x^$ ::error::x%0A::stop-commands::k\n::error::\x1b[2J\x9b2J\u202e##[error]@ann ]]>&lt;{{7*7}}"
CODE = """
from torch import nn
from gnet_audit.live.googlenet import GoogLeNet

NAME = {name!r}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        inner = GoogLeNet()
        inner.conv1 = nn.Conv2d(3, 64, 5, 2, 2)
        self.add_module(NAME, inner)

    def forward(self, x):
        return getattr(self, NAME)(x)

class Raises(Net):
    def forward(self, x):
        super().forward(x)
        raise ValueError(NAME)

class Fails(Net):
    def __init__(self):
        raise ValueError(NAME)

class Tame(Net):
    def __init__(self):
        super().__init__()
        self.inner = self._modules.pop(NAME)

    def forward(self, x):
        return self.inner(x)
"""
COMMANDS = (("check", "--no-prove"), ("shapes",), ("diff", "reference"), ("flops",))


class Tags(HTMLParser):
    """The elements of a page, each with the names of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.found.add((tag, *sorted(name for name, _ in attrs)))


def tags(page: str) -> set[tuple[str, ...]]:
    """What a browser would make of a page."""
    parser = Tags()
    parser.feed(page)
    return parser.found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with that network in a file of such a name, and the same under a plain one."""
    for name in (NAME.replace("\n", " "), "tame"):
        (tmp_path / f"{name}.py").write_text(CODE.format(name=NAME), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answers(words: tuple[str, ...], file: str, name: str) -> dict[Format, str]:
    """The answer in every format that the command has."""
    command, *rest = words
    wanted = [part for one in Format for part in ("-f", f"{one}:{one}.out")]
    assert main([command, *rest, f"{file}.py:{name}", *wanted]) in {0, 1}
    return {one: Path(f"{one}.out").read_text(encoding="utf-8") for one in Format}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_name_is_markup_a_command_or_a_formula(words: tuple[str, ...]) -> None:
    tame = answers(words, "tame", "Tame")
    found = answers(words, NAME.replace("\n", " "), "Net")
    for format, text in found.items():
        assert UNSAFE.sub("", text.replace("\n", "")) == text.replace("\n", ""), format
    assert tags(found[Format.HTML]) == tags(tame[Format.HTML])
    for one in (Format.JSON, Format.SARIF):
        assert "\x1b[2J" in json.dumps(json.loads(found[one]), ensure_ascii=False).replace("\\u001b", "\x1b")
    assert len(list(ET.fromstring(found[Format.JUNIT]).iter())) == len(list(ET.fromstring(tame[Format.JUNIT]).iter()))  # noqa: S314 - our own
    cells = [cell for record in csv.reader(io.StringIO(found[Format.CSV])) for cell in record]
    assert not [cell for cell in cells if cell.startswith(FORMULA) and not re.fullmatch(r"-?\d+", cell)]
    columns = [[len(re.findall(r"(?<!\\)\|", line)) for line in one[Format.MARKDOWN].splitlines()] for one in (found, tame)]  # fmt: skip
    assert columns[0] == columns[1]
    commands = [line for line in found[Format.GITHUB].splitlines() if line.strip().startswith("::")]
    assert len(commands) == len([line for line in tame[Format.GITHUB].splitlines() if line.startswith("::")])
    assert "##[" not in found[Format.GITHUB]
    assert "%0A" not in found[Format.GITHUB]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [("check",), ("flops",), ("prove",)], ids=" ".join)
def test_what_an_exception_says_is_one_plain_line(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, f"{NAME.replace(chr(10), ' ')}.py:Raises"]) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert told.err.startswith("gnet-audit: error: ")
    for text in told:
        assert not UNSAFE.search(text.replace("\n", ""))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["\u2003::add-mask::x", "##[error]x"])
@pytest.mark.parametrize("format", Format)
def test_in_github_actions_no_name_begins_a_command_in_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, format: Format
) -> None:
    Path(f"{name}.py").write_text(CODE.format(name=name), encoding="utf-8")
    words = ["check", f"{name}.py:Net", "--no-prove", "-f", format]
    assert main(words) == 1
    usual = capsys.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(words) == 1
    told = capsys.readouterr().out
    if format in {Format.JSON, Format.SARIF}:
        assert json.loads(told) == json.loads(usual)
    if format is Format.GITHUB:
        assert {line.split(" ")[0] for line in commands(told) if line.startswith("::")} == {"::error"}
        assert "##[" not in told
    else:
        assert commands(told) == []
    assert main([*words[:1], f"{name}.py:Raises", "--debug"]) == 2
    assert commands("".join(capsys.readouterr())) == []


def commands(text: str) -> list[str]:
    """Lines that a runner of GitHub Actions would obey."""
    return [line for line in re.split(r"\r\n|\r|\n", text) if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.usefixtures("folder")
def test_a_traceback_sends_nothing_to_the_terminal_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "tame.py:Raises", "--debug"]) == 2
    assert main(["check", "tame.py:Fails", "--debug"]) == 2
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert not UNSAFE.search(told.replace("\n", ""))
