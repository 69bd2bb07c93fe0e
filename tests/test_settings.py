"""What a project says once: command line before environment before pyproject.toml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gnet_audit.cli import main
from gnet_audit.errors import UsageError
from gnet_audit.settings import LISTS, TEXTS, read
from tests.test_cli import Audit, audit

__all__ = ["audit"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, in which we are."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.gnet-audit]\ntarget = "nets/google.py:Net"\nfail-on = "warning"\nignore = ["GA2", "GA3"]\n'
        'format = "json"\ninput = "1x32x32"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(words: list[str], capsys: Capture) -> dict[str, list[str]]:
    """What `--show-settings` tells, by name: place and value."""
    assert main([*words, "--show-settings"]) == 0
    return {line.split()[0]: re.split(r"\s{2,}", line)[1:] for line in capsys.readouterr().out.splitlines()}


def test_a_file_is_read_from_where_we_are_upwards(project: Path) -> None:
    below = project / "deep" / "down"
    below.mkdir(parents=True)
    settings = read(below)
    assert settings.file == "../../pyproject.toml"
    assert settings.values["target"] == "../../nets/google.py:Net"
    assert settings.parameters("check")["fail_on"] == "warning"


def test_the_nearest_file_counts_also_where_it_says_nothing_of_us(project: Path) -> None:
    below = project / "other"
    below.mkdir()
    (below / "pyproject.toml").write_text("[tool.ruff]\n", encoding="utf-8")
    assert read(below).values == {}


def test_without_a_file_nothing_is_said(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere").values == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "pyproject.toml: [tool.gnet-audit] colour: no such setting; expected accept, baseline, "),
        ("target = 1", "pyproject.toml: [tool.gnet-audit] target: not a text; got 1"),
        ("select = [1]", "pyproject.toml: [tool.gnet-audit] select: not a list of texts; got [1]"),
    ],
)
def test_a_setting_that_cannot_be_understood_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.gnet-audit]\n{text}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(message)):
        read(tmp_path)


def test_a_file_that_is_no_text_says_nothing_of_us(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe[tool.gnet-audit]\n")
    assert read(tmp_path).values == {}


@pytest.mark.parametrize("text", ["[tool]\ngnet-audit = 3\n", "tool = 'gnet-audit'\n"])
def test_settings_that_are_no_table_are_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"^pyproject\.toml: \[tool\.gnet-audit\] is not a table"):
        read(tmp_path)


def test_a_file_that_is_no_toml_is_told_only_where_it_speaks_of_us(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("broken = ", encoding="utf-8")
    assert read(tmp_path).values == {}
    file.write_text("[tool.gnet-audit]\nbroken = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"pyproject\.toml: not TOML"):
        read(tmp_path)


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNET_AUDIT_FAIL_ON", "note")
    told = shown(["check", "--ignore", "GA4"], capsys)
    assert told["ignore"] == ["command line", "GA4"]
    assert told["fail-on"] == ["environment", "note"]
    assert told["target"] == ["pyproject.toml", "nets/google.py:Net"]
    assert told["spec"] == ["default", "googlenet"]


def test_json_on_the_command_line_goes_before_the_formats_of_the_file(
    project: Path, audit: Audit, capsys: Capture
) -> None:
    file = project / "pyproject.toml"
    file.write_text('[tool.gnet-audit]\nformat = ["text"]\n', encoding="utf-8")
    assert main(["check", "--exit-zero", "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")
    assert main(["check", "--exit-zero", "-f", "text", "--json"]) == 2
    assert "text and json cannot share one output" in capsys.readouterr().err


def test_the_input_size_can_come_from_the_environment(
    project: Path, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNET_AUDIT_INPUT", "3x64x64")
    main(["check"])
    assert audit.asked[0][1]["input_shape"] == (3, 64, 64)


def test_every_file_is_named_from_where_the_settings_stand(project: Path) -> None:
    file = project / "pyproject.toml"
    file.write_text(
        '[tool.gnet-audit]\nspec = "papers/own.toml"\ntarget = "net.py"\nbaseline = "b.toml"\n'
        'format = ["text", "json:out/a.json", "html:-", "csv:/elsewhere/a.csv"]\n',
        encoding="utf-8",
    )
    (project / "deep").mkdir()
    assert read(project / "deep").values == {
        "spec": "../papers/own.toml",
        "target": "../net.py",
        "baseline": "../b.toml",
        "format": ["text", "json:../out/a.json", "html:-", "csv:/elsewhere/a.csv"],
    }


def test_the_settings_reach_the_audit_and_the_policy(project: Path, audit: Audit, capsys: Capture) -> None:
    assert main(["check"]) == 0  # all its errors begin with GA2 and GA3
    assert audit.asked[0][0] == "nets/google.py:Net"
    assert audit.asked[0][1]["input_shape"] == (1, 32, 32)
    assert capsys.readouterr().out.startswith("{")
    assert main(["check", "--ignore", "GA4", "-f", "text"]) == 1


def test_a_variable_that_is_no_setting_is_an_error_and_no_silence(
    project: Path, audit: Audit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNET_AUDIT_FAILON", "note")
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith(
        "gnet-audit: error: GNET_AUDIT_FAILON in the environment: no such setting; expected GNET_AUDIT_ACCEPT, "
    )
    assert not audit.asked
    assert main(["rules"]) == 0
    assert main(["check", "--help"]) == 0


def test_a_list_in_the_environment_is_separated_by_blanks(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GNET_AUDIT_IGNORE", "GA2 GA3")
    assert main(["shapes"]) == 0


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """We are where the settings hold a mistake."""
    (tmp_path / "pyproject.toml").write_text("[tool.gnet-audit]\nspek = 'x'\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)


COMMANDS = (["check"], ["shapes"], ["flops"], ["diff", "googlenet", "googlenet"], ["prove"], ["smoke-train"])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_broken_setting_stops_every_command_that_it_could_hold_for(
    broken: None, words: list[str], capsys: Capture
) -> None:
    assert main(words) == 2
    assert "spek: no such setting" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["--version"],
        ["rules"],
        ["explain", "GA202"],
        ["spec", "show"],
        *([*one, "-h"] for one in COMMANDS),
    ],
    ids=" ".join,
)
def test_what_no_setting_holds_for_works_beside_a_broken_one(broken: None, words: list[str], capsys: Capture) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_three_sources_agree_for_every_command(
    project: Path, words: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNET_AUDIT_INPUT", "3x64x64")
    told = shown(words, capsys)
    assert "show-settings" not in told
    assert told["input"] == ["environment", "3x64x64"]
    if words[0] != "diff":
        assert told["target"] == ["pyproject.toml", "nets/google.py:Net"]
    if words[0] != "prove":
        assert told["format"] == ["pyproject.toml", "json"]
        assert told["fail-on"] == ["pyproject.toml", "warning"]
        assert shown([*words, "--fail-on", "note", "-f", "csv"], capsys)["fail-on"] == ["command line", "note"]
    assert shown([*words, "--input", "1x8x8"], capsys)["input"] == ["command line", "1x8x8"]
    monkeypatch.delenv("GNET_AUDIT_INPUT")
    assert shown(words, capsys)["input"] == ["pyproject.toml", "1x32x32"]


@pytest.mark.parametrize(
    ("words", "held"),
    [
        (["check"], ["pyproject.toml", "json:a.json"]),
        (["check", "a.py:Net", "b.py:Net"], ["default"]),
        (["check", "--json"], ["default"]),
        (["check", "-o", "b.txt"], ["default"]),
        (["check", "a.py:Net", "b.py:Net", "-f", "csv"], ["command line", "csv"]),
        (["prove"], None),
    ],
)
def test_formats_that_are_passed_over_do_not_hold(
    project: Path, capsys: Capture, words: list[str], held: list[str] | None
) -> None:
    file = project / "pyproject.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"json"', '"json:a.json"'), encoding="utf-8")
    assert shown(words, capsys).get("format") == held


def test_what_is_accepted_of_the_papers_network_is_not_meant_for_two_others(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('baseline = "accepted.toml"\naccept = ["variant:no-lrn"]\n')
    told = shown(["diff", "googlenet", "googlenet"], capsys)
    assert told["baseline"] == told["accept"] == ["default"]
    monkeypatch.setenv("GNET_AUDIT_BASELINE", "accepted.toml")
    assert shown(["diff", "googlenet", "googlenet"], capsys)["baseline"] == ["default"]
    assert shown(["check"], capsys)["baseline"] == ["environment", "accepted.toml"]


@pytest.mark.parametrize("formats", ["text", "text json:a.json", "json:a.json csv:a.csv"])
def test_the_command_line_replaces_the_formats_of_the_environment(
    project: Path, audit: Audit, formats: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNET_AUDIT_FORMAT", formats)
    assert main(["check", "--exit-zero", "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")
    assert main(["check", "--exit-zero", "-f", "csv"]) == 0
    assert capsys.readouterr().out.startswith("row,")
    assert main(["check", "--exit-zero", "-o", "out.txt"]) == 0
    assert "differs" in (project / "out.txt").read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("words", [["flops", "reference"], ["diff", "googlenet", "googlenet"]], ids=" ".join)
def test_json_on_the_command_line_goes_before_the_environment_in_other_commands_too(
    words: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNET_AUDIT_FORMAT", "text")
    assert main([*words, "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")


def test_every_setting_is_an_option_and_documented() -> None:
    page = (Path(__file__).parents[1] / "docs" / "ci.md").read_text(encoding="utf-8")
    options = (Path(__file__).parent / "golden" / "options.txt").read_text(encoding="utf-8")
    for name in (*TEXTS, *LISTS):
        assert f"--{name}" in options or name == "target"
        assert f"\n{name} = " in page
