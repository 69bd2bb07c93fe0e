"""Two networks held against each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnet_audit import versus
from gnet_audit.cli import main
from gnet_audit.errors import TargetError, UsageError
from gnet_audit.formats import Format
from gnet_audit.network import Location, Mode
from gnet_audit.report import Report, RowStatus, Verdict
from gnet_audit.rules import Severity
from tests.networks import network

MODEL = """
from torch import nn

class Net(nn.Module):
    def __init__(self, kernel=3, bias=True):
        super().__init__()
        self.one = nn.Conv2d(3, 8, kernel, padding=kernel // 2, bias=bias)
        self.two = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.two(self.one(x).relu()).relu()
        return self.fc(x.mean((2, 3)))

def wide():
    return Net(kernel=5)

def plain():
    return Net(bias=False)

class Halved(nn.Module):
    def __init__(self, pads=(1, 1, 1, 1)):
        super().__init__()
        self.pad = nn.ZeroPad2d(pads)
        self.one = nn.Conv2d(3, 8, 3, stride=2)
        self.two = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.two(self.one(self.pad(x)).relu()).relu()
        return self.fc(x.mean((2, 3)))

def same():
    return Halved(pads=(0, 1, 0, 1))

class Broken(Net):
    def forward(self, x):
        raise ValueError("no forward")
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of three models that differ in one number each."""
    (tmp_path / "models.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "models.py"


def of(report: Report) -> list[tuple[str, tuple[str, ...], str, str]]:
    return [(one.rule, one.rows, one.expected, one.found) for one in report.findings]


def test_a_network_is_itself() -> None:
    net = network("one: conv 3 8\nrelu: relu\ntwo: conv 3 16\nfc: linear 10")
    side = versus.Side(name="a", networks={Mode.EVAL: net})
    report = versus.beside(side, side, (3, 32, 32))
    assert report.verdict is Verdict.MATCHES
    assert report.findings == ()
    assert {row.status for row in report.rows} == {RowStatus.MATCH}


def test_what_differs_is_told_once_at_the_seconds_line_with_the_firsts_as_its_source(models: str) -> None:
    report = versus.diff(f"{models}:Net", f"{models}:wide", input_shape=(3, 32, 32))
    assert of(report) == [("GA202", ("one",), "3×3", "5×5")]
    (finding,) = report.findings
    assert finding.location is not None
    assert finding.source is not None
    assert finding.source.where.startswith(f"{models}:Net, ")
    assert finding.cost is not None
    assert finding.cost.params == 3 * 8 * (25 - 9)
    assert finding.cost.macs == 3 * 8 * (25 - 9) * 32 * 32
    assert report.spec.title == f"{models}:Net"


def test_the_other_way_round_the_difference_is_the_opposite(models: str) -> None:
    there = versus.diff(f"{models}:Net", f"{models}:wide", input_shape=(3, 32, 32))
    back = versus.diff(f"{models}:wide", f"{models}:Net", input_shape=(3, 32, 32))
    assert [(rule, rows, found, expected) for rule, rows, expected, found in of(there)] == of(back)
    assert there.spec.sha256 != back.spec.sha256


def test_what_a_paper_leaves_open_is_a_difference_between_two_models(
    models: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = (f"{models}:Halved", f"{models}:same")
    report = versus.diff(*names, input_shape=(3, 32, 32))
    assert [(one.rule, one.severity) for one in report.findings] == [("GA204", Severity.WARNING)]
    assert report.verdict is Verdict.DIFFERS
    assert [row.slot for row in report.rows if row.status is RowStatus.DIFFERS] == ["one"]
    assert main(["diff", *names, "--input", "3x32x32"]) == 1
    assert "differs: " in capsys.readouterr().out


def test_sentences_name_the_two_and_no_paper(models: str) -> None:
    (finding,) = versus.diff(f"{models}:Net", f"{models}:wide", input_shape=(3, 32, 32)).findings
    text = f"{finding.message} {finding.cure} {finding.cause}"
    assert "paper" not in text
    assert f"{models}:Net" in text


def test_constructor_arguments_are_those_of_both(models: str) -> None:
    report = versus.diff(f"{models}:Net", f"{models}:Net", input_shape=(3, 32, 32), args={"kernel": 5})
    assert report.verdict is Verdict.MATCHES


def test_a_spec_can_be_either_side() -> None:
    report = versus.diff("googlenet", "reference")
    assert report.verdict is Verdict.MATCHES
    assert report.totals.params == report.totals.expected_params == 6_998_552
    back = versus.diff("reference", "googlenet")
    assert not [one for one in back.findings if one.severity is Severity.ERROR]
    assert versus.diff("googlenet", "googlenet").findings == ()


def test_two_builds_of_one_paper_differ_by_the_arithmetic_of_their_differences(torchvision: object) -> None:
    report = versus.diff("torchvision:googlenet", "reference")
    assert report.totals.expected_params == 6_624_904
    assert report.totals.params == 6_998_552
    whole = sum(one.cost.total_params for one in report.findings if one.cost)
    assert whole == 13_378_280 - 13_004_888
    assert sum(one.cost.total_macs for one in report.findings if one.cost) == 84_295_680


def test_a_model_that_cannot_be_run_cannot_be_compared(models: str) -> None:
    with pytest.raises(TargetError, match="cannot be run, so there is nothing to compare"):
        versus.diff(f"{models}:Net", f"{models}:Broken", input_shape=(3, 32, 32))


def test_networks_without_a_mode_in_common_are_refused() -> None:
    net = network("one: conv 3 8\nfc: linear 10")
    one, two = (versus.Side(name=mode, networks={mode: net}) for mode in (Mode.EVAL, Mode.TRAIN))
    with pytest.raises(TargetError, match="no mode can be run in both"):
        versus.beside(one, two, (3, 32, 32))


def test_another_network_is_told_so() -> None:
    one = network("one: conv 7 64\ntwo: conv 3 128\nthree: conv 3 256\nfc: linear 10")
    two = network("fc1: linear 20\nfc2: linear 5")
    report = versus.beside(
        versus.Side(name="a", networks={Mode.EVAL: one}), versus.Side(name="b", networks={Mode.EVAL: two}), (3, 32, 32)
    )
    assert report.verdict is Verdict.NOT_THIS_NETWORK


def test_the_source_of_a_fact_is_the_line_that_calls_the_layer(models: str) -> None:
    (finding,) = versus.diff(f"{models}:Net", f"{models}:wide", input_shape=(3, 32, 32)).findings
    assert isinstance(finding.location, Location)
    assert finding.source is not None
    assert finding.source.where.endswith("models.py:12")


# --- on the command line ------------------------------------------------------------------------------------


def test_the_command_ends_with_1_where_they_differ_and_with_0_where_not(
    models: str, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--input", "3x32x32"]
    assert main(["diff", f"{models}:Net", f"{models}:wide", *size]) == 1
    out = capsys.readouterr().out
    assert "one" in out
    assert "GA202" in out
    assert main(["diff", f"{models}:Net", f"{models}:Net", *size]) == 0
    assert "no mismatches" in capsys.readouterr().out
    assert main(["diff", f"{models}:Net", f"{models}:plain", *size, "-f", "json"]) == 1
    assert main(["diff", f"{models}:Net", f"{models}:plain", *size, "--exit-zero"]) == 0


def test_what_is_accepted_of_two_is_accepted_by_value(models: str, capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--input", "3x32x32", "--baseline", "accepted.toml"]
    two = [f"{models}:Net", f"{models}:wide"]
    assert main(["diff", *two, *size, "--baseline-update"]) == 2
    assert "accepting needs a reason" in capsys.readouterr().err
    assert main(["diff", *two, *size, "--baseline-update", "--reason", "wanted"]) == 0
    assert 'slots = ["one"]\nattribute = "kernel"\nobserved = "5×5"' in Path("accepted.toml").read_text(
        encoding="utf-8"
    )
    assert main(["diff", *two, *size]) == 0
    out = capsys.readouterr().out
    assert "differs as accepted" in out
    assert "wanted" not in out
    assert main(["diff", *two, *size, "--show-accepted"]) == 0
    assert "wanted" in capsys.readouterr().out
    assert main(["diff", f"{models}:Net", f"{models}:plain", *size]) == 1
    out = capsys.readouterr().out
    assert "accepted in vain: accepted.toml:6: not found any more: GA202 kernel = 5×5 at one" in out
    assert main(["diff", f"{models}:Net", f"{models}:Net", *size, "--baseline-prune"]) == 0
    assert "[[accept]]" not in Path("accepted.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("format", [format for format in Format if format is not Format.TEXT])
def test_an_accepted_difference_is_told_so_in_every_format(
    models: str, format: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "diff",
        f"{models}:Net",
        f"{models}:wide",
        "--input",
        "3x32x32",
        "--baseline",
        "accepted.toml",
        "-f",
        format,
    ]
    assert main([*words, "--baseline-update", "--reason", "wanted"]) == 0
    capsys.readouterr()
    assert main(words) == 0
    out = capsys.readouterr().out
    told = {Format.GITHUB: "", Format.CSV: "accepted"}.get(format, "wanted")
    assert told in out
    assert "::error" not in out


def test_rules_and_severities_are_chosen_as_in_check(models: str) -> None:
    words = ["diff", f"{models}:Halved", f"{models}:same", "--input", "3x32x32"]
    assert main(words) == 1  # a warning: between two models padding on other sides is a difference
    assert main([*words, "--fail-on", "error"]) == 0
    assert main([*words, "--ignore", "GA204"]) == 0
    assert main([*words, "--select", "GA204"]) == 1
    assert main([*words, "--select", "GA999"]) == 2


def test_the_paper_itself_as_the_first_knows_its_variants(
    torchvision: object, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["diff", "googlenet", "torchvision:googlenet"]
    assert main(words) == 1
    assert "equals the published variant torchvision googlenet" in capsys.readouterr().out
    assert main([*words, "--accept", "variant:torchvision"]) == 0
    assert main([*words, "--accept", "variant:no-lrn"]) == 1
    assert main([*words, "--accept", "no-lrn"]) == 2


def test_a_word_that_is_neither_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "googlenet", "nowhere.py:Net"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["diff", "googlenet"]) == 2


def test_a_spec_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        versus.diff("no/such.toml", "googlenet")


@pytest.mark.parametrize("name", ["dead", "shared", "twice_active", "surplus"])
def test_whatever_a_network_has_of_its_own_it_does_not_differ_from_itself(name: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_text(ODD, encoding="utf-8")
    report = versus.diff(f"{file}:{name}", f"{file}:{name}", input_shape=(3, 8, 8))
    assert (report.findings, report.verdict) == ((), Verdict.MATCHES)
    other = versus.diff(f"{file}:{name}", f"{file}:{name}", input_shape=(3, 8, 8), args={"kernel": 1})
    assert other.verdict is Verdict.MATCHES
    assert versus.diff(f"{file}:{name}", f"{file}:wide_{name}", input_shape=(3, 8, 8)).verdict is Verdict.DIFFERS


ODD = """
import torch
from torch import nn

class Odd(nn.Module):
    def __init__(self, kind, kernel=3):
        super().__init__()
        self.kind = kind
        self.a = nn.Conv2d(3, 8, kernel, padding=kernel // 2)
        self.b = nn.Conv2d(3 if kind == "surplus" else 8, 8, 3, padding=1)
        self.c = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = self.a(x)
        if self.kind == "dead":
            self.c(x)
        if self.kind == "shared":
            x = self.b(x)
        if self.kind == "twice_active":
            x = torch.relu(torch.tanh(x))
        return self.b(x[:, :3] if self.kind == "surplus" else x)

def dead(kernel=3): return Odd("dead", kernel)
def shared(kernel=3): return Odd("shared", kernel)
def twice_active(kernel=3): return Odd("twice_active", kernel)
def surplus(kernel=3): return Odd("surplus", kernel)
def wide_dead(): return Odd("dead", 5)
def wide_shared(): return Odd("shared", 5)
def wide_twice_active(): return Odd("twice_active", 5)
def wide_surplus(): return Odd("surplus", 5)
"""
