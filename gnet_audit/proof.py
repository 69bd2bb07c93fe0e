"""The proof that a report is complete: what was computed on both sides, and whether it is the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TOLERANCE = 1e-9
"""Largest difference, as a share of the largest value of the layer, that rounding in float64 may bring about."""


TOLERANCE_FLOAT32 = 1e-4
"""The same where the model insists on float32: it casts on the way, and takes no float64."""


class ProofStatus(StrEnum):
    """What came of a proof."""

    PROVEN = "proven"
    FAILED = "failed"
    """The two differ: something is wrong that no finding tells."""
    OPEN = "open"
    """Something could not be computed or compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A value in a few numbers."""

    shape: tuple[int, ...]
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The first slot at which the two sides differ."""

    slot: str
    layer: str
    """The user's name of the layer."""
    error: float
    """Largest difference as a share of the largest value; infinite for other shapes."""
    expected: Statistics
    """By the paper's network with the findings applied."""
    found: Statistics
    """By the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeProof:
    """The proof of one mode."""

    mode: str
    status: ProofStatus
    slots: int = 0
    """Layers whose values were compared."""
    outputs: int = 0
    """Outputs whose values were compared."""
    error: float = 0.0
    """The largest difference of all."""
    precision: str = "float64"
    why: str = ""
    gap: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The paper's network, changed only by the findings, executed beside the model with the model's own weights."""

    modes: tuple[ModeProof, ...]
    input_shape: tuple[int, ...]
    tolerance: float = TOLERANCE

    @property
    def status(self) -> ProofStatus:
        """The worst of the modes."""
        order = (ProofStatus.FAILED, ProofStatus.OPEN, ProofStatus.PROVEN)
        return min((mode.status for mode in self.modes), key=order.index, default=ProofStatus.OPEN)

    @property
    def holds(self) -> bool:
        """Whether it was carried through and the two are the same."""
        return self.status is ProofStatus.PROVEN

    @property
    def line(self) -> str:
        """The proof in one line."""
        told = [f"{mode.mode}: {mode.why}" for mode in self.modes if mode.why]
        if self.holds:
            slots = sum(mode.slots for mode in self.modes)
            outputs = sum(mode.outputs for mode in self.modes)
            worst = max(mode.error for mode in self.modes)
            names = " and ".join(mode.mode for mode in self.modes)
            precision = " and ".join(dict.fromkeys(mode.precision for mode in self.modes))
            returned = f" and {outputs} outputs" if outputs else ""
            return (
                f"proven in {names}: {slots} values{returned} equal within {self.tolerance:g} "
                f"(largest difference {worst:.1e}, {precision}, random weights)"
            )
        return f"not proven: {'; '.join(told)}"
