"""Small texts that every format shares: safe names, numbers, places."""

from __future__ import annotations

import os.path
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from gnet_audit.messages import is_behind

if TYPE_CHECKING:
    from gnet_audit.findings import Cost, Finding
    from gnet_audit.network import Location, Shape, Source, Unverified
    from gnet_audit.report import Report

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters that a terminal obeys or hides instead of showing."""


def safe(text: str) -> str:
    """The text with every control, bidirectional or invisible character written as its escape."""
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def number(value: int | None) -> str:
    """An exact integer with thousands separated; empty where there is none."""
    return "" if value is None else f"{value:,}"


def signed(value: int) -> str:
    """An exact difference with its sign; `0` for none."""
    return f"{value:+,}" if value else "0"


def count(amount: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def shape(value: Shape | None) -> str:
    """A shape as the paper writes it; empty where it cannot be known."""
    from gnet_audit.notation import shape_text

    return "" if value is None else shape_text(value)


def place(location: Location | None, folder: str = "") -> str:
    """`file:line`, the file relative to `folder` where that is shorter; of an installed package only its own path."""
    if location is None:
        return ""
    return f"{safe(_short(location.file, folder))}:{location.line}"


def _short(file: str, folder: str) -> str:
    for installed in ("/site-packages/", "/dist-packages/"):
        if installed in file:
            return "…/" + file.rpartition(installed)[2]
    if not folder or not os.path.isabs(file):
        return file
    return min(file, os.path.relpath(file, folder), key=len)


def paper(source: Source | None) -> str:
    """How sure a fact is and where it stands."""
    return "" if source is None else f"{source.status}: {source.where}"


def some(names: tuple[str, ...], limit: int) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(safe(name) for name in names[:limit])
    rest = len(names) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


def slots(finding: Finding, limit: int) -> str:
    """Where in the paper a finding stands: the slots that are wrong, or behind which something is."""
    return behind(finding) + some(finding.rows, limit)


def behind(finding: Finding) -> str:
    """What is said before the slots, where they are as in the paper and only say where something stands."""
    return "after " if is_behind(finding.rule, finding.found) else ""


def lines(finding: Finding) -> list[Location]:
    """Every line that a finding points at, each once, the first of them the finding's own."""
    every = finding.locations or ((finding.location,) if finding.location else ())
    once: dict[tuple[str, int], Location] = {}
    for location in every:
        once.setdefault((location.file, location.line), location)
    return list(once.values())


NO_LINE = "its line is not known"


def is_lost(finding: Finding, report: Report) -> bool:
    """Whether layers in a user's code have to be mended, and nothing tells at which line."""
    return finding.grave and not lines(finding) and bool(finding.layers) and any(row.location for row in report.rows)


def also(finding: Finding, folder: str, limit: int = 2) -> str:
    """The other lines that must change, in short: of a file that was named just before the number alone."""
    every = lines(finding) if finding.grave else []
    told = [f":{two.line}" if one.file == two.file else place(two, folder) for one, two in pairwise(every)]
    more = f" and {len(told) - limit} more" if len(told) > limit else ""
    return ", ".join(told[:limit]) + more


def unchecked(entry: Unverified, folder: str) -> str:
    """What was not checked, why, and at which line it is, where that is known."""
    where = place(entry.where, folder)
    return f"{safe(entry.what)}: {safe(entry.why)}" + (f" ({where})" if where else "")


def cost(value: Cost) -> str:
    """What a difference costs, here and in total."""
    here = _difference(value.params, value.macs)
    whole = _difference(value.total_params, value.total_macs)
    return f"{here}, here and in total" if here == whole else f"{here} here; {whole} in total"


def _difference(params: int, macs: int) -> str:
    work = f"{signed(macs)} MACs per image" if macs else "no MACs"
    return f"{signed(params)} parameters, {work}" if params else f"no parameters, {work}"
