"""How fast a network runs, as values: configurations, rows of figures, what the device could do. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from gnet_audit.errors import UsageError
from gnet_audit.measurement import Machine, Measurement, Peak, Roof, percentile
from gnet_audit.work import LayerWork

DEFAULT_BATCHES = (1, 32, 128)


class Precision(StrEnum):
    """How products are computed."""

    FP32 = "fp32"
    TF32 = "tf32"
    BF16 = "bf16"
    FP16 = "fp16"

    @property
    def size(self) -> int:
        """Bytes of a value."""
        return 4 if self in {Precision.FP32, Precision.TF32} else 2

    @property
    def tolerance(self) -> float:
        """The largest difference from fp32, as a share of the largest output, that rounding explains."""
        return {"fp32": 1e-4, "tf32": 1e-2, "fp16": 2e-2, "bf16": 5e-2}[self.value]


class Switch(StrEnum):
    """What may be put on top of a precision."""

    CHANNELS_LAST = "channels_last"
    CAST = "cast"
    """Weights and input in the short type themselves, no autocast."""
    FUSED = "fused"
    """The reference's fused form: one wide 1×1 for the branches that share an input."""
    COMPILE = "compile"
    GRAPH = "graph"
    """A CUDA graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One way of running the network."""

    precision: Precision = Precision.FP32
    switches: tuple[Switch, ...] = ()

    @property
    def name(self) -> str:
        """As it is asked for: `bf16+channels_last+compile`."""
        return "+".join((self.precision.value, *(switch.value for switch in self.switches)))

    def has(self, switch: Switch) -> bool:
        """Whether a switch is on."""
        return switch in self.switches


def config(text: str) -> Config:
    """`bf16+channels_last`, `compile` (fp32), …; UsageError for any other word."""
    words = [word.strip().lower() for word in text.split("+")]
    precisions = [Precision(word) for word in words if word in set(Precision)]
    switches = tuple(switch for switch in Switch if switch.value in words)
    strange = [word for word in words if word not in {*Precision, *Switch}]
    if strange or len(precisions) > 1 or len(set(words)) < len(words):
        known = f"one of {', '.join(Precision)} and any of {', '.join(Switch)}, joined by +"
        raise UsageError("not a configuration", where="--config", expected=known, got=repr(text))
    precision = precisions[0] if precisions else Precision.FP32
    if Switch.CAST in switches and precision.size == 4:
        raise UsageError("cast needs a short type", where="--config", expected="bf16+cast or fp16+cast", got=repr(text))
    return Config(precision=precision, switches=switches)


_DEFAULTS = {
    "cpu": ("fp32", "channels_last", "bf16", "bf16+channels_last"),
    "cuda": (
        "fp32", "tf32", "bf16", "fp16", "bf16+channels_last", "bf16+channels_last+compile", "bf16+channels_last+graph",
        "bf16+cast+channels_last+graph",
    ),
}  # fmt: skip
_FUSED = {
    "cpu": ("channels_last+fused", "bf16+channels_last+fused"),
    "cuda": (
        "bf16+channels_last+fused+compile",
        "bf16+cast+channels_last+fused+compile",
        "bf16+cast+channels_last+fused+graph",
    ),
}


