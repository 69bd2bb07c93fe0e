"""Reports whose names, as a user's code may have them, try to be markup, commands or formulas."""

from __future__ import annotations

from dataclasses import replace

from gnet_audit.network import Location, Source, Status
from gnet_audit.report import Report, Stated
from tests.canonical_report import FINDINGS, REPORT, ROWS

EVIL = "<script>alert(1)</script>\"'`|](javascript:x)@ann ::error::%0A##[error]]]>&amp;\x1b[2J\u202e\n=1+1{{ 7*7 }}"
"""HTML, an attribute's end, Markdown, a mention, a workflow command, XML, a terminal, a spreadsheet, a template."""

GUESS = Source(id=EVIL, where=EVIL, status=Status.INFERRED)


def hostile() -> Report:
    """The canonical report with that name wherever a name of the user's can stand."""
    at = Location(file=f"/home/ann/{EVIL}.py", line=3)
    said = Source(id=EVIL, where=EVIL, status=Status.PRINTED)
    stated = (Stated(attribute=EVIL, value=EVIL, source=said), Stated(attribute=EVIL, value=EVIL, source=GUESS))
    row = replace(
        ROWS[0], slot=EVIL, layer=EVIL, found_op=EVIL, printed=EVIL, note=EVIL, location=at, source=said,
        stated=stated, lines=(replace(at, line=4),),
    )  # fmt: skip
    extra = replace(ROWS[9], slot=f"+{EVIL}", layer=EVIL, found_op=EVIL, note=EVIL)
    finding = replace(
        FINDINGS[0], rows=(EVIL,), message=EVIL, found=EVIL, expected=EVIL, cure=EVIL, cause=EVIL, layers=(EVIL,),
        location=at, locations=(at, replace(at, line=4)), accepted="", variants=(EVIL,),
    )  # fmt: skip
    accepted = replace(finding, accepted=EVIL)
    return replace(
        REPORT,
        target=EVIL,
        rows=(row, extra),
        findings=(finding, accepted),
        unverified=(replace(REPORT.unverified[0], what=EVIL, why=EVIL, where=at),),
        error=EVIL,
        variant=EVIL,
        stale=(EVIL,),
    )
