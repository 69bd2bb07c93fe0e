"""`pytest --gnet-audit TARGET` in a session of its own, on a small paper of our own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

import pytest

from gnet_audit.acceptance import Acceptance
from gnet_audit.baseline import written
from gnet_audit.report import RowStatus
from tests.canonical_report import REPORT, ROWS

Session: TypeAlias = Callable[..., tuple[int, str]]
ALONE = ("-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--import-mode=importlib")
CHAIN = Path(__file__).parent / "specs" / "chain.toml"
MODEL = """
import torch
from torch import nn

class Chain(nn.Module):
    def __init__(self, kernel=5, pool=2):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, kernel)
        self.s2 = nn.AvgPool2d(pool, 2)
        self.f3 = nn.LazyLinear(10, bias=False)

    def forward(self, image):
        return self.f3(self.s2(torch.tanh(self.c1(image))).flatten(1))

def wrong():
    return Chain(kernel=3, pool=3)

class Stops(Chain):
    def forward(self, image):
        self.c1(image)
        raise OSError("no more")

def stops():
    return Stops()
"""
KERNEL = Acceptance(rule="GA202", slots=("c1",), attribute="kernel", observed="3×3", reason="small images")
POOL = Acceptance(rule="GA202", slots=("s2",), attribute="kernel", observed="3×3", reason="as in the old weights")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Session:
    """A session of pytest in a folder of its own, in this process: torch is imported only once."""
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "accepted.toml").write_text(written([KERNEL, POOL]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        status = pytest.main(
            [*ALONE, "--rootdir", str(tmp_path), "-v", "-rxX", "--gnet-audit-spec", str(CHAIN), *words]
        )
        told = capsys.readouterr()
        return int(status), told.out + told.err

    return run


def test_every_row_of_the_paper_is_a_test_and_can_be_chosen(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:Chain", "-k", "s2 or verdict")
    assert "gnet-audit:model.py:Chain::s2 PASSED" in out
    assert "gnet-audit:model.py:Chain::verdict PASSED" in out
    assert "2 passed, 2 deselected" in out
    assert status == 0


def test_a_row_that_differs_fails_with_its_findings_and_no_traceback(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:wrong")
    assert "::c1 FAILED" in out
    assert "::s2 FAILED" in out
    assert "::f3 PASSED" in out
    assert "model.py:16: error GA202 kernel: c1: expected 5×5, found 3×3" in out  # where the 3 is written
    assert "pytest_plugin.py" not in out
    assert "2 failed, 2 passed" in out
    assert status == 1


def test_what_is_accepted_is_expected_to_fail_with_its_reason(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:wrong", "--gnet-audit-baseline", "accepted.toml")
    assert "2 passed, 2 xfailed" in out
    assert "small images" in out
    assert "as in the old weights" in out
    assert status == 0


def test_an_acceptance_of_what_is_not_there_fails_the_verdict(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:Chain", "--gnet-audit-baseline", "accepted.toml")
    assert "::verdict FAILED" in out
    assert "not found any more: GA202 kernel = 3×3 at c1" in out
    assert status == 1


def test_a_row_that_was_not_reached_does_not_pass(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:stops", "-k", "f3")
    assert "::f3 FAILED" in out
    assert "not checked: f3: " in out
    assert status == 1


def test_a_row_that_could_not_be_checked_is_skipped(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(row for row in ROWS if row.status is RowStatus.UNVERIFIED)
    report = replace(REPORT, findings=(), rows=(ROWS[0], row))
    monkeypatch.setattr(import_module("gnet_audit.testing"), "audited", lambda *_, **__: report)
    _, out = session("--gnet-audit", "net.py:Net", "-rs")
    assert f"::{ROWS[0].row} PASSED" in out
    assert f"::{row.row or row.slot} SKIPPED" in out
    assert f"not checked: {row.slot}: {row.note}" in out


def test_what_pyproject_says_holds_here_too(session: Session, tmp_path: Path) -> None:
    said = '[tool.gnet-audit]\nbaseline = "accepted.toml"\nfail-on = "warning"\n'
    (tmp_path / "pyproject.toml").write_text(said, encoding="utf-8")
    status, out = session("--gnet-audit", "model.py:wrong")
    assert "2 passed, 2 xfailed" in out
    assert status == 0
    status, out = session("--gnet-audit", "model.py:wrong", "--gnet-audit-baseline", "")
    assert "2 failed, 2 passed" in out
    status, out = session("--gnet-audit", "model.py:wrong", "--gnet-audit-fail-on", "grave")
    assert "fail-on: no such choice" in out
    assert status == 2


def test_a_target_that_is_not_there_is_one_line(session: Session) -> None:
    status, out = session("--gnet-audit", "nowhere.py:Net")
    assert "nowhere.py: no such file" in out
    assert "1 error during collection" in out
    assert "Traceback" not in out
    assert status == 2


def test_the_rows_are_listed_and_counted_like_any_test(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:Chain", "--collect-only")
    assert "<Row c1>" in out
    assert "4 tests collected" in out
    assert status == 0


def test_a_row_can_be_asked_for_by_its_node_id(session: Session) -> None:
    status, out = session("--gnet-audit", "model.py:wrong", "gnet-audit:model.py:wrong::f3")
    assert "::f3 PASSED" in out
    assert "1 passed in" in out
    assert status == 0
    status, out = session("--gnet-audit", "model.py:wrong", "gnet-audit:model.py:wrong::f4")
    assert "not found: gnet-audit:model.py:wrong::f4" in out
    assert status == 2


@pytest.mark.parametrize(
    ("target", "workers", "end"),
    [("model.py:wrong", "2", "2 failed, 2 passed"), ("no.py:Net", "1", "no.py: no such file")],
)
def test_several_workers_run_the_same_rows(session: Session, target: str, workers: str, end: str) -> None:
    pytest.importorskip("xdist")
    words = [
        *ALONE,
        "--rootdir",
        str(Path.cwd()),
        "--gnet-audit-spec",
        str(CHAIN),
        "--gnet-audit",
        target,
        "-n",
        workers,
    ]
    result = subprocess.run([sys.executable, "-m", "pytest", *words], capture_output=True, text=True, check=False)
    assert end in result.stdout
    assert result.returncode == 1


def test_without_the_option_nothing_is_collected_nor_loaded(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n\ndef test_own():\n    assert 'torch' not in sys.modules and 'gnet_audit.pipeline' not in sys.modules\n",
        encoding="utf-8",
    )
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in result.stdout


def test_an_error_of_another_plugin_keeps_its_own_account(session: Session, tmp_path: Path) -> None:
    hook = "def pytest_runtest_call(item):\n    raise LookupError('no licence on this machine')\n"
    (tmp_path / "conftest.py").write_text(hook, encoding="utf-8")
    status, out = session("--gnet-audit", "model.py:Chain", "-k", "s2")
    assert status == 1
    assert "raise LookupError('no licence on this machine')" in out
