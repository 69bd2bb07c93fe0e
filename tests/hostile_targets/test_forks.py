"""Code that forks: a copy of the process that audits is no second audit, and a fork waits for nobody for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from multiprocessing import get_context
from pathlib import Path
from signal import SIGKILL

import pytest
from torch import Tensor

from gnet_audit import audit
from gnet_audit.cli import main
from gnet_audit.live import isolate, surroundings
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.report import Verdict

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")

CODE = """
import os, sys
from gnet_audit.live.googlenet import GoogLeNet

def worker():
    child = os.fork()
    if child == 0:
        {ends}
    elif os.waitpid(child, 0)[1]:
        raise ChildProcessError

class Net(GoogLeNet):
    def __init__(self):
        super().__init__()
        {at_building}
    def forward(self, image):
        {at_running}
        return super().forward(image)
"""


@pytest.mark.parametrize("ends", ["pass", "sys.exit(0)", "raise ValueError", "os._exit(0)"])
@pytest.mark.parametrize("place", ["at_building", "at_running"])
def test_a_copy_of_the_process_ends_where_it_comes_out_of_the_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], ends: str, place: str
) -> None:
    pieces = dict.fromkeys(("at_building", "at_running"), "pass") | {place: "worker()"}
    (tmp_path / "net.py").write_text(CODE.format(ends=ends, **pieces), encoding="utf-8")
    here = os.getpid()
    status = main(["check", f"{tmp_path / 'net.py'}:Net", "--no-prove"])
    if os.getpid() != here:
        os._exit(9)  # the copy has come as far as this
    out, error = capfd.readouterr()
    assert (status, error) == (0, "")
    assert out.count("matches: ") == 1


def test_a_forward_may_wait_for_a_thread_that_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "PATIENCE", 0.05)
    codes: list[int | None] = []

    def job() -> None:
        child = get_context("fork").Process(target=_audited)
        child.start()
        child.join()
        codes.append(child.exitcode)

    class Net(GoogLeNet):
        def forward(self, image: Tensor) -> object:  # type: ignore[override]
            if not codes:
                thread = threading.Thread(target=job, daemon=True)
                thread.start()
                thread.join(30)
            return super().forward(image)

    assert audit(Net(), prove=False).verdict is Verdict.MATCHES
    assert codes == [0]


def _audited() -> None:
    """In the child: nobody holds what one audit at a time may hold."""
    assert surroundings.turn.acquire(timeout=5)


def test_a_thread_that_ends_the_process_is_told_of(tmp_path: Path) -> None:
    ends = "import threading; one = threading.Thread(target=os._exit, args=(0,)); one.start(); one.join()"
    (tmp_path / "net.py").write_text(CODE.format(ends="pass", at_building="pass", at_running=ends), encoding="utf-8")
    command = [sys.executable, "-m", "gnet_audit", "check", "net.py:Net", "--no-prove"]
    for more, told in (
        ([], "the model's code called os._exit(0) in the midst of the audit"),
        (["--isolate"], "net.py:Net: the code ends the process of the audit; expected an audit that comes to its end"),
    ):
        found = subprocess.run([*command, *more], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr.startswith(f"gnet-audit: error: {told}")
        assert found.stderr.count("\n") == 1


def test_a_forward_that_ends_the_process_is_told_of(tmp_path: Path) -> None:
    code = CODE.format(ends="pass", at_building="pass", at_running="os._exit(0)")
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "gnet_audit", "check", "net.py:Net", "--no-prove"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    line = code.splitlines().index("        os._exit(0)") + 1
    assert found.returncode == 2
    assert found.stderr == f"gnet-audit: error: SystemExit: os._exit(0) (net.py:{line})\n"


def test_a_child_that_has_left_its_group_is_killed_all_the_same() -> None:
    code = "import os, time; os.setpgid(0, os.getpgid(os.getppid())); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, process_group=0)
    assert child.stdout is not None
    with child.stdout:
        child.stdout.readline()
        isolate._signal(child, SIGKILL)  # noqa: SLF001 - otherwise a test of it lasts as long as --timeout allows
        assert child.wait(10) == -SIGKILL
