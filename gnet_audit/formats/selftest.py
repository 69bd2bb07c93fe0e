"""What the audit's test of itself gave, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.columns import Col, draw
from gnet_audit.selftest import Kind, Selftest, Trial

SCHEMA = 1
SHOWN = 20
"""Trials that went wrong, told one by one."""


def text(result: Selftest, *, width: int = 160, color: bool = False) -> str:
    """A table by family, the other ways to write the same, what is equal by arithmetic, and what went wrong."""
    canvas = Canvas(width=width, color=color)
    wrong = result.of(Kind.MUTANT, Kind.PAIR)
    canvas.line(f"selftest: {words.count(len(wrong), 'network')} with known faults, seed {result.seed}", "bold")
    canvas.line()
    _table(canvas, result)
    canvas.line()
    for line in _harmless(result):
        canvas.paragraph(line, rest="  ")
    _told(canvas, "wrong", result.failed)
    _told(canvas, "caught, but not exactly located", result.astray)
    return canvas.text()


# --- the table ---------------------------------------------------------------------------------------------


def _table(canvas: Canvas, result: Selftest) -> None:
    single = result.of(Kind.MUTANT)
    families = dict.fromkeys(one.family for one in single)
    lines = [(family, [one for one in single if one.family == family]) for family in families]
    lines.append(("all single faults", list(single)))
    if pairs := result.of(Kind.PAIR):
        lines.append(("pairs of them", list(pairs)))
    parts = [part for _, part in lines]
    draw(
        canvas,
        [
            Col(head="family", cells=tuple(name for name, _ in lines), number=False),
            Col(head="faults", cells=tuple(str(len(part)) for part in parts)),
            Col(head="caught", cells=_shares(parts, [[one.caught for one in part] for part in parts])),
            Col(head="right slot", cells=_shares(parts, [[one.slot for one in part] for part in parts])),
            Col(head="right attribute", cells=_shares(parts, [[one.attribute for one in part] for part in parts])),
            Col(head="exactly located", cells=_shares(parts, [[one.located for one in part] for part in parts])),
            Col(head="false seconds", cells=tuple(str(sum(len(one.seconds) for one in part)) for part in parts)),
            Col(head="breaks the proof", cells=tuple(_proofs(part, broken=True) for part in parts)),
            Col(head="proven with findings", cells=tuple(_proofs(part, broken=False) for part in parts)),
        ],
    )


def _shares(parts: Sequence[Sequence[Trial]], marks: Sequence[Sequence[bool]]) -> tuple[str, ...]:
    return tuple(share(sum(given), len(part)) for part, given in zip(parts, marks, strict=True))


def share(some: int, whole: int) -> str:
    """A percentage that says 100 only where it is all."""
    if not whole:
        return ""
    if some == whole:
        return "100 %"
    return f"{min(99.9, 100 * some / whole):.1f} %"


def _proofs(part: Iterable[Trial], *, broken: bool) -> str:
    known = [one.evidence for one in part if one.evidence is not None and not (broken and one.unseen)]
    good = sum(bool(proof.broken) if broken else not proof.proven for proof in known)
    return f"{good} of {len(known)}" if known else ""


# --- what is no fault ----------------------------------------------------------------------------------------


def _harmless(result: Selftest) -> Iterator[str]:
    rewrites = result.of(Kind.REWRITE)
    if rewrites:
        alarms = sum(one.caught for one in rewrites)
        proven = _proofs(rewrites, broken=False)
        yield f"{words.count(len(rewrites), 'equivalent rewrite')}: {words.count(alarms, 'false alarm')}" + (
            f", {proven} proven" if proven else ""
        )
    yield from _equal(result.of(Kind.EQUAL))
    impossible = result.of(Kind.IMPOSSIBLE)
    if impossible:
        families = ", ".join(
            f"{name} {sum(one.family == name for one in impossible)}" for name in _families(impossible)
        )
        yield f"{words.count(len(impossible), 'fault')} with which no network can run ({families})"
    unseen = [one for one in result.of(Kind.MUTANT) if one.unseen]
    for reason in dict.fromkeys(one.unseen for one in unseen):
        names = tuple(one.id for one in unseen if one.unseen == reason)
        yield f"{len(names)} seen in the structure only, since {reason}: {words.some(names, 3)}"


def _equal(trials: Sequence[Trial]) -> Iterator[str]:
    if trials:
        yield f"{len(trials)} equal by arithmetic: {words.count(sum(one.caught for one in trials), 'false alarm')}"
    for family in _families(trials):
        own = [one for one in trials if one.family == family]
        for reason in dict.fromkeys(one.reason for one in own):
            names = tuple(one.id for one in own if one.reason == reason)
            yield f"  {family}, {len(names)}, {reason}: {words.some(names, 3)}"


def _families(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(one.family for one in trials))


def _told(canvas: Canvas, title: str, trials: Sequence[Trial]) -> None:
    if not trials:
        return
    canvas.line()
    canvas.line(f"{title}: {len(trials)}", "bold")
    for one in trials[:SHOWN]:
        canvas.paragraph(words.safe(f"{one.id}: {_what(one)}"), first="  ", rest="    ")
    if len(trials) > SHOWN:
        canvas.line(f"  and {len(trials) - SHOWN} more; --json tells all")


def _what(one: Trial) -> str:
    told = ", ".join(one.findings) or "nothing"
    if one.failed or not one.doubted or one.evidence is None:
        return f"found {told}"
    return f"found {told}; the proof: {one.evidence.proven or one.evidence.broken or 'equal without the findings'}"


def to_json(result: Selftest) -> str:
    """Every trial with every field, and what it comes to."""
    trials = [{**asdict(one), "located": one.located, "failed": one.failed or one.doubted} for one in result.trials]
    whole = {"schema": SCHEMA, "seed": result.seed, "failed": len(result.failed), "trials": trials}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
