"""The command line from words to exit status; the audit itself is a stand-in that gives the canonical report."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from types import ModuleType
from typing import Any, TypeAlias

import pytest
import typer

from gnet_audit.cli import main
from gnet_audit.commands import HOMES, app
from gnet_audit.errors import Problem, SpecError, TargetError, UnavailableError
from gnet_audit.report import Report, Verdict
from tests import golden
from tests.canonical_report import PROOF, REPORT, SWEPT

Capture: TypeAlias = pytest.CaptureFixture[str]
COMMANDS = ("shapes", "check", "diff", "rules", "explain", "spec", "spec list", "spec show", "spec validate")


class Audit:
    """A stand-in for the pipeline: remembers how it was asked, answers with a report or raises."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, dict[str, object]]] = []
        self.answer: Report | BaseException | Callable[[], Report] = REPORT

    def __call__(self, target: object, **options: object) -> Report:
        self.asked.append((target, options))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer if isinstance(self.answer, Report) else self.answer()


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Audit:
    """The stand-in, in the pipeline's place."""
    stand_in, module = Audit(), ModuleType("gnet_audit.pipeline")
    module.__dict__["audit"] = stand_in
    monkeypatch.setitem(sys.modules, "gnet_audit.pipeline", module)
    monkeypatch.setenv("COLUMNS", "120")
    return stand_in


# --- exit statuses ---------------------------------------------------------------------------------


CLEAN = replace(REPORT, verdict=Verdict.MATCHES, findings=())
SPEC_ERROR = SpecError(
    "a.toml", (Problem(line=9, where="row 2", what="no id"), Problem(line=3, where="id", what="empty"))
)


