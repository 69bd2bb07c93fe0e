"""`smoke-train` and `data` from words to exit status, on the small network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TypeAlias

import pytest

from gnet_audit.cli import main
from gnet_audit.live import download as downloads
from gnet_audit.live import stl10, synthetic

ROOT = Path(__file__).parents[1]
NET = str(ROOT / "tests" / "training_net.py")
SMALL = ("smoke-train", f"{NET}:Small", "--input", "3x40x40", "--lr", "0.003", "--batch-size", "32")
Capture: TypeAlias = pytest.CaptureFixture[str]


def test_a_healthy_network_ends_with_status_0(capsys: Capture, tmp_path: Path) -> None:
    out, page = tmp_path / "run.json", tmp_path / "run.png"
    status = main([*SMALL, "--steps", "25", "-f", "text", "-f", f"json:{out}", "--plot", str(page)])
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1].startswith("learns: ")
    assert status == 0
    assert json.loads(out.read_text(encoding="utf-8"))["data"]["kind"] == "synthetic"
    assert page.read_bytes().startswith(b"\x89PNG")


def test_a_broken_network_ends_with_status_1(capsys: Capture) -> None:
    words = [*SMALL, "--overfit-only", "--lr", "0"]
    assert main(words) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("broken: ")
    assert main([*words, "--exit-zero"]) == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("smoke-train --data /no/such", 3, "/no/such: no such directory; expected STL-10, or --download to fetch it"),
        ("smoke-train --device cuda:99", 3, "--device: no such GPU here"),
        ("smoke-train --device tpu", 2, "--device: no such device; expected auto, cpu, cuda or cuda:0; got tpu"),
        ("smoke-train --recipe best", 2, "--recipe: no such choice; expected default, paper; got 'best'"),
        ("smoke-train --resume", 2, "--resume: there is nothing to resume; expected --checkpoint FILE as well"),
        ("smoke-train --steps 3 --epochs 2", 2, "--epochs: give --steps or --epochs, not both"),
        ("smoke-train --steps 0", 2, "--steps: out of range; expected at least 1; got 0"),
        ("smoke-train --batch-size -1", 2, "--batch-size: out of range; expected at least 1; got -1"),
        ("smoke-train --lr nan", 2, "--lr: out of range; expected at least 0; got nan"),
        ("smoke-train --time-limit -1", 2, "--time-limit: out of range; expected at least 0; got -1"),
        ("smoke-train --plot /no/such/x.png", 2, "--plot /no/such/x.png: no such directory"),
        ("smoke-train --checkpoint /no/such/x.pt", 2, "--checkpoint /no/such/x.pt: no such directory"),
        ("smoke-train --download", 2, "--download: no directory to download to; expected a directory as well"),
        ("smoke-train --input 1x40x40", 2, "--input: STL-10 has red, green and blue; expected 3 channels; got 1"),
        (
            f"smoke-train {NET}:Small --input 3x40x40 --arg num_classes=7", 2,
            "the network does not fit the task; expected 10 classes; give it --arg num_classes=10; got 7 classes",
        ),
        ("data /no/such", 3, "/no/such: no such directory; expected STL-10, or --download to fetch it"),
        ("data --grid /no/such/x.png", 2, "--grid /no/such/x.png: no such directory"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(words: str, status: int, said: str, capsys: Capture) -> None:
    assert main(words.split()) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_real_files_are_used_and_a_subset_is_no_stl_10(capsys: Capture, tmp_path: Path) -> None:
    stl10.write(tmp_path, synthetic.dataset(12, 10))
    assert main([*SMALL, "--data", str(tmp_path), "--overfit-only", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["data"]["kind"] == "STL-10"
    assert {check["rule"] for check in found["checks"] if check["outcome"] == "fail"} == {"GA501"}


def test_data_shows_the_embedded_set(capsys: Capture, tmp_path: Path) -> None:
    grid = tmp_path / "grid.png"
    assert main(["data", "--grid", str(grid)]) == 0
    assert capsys.readouterr().out.startswith("synthetic data: ")
    assert grid.read_bytes().startswith(b"\x89PNG")


def test_data_shows_files_with_size_and_checksum(capsys: Capture, tmp_path: Path) -> None:
    stl10.write(tmp_path, synthetic.dataset(1, 1))
    assert main(["data", str(tmp_path), "--json"]) == 0
    files = {file["name"]: file for file in json.loads(capsys.readouterr().out)["files"]}
    assert files["train_X.bin"]["size"] == 10 * 27_648


def test_download_without_a_network_is_one_line(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = stl10.Member(name="train_y.bin", size=1)
    small = downloads.Archive(url="http://127.0.0.1:9/x.tar.gz", size=10, md5="", members=(member,))
    monkeypatch.setattr(downloads.download, "__defaults__", (small,))
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert main(["data", str(tmp_path / "new"), "--download"]) == 3
    assert capsys.readouterr().err == (
        "gnet-audit: error: http://127.0.0.1:9/x.tar.gz: cannot fetch: Connection refused; "
        "got 0 of 10 bytes, kept for the next try\n"
    )


def test_ctrl_c_writes_the_checkpoint_and_ends_with_130(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    words = [*SMALL, "--steps", "100000", "--checkpoint", str(file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gnet_audit", *words],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not file.exists() and time.monotonic() < until:  # written after the first part, so it is running
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "gnet-audit: error: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
