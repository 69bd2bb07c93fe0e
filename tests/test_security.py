"""What SECURITY.md promises: no network, no program, no file that nobody asked for, and no code from data."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from gnet_audit.commands.app import command_line
from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live import checkpoint
from gnet_audit.live.download import STL10
from gnet_audit.output import write
from tests.test_drafts import full_disk
from tests.training_setup import healthy

ROOT = Path(__file__).parents[1]
NET = f"{ROOT / 'tests' / 'training_net.py'}:Small"
TRAINED = f"smoke-train {NET} --input 3x40x40 --batch-size 2 --overfit-only --time-limit 0"
LINES = (
    "--help",
    "--version",
    "rules",
    "explain GA203",
    "spec show",
    "spec lint",
    "spec list",
    "spec validate {specs}/googlenet.toml",
    "data",
    "shapes --no-prove --width 0",
    "check -f text:text -f json:json -f csv:csv -f markdown:md -f html:html -f sarif:sarif -f junit:xml -f github:gh",
    "diff reference reference",
    "prove",
    "flops --counters",
    "selftest --limit 1 --no-prove --jobs 1",
    f"{TRAINED} --checkpoint run.pt",
    f"{TRAINED} --checkpoint run.pt --resume",
)
"""Each command, with whatever reads or writes files."""


TORCHS_OWN = "('/sbin/ldconfig',"
"""How a torch built for CUDA looks for its libraries; what it says there is thrown away."""


def watched(folder: Path, *lines: str) -> list[dict[str, Any]]:
    """What the import and then each command line did, run in a folder."""
    words = [line.format(specs=ROOT / "specs").split() for line in lines]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
        "TMPDIR": tempfile.gettempdir(),
    }  # fmt: skip
    code = [sys.executable, "-m", "tests.watched", json.dumps(words)]
    result = subprocess.run(code, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def names(command: typer.core.TyperGroup) -> set[str]:
    """Every command, with the words that lead to it."""
    found = set()
    for name, one in command.commands.items():
        inner = names(one) if isinstance(one, typer.core.TyperGroup) else set()
        found |= {f"{name} {word}" for word in inner} or {name}
    return found


def test_no_command_reaches_for_the_network_or_starts_a_program_or_writes_unasked(tmp_path: Path) -> None:
    group = typer.main.get_command(command_line())
    assert isinstance(group, typer.core.TyperGroup)
    assert {name for name in names(group) if not any(line.startswith(name) for line in LINES)} == set()
    seen = watched(tmp_path, *LINES)
    assert [one["network"] for one in seen] == [[]] * (1 + len(LINES))
    started = [[event for event in one["programs"] if event.split()[1] != TORCHS_OWN] for one in seen]
    assert started == [[]] * (1 + len(LINES))
    for one in seen:
        outside = [file for file in one["written"] if not file.startswith(f"{tmp_path}{os.sep}") and file != os.devnull]
        assert [file for file in outside if not file.startswith(tempfile.gettempdir())] == []  # torch looks for a place
    asked = {"text", "json", "csv", "md", "html", "sarif", "xml", "gh", "run.pt"}
    assert {file.name for file in tmp_path.iterdir()} == asked
    assert {one["status"] for one in seen} <= {0, 1}, [one["error"] for one in seen]


def test_the_download_is_asked_for_and_a_closed_network_is_one_line(tmp_path: Path) -> None:
    _, one = watched(tmp_path, "data here --download")
    assert {"urllib.Request", "socket.getaddrinfo"} <= {event.split()[0] for event in one["network"]}
    assert one["error"].startswith(f"gnet-audit: error: {STL10.url}: cannot fetch: no network here; ")
    assert one["error"].count("\n") == 1
    assert one["status"] == 3


# --- data that would be code ---------------------------------------------------------------------------------------


class Bomb:
    """An object whose unpickling makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("form", ["archive", "old archive", "pickle"])
def test_a_checkpoint_that_is_code_is_refused_and_does_not_run(tmp_path: Path, form: str) -> None:
    file, folder = tmp_path / "run.pt", tmp_path / "ran"
    content = {"version": checkpoint.VERSION, "identity": Bomb(folder), "found": "{}", "session": None}
    if form == "pickle":
        file.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=form == "archive")
    with pytest.raises(UsageError) as caught:
        checkpoint.load(file, healthy().job())
    assert caught.value.line == f"{file}: not a checkpoint of smoke-train; expected what --checkpoint wrote"
    assert not folder.exists()
    with suppress(RuntimeError):  # too late: "Invalid magic number"
        torch.load(file, weights_only=False)
    assert folder.exists()  # so it was a bomb


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_disk_that_fills_up_leaves_the_old_report_and_says_so_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("old")
    with full_disk(10), pytest.raises(UsageError) as caught:
        write(file, "x" * 100)
    assert caught.value.line == f"{file}: cannot write: File too large"
    assert file.read_text() == "old"


def test_a_disk_that_fills_up_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    file, job = tmp_path / "run.pt", healthy().job()
    checkpoint.save(file, job, checkpoint.Progress(done=["before"]))
    with full_disk(100), pytest.raises(UnavailableError) as caught:
        checkpoint.save(file, job, checkpoint.Progress(done=["after"]))
    assert caught.value.line.startswith(f"{file}: cannot write the checkpoint: ")
    assert "\n" not in caught.value.line
    assert checkpoint.load(file, replace(job)).done == ["before"]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_device_that_is_full_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^/dev/full: cannot write: No space left on device$"):
        write(Path("/dev/full"), "text")
