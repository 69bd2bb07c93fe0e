"""How the program talks: colour, ASCII, completion, the summary of a job."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gnet_audit import output
from gnet_audit.cli import Manners, main, manners
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.output import Document, Reply, deliver
from tests.canonical_report import FINDINGS, REPORT
from tests.test_cli import Audit, audit

__all__ = ["audit"]
Capture = pytest.CaptureFixture[str]


def test_words_that_may_stand_anywhere_are_taken_out() -> None:
    assert manners(["--ascii", "check", "x.py", "--color", "never", "--debug"]) == (
        Manners(debug=True, ascii=True, color="never"),
        ["check", "x.py"],
    )
    assert manners(["check", "--color=always"]) == (Manners(color="always"), ["check"])


def test_color_is_as_asked_whatever_the_environment_says(
    audit: Audit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    main(["shapes", "--color", "always"])
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["--color=never", "shapes"])
    assert "\x1b[" not in capsys.readouterr().out
    assert os.environ["FORCE_COLOR"] == "1"
    main(["shapes"])
    assert "\x1b[" in capsys.readouterr().out


def test_no_such_color_is_one_line(capsys: Capture) -> None:
    assert main(["check", "--color", "blue"]) == 2
    assert capsys.readouterr().err == (
        "gnet-audit: error: --color: no such choice; expected auto, always, never; got 'blue'\n"
    )


@pytest.mark.parametrize("format", Format)
def test_ascii_is_ascii_in_every_format(audit: Audit, capsys: Capture, format: Format) -> None:
    main(["check", "--ascii", "-f", format.value])
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.strip()


def test_ascii_keeps_the_words_beside_the_marks(audit: Audit, capsys: Capture) -> None:
    main(["shapes", "--ascii", "--width", "0"])
    out = capsys.readouterr().out
    assert "! differs 2,3" in out
    assert "112x112x64" in out


def test_markup_on_a_narrow_stream_is_written_as_references() -> None:
    assert output.fitted("×", "ascii", markup=True) == "&#215;"


def test_a_document_may_be_put_behind_what_a_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n", encoding="utf-8")
    deliver(Reply(documents=(Document(text="after\n", file=str(file), append=True),)))
    assert file.read_text(encoding="utf-8") == "before\nafter\n"


def test_in_github_actions_the_summary_is_written_by_itself(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    main(["check"])
    assert not file.exists()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    main(["check", "--no-summary"])
    assert not file.exists()
    main(["check"])
    assert file.read_text(encoding="utf-8") == render(REPORT, Format.MARKDOWN, View(folder=os.getcwd()))


def test_annotations_begin_at_the_checkout_and_promise_only_what_the_summary_has(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    many = tuple(replace(FINDINGS[1], rows=(f"slot{number}",)) for number in range(14))
    audit.answer = replace(REPORT, findings=many)
    main(["check", "-f", "github"])
    assert "+5 more in the summary" in capsys.readouterr().out
    file.write_bytes(b"." * (2**20 - 2_000))
    main(["check", "-f", "github"])
    assert "+5 more\n" in capsys.readouterr().out
    monkeypatch.setenv("GITHUB_WORKSPACE", "/home")
    main(["check", "-f", "github", "--no-summary"])
    assert "::error file=ann/nets/net[1].py,line=" in capsys.readouterr().out


def test_a_summary_that_cannot_be_written_takes_nothing_else_away(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "where.md"))
    assert main(["check", "-f", "github"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("differs: ")
    assert err.endswith("where.md: cannot write: No such file or directory\n")


def test_ascii_holds_for_complaints_too(capsys: Capture) -> None:
    assert main(["check", "nets/\u00e9\u00d7.py:x", "--ascii"]) == 2
    assert "nets/\\xe9x.py" in capsys.readouterr().err


def test_the_script_of_completion_is_an_answer(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    assert main(["--show-completion"]) == 0
    out, err = capsys.readouterr()
    assert ("_gnet_audit_completion" in out, err) == (True, "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("gnet-audit ch", "check"),
        ("gnet-audit explain GA20", "GA203"),
        ("gnet-audit check -f sa", "sarif"),
        ("gnet-audit check --fail-on w", "warning"),
    ],
)
def test_a_shell_is_told_what_may_follow(words: str, offered: str) -> None:
    environment = {
        **os.environ,
        "_GNET_AUDIT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = "import sys; from gnet_audit.cli import main; sys.exit(main())"
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert offered in result.stdout.split()
    assert "Traceback" not in result.stderr


def test_help_is_quick_because_it_loads_nothing_heavy() -> None:
    code = (
        "import sys; from gnet_audit.cli import main; main(['check', '--help']); "
        "heavy = {'torch', 'jinja2', 'junitparser', 'pandas', 'pytest'} & set(sys.modules); sys.exit(' '.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