@pytest.mark.parametrize("command", ["shapes", "check"])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (CLEAN, 0),
        (REPORT, 1),
        (replace(CLEAN, verdict=Verdict.UNPROVEN), 1),
        (replace(CLEAN, verdict=Verdict.NOT_THIS_NETWORK), 1),
        (replace(REPORT, error="forward raised"), 2),
        (TargetError("no such file", where="a.py"), 2),
        (SPEC_ERROR, 2),
        (ValueError("we are wrong"), 2),
        (RecursionError("deep"), 2),
        (SystemExit(0), 2),
        (UnavailableError("no GPU"), 3),
        (KeyboardInterrupt(), 130),
        (EOFError(), 130),  # typer's: the input ended where a person was asked
    ],
)
def test_each_way_to_end_has_its_status(
    audit: Audit, capsys: Capture, command: str, answer: Report | BaseException, status: int
) -> None:
    audit.answer = answer
    assert main([command]) == status
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (TargetError("no such file", where="a.py"), "a.py: no such file"),
        (ValueError("we are\nwrong"), "ValueError: we are wrong; a bug of gnet-audit, --debug shows where"),
        (SystemExit(0), "the model's code called sys.exit(0)"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_an_error_is_one_line_and_nothing_on_stdout(
    audit: Audit, capsys: Capture, answer: BaseException, line: str
) -> None:
    audit.answer = answer
    main(["shapes"])
    assert capsys.readouterr() == ("", f"gnet-audit: error: {line}\n")


def test_a_broken_spec_tells_all_its_mistakes_in_line_order(audit: Audit, capsys: Capture) -> None:
    audit.answer = SPEC_ERROR
    main(["check"])
    assert capsys.readouterr().err == (
        "gnet-audit: error: a.toml:3: id: empty\ngnet-audit: error: a.toml:9: row 2: no id\n"
    )


@pytest.mark.parametrize("words", [["--debug", "check"], ["check", "--debug"], ["check", "x.py", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(audit: Audit, capsys: Capture, words: list[str]) -> None:
    audit.answer = ValueError("we are wrong")
    assert main(words) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_forward_that_raises_still_prints_the_table(audit: Audit, capsys: Capture) -> None:
    audit.answer = replace(REPORT, error="forward raised RuntimeError: sizes", verdict=Verdict.UNPROVEN)
    assert main(["shapes"]) == 2
    out, err = capsys.readouterr()
    assert "inception_3a.5x5" in out
    assert err == "gnet-audit: error: forward raised RuntimeError: sizes\n"


HOLDS = replace(PROOF, modes=PROOF.modes[:1])


@pytest.mark.parametrize(
    ("answer", "status", "lines"),
    [
        (replace(REPORT, proof=HOLDS), 0, [HOLDS.line]),
        (replace(REPORT, proof=HOLDS, sweep=SWEPT[:1]), 0, [HOLDS.line, SWEPT[0].line]),
        (replace(REPORT, proof=HOLDS, sweep=SWEPT), 1, [HOLDS.line, SWEPT[0].line, SWEPT[1].line]),
        (replace(REPORT, proof=PROOF), 1, [PROOF.line]),
        (replace(CLEAN, rows=(), unverified=(), verdict=Verdict.NOT_THIS_NETWORK, reason="a ResNet"), 1,
         ["not this network: a ResNet"]),
    ],
)  # fmt: skip
def test_a_proof_alone_is_its_line_and_that_of_each_further_size(
    audit: Audit, capsys: Capture, answer: Report, status: int, lines: list[str]
) -> None:
    audit.answer = answer
    assert main(["prove", "--sweep", "96,160"]) == status
    assert audit.asked[0][1]["sizes"] == (96, 160)
    assert capsys.readouterr() == ("".join(f"{line}\n" for line in lines), "")


def test_a_forward_that_raises_is_no_proof(audit: Audit, capsys: Capture) -> None:
    audit.answer = replace(
        REPORT, error="forward raised RuntimeError: sizes", verdict=Verdict.UNPROVEN, reason="it raised"
    )
    assert main(["prove"]) == 2
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("unproven: it raised")
    assert err == "gnet-audit: error: forward raised RuntimeError: sizes\n"


def test_a_process_without_a_standard_output_of_its_own_answers_all_the_same(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_descriptor: int) -> int:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("os.dup", closed)
    assert main(["rules"]) == 0
    assert "GA202" in capsys.readouterr().out


def test_a_thread_that_never_ends_keeps_no_process(
    audit: Audit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.answer = CLEAN
    end = threading.Event()
    endless = threading.Thread(target=end.wait)
    monkeypatch.setattr("sys.argv", ["gnet-audit", "check"])
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.setattr("os._exit", sys.exit)
    endless.start()
    try:
        with pytest.raises(SystemExit) as left:
            main()
    finally:
        end.set()
        endless.join()
    assert left.value.code == 0
    assert "\nmatches: " in capsys.readouterr().out


def test_code_that_closes_the_standard_output_kept_aside_is_one_line(
    audit: Audit, capfd: pytest.CaptureFixture[str]
) -> None:
    ours, free = os.dup(1), os.dup(1)
    os.close(free)  # what is opened next has its number

    def closes() -> Report:
        os.close(free)
        return CLEAN

    audit.answer = closes
    try:
        assert main(["check"]) == 2
    finally:
        os.dup2(ours, 1)
        os.close(ours)
    assert capfd.readouterr().err == (
        "gnet-audit: error: the model's code closes files that are not its own: what is to be told has no way out\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_a_copy_of_the_process_tells_nothing(audit: Audit, capfd: pytest.CaptureFixture[str]) -> None:
    here = os.getpid()

    def forks() -> Report:
        child = os.fork()
        assert child == 0 or os.waitpid(child, 0)[1] == 0
        return CLEAN

    audit.answer = forks
    status = main(["check"])
    if os.getpid() != here:
        os._exit(9)  # the copy has come as far as this
    assert status == 0
    assert capfd.readouterr().out.count("\nmatches: ") == 1


def test_the_last_resort_needs_nothing_that_code_may_have_spoiled(
    audit: Audit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoils() -> Report:
        monkeypatch.setattr("sys.meta_path", [])
        monkeypatch.delitem(sys.modules, "resource", raising=False)
        raise ValueError("we are wrong")

    audit.answer = spoils
    assert main(["check"]) == 2
    monkeypatch.undo()
    assert capsys.readouterr().err.startswith("gnet-audit: error: ValueError: we are wrong; ")


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
@pytest.mark.parametrize(
    "words", [["check"], ["shapes", "x.py"], ["flops"], ["prove"], ["data"], ["selftest"], ["diff", "a", "b"]]
)
def test_a_current_folder_that_is_gone_is_one_line(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    assert main(words) == 2
    assert capsys.readouterr().err == "gnet-audit: error: the current folder is gone; expected one that exists\n"


def test_what_counts_as_failure_is_the_readers_choice(audit: Audit) -> None:
    assert main(["check", "--exit-zero"]) == 0
    assert main(["check", "--ignore", "GA2,GA3"]) == 0
    assert main(["check", "--select", "GA204"]) == 0
    assert main(["check", "--select", "GA204", "--fail-on", "warning"]) == 1
    audit.answer = replace(REPORT, error="forward raised")
    assert main(["check", "--exit-zero"]) == 2


# --- words that cannot be understood ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["nope"],
        ["torchvision:googlenet"],
        ["shapes", "a", "b"],
        ["shapes", "--nope"],
        ["shapes", "--input", "224"],
        ["shapes", "--arg", "x"],
        ["shapes", "--columns", "name"],
        ["shapes", "--depth", "deep"],
        ["shapes", "--width", "wide"],
        ["shapes", "--width", "3"],
        ["shapes", "--width"],
        ["shapes", "-f", "yaml"],
        ["shapes", "-f", "json:"],
        ["shapes", "-f", "text", "--json"],
        ["check", "--fail-on", "never"],
        ["check", "--select", "GA9"],
        ["check", "--ignore", "kernel"],
        ["check", "--only-mismatches"],
        ["explain"],
        ["explain", "GA9"],
        ["spec", "nope"],
        ["spec", "show", "nowhere"],
        ["spec", "validate"],
        ["spec", "validate", "no/such/file.toml"],
    ],
)
def test_words_that_cannot_be_understood_are_one_line_and_status_2(
    audit: Audit, capsys: Capture, words: list[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gnet-audit: error: ")
    assert err.count("\n") == 1
    assert not audit.asked


# --- what the audit is asked ----------------------------------------------------------------------------


def test_without_options_the_reference_is_audited_as_the_paper_says(audit: Audit) -> None:
    main(["shapes"])
    ((target, asked),) = audit.asked
    expected: dict[str, object] = {"spec": "googlenet", "input_shape": None, "batch": None, "args": {}, "prove": True}
    assert (target, {name: asked[name] for name in expected}) == ("reference", expected)


def test_every_option_of_the_model_reaches_the_audit(audit: Audit) -> None:
    main(["check", "a.py:Net", "--spec", "b.toml", "--input", "2x1x32x32", "--arg", "n=10", "--arg", "act=relu"])
    expected = {
        "spec": "b.toml",
        "input_shape": (1, 32, 32),
        "batch": 2,
        "args": {"n": 10, "act": "relu"},
        "prove": True,
    }
    ((target, asked),) = audit.asked
    assert (target, {name: asked[name] for name in expected}) == ("a.py:Net", expected)


def test_what_the_model_prints_does_not_mix_with_the_data(audit: Audit, capsys: Capture) -> None:
    def chatty() -> Report:
        print("hello from forward")
        return REPORT

    audit.answer = chatty
    main(["shapes", "--json"])
    out, err = capsys.readouterr()
    assert json.loads(out)["target"] == REPORT.target
    assert err == "hello from forward\n"


# --- outputs -----------------------------------------------------------------------------------------------


def test_shapes_prints_the_table_and_check_one_line_a_finding(audit: Audit, capsys: Capture) -> None:
    main(["shapes"])
    table = capsys.readouterr().out
    main(["check"])
    lines = capsys.readouterr().out.splitlines()
    assert "slot" in table.split()
    assert len(lines) == len(REPORT.findings) + len(REPORT.unverified) + 1
    assert "\n" + "\n  ".join(wrap(lines[-1], 118)) + "\n" in table


def test_json_has_three_spellings(audit: Audit, capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    main(["shapes", "--json"])
    first = capsys.readouterr().out
    main(["check", "-f", "json"])
    assert capsys.readouterr().out == first
    main(["check", "-f", f"json:{file}"])
    assert capsys.readouterr().out == ""
    assert file.read_text(encoding="utf-8") == first


def test_several_formats_at_once(audit: Audit, capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert main(["check", "-f", "text", "-f", f"json:{file}"]) == 1
    assert capsys.readouterr().out.startswith("/home/ann/nets/net[1].py:12: error GA209")
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] == "differs"


def test_color_never_goes_to_a_file(
    audit: Audit, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["shapes", "-f", "text", "-f", f"json:{tmp_path / 'a.json'}"])
    assert "\x1b[" in capsys.readouterr().out
    main(["shapes", "-o", str(tmp_path / "a.txt")])
    assert "\x1b" not in (tmp_path / "a.txt").read_text(encoding="utf-8")


def test_a_view_is_what_was_asked(audit: Audit, capsys: Capture) -> None:
    main(["shapes", "--columns", "slot,params", "--depth", "row", "--only-mismatches", "--layer", "inception*"])
    assert capsys.readouterr().out.split("\n\n")[1].split() == [
        "slot", "params", "inception_3a", "20,144", "1", "of", "10", "lines", "shown",
    ]  # fmt: skip


def test_the_width_is_that_asked_for_else_the_terminals(
    audit: Audit, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    main(["shapes"])
    assert "not shown at 90 columns" in capsys.readouterr().out
    main(["shapes", "--width", "80"])
    assert "not shown at 80 columns" in capsys.readouterr().out


def test_an_output_that_cannot_be_written_is_one_line(audit: Audit, capsys: Capture, tmp_path: Path) -> None:
    assert main(["check", "-o", str(tmp_path / "no" / "where.txt")]) == 2
    assert capsys.readouterr().err.endswith(
        "where.txt: no such directory; expected a file in a directory that exists\n"
    )
    assert not audit.asked  # before the audit, which is the slow part
    assert main(["check", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith(": a directory; expected a file in a directory that exists\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "net.py", "-f", "json:net.py"], "--format net.py: it would be overwritten"),
        (["shapes", "net.py:Net", "-o", "{here}/net.py"], "--output {here}/net.py: it would be overwritten"),
        (["check", "--baseline", "bl.toml", "-f", "json:./bl.toml"], "--format ./bl.toml: it would be overwritten"),
        (["check", "--spec", "own.toml", "-o", "own.toml"], "--output own.toml: it would be overwritten"),
        (["diff", "googlenet", "own.toml", "-o", "own.toml"], "--output own.toml: it would be overwritten"),
        (["flops", "--spec", "own.toml", "-f", "csv:own.toml"], "--format own.toml: it would be overwritten"),
        (["check", "--arg", "weights=w.pt", "-o", "w.pt"], "--output w.pt: it would be overwritten"),
        (
            ["check", "--baseline", "new.toml", "--baseline-update", "--reason", "x", "-o", "new.toml"],
            "--output new.toml: it",
        ),
        (["check", "-f", "json:pyproject.toml"], "--format pyproject.toml: it would be overwritten"),
        (["check", "-f", "text:./a", "-f", "json:{here}/a"], "--format {here}/a: two results go to the same file"),
        (["smoke-train", "--plot", "a.png", "-f", "json:./a.png"], "--plot a.png: two results go to the same file"),
        (["smoke-train", "--checkpoint", "w.pt", "-f", "json:w.pt"], "--checkpoint w.pt: two results go to the same"),
        (["data", "--grid", "a.png", "-f", "json:./a.png"], "--grid a.png: two results go to the same file"),
        (["spec", "lint", "own.toml", "-o", "own.toml"], "--output own.toml: it would be overwritten"),
        (["selftest", "--spec", "own.toml", "-o", "own.toml"], "--output own.toml: it would be overwritten"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_result_never_takes_the_place_of_another_or_of_what_is_read(
    audit: Audit, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("net.py", "bl.toml", "own.toml", "w.pt", "pyproject.toml"):
        Path(name).write_text("")
    assert main([word.format(here=tmp_path) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"gnet-audit: error: {told.format(here=tmp_path)}")
    assert error.count("\n") == 1
    assert audit.asked == []
    assert {file.read_text() for file in tmp_path.iterdir()} == {""}


def test_a_result_may_be_named_like_a_word_that_names_no_file(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        main(["check", "reference", "-o", "reference", "-f", "json:googlenet", "-f", "text"])
    main(["check", "--arg", "log=new.json", "-o", "new.json"])
    assert len(audit.asked) == 3


def test_a_reader_that_has_seen_enough_ends_nothing_but_the_output() -> None:
    command = f"{sys.executable} -m gnet_audit rules; echo $? >&2"
    result = subprocess.run(["bash", "-c", f"({command}) | true"], capture_output=True, text=True, check=False)
    assert result.stderr == "0\n"


def test_a_full_disk_is_one_line_and_status_2() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "gnet_audit", "rules"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    assert result.stderr == "gnet-audit: error: standard output: cannot write: No space left on device\n"


# --- help and the commands without a model --------------------------------------------------------------------


def test_without_words_there_is_a_short_help_with_examples(capsys: Capture) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out == app.HELLO
    assert len(out.splitlines()) <= 12


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_help_has_examples_that_begin_with_the_program(capsys: Capture, command: str, flag: str) -> None:
    assert main([*command.split(), flag]) == 0
    out = capsys.readouterr().out
    assert "examples:\n    gnet-audit " in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_example_of_the_help_can_be_parsed(
    command: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    main([*command.split(), "--help"])
    told = capsys.readouterr().out.replace("\\\n", "")  # as a shell reads a line that goes on
    examples = [line.split()[1:] for line in told.splitlines() if line.startswith("    gnet-audit ")]
    assert examples
    group = typer.main.get_command(app.command_line())
    for words in examples:
        context: Any = group
        rest = words
        while getattr(context, "commands", None) and rest and rest[0] in context.commands:
            context, rest = context.commands[rest[0]], rest[1:]
        assert context.make_context("gnet-audit", list(rest), resilient_parsing=False)


@pytest.mark.parametrize("command", HOMES)
def test_a_command_is_known_by_itself_as_among_all(command: str) -> None:
    alone, all_of_them = (typer.main.get_command(app.command_line(names)) for names in ([command], HOMES))
    assert surface(alone, "gnet-audit")
    assert set(surface(alone, "gnet-audit")) <= set(surface(all_of_them, "gnet-audit"))
    assert command in vars(alone)["commands"]
    assert set(vars(all_of_them)["commands"]) == set(HOMES)


def test_the_option_surface_is_the_recorded_one() -> None:
    golden.check(
        "golden/options.txt",
        "".join(f"{line}\n" for line in surface(typer.main.get_command(app.command_line()), "gnet-audit")),
    )


def surface(command: object, name: str) -> list[str]:
    """All commands with their arguments, options and defaults, one line each."""
    lines = [name]
    for parameter in getattr(command, "params", ()):
        if parameter.name != "help":
            default = "" if callable(parameter.default) or parameter.default is None else f" = {parameter.default!r}"
            lines.append(f"{name} {' '.join(parameter.opts)}{default}")
    for child, inner in sorted(getattr(command, "commands", {}).items()):
        lines += surface(inner, f"{name} {child}")
    return lines


def test_the_version_names_what_an_audit_depends_on(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    words = capsys.readouterr().out.split()
    assert words[0] == "gnet-audit"
    assert {"torch", "Python"} < set(words)


def test_a_family_of_rules_can_be_explained_at_once(capsys: Capture) -> None:
    assert main(["explain", "ga30"]) == 0
    assert capsys.readouterr().out.count("\n  fails if  ") == 9
