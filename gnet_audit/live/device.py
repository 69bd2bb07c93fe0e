"""A device: which one is meant, what is known of it, and the most that it reaches in this very run."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from time import perf_counter

import torch
from torch import Tensor

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.measurement import Machine, Roof, measured, peak
from gnet_audit.speed import Precision, Roofs

DTYPE = {
    Precision.FP32: torch.float32,
    Precision.TF32: torch.float32,
    Precision.BF16: torch.bfloat16,
    Precision.FP16: torch.float16,
}
RUNS = 7
"""Large products and copies whose median is the roof."""
SIDE = {"cpu": 1024, "cuda": 8192}
"""Rows and columns of the large product."""
COPY = {"cpu": 2**26, "cuda": 2**29}
"""Bytes of the large copy: more than any cache holds."""
LONGEST = 160
"""Characters of what was raised that are kept."""


def device(text: str) -> torch.device:
    """`cpu`, `cuda` or `cuda:N`; UnavailableError where this machine has no such device."""
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", text):
        raise UsageError("not a device", where="--device", expected="cpu, cuda or cuda:N", got=repr(text))
    if text == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        built = "" if torch.version.cuda else f"; torch {torch.__version__} is built without CUDA"
        raise UnavailableError(f"no GPU on this machine{built}", where=f"--device {text}")
    index = int(text.partition(":")[2] or torch.cuda.current_device())
    if index >= torch.cuda.device_count():
        raise UnavailableError(
            "no such GPU", where=f"--device {text}", expected=f"an index below {torch.cuda.device_count()}"
        )
    return torch.device("cuda", index)


def waiter(where: torch.device) -> Callable[[], None]:
    """What waits until the device has done all that it was given."""
    if where.type == "cuda":
        return lambda: torch.cuda.synchronize(where)
    return lambda: None


# --- what is known of it -----------------------------------------------------------------------------------------


def machine(where: torch.device) -> Machine:
    """The machine that figures of this device depend on."""
    cuda = where.type == "cuda"
    return Machine(
        device=str(where),
        name=torch.cuda.get_device_name(where) if cuda else _processor(),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        python=platform.python_version(),
        platform=f"{platform.system()}-{platform.machine()}",
        facts=tuple(_gpu_facts(where) if cuda else _cpu_facts()),
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def _cpu_facts() -> Iterator[tuple[str, str]]:
    yield "cores", str(os.cpu_count())
    yield "instructions", torch.backends.cpu.get_cpu_capability()
    if hasattr(os, "getloadavg"):
        yield "load", f"{os.getloadavg()[0]:.2f}"


def _gpu_facts(where: torch.device) -> Iterator[tuple[str, str]]:
    yield "CUDA", str(torch.version.cuda)
    yield "cuDNN", str(torch.backends.cudnn.version())  # type: ignore[no-untyped-call]
    yield from _nvml(where)


def _nvml(where: torch.device) -> Iterator[tuple[str, str]]:
    """Clocks, power, temperature, what slows the card down, and who else is on it: read, never set."""
    try:
        pynvml = import_module("pynvml")
    except ModuleNotFoundError:
        yield "clocks", "not read: nvidia-ml-py is not installed"
        return
    try:
        pynvml.nvmlInit()
        uuid = str(torch.cuda.get_device_properties(where).uuid)
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}")
        yield "clock", f"{pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM)} MHz"
        yield "power", f"{pynvml.nvmlDeviceGetPowerUsage(handle) / 1000:.0f} W"
        yield "temperature", f"{pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)} °C"
        yield "throttle reasons", hex(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))
        others = [one.pid for one in pynvml.nvmlDeviceGetComputeRunningProcesses(handle) if one.pid != os.getpid()]
        yield "other processes", ", ".join(map(str, others)) or "none"
    except Exception as error:  # noqa: BLE001 - whatever the driver refuses is only said
        yield "clocks", f"not read: {' '.join(str(error).split())}"


# --- what it reaches -----------------------------------------------------------------------------------------------


def roofs(where: torch.device, precisions: Iterable[Precision]) -> Roofs:
    """A large product in each precision and a large copy, all measured now."""
    notes: list[str] = []
    copies = _tried("large copy", lambda: _copies(where), notes)
    wished = dict.fromkeys(precisions) if copies else ()
    products = {
        precision: _tried(f"large product, {precision}", lambda: _products(where, precision), notes)  # noqa: B023
        for precision in wished
    }
    about = machine(where)  # after the work: an idle card tells an idle clock
    found: list[tuple[Precision, Roof]] = []
    for precision, samples in products.items():
        if samples:
            flops = measured(f"large product, {precision}", samples, "FLOP/s", about)
            found.append((precision, Roof(flops=flops, bandwidth=measured("large copy", copies, "byte/s", about))))
    wanted = ("bandwidth", *(precision.value for precision, _ in found))
    peaks = tuple(one for of in wanted if where.type == "cuda" and (one := peak(about.name, of)))
    return Roofs(device=str(where), machine=about, roofs=tuple(found), peaks=peaks, notes=tuple(notes))


def _tried(what: str, run: Callable[[], tuple[float, ...]], notes: list[str]) -> tuple[float, ...]:
    """The samples of a roof; none, and a note, where it could not be measured."""
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - the rows stand without a roof
        notes.append(f"no roof: {what}: {raised(error)}")
        return ()


def raised(error: Exception) -> str:
    """What was raised in one line: its type and the first line of its text."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:LONGEST]


@contextmanager
def tf32(*, on: bool) -> Iterator[None]:
    """TF32 for products and convolutions; torch refuses its older flags where the newer ones have been set."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    try:
        before = cudnn.allow_tf32, matmul.allow_tf32
    except RuntimeError:
        with _newer("tf32" if on else "ieee"):
            yield
        return
    cudnn.allow_tf32, matmul.allow_tf32 = on, on
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32 = before


@contextmanager
def _newer(precision: str) -> Iterator[None]:
    """The newer flags, which can be read whatever was set before."""
    holders = (torch.backends.cudnn.conv, torch.backends.cuda.matmul)  # type: ignore[attr-defined]
    before = [holder.fp32_precision for holder in holders]
    try:
        for holder in holders:
            holder.fp32_precision = precision
        yield
    finally:
        for holder, was in zip(holders, before, strict=True):
            holder.fp32_precision = was


def _products(where: torch.device, precision: Precision) -> tuple[float, ...]:
    side = SIDE[where.type]
    dtype = DTYPE[precision]
    one, two = (torch.randn(side, side, device=where).to(dtype) for _ in range(2))
    with tf32(on=precision is Precision.TF32):
        seconds = _timed(lambda: one @ two, where)
    return tuple(2 * side**3 / second for second in seconds)


def _copies(where: torch.device) -> tuple[float, ...]:
    count = COPY[where.type] // 4
    source = torch.randn(count, device=where)
    target = torch.empty_like(source)
    return tuple(2 * 4 * count / second for second in _timed(lambda: target.copy_(source), where))


def _timed(run: Callable[[], Tensor], where: torch.device) -> tuple[float, ...]:
    wait = waiter(where)
    seconds: list[float] = []
    for _ in range(RUNS + 2):
        wait()
        start = perf_counter()
        run()
        wait()
        seconds.append(perf_counter() - start)
    return tuple(seconds[2:])
