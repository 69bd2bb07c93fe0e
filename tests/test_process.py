"""How the process ends: with the status that was answered, whatever audited code has to say about it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gnet_audit import cli
from gnet_audit.process import Ending, is_watched

Capture = pytest.CaptureFixture[str]
WRITES = (
    "import ctypes; from gnet_audit.process import aside\nwith aside(): ctypes.CDLL(None).printf(b'in C')\nprint('out')"
)
RUN = "import atexit, sys; from gnet_audit.cli import main; atexit.register(print, 'bye'); sys.exit(main())"


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ending]:
    """What holds while a command runs; where the process would end, the test goes on."""
    monkeypatch.setattr("os._exit", sys.exit)
    monkeypatch.setattr("sys.stdout", sys.stdout)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    found = Ending()
    yield found
    found.undone()


def test_code_that_ends_the_process_before_the_answer_is_told_of(ending: Ending, capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="2"):
        os._exit(0)
    assert capsys.readouterr().err == (
        "gnet-audit: error: the model's code called os._exit(0) in the midst of the audit\n"
    )


def test_after_the_answer_its_status_is_the_process_s(ending: Ending, capsys: Capture) -> None:
    ending.answered(1)
    with pytest.raises(SystemExit, match="1"):
        os._exit(7)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("answered", [False, True])
def test_a_copy_of_the_process_ends_as_it_likes(
    ending: Ending, capsys: Capture, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    if answered:
        ending.answered(1)
    monkeypatch.setattr("os.getpid", lambda: -1)
    with pytest.raises(SystemExit, match="7"):
        os._exit(7)
    assert capsys.readouterr().err == ""


def test_of_a_child_its_parent_tells(ending: Ending, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gnet_audit.process.is_child", lambda: True)
    with pytest.raises(SystemExit, match="7"):
        os._exit(7)
    assert capsys.readouterr().err == ""


def test_a_process_that_goes_on_ends_as_ever(ending: Ending) -> None:
    ending.undone()
    assert os._exit is sys.exit


@pytest.mark.parametrize(("words", "status"), [(["explain", "GA203"], 0), (["explain", "GA9"], 2), (["--help"], 0)])
def test_a_command_without_torch_answers_in_full_and_takes_nothing_apart(words: list[str], status: int) -> None:
    whole = subprocess.run([sys.executable, "-m", "gnet_audit", *words], capture_output=True, text=True, check=False)
    found = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (status, whole.stdout, whole.stderr)
    assert bool(found.stdout) is (status == 0)


def test_streams_that_code_has_closed_or_taken_away_change_no_status(
    ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = io.TextIOWrapper(io.BytesIO())
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(SystemExit, match="1"):
        ending.at_once(1)


@pytest.mark.skipif(os.name != "posix", reason="needs the C library by itself")
def test_what_c_code_has_written_and_kept_is_no_part_of_the_answer() -> None:
    keeps = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    found = subprocess.run([sys.executable, "-c", WRITES], capture_output=True, text=True, check=True, env=keeps)
    assert (found.stdout, found.stderr) == ("out\n", "in C")


def test_command_lines_in_several_threads_take_turns_and_leave_the_process_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual, running, together = os._exit, [], []

    def run(words: list[str]) -> int:
        running.append(words)
        time.sleep(0.02)
        together.append(len(running))
        running.pop()
        return 0

    monkeypatch.setattr(cli, "_run", run)
    threads = [threading.Thread(target=cli.main, args=(["rules"],)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (together, os._exit) == ([1, 1, 1], usual)


def test_a_command_line_within_another_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_run", lambda words: cli.main(words[1:]) if words else 0)
    assert cli.main(["one", "another"]) == 0


HOLDS = """
import os, threading
from gnet_audit.process import one_at_a_time
held = threading.Event()
def hold():
    with one_at_a_time():
        held.set()
        threading.Event().wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if not child:
    os._exit(not one_at_a_time().acquire(timeout=5))
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_copy_made_while_another_thread_has_its_turn_has_one_too() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", HOLDS], check=True)


def test_who_watches_the_process_has_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tmp_path / "profile"
    command = [sys.executable, "-m", "cProfile", "-o", str(profile), "-m", "gnet_audit", "explain", "GA203"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert profile.stat().st_size
    monkeypatch.setattr("sys.getprofile", lambda: None)
    monkeypatch.setattr("sys.gettrace", lambda: None)
    assert not is_watched()
    monkeypatch.setattr("sys.gettrace", lambda: print)
    assert is_watched()


def test_an_interrupt_in_a_text_that_is_executed_ends_with_status_130(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("exec('raise KeyboardInterrupt')\n", encoding="utf-8")
    words = [sys.executable, "-m", "gnet_audit", "check", "net.py:Net"]
    found = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (130, "gnet-audit: error: interrupted\n")
