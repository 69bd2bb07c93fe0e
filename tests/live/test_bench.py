"""Latency and throughput: which records come and what is in them; no figure is ever held against another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import gnet_audit
from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live import bench, device, timing
from gnet_audit.live.fused import FusedGoogLeNet, fuse, has_fused_form
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.layer_times import layer_times
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode, Network
from gnet_audit.report import Verdict
from gnet_audit.speed import (
    Accuracy,
    Effort,
    LayerTimes,
    Plan,
    Precision,
    Record,
    Roofs,
    Row,
    Stage,
    Switch,
    collected,
    config,
    defaults,
)

QUICK = Effort(seconds=0.005, iterations=5, blocks=5, warm_seconds=0.001, warm_iterations=2, warm_most=0.05, most=0.2)
SHAPE = (3, 12, 12)
PLAN = Plan(device="cpu", batches=(1, 4), configs=(config("fp32"),), effort=QUICK, layer_batch=2)
CPU = torch.device("cpu")


class Small(nn.Module):
    """A convolution, a ReLU as a function, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.linear = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.relu(self.conv(x)).mean((2, 3)))  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def small_roofs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(device.SIDE, "cpu", 32)
    monkeypatch.setitem(device.COPY, "cpu", 2**12)


def measure(target: object = Small, plan: Plan = PLAN) -> Iterator[Record]:
    built = build(target)
    return bench.measure(built, network(target), SHAPE, plan)


def network(target: object = Small) -> Network:
    return trace(build(target), Mode.EVAL, SHAPE).network


def rows(target: object = Small, plan: Plan = PLAN) -> list[Row]:
    return [record for record in measure(target, plan) if isinstance(record, Row)]


# --- records -----------------------------------------------------------------------------------------------------


def test_records_come_one_by_one_roofs_first_and_layers_last() -> None:
    kinds = [type(record) for record in measure()]
    assert kinds == [Stage, Roofs, Stage, Row, Stage, Row, Stage, LayerTimes]


def test_every_stage_says_the_how_manieth_of_how_many_it_is() -> None:
    stages = [record for record in measure() if isinstance(record, Stage)]
    assert [(stage.number, stage.of) for stage in stages] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [stage.name for stage in stages[1:3]] == ["fp32, batch 1", "fp32, batch 4"]


def test_a_row_keeps_its_samples_and_its_spread() -> None:
    one, four = rows()
    for row in (one, four):
        assert row.throughput
        assert len(row.throughput.samples) == QUICK.blocks
        assert row.throughput.low <= row.throughput.value <= row.throughput.high
        assert row.iterations >= QUICK.iterations
        assert row.failure == ""
    assert one.latency
    assert len(one.latency.samples) >= QUICK.iterations
    assert one.p90
    assert one.p99
    assert one.latency.value <= one.p90 <= one.p99
    assert four.latency is None  # latency is of single images


def test_the_flops_of_a_row_are_those_that_were_audited() -> None:
    _, row = rows()
    macs = 3 * 8 * 9 * 10 * 10 + 8 * 5
    assert row.throughput
    assert row.flops == pytest.approx(row.throughput.value * 2 * macs)
    assert row.of_peak is None  # nobody publishes the peak of this processor
    assert row.of_roof
    assert row.of_roofline


def test_a_row_is_held_against_fp32() -> None:
    plain, short = (rows(plan=replace(PLAN, batches=(2,), configs=(config(name),)))[0] for name in ("fp32", "bf16"))
    assert plain.accuracy
    assert plain.accuracy.error == 0
    assert short.accuracy
    assert short.accuracy.ok
    assert short.accuracy.tolerance == Precision.BF16.tolerance


def test_numbers_that_rounding_does_not_explain_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_accuracy", lambda *_: Accuracy(error=float("nan"), tolerance=0.1))
    found = collected(list(measure()))
    assert found.best is None


# --- what goes wrong ---------------------------------------------------------------------------------------------


def test_what_a_device_lacks_fails_in_its_row_and_the_others_run() -> None:
    plan = replace(PLAN, batches=(1,), configs=tuple(map(config, ("tf32", "graph", "fused", "fp32"))))
    failures = [row.failure for row in rows(plan=plan)]
    assert failures == [
        "TF32 exists on GPUs only",
        "CUDA graphs exist on GPUs only",
        "only the reference build has a fused form; got Small",
        "",
    ]


def test_a_compiler_that_fails_is_told_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("no compiler\nmany lines")

    monkeypatch.setattr(torch, "compile", broken)
    (row,) = rows(plan=replace(PLAN, batches=(1,), configs=(config("compile"),)))
    assert row.failure == "RuntimeError: no compiler"


class Hungry(Small):
    """A model that can take two images at once."""

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[0] > 2:
            raise torch.OutOfMemoryError("tried to allocate 80 GiB")
        return super().forward(x)


def test_out_of_memory_is_told_in_its_row() -> None:
    failures = [row.failure for row in rows(Hungry, replace(PLAN, batches=(1, 8)))]
    assert failures == ["", "out of memory: OutOfMemoryError: tried to allocate 80 GiB"]


def test_auto_batch_halves_and_keeps_what_was_asked() -> None:
    (row,) = rows(Hungry, replace(PLAN, batches=(8,), auto_batch=True))
    assert (row.asked, row.batch, row.failure) == (8, 2, "")


def test_layers_that_cannot_be_timed_leave_the_rows_alone() -> None:
    *_, last = measure(Hungry, replace(PLAN, batches=(1,), layer_batch=4))
    assert isinstance(last, LayerTimes)
    assert last.times == ()
    assert "out of memory" in last.failure


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cuda:-1", "", "mps"])
def test_a_word_that_is_no_device_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="not a device"):
        device.device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:7"])
