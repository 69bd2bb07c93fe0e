"""A measured number with its spread, the machine it was measured on, and the peaks that makers publish. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles

UNSTABLE = 0.05
"""Interquartile range over median from which a measurement is marked unstable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the figures depend on; `facts` holds what only some machines tell (clocks, power, other processes)."""

    device: str
    """As asked: `cpu`, `cuda:0`."""
    name: str
    threads: int
    torch: str
    python: str
    platform: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number, where most of its samples lie, and all of its samples in the order in which they came."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    samples: tuple[float, ...]
    environment: Machine | None = None

    @property
    def spread(self) -> float:
        """From `low` to `high` as a share of the value."""
        return (self.high - self.low) / self.value if self.value else 0.0

    @property
    def unstable(self) -> bool:
        """Whether the samples lie too far apart to be trusted."""
        return self.spread > UNSTABLE


def measured(name: str, samples: tuple[float, ...], unit: str, environment: Machine | None = None) -> Measurement:
    """The median of some samples, and their quartiles."""
    low, _, high = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else (samples[0],) * 3
    return Measurement(
        name=name, value=median(samples), unit=unit, low=low, high=high, samples=samples, environment=environment
    )


def percentile(samples: tuple[float, ...], share: float) -> float:
    """The sample below which a share of all lies, the nearest one."""
    ordered = sorted(samples)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


# --- what a device could do ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A published dense peak: FLOP per second of one type, or bytes per second of the memory (`bandwidth`)."""

    of: str
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """The most that was reached on this very device in this run: a large product, a large copy."""

    flops: Measurement
    """FLOP per second."""
    bandwidth: Measurement
    """Bytes per second, read and written both counted."""

    def seconds(self, flops: float, moved: float) -> float:
        """The least time for some work: the slower of computing it and moving it."""
        return max(flops / self.flops.value, moved / self.bandwidth.value)

    def binds(self, flops: float, moved: float) -> str:
        """Which of the two roofs is the lower one for some work."""
        return "compute" if flops / self.flops.value > moved / self.bandwidth.value else "memory"


_HOPPER = "NVIDIA H100 Tensor Core GPU Architecture, table of H100 SXM5, dense"
_H200 = "NVIDIA H200 datasheet: 4.8 TB/s; the processor is that of the H100 SXM5"
_AMPERE = "NVIDIA A100 datasheet, dense"
_SXM = {"fp32": 66.9e12, "tf32": 494.7e12, "bf16": 989.4e12, "fp16": 989.4e12}
_A100 = {"fp32": 19.5e12, "tf32": 156e12, "bf16": 312e12, "fp16": 312e12}
_PUBLISHED = (
    ("H200", _SXM | {"bandwidth": 4.8e12}, _H200),
    ("H100 80GB HBM3", _SXM | {"bandwidth": 3.35e12}, _HOPPER),
    ("A100-SXM4-80GB", _A100 | {"bandwidth": 2.039e12}, _AMPERE),
    ("A100-SXM4-40GB", _A100 | {"bandwidth": 1.555e12}, _AMPERE),
)
"""By a part of the device's own name; a card that is not here (an H100 PCIe, a slice of a card) has no peaks."""


def peak(name: str, of: str) -> Peak | None:
    """The published peak of a device by its own name; None for one that we do not know for certain."""
    if "MIG" in name:
        return None
    for part, values, source in _PUBLISHED:
        if part in name and of in values:
            return Peak(of=of, value=values[of], source=source)
    return None
