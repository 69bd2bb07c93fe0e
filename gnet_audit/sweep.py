"""The audit at other input sizes: what coincides at the paper's own size may differ at another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gnet_audit.findings import Finding
from gnet_audit.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one size showed in eval, up to where a forward made for the paper's size stops."""

    size: int
    reached: str
    """The last slot that has a counterpart."""
    findings: tuple[Finding, ...] = ()
    """Those that the paper's own size does not show."""
    proof: Proof | None = None

    @property
    def clean(self) -> bool:
        """Whether this size shows nothing new, and what ran is proven."""
        proven = self.proof is not None and self.proof.holds
        return proven and not any(finding.grave for finding in self.findings)

    @property
    def line(self) -> str:
        """The size in one line."""
        new = ", ".join(f"{one.rule} {one.rows[0]}" for one in self.findings if one.grave)
        proof = self.proof.line if self.proof else "not proven"
        told = f"differs at this size only: {new}; " if new else ""
        return f"at {self.size}×{self.size}, up to {self.reached}: {told}{proof}"


def new_findings(here: Iterable[Finding], known: Iterable[Finding], aside: frozenset[str]) -> tuple[Finding, ...]:
    """The findings at another size that say more than those at the paper's; `aside` are slots made for one size."""
    told = {(finding.rule, finding.attribute, row) for finding in known for row in finding.rows}
    of_the_task = {"GA101", "GA103", "GA104", "GA314", "GA401"}
    return tuple(
        finding
        for finding in here
        if finding.rule not in of_the_task
        and any((finding.rule, finding.attribute, row) not in told and row not in aside for row in finding.rows)
    )
