"""The commands `flops` and `spec lint`, by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from gnet_audit.commands import flops as module
from gnet_audit.commands.app import command_line
from gnet_audit.errors import ExitStatus, UnavailableError, UsageError
from gnet_audit.output import Reply
from gnet_audit.rules import Severity
from gnet_audit.speed import Config, Effort, Precision, Record, Row, Stage, Switch, config
from tests.canonical_report import REPORT

TINY = """\
from torch import nn

class Tiny(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
"""


def run(*words: str) -> Reply:
    command = typer.main.get_command(command_line(words[:1]))
    reply = command.main(list(words), prog_name="gnet-audit", standalone_mode=False)
    assert isinstance(reply, Reply)
    return reply


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    from gnet_audit.live import device

    monkeypatch.setitem(device.SIDE, "cpu", 32)
    monkeypatch.setitem(device.COPY, "cpu", 2**12)
    monkeypatch.setattr(module, "Effort", _quick)
    (tmp_path / "tiny.py").write_text(TINY, encoding="utf-8")
    return f"{tmp_path}/tiny.py:Tiny"


def _quick(**_: float) -> Effort:
    return Effort(
        seconds=0.001,
        iterations=2,
        blocks=2,
        least_blocks=1,
        warm_seconds=0,
        warm_iterations=1,
        warm_most=0.05,
        most=0.1,
    )


# --- spec lint -----------------------------------------------------------------------------------------------------


def test_lint_is_clean_unless_warnings_fail() -> None:
    assert run("spec", "lint").status is ExitStatus.CLEAN
    assert run("spec", "lint", "googlenet", "--fail-on", "warning").status is ExitStatus.FINDINGS
    assert run("spec", "lint", "--fail-on", "warning", "--exit-zero").status is ExitStatus.CLEAN


def test_lint_takes_formats_and_files() -> None:
    reply = run("spec", "lint", "-f", "text", "-f", "json:lint.json")
    assert [document.file for document in reply.documents] == ["", "lint.json"]
    assert json.loads(reply.documents[1].text)["spec"]["id"] == "googlenet"


@pytest.mark.parametrize("format", ["sarif", "html:lint.html", "csv"])
def test_lint_refuses_a_format_it_does_not_know(format: str) -> None:
    with pytest.raises(UsageError) as error:
        run("spec", "lint", "-f", format)
    assert error.value.line.startswith("--format: not for spec lint; expected text, json; got ")


# --- counting --------------------------------------------------------------------------------------------------------


def test_the_reference_agrees() -> None:
    reply = run("flops", "--width", "0")
    assert reply.status is ExitStatus.CLEAN
    assert reply.documents[0].text.splitlines()[-1].startswith("counts agree: 1,582,671,872 MACs")


def test_another_network_is_counted_and_not_clean(tiny: str) -> None:
    reply = run("flops", tiny, "--input", "3x32x32", "--count", "all", "--json")
    found = json.loads(reply.documents[0].text)
    assert reply.status is ExitStatus.FINDINGS
    assert found["verdict"] == "not_this_network"
    assert found["work_total"]["eval"]["macs"] == 3 * 4 * 9 * 900 + 4 * 5
    assert run("flops", tiny, "--input", "3x32x32", "--exit-zero").status is ExitStatus.CLEAN


def test_other_counters_are_asked_on_request(tiny: str) -> None:
    found = json.loads(run("flops", tiny, "--input", "3x32x32", "--counters", "--json").documents[0].text)
    assert [one["remainder"] for one in found["counters"]] == [0, 0, 0]


def test_machine_formats_fail_as_the_exit_status_does(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("junitparser")
    words = ("flops", "reference", "-f", "junit", "-f", "github:notes.txt")
    _audit_finds(monkeypatch)
    reply = run(*words)
    junit, github = (document.text for document in reply.documents)
    assert reply.status is ExitStatus.CLEAN
    assert 'failures="0"' in junit
    assert "::error" not in github
    assert "::notice" in github
    strict = run(*words, "--fail-on", "note")
    assert strict.status is ExitStatus.FINDINGS
    assert 'failures="0"' not in strict.documents[0].text


def _audit_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no count shows."""
    from gnet_audit import traced

    def found(*words: Any) -> traced.Subject:
        subject = traced_subject(*words)
        finding = replace(REPORT.findings[0], severity=Severity.ERROR)
        return replace(subject, report=replace(subject.report, findings=(finding,)))

    traced_subject = traced.subject
    monkeypatch.setattr(traced, "subject", found)


def test_actions_get_a_summary_of_the_job(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = str(tmp_path / "summary.md")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", page)
    words = ("flops", tiny, "--input", "3x32x32")
    assert [document.file for document in run(*words).documents] == ["", page]
    assert [document.file for document in run(*words, "--no-summary").documents] == [""]


def test_what_a_forward_never_reached_is_unverified_and_no_finding() -> None:
    # At 299 the last map is 10×10, its 7×7 average 4×4: 1024·16 = 16,384 values meet a linear layer of 1024.
    reply = run("flops", "--input", "3x299x299", "--json")
    assert reply.status is ExitStatus.USAGE
    found = json.loads(reply.documents[0].text)
    assert found["findings"] == []
    assert found["unverified"][0]["what"].startswith("12 slots (linear … ")
    verdicts = {
        line["slot"]: [one["verdict"] for one in line["params"]["verdicts"]]
        for line in [*found["rows"], *found["totals"]]
    }
    assert verdicts["inception_5b"][2] == "agree"
    assert verdicts["linear"] == ["agree", "nothing to compare", "nothing to compare"]
    assert verdicts["total"][1:] == ["nothing to compare"] * 2
    last = run("flops", "--input", "3x299x299", "--width", "0").documents[0].text.splitlines()[-1]
    assert last.startswith("counted: ")
    assert " as far as it ran; " in last


def test_a_model_that_raises_in_eval_is_neither_measured_nor_asked_of(tmp_path: Path, tiny: str) -> None:
    forward = (
        "    def forward(self, x):\n        assert self.training, 'never in eval'\n        return super().forward(x)\n"
    )
    (tmp_path / "tiny.py").write_text(f"{TINY}\n{forward}", encoding="utf-8")
    words = ("flops", tiny, "--input", "3x32x32", "--json")
    for more in (("--counters",), ("--device", "cpu"), ("--counters", "--device", "cpu")):
        reply = run(*words, *more)
        assert reply.status is ExitStatus.USAGE
        assert "never in eval" in reply.problems[0]
        found = json.loads(reply.documents[0].text)
        assert (found["counters"], found["speed"]) == ([], None)


# --- measuring -------------------------------------------------------------------------------------------------------


def test_a_device_is_measured(tiny: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "roof.svg"
    words = ("--input", "3x32x32", "--device", "cpu", "--batch", "1,2", "--config", "fp32", "--plot", str(picture))
    found = json.loads(run("flops", tiny, *words, "--json").documents[0].text)
    assert [(row["config"], row["batch"]) for row in found["speed"]["rows"]] == [("fp32", 1), ("fp32", 2)]
    assert found["speed"]["rows"][0]["throughput"]["samples"]
    assert picture.read_bytes().startswith(b"<?xml")


def test_a_picture_without_a_roof_leaves_the_figures(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from gnet_audit.live import device

    def full(*_: object) -> tuple[float, ...]:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(device, "_copies", full)
    words = ("--input", "3x32x32", "--device", "cpu", "--batch", "1", "--config", "fp32")
    reply = run("flops", tiny, *words, "--plot", str(tmp_path / "roof.svg"), "--json")
    speed = json.loads(reply.documents[0].text)["speed"]
    assert reply.status is ExitStatus.USAGE
    assert "nothing was timed" in reply.problems[0]
    assert speed["devices"][0]["notes"] == ["no roof: large copy: OutOfMemoryError: no room"]
    assert [row["failure"] for row in speed["rows"]] == [None]


def test_ctrl_c_prints_what_is_finished(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gnet_audit.live import bench

    def interrupted(*_: object) -> Iterator[Record]:
        yield Stage(name="one", number=1, of=2)
        yield Row(device="cpu", config=config("fp32"), batch=1, asked=1, failure="finished")
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "measure", interrupted)
    reply = run("flops", tiny, "--input", "3x32x32", "--device", "cpu", "--json")
    assert reply.status is ExitStatus.INTERRUPTED
    speed = json.loads(reply.documents[0].text)["speed"]
    assert speed["interrupted"] is True
    assert [row["failure"] for row in speed["rows"]] == ["finished"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_unavailable(tiny: str) -> None:
    with pytest.raises(UnavailableError) as error:
        run("flops", tiny, "--device", "cuda")
    assert error.value.status is ExitStatus.UNAVAILABLE
    assert error.value.line.startswith("--device cuda: no GPU on this machine")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_one_missing_device_of_several_fails_in_its_row(tiny: str) -> None:
    words = ("--input", "3x32x32", "--device", "cuda:3,cpu", "--batch", "1", "--config", "fp32", "--json")
    rows = json.loads(run("flops", tiny, *words).documents[0].text)["speed"]["rows"]
    assert [(row["device"], row["failure"] is None) for row in rows] == [("cuda:3", False), ("cpu", True)]


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--batch", "2"), "--batch: nothing is measured without a device"),
        (("--config", "bf16"), "--config: nothing is measured without a device"),
        (("--auto-batch",), "--auto-batch: nothing is measured without a device"),
        (("--plot", "a.png"), "--plot: nothing is timed without a device"),
        (("--device", "cpu", "--plot", "nowhere/a.png"), "--plot nowhere/a.png: no such directory"),
        (("--device", "tpu"), "--device: not a device; expected cpu, cuda or cuda:N; got 'tpu'"),
        (("--device", "cpu", "--batch", "0"), "--batch: not a batch"),
        (("--device", "cpu", "--batch", "²"), "--batch: not a batch"),
        (("--device", "cpu", "--duration", "-1"), "--duration: out of range"),
        (("--device", "cpu", "--duration", "nan"), "--duration: out of range"),
        (("--device", "cpu", "--threads", "0"), "--threads: out of range"),
        (("--device", "cpu", "--config", "fp32+bf16"), "--config: not a configuration"),
        (("--device", "cpu", "--config", "fp32+cast"), "--config: cast needs a short type"),
        (("--count", "macs"), "--count: no such choice"),
        (("--sort", "size"), "--sort: no such choice"),
        (("-f", "yaml"), "--format: no such choice; expected text, json, "),
    ],
)
def test_a_wrong_word_is_one_clear_line(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError) as error:
        run("flops", *words)
    assert error.value.line.startswith(told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fp32", Config()),
        ("compile", Config(switches=(Switch.COMPILE,))),
        (
            "BF16 + compile+channels_last",
            Config(precision=Precision.BF16, switches=(Switch.CHANNELS_LAST, Switch.COMPILE)),
        ),
    ],
)
def test_a_configuration_is_a_precision_and_switches(text: str, expected: Config) -> None:
    assert config(text) == expected
    assert config(expected.name) == expected
