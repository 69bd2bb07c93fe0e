"""The report: all that a formatter may know, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gnet_audit.network import Location, Shape, Source, Unverified

if TYPE_CHECKING:
    from pandas import DataFrame

    from gnet_audit.findings import Finding
    from gnet_audit.proof import Proof
    from gnet_audit.sweep import Swept


class RowStatus(StrEnum):
    """What became of one slot of the paper."""

    MATCH = "match"
    EQUIVALENT = "equivalent"
    """Written differently, the same function."""
    DIFFERS = "differs"
    """A finding names this slot."""
    CONSEQUENCE = "consequence"
    """As in the paper by itself; its shape or size follows from a finding elsewhere."""
    ACCEPTED = "accepted"
    """All findings that name this slot are accepted, with a reason."""
    MISSING = "missing"
    EXTRA = "extra"
    """A layer of the model that the paper has not."""
    UNVERIFIED = "unverified"


class Verdict(StrEnum):
    """The one word at the end."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNPROVEN = "unproven"
    NOT_THIS_NETWORK = "not_this_network"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecId:
    """Which paper, and exactly which text of its spec."""

    id: str
    title: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One attribute of a slot as the paper has it, where that is told apart from the slot's own source."""

    attribute: str
    value: str
    """As text; empty where the attribute is no number or word of the op."""
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotResult:
    """One slot of the paper beside the user's layer (or an added layer of the user's)."""

    row: str
    """The paper's row (`inception_3a`, `aux1`); empty for an added layer outside any row."""
    slot: str
    """The slot (`inception_3a.5x5`); for an added layer, `+` and the user's name."""
    layer: str
    """The user's name for it; empty when missing."""
    expected_op: str
    found_op: str
    printed: str
    """The output size as the paper prints it; empty where it does not."""
    derived: Shape | None
    measured: Shape | None
    expected_params: int | None
    params: int | None
    expected_macs: int | None
    macs: int | None
    status: RowStatus
    note: str = ""
    """Why the status is what it is, in a few words: the finding, the cause, the reason."""
    location: Location | None = None
    reads: tuple[str, ...] = ()
    """The slots whose outputs it reads by the paper (around an added layer, by the model); `input` for the image."""
    source: Source | None = None
    """Where the paper has the slot, and how sure that is."""
    stated: tuple[Stated, ...] = ()
    """What the paper says of single attributes: the cell of its table, a figure, a convention."""
    lines: tuple[Location, ...] = ()
    """The lines that findings name for this very slot: where the wrong number is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the network without what only training uses, and with it; MACs per image."""

    expected_params: int | None
    params: int | None
    expected_macs: int | None
    macs: int | None
    expected_params_train: int | None = None
    params_train: int | None = None
    expected_macs_train: int | None = None
    macs_train: int | None = None
    model_params: int | None = None
    """All parameters the model owns, used or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the audit ran on; nothing here changes between two runs on one machine."""

    gnet_audit: str
    python: str
    torch: str
    platform: str
    device: str = "meta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole result of one audit."""

    spec: SpecId
    target: str
    input_shape: Shape
    verdict: Verdict
    reason: str
    """Why, in one sentence: for `not_this_network` what it is instead, for `differs` a summary, for `unproven` what
    stands in the way."""
    rows: tuple[SlotResult, ...]
    findings: tuple[Finding, ...]
    unverified: tuple[Unverified, ...]
    totals: Totals
    environment: Environment
    modes: tuple[str, ...] = ("eval", "train")
    """The modes that could be traced."""
    error: str = ""
    """Set when the forward raised: the table holds what ran up to there."""
    proof: Proof | None = None
    """None where none was asked for, or none was possible."""
    sweep: tuple[Swept, ...] = ()
    """The audit at other input sizes, where that was asked for."""
    ignored: tuple[Finding, ...] = ()
    """Findings that the reader left out; the verdict still counts them."""
    variant: str = ""
    """The published variant whose differences are exactly these, by its title."""
    stale: tuple[str, ...] = ()
    """Acceptances that no longer hold, a sentence each: expired, or of what is not found any more."""

    @property
    def compared(self) -> bool:
        """Whether the model could be held against the paper at all."""
        return bool(self.rows) and self.verdict is not Verdict.NOT_THIS_NETWORK

    @property
    def as_accepted(self) -> bool:
        """Whether it differs, and all that is graver than a note is accepted."""
        grave = [finding for finding in self.findings if finding.grave]
        return self.verdict is Verdict.DIFFERS and bool(grave) and all(finding.accepted for finding in grave)

    @property
    def good(self) -> bool:
        """Whether nothing is left to say against the model."""
        fit = (self.verdict is Verdict.MATCHES or self.as_accepted) and (self.proof is None or self.proof.holds)
        return fit and not self.stale and not self.error and all(swept.clean for swept in self.sweep)

    def __repr__(self) -> str:
        """In a line: the rows alone would be many pages."""
        findings = f"{len(self.findings)} finding{'s' if len(self.findings) != 1 else ''}"
        return f"<Report of {self.target} beside {self.spec.title}: {self.verdict.value}, {findings}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        page: str = _notebook().page(self)
        return page

    def to_pandas(self) -> DataFrame:
        """The rows as a table; needs pandas (`pip install 'gnet-audit[notebook]'`)."""
        return _notebook().frame(self)


def _notebook() -> Any:
    """The one look upwards: a value that notebooks can show must know who draws it."""
    return import_module("gnet_audit.notebook")
