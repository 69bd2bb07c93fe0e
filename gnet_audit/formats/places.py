"""Where in the user's code a finding is shown to people who look at files: its own line, else a line beside it."""

from __future__ import annotations

import hashlib
import os.path
from dataclasses import dataclass

from gnet_audit.acceptance import names
from gnet_audit.findings import Finding
from gnet_audit.formats.view import View
from gnet_audit.network import Location
from gnet_audit.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A line of a file, and whether it is the finding's own or the nearest that is known."""

    location: Location
    own: bool

    @property
    def caveat(self) -> str:
        """What is said where a viewer shows the line as if it were the finding's own."""
        return "" if self.own else " (shown at the nearest line that is known)"


def spot(report: Report, finding: Finding) -> Spot | None:
    """The line where the number is written; for what is missing, the line of the slot before it."""
    if finding.location is not None:
        return Spot(location=finding.location, own=True)
    slots = [row.slot for row in report.rows]
    names = [name for name in finding.rows if name in slots] or [
        row.slot for row in report.rows if row.row in finding.rows
    ]
    if not names:
        return None
    index = slots.index(names[0])
    before = (row.location for row in reversed(report.rows[: index + 1]) if row.location)
    after = (row.location for row in report.rows[index:] if row.location)
    near = next(before, None) or next(after, None)
    return Spot(location=near, own=False) if near else None


def relative(file: str, view: View) -> str:
    """The file's path from the root of the checkout, with forward slashes, where it is below it; else as it is."""
    root = view.root or view.folder
    path = os.path.relpath(os.path.join(view.folder, file), root) if root else file
    return (file if path.startswith("..") else path).replace(os.sep, "/")


def fingerprint(report: Report, finding: Finding) -> str:
    """The same for the same difference of the same model, wherever its lines move."""
    parts = (report.spec.id, report.target, finding.rule, finding.attribute, finding.found, *finding.rows)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def findings_of(report: Report) -> dict[str, tuple[Finding, ...]]:
    """For each slot the findings that name it."""
    return {row.slot: tuple(one for one in report.findings if names(one, row)) for row in report.rows}
