"""Seconds of each layer: the trace's own recorder, with a clock around every op that it lets through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from gnet_audit.live.counters import original
from gnet_audit.live.record import Recorder
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.target import Build
from gnet_audit.live.twin import Twin, twin_of
from gnet_audit.network import Shape

AHEAD = 200_000_000
"""Clock ticks that a GPU sleeps first, so that it never waits for Python between two ops."""


class _Timed(Recorder):
    """Records as the trace does, under the same names, and how long each op took."""

    def __init__(self, twin: Twin, image: Tensor) -> None:
        super().__init__(twin, image, layer_times.__code__)
        self.cuda = image.is_cuda
        self.spans: list[tuple[Any, Any]] = []
        """Start and end of the calls since the last layer."""
        self.of: dict[str, list[tuple[Any, Any]]] = {}

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        before = len(self.entries)
        result = super().__torch_function__(func, types, args, kwargs)
        if len(self.entries) > before:
            self.of[self.entries[before].name], self.spans = self.spans, []
        return result

    def _result(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        start = self._now()
        result = super()._result(func, name, args, kwargs)
        self.spans.append((start, self._now()))
        return result

    def _now(self) -> Any:
        if not self.cuda:
            return perf_counter()
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event

    def seconds(self) -> Mapping[str, float]:
        """Seconds of each layer; called once the device has done everything."""
        if self.cuda:
            return {name: sum(one.elapsed_time(two) for one, two in spans) / 1000 for name, spans in self.of.items()}
        return {name: sum(two - one for one, two in spans) for name, spans in self.of.items()}


def layer_times(
    build: Build, shape: Shape, batch: int, where: torch.device, repeats: int
) -> Mapping[str, tuple[float, ...]]:
    """Seconds of each layer under the name that the trace gives it, in eval and fp32, once for each repeat."""
    with undisturbed(), build.importable(), torch.inference_mode():
        twin = twin_of(original(build), where)
        twin.module.eval()
        image = torch.randn((batch, *shape), generator=torch.Generator("cpu").manual_seed(0), device="cpu").to(where)
        runs = [_run(twin, image) for _ in range(repeats + 1)][1:]
    return {name: tuple(run[name] for run in runs) for name in runs[0]}


def _run(twin: Twin, image: Tensor) -> Mapping[str, float]:
    recorder = _Timed(twin, image)
    if image.is_cuda:
        torch.cuda._sleep(AHEAD)  # type: ignore[no-untyped-call]  # noqa: SLF001 - torch has no public way to let a stream wait
    with recorder.following(), recorder:
        twin.module(image)
    if image.is_cuda:
        torch.cuda.synchronize(image.device)
    return recorder.seconds()