def defaults(kind: str, *, fused: bool = False) -> tuple[Config, ...]:
    """What is measured when nothing is asked for, by the kind of device; `fused` where the model has such a form."""
    return tuple(map(config, (*_DEFAULTS[kind], *(_FUSED[kind] if fused else ()))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long a row is measured; a row that is slower than all of this is cut short and says so."""

    seconds: float = 2.0
    iterations: int = 50
    blocks: int = 10
    least_blocks: int = 5
    warm_seconds: float = 1.0
    warm_iterations: int = 10
    warm_most: float = 10.0
    """Seconds after which warming up ends although nothing has settled."""
    most: float = 30.0
    """Seconds after which measuring is cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be measured."""

    device: str
    batches: tuple[int, ...] = DEFAULT_BATCHES
    configs: tuple[Config, ...] = ()
    auto_batch: bool = False
    effort: Effort = field(default_factory=Effort)
    threads: int | None = None
    """Of the CPU; torch's own choice without it."""
    layer_batch: int = 8
    """Batch at which single layers are timed."""


# --- results -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The largest difference from fp32 as a share of the largest output, and what is allowed."""

    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether rounding explains it; not a number never is."""
        return self.error <= self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration at one batch on one device, or why it failed."""

    device: str
    config: Config
    batch: int
    asked: int
    """The batch that was asked for; it differs where memory ran out and `--auto-batch` was on."""
    latency: Measurement | None = None
    """Seconds of single forwards, one at a time."""
    throughput: Measurement | None = None
    """Images per second of each block of forwards, back to back."""
    iterations: int = 0
    warm_seconds: float = 0.0
    first_seconds: float = 0.0
    """The first forward: cuDNN's search, compiling, capturing."""
    peak_bytes: int | None = None
    accuracy: Accuracy | None = None
    flops: float | None = None
    """FLOP per second, from the audited MACs."""
    of_roofline: float | None = None
    """Share of what the layers' own roofs allow, each layer by itself."""
    of_roof: float | None = None
    """Share of the large product measured on this device."""
    of_peak: float | None = None
    """Share of the published dense peak."""
    notes: tuple[str, ...] = ()
    failure: str = ""

    @property
    def p90(self) -> float | None:
        """Nine of ten forwards take less."""
        return percentile(self.latency.samples, 0.9) if self.latency else None

    @property
    def p99(self) -> float | None:
        """Ninety-nine of a hundred forwards take less."""
        return percentile(self.latency.samples, 0.99) if self.latency else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofs:
    """A device's measured roofs for each precision, and the published peaks of those that we know."""

    device: str
    machine: Machine
    roofs: tuple[tuple[Precision, Roof], ...]
    peaks: tuple[Peak, ...] = ()
    notes: tuple[str, ...] = ()
    """Why a roof is missing."""

    def roof(self, precision: Precision) -> Roof | None:
        """The roof of one precision."""
        return dict(self.roofs).get(precision)

    def peak(self, of: str) -> Peak | None:
        """A published peak."""
        return next((peak for peak in self.peaks if peak.of == of), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTime:
    """One layer of the model, timed by itself in fp32."""

    device: str
    layer: str
    batch: int
    seconds: Measurement
    flops: int
    """Of the whole batch."""
    moved: int
    """Bytes, of the whole batch."""
    least: float
    """Seconds that the roofs allow."""
    binds: str
    """`compute` or `memory`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is being measured now, the how manieth of how many."""

    name: str
    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimes:
    """All layers of one run."""

    times: tuple[LayerTime, ...] = ()
    failure: str = ""
    after: tuple[tuple[str, str], ...] = ()
    """What the device tells of itself at the end of the run: clocks, temperature, what slowed it down."""


Record: TypeAlias = Stage | Roofs | Row | LayerTimes
"""What a run yields, in the order in which it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """All that one run measured, whole or interrupted."""

    roofs: tuple[Roofs, ...]
    rows: tuple[Row, ...]
    layers: tuple[LayerTime, ...]
    notes: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def best(self) -> Row | None:
        """The fastest row whose numbers were held against fp32 and agree."""
        checked = [row for row in self.rows if row.throughput and row.accuracy and row.accuracy.ok]
        return max(checked, key=lambda row: row.throughput.value if row.throughput else 0.0, default=None)


def collected(records: Sequence[Record], *, interrupted: bool = False) -> Speed:
    """What a run has yielded so far, as one value."""
    layers = [record for record in records if isinstance(record, LayerTimes)]
    return Speed(
        roofs=tuple(record for record in records if isinstance(record, Roofs)),
        rows=tuple(record for record in records if isinstance(record, Row)),
        layers=tuple(time for group in layers for time in group.times),
        notes=tuple(note for group in layers for note in _notes(group)),
        interrupted=interrupted,
    )


def _notes(group: LayerTimes) -> Iterator[str]:
    if group.failure:
        yield f"layers were not timed: {group.failure}"
    if group.after:
        yield "after the run: " + ", ".join(f"{name} {value}" for name, value in group.after)


def bound(works: Iterable[LayerWork], roof: Roof, batch: int, size: int) -> float:
    """Images per second that the layers' own roofs allow, each layer by itself and nothing kept between them."""
    seconds = sum(roof.seconds(one.flops() * batch, one.moved(batch, size)) for one in works)
    return batch / seconds if seconds else 0.0
