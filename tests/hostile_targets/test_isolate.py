"""An audit in a process of its own: the same bytes, and one clear line for whatever kills it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gnet_audit.cli import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="isolation needs POSIX")

CODE = """
import ctypes, os, signal, time
import torch
from torch import nn

def bad():
    {bad}

{at_import}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {at_building}
        self.conv = nn.Conv2d(3, 64, 7, 2, 3)
    def forward(self, x):
        {at_running}
        return self.conv(x)
"""
LINE = 7
"""Of the statement in `bad`."""


def _target(folder: Path, bad: str, place: str = "at_running") -> str:
    pieces = dict.fromkeys(("at_import", "at_building", "at_running"), "pass") | {place: "bad()"}
    path = folder / "net.py"
    path.write_text(CODE.format(bad=bad, **pieces), encoding="utf-8")
    return f"{path}:Net"


def _check(target: str, *words: str, capfd: pytest.CaptureFixture[str], **more: int) -> str:
    """What is told of an audit that ends badly: one line on the standard error, nothing else."""
    assert main(["check", target, "--no-prove", *words]) == more.get("status", 2)
    out, error = capfd.readouterr()
    assert out == ""
    assert error.startswith("gnet-audit: error: ")
    assert error.count("\n") == 1, error
    return error


CRASHES = {
    "abort": ("os.abort()", f"net.py:{LINE}: the process of the audit was killed", "signal 6, SIGABRT"),
    "segmentation fault": ("ctypes.string_at(0)", f"net.py:{LINE}: ", "signal 11, SIGSEGV"),
    "kill": ("os.kill(os.getpid(), signal.SIGKILL)", "net.py:Net: ", "signal 9, SIGKILL"),
    "exit 7": (
        "import posix; posix._exit(7)",
        "net.py:Net: the code ends the process of the audit",
        "got exit status 7",
    ),
    "exit 0": (
        "import posix; posix._exit(0)",
        "net.py:Net: the code ends the process of the audit",
        "got exit status 0",
    ),
}


@pytest.mark.parametrize(("bad", "where", "got"), CRASHES.values(), ids=CRASHES)
def test_a_crash_of_native_code_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], bad: str, where: str, got: str
) -> None:
    error = _check(_target(tmp_path, bad), "--isolate", capfd=capfd)
    assert where in error
    assert got in error


FOREVER = {
    "at_import": "while True: time.sleep(0.01)",
    # It holds the interpreter's lock, so that no Python code of this process runs meanwhile.
    "at_building": "ctypes.PyDLL(None).sleep(1000)",
    "at_running": "while True: pass",
}
"""A loop, a C function that does not come back, and a loop that computes: none of them hears anything."""


@pytest.mark.parametrize("place", FOREVER)
def test_what_takes_forever_is_stopped_at_its_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], place: str
) -> None:
    target = _target(tmp_path, FOREVER[place], place)
    error = _check(target, "--timeout", SECONDS, capfd=capfd)
    assert f"net.py:{LINE}: the time for the audit is over; expected an end within {SECONDS} s" in error


SECONDS = os.environ.get("GNET_AUDIT_TEST_SECONDS", "8")
"""Enough to import torch on a busy machine."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces it")
@pytest.mark.parametrize("place", ["at_import", "at_building", "at_running"])
@pytest.mark.parametrize(
    ("bad", "got"),
    [
        ("torch.full((25_000_000_000,), 1.0, device='cpu')", "a request for 93.13 GiB"),
        ("[0] * 10**11", "a request for more"),
    ],
)
def test_a_hundred_gigabytes_are_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], bad: str, got: str, place: str
) -> None:
    if place == "at_building" and "torch" in bad:
        bad = "torch.arange(12_500_000_000)"  # what a constructor fills without computing it lies on meta
    error = _check(_target(tmp_path, bad, place), "--memory-limit", "4GiB", capfd=capfd)
    assert f"net.py:{LINE}: the limit of memory is reached; expected at most 4 GiB; got {got}" in error


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces it")
def test_too_little_memory_for_torch_itself_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--memory-limit", "20MiB"]) == 2
    error = capfd.readouterr().err
    assert "20 MiB" in error.splitlines()[-1]
    assert error.splitlines()[-1].startswith("gnet-audit: error: ")


