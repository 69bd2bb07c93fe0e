"""Latency and throughput of a model on a device: a generator of records, a row for each configuration and batch.

In eval and inference mode, on random normal images that are already on the device: reading data is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor, nn

from gnet_audit.errors import GnetAuditError
from gnet_audit.live import device as devices
from gnet_audit.live import timing
from gnet_audit.live.counters import fresh
from gnet_audit.live.fused import fuse, has_fused_form
from gnet_audit.live.layer_times import layer_times
from gnet_audit.live.outputs import tensors_in
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.target import Build
from gnet_audit.measurement import Measurement, measured
from gnet_audit.network import Network, Shape
from gnet_audit.speed import (
    Accuracy,
    Config,
    LayerTime,
    LayerTimes,
    Plan,
    Precision,
    Record,
    Roofs,
    Row,
    Stage,
    Switch,
    bound,
    defaults,
)
from gnet_audit.work import LayerWork, work

CHECKED = 4
"""Images whose outputs are held against fp32."""
LAYER_REPEATS = 5
LONGEST = 160
"""Characters of what a failed row raised that are kept."""


def measure(build: Build, network: Network, shape: Shape, plan: Plan) -> Iterator[Record]:
    """Measure the roofs of a device, each row of the plan, then each layer; UnavailableError without the device."""
    where = devices.device(plan.device)
    with _threads(plan.threads), torch.cuda.device(where) if where.type == "cuda" else nullcontext():
        yield from _records(build, network, shape, plan, where)


def _records(build: Build, network: Network, shape: Shape, plan: Plan, where: torch.device) -> Iterator[Record]:
    configs = plan.configs or defaults(where.type, fused=has_fused_form(build.module))
    pairs = list(product(configs, plan.batches))
    steps = len(pairs) + 2
    yield Stage(name=f"roofs of {where}", number=1, of=steps)
    roofs = devices.roofs(where, (Precision.FP32, *(config.precision for config in configs)))
    yield roofs
    works = work(network)
    subject = _Subject(build=build, where=where, shape=shape, works=works, roofs=roofs, plan=plan)
    for number, (config, batch) in enumerate(pairs, 2):
        yield Stage(name=f"{config.name}, batch {batch}", number=number, of=steps)
        yield subject.row(config, batch)
    yield Stage(name="each layer", number=steps, of=steps)
    yield subject.layers()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is measured, and against what."""

    build: Build
    where: torch.device
    shape: Shape
    works: tuple[LayerWork, ...]
    roofs: Roofs
    plan: Plan

    def row(self, config: Config, asked: int) -> Row:
        """One row; where memory runs out, at half the batch if that is allowed; a failure is a row too."""
        batch = asked
        while True:
            bare = Row(device=str(self.where), config=config, batch=batch, asked=asked)
            try:
                return self._measured(bare)
            except Exception as error:  # noqa: BLE001 - the other rows still run, and this one says why it did not
                self._clean()
                if not (_out_of_memory(error) and self.plan.auto_batch and batch > 1):
                    return replace(bare, failure=_why(error))
            batch //= 2

    def _measured(self, row: Row) -> Row:
        refusal = _impossible(row.config, self.where)
        if refusal:
            return replace(row, failure=refusal)
        model, image = self._model(Config()), self._image(row.batch)
        with torch.inference_mode(), _exact():
            wanted = _first(model(image[:CHECKED])).float()
        del model
        if self.where.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.where)
        with self._running(row.config, image) as run:
            return self._timed(row, run, wanted)

    def _timed(self, row: Row, run: Callable[[], object], wanted: Tensor) -> Row:
        effort, wait = self.plan.effort, devices.waiter(self.where)
        warm = timing.warm(run, wait, effort)
        accuracy = _accuracy(run(), wanted, row.config)
        lone = timing.single(run, self.where, warm.each, effort) if row.batch == 1 else ()
        blocks = timing.blocks(run, wait, warm.each, effort)
        images = tuple(row.batch / each for each in blocks.each)
        notes = [
            *([] if warm.settled else ["never settled while warming up"]),
            *([f"only {blocks.runs * len(blocks.each)} forwards fit into {effort.most:g} s"] if blocks.short else []),
        ]
        cuda = self.where.type == "cuda"
        return self._judged(
            replace(
                row,
                latency=measured("latency", lone, "s", self.roofs.machine) if lone else None,
                throughput=measured("throughput", images, "images/s", self.roofs.machine),
                iterations=blocks.runs * len(blocks.each),
                warm_seconds=warm.seconds,
                first_seconds=warm.first,
                peak_bytes=torch.cuda.max_memory_allocated(self.where) if cuda else None,
                accuracy=accuracy,
                notes=tuple(notes),
            )
        )

    def _judged(self, row: Row) -> Row:
        """The row's throughput against what the layers and the device allow."""
        assert row.throughput
        roof = self.roofs.roof(row.config.precision)
        peak = self.roofs.peak(row.config.precision)
        flops = row.throughput.value * sum(one.flops() for one in self.works)
        size = row.config.precision.size
        most = bound(self.works, roof, row.batch, size) if roof else 0.0
        return replace(
            row,
            flops=flops,
            of_roofline=row.throughput.value / most if most else None,
            of_roof=flops / roof.flops.value if roof else None,
            of_peak=flops / peak.value if peak else None,
        )

    # --- model and images ----------------------------------------------------------------------------------------

    def _model(self, config: Config) -> nn.Module:
        with undisturbed(), self.build.importable():
            torch.manual_seed(0)
            model = fresh(self.build, torch.device("cpu"))
            model = fuse(model) if config.has(Switch.FUSED) else model
            model = model.eval().requires_grad_(requires_grad=False).to(self.where)
        if config.has(Switch.CAST):
            model = model.to(devices.DTYPE[config.precision])
        return model.to(memory_format=torch.channels_last) if config.has(Switch.CHANNELS_LAST) else model  # type: ignore[call-overload]

    def _image(self, batch: int) -> Tensor:
        numbers = torch.Generator("cpu").manual_seed(0)
        return torch.randn((batch, *self.shape), generator=numbers, device="cpu").to(self.where)

    @contextmanager
    def _running(self, config: Config, image: Tensor) -> Iterator[Callable[[], object]]:
        """What runs the network once as configured."""
        dtype = devices.DTYPE[config.precision]
        short = config.precision.size == 2
        image = image.to(dtype) if config.has(Switch.CAST) else image
        if config.has(Switch.CHANNELS_LAST):
            image = image.to(memory_format=torch.channels_last)
        model: Callable[[Tensor], object] = self._model(config)
        if config.has(Switch.COMPILE):
            model = torch.compile(model)

        def run() -> object:
            with torch.autocast(self.where.type, dtype, enabled=short) if autocast else nullcontext():
                return model(image)

        autocast = short and not config.has(Switch.CAST)
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            stack.enter_context(_exact(tf32=config.precision is Precision.TF32))
            stack.enter_context(self.build.importable())
            if config.has(Switch.COMPILE):
                stack.callback(torch._dynamo.reset)  # noqa: SLF001 - its documented name
            yield _captured(run, self.where) if config.has(Switch.GRAPH) else run

    def _clean(self) -> None:
        if self.where.type == "cuda":
            torch.cuda.empty_cache()

    # --- layers --------------------------------------------------------------------------------------------------

    def layers(self) -> LayerTimes:
        """Each layer by itself in fp32, beside what its work allows."""
        batch, roof = self.plan.layer_batch, self.roofs.roof(Precision.FP32)
        if roof is None:
            return LayerTimes(failure="there is no measured roof to hold them against")
        try:
            with _exact():
                times = layer_times(self.build, self.shape, batch, self.where, LAYER_REPEATS)
        except Exception as error:  # noqa: BLE001 - the rows stand without it
            return LayerTimes(failure=_why(error))
        found: list[LayerTime] = []
        for one in self.works:
            if one.name in times:
                flops, moved = one.flops() * batch, one.moved(batch, Precision.FP32.size)
                found.append(
                    LayerTime(
                        device=str(self.where),
                        layer=one.name,
                        batch=batch,
                        seconds=self._seconds(one.name, times),
                        flops=flops,
                        moved=moved,
                        least=roof.seconds(flops, moved),
                        binds=roof.binds(flops, moved) if moved else "",
                    )
                )
        after = devices.machine(self.where).facts if self.where.type == "cuda" else ()
        return LayerTimes(times=tuple(found), after=after)

    def _seconds(self, name: str, times: Mapping[str, tuple[float, ...]]) -> Measurement:
        return measured(name, times[name], "s", self.roofs.machine)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """As many threads of the CPU as asked for, and afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# --- switches ----------------------------------------------------------------------------------------------------


@contextmanager
def _exact(*, tf32: bool = False) -> Iterator[None]:
    """TF32 on or off, for convolutions and products alike; cuDNN searches for its fastest kernels."""
    cudnn = torch.backends.cudnn
    before, cudnn.benchmark = cudnn.benchmark, True
    try:
        with devices.tf32(on=tf32):
            yield
    finally:
        cudnn.benchmark = before


def _captured(run: Callable[[], object], where: torch.device) -> Callable[[], object]:
    """One forward as a CUDA graph; what it returns lies in the same place after each replay."""
    side = torch.cuda.Stream(where)  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream(where))
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream(where).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = run()

    def replay() -> object:
        graph.replay()
        return output

    return replay


def _impossible(config: Config, where: torch.device) -> str:
    """Why a configuration has no meaning on a device; empty where it has one."""
    if where.type == "cuda":
        return ""
    if config.precision is Precision.TF32:
        return "TF32 exists on GPUs only"
    return "CUDA graphs exist on GPUs only" if config.has(Switch.GRAPH) else ""


# --- outcomes ----------------------------------------------------------------------------------------------------


def _accuracy(output: object, wanted: Tensor, config: Config) -> Accuracy:
    found = _first(output)[:CHECKED].float()
    scale = wanted.abs().max().item()
    off = (found - wanted).abs().max().item()
    error = off / scale if scale else (float("inf") if off else 0.0)
    return Accuracy(error=error, tolerance=config.precision.tolerance)


def _first(output: object) -> Tensor:
    """The logits: the first tensor that is returned."""
    return next(tensor for _, tensor in tensors_in(output))


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)


def _why(error: Exception) -> str:
    """One line: what was raised, cut where it tells too much."""
    if isinstance(error, GnetAuditError):
        return error.line
    word = "out of memory: " if _out_of_memory(error) else ""
    return f"{word}{devices.raised(error)}"[:LONGEST]
