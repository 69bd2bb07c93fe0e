"""What we run on: the ranges that we state are those that are tested, and nothing there warns of us."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from gnet_audit.live import counters
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(file: str) -> dict[str, str]:
    """The versions in a file of constraints."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_oldest_that_is_tested_is_the_oldest_that_is_allowed() -> None:
    lowest = dict(one.split(">=") for one in PROJECT["dependencies"])
    oldest = pinned("constraints-oldest.txt")
    for name, version in lowest.items():
        assert oldest[name] == version or oldest[name].startswith(f"{version}.0"), name


def test_the_oldest_python_is_in_the_matrix() -> None:
    matrix = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert f'PYTHONS = ("{PROJECT["requires-python"].removeprefix(">=")}", ' in matrix


ONE = ("-m", "gnet_audit", "spec", "show")
ALL = (
    "-c",
    "import sys; from gnet_audit.cli import main; sys.exit(max(main(line.split()) for line in sys.argv[1:]))",
    "check --no-prove", "prove", "flops --counters", "data",
)  # fmt: skip
"""In one process: torch is imported only once."""


@pytest.mark.parametrize("words", [ONE, ALL], ids=["spec show", "all that needs torch"])
def test_a_process_in_which_warnings_are_errors_says_nothing(words: Sequence[str]) -> None:
    """Also what is warned of while modules are imported, which the tests themselves do not see."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONWARN")}
    result = subprocess.run(
        [sys.executable, "-W", "error", *words],
        env=own, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.stderr, result.returncode) == ("", 0)


def test_no_counter_writes_to_a_log(caplog: pytest.LogCaptureFixture) -> None:
    made = build("reference")
    network = trace(made, Mode.EVAL, (3, 224, 224)).network
    with caplog.at_level(logging.DEBUG):
        found = list(counters.count(made, network, (3, 224, 224)))
    assert [one.counted.failure for one in found] == [""] * 3
    assert caplog.records == []
