"""`smoke-train` and `data` from words to exit status, on the small network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
import torch

from gnet_audit.cli import main
from gnet_audit.live import download as downloads
from gnet_audit.live import smoke, stl10, synthetic
from gnet_audit.live.ranks import joined
from gnet_audit.training import Precision, Record
from tests.canonical_training import TRAINING

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
        ("smoke-train --seed -1", 2, "--seed: out of range; expected 0 to 4294967295; got -1"),
        ("smoke-train --seed 4294967296", 2, "--seed: out of range; expected 0 to 4294967295; got 4294967296"),
        ("smoke-train -f json:/no/such/x.json", 2, "--format /no/such/x.json: no such directory"),
        ("smoke-train --json -o /no/such/x.json", 2, "--output /no/such/x.json: no such directory"),
        ("smoke-train -f json:/", 2, "--format /: a directory; expected a file in a directory that exists"),
        ("smoke-train --plot /", 2, "--plot /: a directory; expected a file in a directory that exists"),
        ("data -f json:/no/such/x.json", 2, "--format /no/such/x.json: no such directory"),
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


def test_a_folder_that_cannot_be_written_to_is_told_first(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda place, mode: not (mode == os.W_OK and Path(place) == tmp_path))
    for words in (["--plot", f"{tmp_path}/x.png"], ["-f", f"json:{tmp_path}/x.json"]):
        assert main(["smoke-train", *words]) == 2
        assert "x.png: cannot write" in (err := capsys.readouterr().err) or "x.json: cannot write" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"RANK": "1"}, "environment: RANK: set without WORLD_SIZE; expected what torchrun sets, or none of it; got 1"),
        ({"RANK": "x"}, "environment: RANK: not a number of processes; expected a whole number, 0 or more; got 'x'"),
        ({"WORLD_SIZE": "x"}, "environment: WORLD_SIZE: not a number of processes; expected a whole number, 1 or more"),
        ({"WORLD_SIZE": "0"}, "environment: WORLD_SIZE: not a number of processes; expected a whole number, 1 or more"),
        ({"WORLD_SIZE": "2"}, "environment: WORLD_SIZE: set without RANK, MASTER_ADDR, MASTER_PORT; expected what"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "environment: RANK: not below WORLD_SIZE; expected what torchrun sets"),
        ({"LOCAL_RANK": "-1"}, "environment: LOCAL_RANK: not a number of processes; expected a whole number, 0 or"),
    ],
)
def test_an_environment_that_says_half_of_what_torchrun_does_is_one_line(
    names: dict[str, str], said: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert main(["smoke-train"]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_each_process_takes_its_gpu_before_it_joins_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.cuda.set_device", lambda device: calls.append(str(device)))
    monkeypatch.setattr(
        "torch.distributed.init_process_group", lambda backend, device_id: calls.append((backend, str(device_id)))
    )
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 1)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: calls.append("left"))
    with joined(torch.device("cuda", 1)) as ranks:
        assert (ranks.rank, ranks.size) == (1, 2)
    assert calls == ["cuda:1", ("nccl", "cuda:1"), "left"]


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


def test_a_run_can_be_had_in_every_format_and_its_request_is_what_was_asked(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[smoke.Request] = []

    def run(request: smoke.Request) -> Iterator[Record]:
        asked.append(request)
        yield TRAINING

    monkeypatch.setattr(smoke, "run", run)
    page, file = tmp_path / "run.html", tmp_path / "run.xml"
    words = [
        "smoke-train",
        f"{tmp_path}/absent.py:Net",
        "--bf16",
        "-f",
        "csv",
        "-f",
        f"html:{page}",
        "-f",
        f"junit:{file}",
    ]
    assert main(words) == 1  # one of its checks fails
    (request,) = asked
    # A target that cannot be audited has no slots of the paper; that it cannot be trained either is the run's to say.
    assert (request.recipe.precision, request.slots) == (Precision.BF16, {})
    assert capsys.readouterr().out.startswith("row,slot,")
    assert "<svg" in page.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").startswith("<testsuites ")


def test_several_processes_fetch_nothing(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert main(["smoke-train", "--data", str(tmp_path), "--download"]) == 2
    assert capsys.readouterr().err == (
        "gnet-audit: error: --download: several processes cannot fetch one file; "
        f"expected gnet-audit data {tmp_path} --download before it\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no such device")
def test_a_device_is_no_file_that_has_to_be_new(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    # Who may write to it may not write beside it.
    monkeypatch.setattr("os.access", lambda path, _mode: Path(path) != Path("/dev"))
    assert main(["data", "--grid", "/dev/null"]) == 0
    assert capsys.readouterr().out.startswith("synthetic data: ")


def test_data_can_be_had_as_text_or_json_only(capsys: Capture) -> None:
    assert main(["data", "-f", "sarif"]) == 2
    assert capsys.readouterr().err == "gnet-audit: error: --format: only as text or json; got sarif\n"