@pytest.mark.parametrize(
    "words",
    [
        ["shapes", "reference", "--depth", "row", "--no-prove"],
        ["check", "reference", "--json", "--no-prove", "--timeout", "600", "--memory-limit", "64GiB"],
        ["flops", "reference", "-f", "csv"],
        ["diff", "googlenet", "reference"],
        ["prove", "reference"],
        ["check", "no_such_file.py:Net"],
        ["check", "--no-such-option"],
        ["check", "reference", "--debug", "--ascii", "--color", "always", "--no-prove"],
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_an_audit_apart_answers_in_the_same_bytes(
    words: list[str], capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")  # a child of pytest may have it from readline, unseen by Python
    limits = {"--timeout", "600", "--memory-limit", "64GiB"}
    alone = main([word for word in words if word not in limits]), *capfdbinary.readouterr()
    apart = main([*words, "--isolate"]), *capfdbinary.readouterr()
    assert apart == alone
    assert any(alone[1:])


def test_an_interrupt_ends_the_child_and_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = (
        "import os, subprocess, time\n"
        f"sleeper = subprocess.Popen(['sleep', '1000'])\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{sleeper.pid}} .')\n"
        "try:\n    time.sleep(1000)\n"
        f"except KeyboardInterrupt:\n    open({str(tmp_path / 'heard')!r}, 'w').close()\n    raise\n"
    )
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    words = [sys.executable, "-m", "gnet_audit", "check", f"{tmp_path / 'net.py'}:Net", "--isolate"]
    parent = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pids = _pids(note)
    parent.send_signal(signal.SIGINT)
    _, error = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert error == b"gnet-audit: error: interrupted\n"
    assert (tmp_path / "heard").exists()
    assert not [pid for pid in pids if _lives(pid)]


def test_an_interrupt_ends_a_child_that_does_not_hear_it(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = f"import ctypes, os\nopen({str(note)!r}, 'w').write(f'{{os.getpid()}} .')\nctypes.PyDLL(None).sleep(1000)\n"
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    hurried = "from gnet_audit import cli; from gnet_audit.live import isolate; isolate.GRACE = 0.5; exit(cli.main())"
    words = [sys.executable, "-c", hurried, "check", f"{tmp_path / 'net.py'}:Net", "--isolate"]
    parent = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    (child,) = _pids(note)
    os.kill(child, signal.SIGSTOP)
    parent.send_signal(signal.SIGINT)
    _, error = parent.communicate(timeout=60)
    assert (parent.returncode, error) == (130, b"gnet-audit: error: interrupted\n")
    assert not _lives(child)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl")
def test_a_parent_that_is_killed_leaves_no_audit_behind(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = f"import os, time\nopen({str(note)!r}, 'w').write(f'{{os.getpid()}} .')\ntime.sleep(1000)\n"
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    words = [sys.executable, "-m", "gnet_audit", "check", f"{tmp_path / 'net.py'}:Net", "--isolate"]
    parent = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (child,) = _pids(note)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 20
    while _lives(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _lives(child)


def _pids(note: Path) -> list[int]:
    end = time.monotonic() + 60
    while not (note.exists() and note.read_text(encoding="utf-8").endswith(".")):
        assert time.monotonic() < end
        time.sleep(0.05)
    return [int(word) for word in note.read_text(encoding="utf-8").split()[:-1]]


def _lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_files_are_written_as_ever_and_a_killed_audit_leaves_none(tmp_path: Path) -> None:
    words = ["check", "reference", "--no-prove", "-f", f"json:{tmp_path / 'report.json'}", "--isolate"]
    assert main(words) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]
    target = _target(tmp_path, "os.abort()")
    other = tmp_path / "other.json"
    assert main(["check", target, "--isolate", "--no-prove", "-f", f"json:{other}"]) == 2
    assert sorted(file.name for file in tmp_path.iterdir() if file.name != "__pycache__") == ["net.py", "report.json"]


def test_a_thread_that_never_ends_keeps_nobody_waiting(tmp_path: Path) -> None:
    target = _target(tmp_path, "__import__('threading').Thread(target=time.sleep, args=(1000,)).start()")
    for words in (["--isolate"], []):
        command = [sys.executable, "-m", "gnet_audit", "check", target, "--no-prove", *words]
        found = subprocess.run(command, capture_output=True, timeout=120, check=False)
        assert found.returncode == 1
        assert found.stdout.startswith(b"not this network")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--timeout", "soon"], "--timeout: not a time; expected seconds such as 60 or 2.5; got 'soon'"),
        (["--timeout", "0"], "--timeout: not a time"),
        (["--timeout", "-1"], "--timeout: not a time"),
        (["--timeout", "nan"], "--timeout: not a time"),
        (["--timeout", "inf"], "--timeout: not a time"),
        (["--memory-limit", "4"], "--memory-limit: not a size; expected a size such as 4GiB or 512MiB; got '4'"),
        (["--memory-limit", "0GiB"], "--memory-limit: not a size"),
        (["--memory-limit", "much"], "--memory-limit: not a size"),
    ],
)
def test_limits_that_are_none_are_one_line(capfd: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    for command in (["check"], ["shapes"], ["flops"], ["prove"], ["diff", "reference", "reference"]):
        assert main([*command, *words]) == 2
        error = capfd.readouterr().err
        assert error.startswith(f"gnet-audit: error: {told}")
        assert error.count("\n") == 1


@pytest.mark.skipif(sys.platform == "linux", reason="Linux enforces it")
def test_a_system_that_enforces_no_limit_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--memory-limit", "4GiB"]) == 3
    assert "enforces no limit on the memory" in capfd.readouterr().err