def test_without_a_gpu_cuda_is_unavailable(name: str) -> None:
    with pytest.raises(UnavailableError, match="no GPU on this machine"):
        next(measure(plan=replace(PLAN, device=name)))


# --- left as it was ------------------------------------------------------------------------------------------------


def test_the_model_and_torchs_switches_stay_as_they_were() -> None:
    model = Small().train()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    switches = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark
    threads = torch.get_num_threads()
    list(bench.measure(build(model), network(model), SHAPE, replace(PLAN, threads=2, configs=(config("bf16+cast"),))))
    assert model.training
    assert all(value.requires_grad for value in model.parameters())
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert switches == (
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark,
    )  # fmt: skip
    assert torch.get_num_threads() == threads


# --- timing ----------------------------------------------------------------------------------------------------------


def test_warming_up_runs_at_least_as_often_as_asked() -> None:
    runs: list[int] = []
    warm = timing.warm(lambda: runs.append(1), lambda: None, replace(QUICK, warm_iterations=40))
    assert len(runs) > 40
    assert warm.first >= 0


def test_warming_up_ends_although_nothing_settles() -> None:
    waits = iter(range(10_000))
    warm = timing.warm(lambda: time.sleep(0.02 if next(waits) % 2 else 0.045), lambda: None, QUICK)
    assert not warm.settled


@pytest.mark.parametrize(("each", "runs", "short"), [(1e-4, 10, False), (0.01, 2, False), (0.1, 1, True)])
def test_blocks_hold_as_many_runs_as_asked_or_as_fit(each: float, runs: int, short: bool) -> None:
    effort = Effort(seconds=0.01, iterations=20, blocks=10, least_blocks=5, most=0.4)
    found = timing.blocks(lambda: None, lambda: None, each, effort)
    assert (found.runs, found.short) == (runs, short)
    assert len(found.each) == (5 if short else 10)


# --- layers ----------------------------------------------------------------------------------------------------------


def test_layers_are_timed_under_the_names_of_the_trace() -> None:
    times = layer_times(build(Small), SHAPE, 2, CPU, repeats=3)
    assert set(times) == {layer.name for layer in network().layers} - {"input"}
    assert all(len(samples) == 3 for samples in times.values())


def test_a_layers_work_is_that_of_the_whole_batch() -> None:
    *_, last = measure()
    assert isinstance(last, LayerTimes)
    conv = next(time for time in last.times if time.layer == "conv")
    assert conv.flops == 2 * 2 * 3 * 8 * 9 * 100
    assert conv.moved == 4 * (2 * (3 * 144 + 8 * 100) + 3 * 8 * 9 + 8)
    assert conv.binds in {"compute", "memory"}


# --- the fused form --------------------------------------------------------------------------------------------------


def test_the_fused_form_is_the_papers_network() -> None:
    report = gnet_audit.audit(FusedGoogLeNet, prove=False)
    assert report.verdict is Verdict.MATCHES
    assert {finding.rule for finding in report.findings} == {"GA219"}
    assert report.totals.params == 6_998_552
    assert report.totals.macs == 1_582_671_872


def test_the_fused_form_gives_the_references_numbers() -> None:
    torch.manual_seed(0)
    plain = GoogLeNet(num_classes=10).eval()
    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        wanted = plain(image)
        found = fuse(plain)(image)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5 * wanted.abs().max().item())


def test_the_fused_form_is_measured_by_default_where_there_is_one() -> None:
    assert has_fused_form(GoogLeNet())
    assert not has_fused_form(Small())
    assert {one.has(Switch.FUSED) for one in defaults("cpu")} == {False}
    for kind in ("cpu", "cuda"):
        assert any(one.has(Switch.FUSED) for one in defaults(kind, fused=True))
        assert set(defaults(kind)) < set(defaults(kind, fused=True))


def test_no_other_model_has_a_fused_form() -> None:
    with pytest.raises(UsageError, match="only the reference build"):
        fuse(Small())


# --- roofs that cannot be measured ---------------------------------------------------------------------------------


def test_a_roof_that_cannot_be_measured_is_a_note_and_the_rows_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> tuple[float, ...]:
        raise torch.OutOfMemoryError("no room\nat all")

    monkeypatch.setattr(device, "_products", full)
    speed = collected(list(measure()))
    assert speed.roofs[0].roofs == ()
    assert speed.roofs[0].notes == ("no roof: large product, fp32: OutOfMemoryError: no room",)
    assert all(row.throughput and not row.failure and row.of_roof is None for row in speed.rows)
    assert speed.notes == ("layers were not timed: there is no measured roof to hold them against",)


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="an older torch")
def test_newer_flags_of_precision_are_obeyed_and_restored() -> None:
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        speed = collected(list(measure()))
        with device.tf32(on=False):
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = before
    assert speed.roofs[0].notes == ()
    assert [row.failure for row in speed.rows] == ["", ""]


def test_outputs_that_are_all_zero_and_equal_have_no_error() -> None:
    zero = torch.zeros(4, 5)
    assert bench._accuracy(zero, zero, config("fp32")).error == 0  # noqa: SLF001
    assert not bench._accuracy(zero + 1, zero, config("fp32")).ok  # noqa: SLF001


def test_what_a_device_tells_at_the_end_of_a_run_is_a_note() -> None:
    told = LayerTimes(failure="no room", after=(("clock", "1980 MHz"), ("temperature", "45 °C")))
    assert collected([told]).notes == (
        "layers were not timed: no room",
        "after the run: clock 1980 MHz, temperature 45 °C",
    )
