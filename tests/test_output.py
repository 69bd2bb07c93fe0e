"""How a reply reaches streams and files."""

from __future__ import annotations

import ast
import io
import json
import os
import stat
import sys
import unicodedata
from pathlib import Path

import pytest

from gnet_audit import output
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.output import Document, Reply, colored, deliver, fitted, write
from tests.docs import ROOT


class Terminal(io.StringIO):
    """A stream on which a person looks."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "color"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "0"}, False),
        (None, {}, False),
    ],
)
def test_color_is_for_terminals_unless_the_environment_says_otherwise(
    stream: io.StringIO | None, environment: dict[str, str], color: bool
) -> None:
    assert colored(stream, environment) is color


def test_a_file_is_replaced_in_one_step_and_no_draft_stays(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("old")
    write(file, "new ×\n")
    assert file.read_bytes() == "new ×\n".encode()
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    usual, written = tmp_path / "usual", tmp_path / "written"
    usual.write_text("")
    write(written, "")
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    link.symlink_to(file)
    write(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_device_stays_a_device() -> None:
    write(Path(os.devnull), "gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize("name", ["missing/report.json", "."])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"^{tmp_path / name}: cannot write: "):
        write(tmp_path / name, "text")
    assert list(tmp_path.iterdir()) == []


def test_documents_problems_and_the_status_go_their_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    reply = Reply(
        documents=(Document(text="{}\n", file=str(file), machine=True), Document(text="table\n")),
        problems=("forward\nraised \x1b[2J",),
        status=ExitStatus.USAGE,
    )
    assert deliver(reply) is ExitStatus.USAGE
    assert capsys.readouterr() == ("table\n", "gnet-audit: error: forward raised \\x1b[2J\n")
    assert file.read_text() == "{}\n"


def test_a_summary_that_cannot_be_added_to_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = Document(text="text", file=str(tmp_path), append=True)
    assert deliver(Reply(documents=(page, Document(text="table\n")))) is ExitStatus.CLEAN
    told = capsys.readouterr()
    assert told.out == "table\n"
    assert told.err.startswith(f"gnet-audit: error: {tmp_path}: cannot write: ")


def test_problems_without_a_standard_error_are_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    assert deliver(Reply(problems=("forward raised",), status=ExitStatus.USAGE)) is ExitStatus.USAGE
    output.recount("Traceback")


def test_talk_is_only_for_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    output.say("wrote it")
    assert capsys.readouterr().err == ""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    output.say("wrote it")
    assert terminal.getvalue() == "gnet-audit: wrote it\n"


def test_talk_has_no_character_that_a_terminal_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    output.say("wrote a\x1b]0;pwned\x07b.json")
    assert terminal.getvalue() == "gnet-audit: wrote a\\x1b]0;pwned\\x07b.json\n"


def _closed() -> io.TextIOWrapper:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [_closed(), object(), None], ids=["closed", "replaced", "none"])
def test_code_that_closes_or_replaces_the_streams_keeps_nothing_from_being_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], stream: object
) -> None:
    monkeypatch.setattr("sys.__stderr__", stream)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        patch.setattr(output, "TALKS", True)
        output.complain("forward → raised")
        output.recount("Traceback")
    assert capfd.readouterr().err == "gnet-audit: error: forward > raised\nTraceback\n"


def test_without_a_standard_error_at_the_beginning_its_number_is_no_way_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.__stderr__", None)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", None)
        patch.setattr(output, "TALKS", False)
        output.complain("forward raised")
    assert capfd.readouterr() == ("", "")


def test_code_that_closes_the_standard_output_keeps_nothing_from_being_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", _closed())
        assert colored(sys.stdout, {}) is False
        assert deliver(Reply(documents=(Document(text="✓ table\n"),))) is ExitStatus.CLEAN
    assert capfd.readouterr().out == "+ table\n"


def test_a_file_is_known_by_every_name_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text("")
    Path("link").symlink_to("a.toml")
    os.link("a.toml", "hard")
    for name in ("./a.toml", f"{tmp_path}/a.toml", "link", "hard"):
        with pytest.raises(UsageError, match=f"^-o {name}: it would be overwritten; expected no file that is read$"):
            output.apart([("-o", name)], ["a.toml"])
        with pytest.raises(UsageError, match=f"^-f {name}: two results go to the same file; got a.toml$"):
            output.apart([("-o", "a.toml"), ("-f", name)], [])
    with pytest.raises(UsageError, match="two results"):
        output.apart([("-o", "new"), ("-f", f"{tmp_path}/new")], [])
    output.apart([("-o", ""), ("-f", ""), ("-o", os.devnull), ("-f", "/dev/../dev/null"), ("-f", "b")], ["a.toml", ""])


@pytest.mark.parametrize("name", ["net.py", "pyproject.toml", "nets.ipynb"])
def test_code_and_settings_are_never_overwritten(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    output.writable("-o", str(file))
    file.write_text("")
    (tmp_path / "link").symlink_to(file)
    for one in (file, tmp_path / "link"):
        with pytest.raises(UsageError, match=r"it would be overwritten; expected no file of code or settings$"):
            output.writable("-o", str(one))


@pytest.mark.parametrize("names", ["ab", "a\0b\0"], ids=["the folder is gone", "no file is named so"])
def test_files_of_which_nothing_can_be_known_are_compared_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    one, other = names[: len(names) // 2], names[len(names) // 2 :]
    with pytest.raises(UsageError, match="two results go to the same file"):
        output.apart([("-o", one), ("-f", one)], [])
    with pytest.raises(UsageError, match="it would be overwritten"):
        output.apart([("-o", one)], [one])
    output.apart([("-o", one), ("-f", other)], [])


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^-o .*a: cannot write: File name too long"):
        output.writable("-o", str(tmp_path / ("a" * 300)))


def test_a_closed_stdout_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    assert deliver(Reply(documents=(Document(text="text"),))) is ExitStatus.CLEAN


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp949", "utf-8", None])
def test_a_text_fits_every_encoding_and_keeps_its_words(encoding: str | None) -> None:
    shown = fitted("✓ match 112×112×64 → 인셉션 \U0001f600\n", encoding)
    assert shown.encode(encoding or "utf-8")
    assert "match 112" in shown


def test_ascii_shows_curves_and_signs_by_look_alikes() -> None:
    assert fitted("▁▂▃▄▅▆▇█ ±2 −3 ≤ ≥ …", "ascii") == ".:-=+*#% +/-2 -3 <= >= ..."


def test_every_sign_that_a_format_writes_has_a_look_alike() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "gnet_audit" / "formats").glob("*.py")]
    written = {
        char
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for char in node.value
    }
    signs = {char for char in written if unicodedata.category(char) in {"Sm", "So", "Po", "Pd"} and not char.isascii()}
    assert {"×", "▎", "✓"} <= signs
    assert "\\u" not in fitted("".join(sorted(signs - {"\ufffd"})), "ascii")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_keeps_every_character_in_every_encoding(encoding: str) -> None:
    value = {"op": "conv 7×7/2", "layer": "인셉션 \U0001f600"}
    text = fitted(json.dumps(value, ensure_ascii=False), encoding, machine=True)
    assert json.loads(text.encode(encoding).decode(encoding)) == value
