"""Two processes train as one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gnet_audit.live.fit import drawn

ROOT = Path(__file__).parents[2]
SMALL = ("tests/training_net.py:Small", "--input", "3x40x40", "--lr", "0.003", "--steps", "12")


def launched(*words: str, ranks: int = 2) -> subprocess.CompletedProcess[str]:
    """Some processes under torchrun."""
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks))
    return subprocess.run(
        [sys.executable, *launcher, "-m", "gnet_audit", "smoke-train", *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    """What two processes report."""
    done = launched(*SMALL, "--batch-size", "8", "--json")
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_there_is_one_report_and_it_says_how_many_trained(report: dict[str, object]) -> None:
    assert report["ranks"] == 2
    assert report["kind"] == "smoke-train"


def test_replicas_stay_the_same_and_equal_one_process_with_the_whole_batch(report: dict[str, object]) -> None:
    checks = report["checks"]
    assert isinstance(checks, list)
    found = {check["part"]: check for check in checks if check["rule"] == "GA523"}
    assert {part: check["outcome"] for part, check in found.items()} == {"gradient": "pass", "weights": "pass"}
    assert found["gradient"]["value"] < 1e-4
    assert found["weights"]["value"] == 0


def test_every_step_of_the_curve_is_there(report: dict[str, object]) -> None:
    curves = report["curves"]
    assert isinstance(curves, dict)
    assert [point["step"] for point in curves["real"]] == list(range(1, 13))


def test_an_epoch_gives_every_image_once_and_the_next_one_in_another_order() -> None:
    first = [index for step in range(5) for index in drawn(20, step, 4, 0)]
    second = [index for step in range(5, 10) for index in drawn(20, step, 4, 0)]
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


def test_a_batch_may_reach_into_the_next_epoch() -> None:
    both = [index for step in range(4) for index in drawn(6, step, 3, 1)]
    across = [index for step in range(3) for index in drawn(6, step, 4, 1)]
    assert across == both


def test_processes_share_a_batch_without_a_rest() -> None:
    batch = drawn(100, 3, 8, 0)
    assert sorted([*batch[0::2], *batch[1::2]]) == sorted(batch)
