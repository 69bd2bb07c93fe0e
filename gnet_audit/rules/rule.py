"""What a rule is, and how much a difference weighs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a difference weighs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for a note, 2 for an error."""
        return ("note", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding; `severity` is the default, a finding may weigh otherwise by its source."""

    id: str
    title: str
    severity: Severity
    fails: str
    """The condition, as the rest of a sentence that begins with `fails if`."""
    why: str
    causes: str
    """The slips by which it usually comes about."""
    cure: str
    sure: str
    """Where the paper stands on it, what kind of evidence it is, and what could make it wrong."""
