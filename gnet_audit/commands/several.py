"""`check` with several targets: each is audited in a process of its own, and all end in one table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from gnet_audit import options
from gnet_audit.commands.configured import given
from gnet_audit.commands.words import width
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats import Format
from gnet_audit.formats.several import Audited, render
from gnet_audit.live.isolate import CODE
from gnet_audit.output import PROGRAM, Document, Reply, say

OWN = ("target", "others", "format", "json", "output", "need_target")
"""Options that are not handed on."""
ERROR = f"{PROGRAM}: error: "


def several(context: typer.Context, targets: Sequence[str], destinations: Sequence[options.Destination]) -> Reply:
    """One line for each target, whatever becomes of it; the exit status is the worst of all."""
    for one in destinations:
        if one.format not in {Format.TEXT, Format.CSV}:
            raise UsageError("of several targets only text and csv", where="--format", got=one.format.value)
    for option in ("baseline_update", "baseline_prune"):
        if context.params[option]:
            raise UsageError(
                "one baseline cannot be written for several targets", where=f"--{option.replace('_', '-')}"
            )
    words = [*given(context, OWN), "--no-summary", *(["--isolate"] if os.name == "posix" else [])]
    audited = tuple(_each(words, targets))
    return Reply(
        documents=tuple(
            Document(text=render(audited, one.format, width(None) if not one.file else 0), file=one.file)
            for one in destinations
        ),
        problems=tuple(f"{one.target}: not audited: {one.error}" for one in audited if not one.verdict),
        status=max(one.status for one in audited),
    )


def _each(words: Sequence[str], targets: Sequence[str]) -> Iterator[Audited]:
    for number, target in enumerate(targets, 1):
        say(f"{number} of {len(targets)}: {target}")
        yield _one(words, target)


def _one(words: Sequence[str], target: str) -> Audited:
    """What the same command says of one target; through files, which a process that is left behind cannot keep open."""
    with TemporaryDirectory() as folder:
        report, complaints = Path(folder, "report"), Path(folder, "complaints")
        command = [sys.executable, "-P", "-c", CODE.format(path=sys.path), "check", *words, "--json", "--", target]
        with report.open("wb") as out, complaints.open("wb") as err:
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False).returncode  # noqa: S603 - Python itself, no shell
        if code == ExitStatus.INTERRUPTED:
            raise KeyboardInterrupt
        status = ExitStatus(code) if code in list(ExitStatus) else ExitStatus.USAGE
        said = [line for line in complaints.read_text("utf-8", "replace").splitlines() if ERROR in line]
        error = said[-1].rpartition(ERROR)[2] if said else ""  # code may have left a line before it unfinished
        try:
            found = json.loads(report.read_text(encoding="utf-8"))
        except ValueError:
            return Audited(target=target, status=status or ExitStatus.USAGE, error=error or f"exit status {code}")
    heard = [one for one in found["findings"] if one["severity"] != "note" and not one["accepted"]]
    return Audited(
        target=found["target"],
        status=status,
        verdict=_verdict(found),
        errors=sum(one["severity"] == "error" for one in heard),
        warnings=sum(one["severity"] == "warning" for one in heard),
        proven=(found["proof"] or {}).get("status", ""),
        rules=tuple(dict.fromkeys(one["rule"] for one in heard)),
        error=error,
    )


def _verdict(found: dict[str, Any]) -> str:
    """The verdict, with what else makes a network fail that matches."""
    vain = f", but {len(found['stale'])} accepted in vain" if found["stale"] else ""
    sizes = [
        f"{one['size']}×{one['size']}"
        for one in found["sweep"]
        if (one["proof"] or {}).get("status") != "proven" or any(each["severity"] != "note" for each in one["findings"])
    ]
    word = str(found["verdict"]).replace("_", " ")
    return word + vain + (f", but not at {' and '.join(sizes)}" if sizes else "")
