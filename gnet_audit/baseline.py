"""The file of accepted differences: TOML that people read, review and sign; the program may write it anew."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from gnet_audit.acceptance import Acceptance
from gnet_audit.errors import UsageError, quoted
from gnet_audit.rules import BY_ID

SCHEMA = 1
HEAD = """\
# Differences that we accept, for `gnet-audit check --baseline`, or for `diff --baseline`.
# What is accepted is the value observed, not only the place: another value, or one more slot, is heard again.

schema = 1
"""
REQUIRED = ("rule", "slots", "attribute", "observed", "reason")
OPTIONAL = ("by", "expires")


def read(file: Path) -> tuple[Acceptance, ...]:
    """The accepted differences of a file; UsageError with the entry that is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        cure = "a file that --baseline-update --reason TEXT has written" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"cannot be read as a baseline: {why}", where=str(file), expected=cure) from error
    if (type(schema := data.get("schema")), schema) != (int, SCHEMA) or set(data) - {"schema", "accept"}:
        raise UsageError("not a baseline", where=str(file), expected="schema = 1 and [[accept]] entries")
    entries = data.get("accept", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError("not a baseline", where=str(file), expected="[[accept]] entries")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.split("#")[0].strip() == "[[accept]]"]
    places = lines if len(lines) == len(entries) else [0] * len(entries)
    return tuple(
        entry_of(entry, f"{file}:{line}" if line else str(file)) for entry, line in zip(entries, places, strict=True)
    )


def entry_of(entry: Mapping[str, object], where: str) -> Acceptance:
    """One entry as a value; every mistake is a UsageError that says where."""
    _known(entry, where)
    rule, slots, expires = _text(entry, "rule", where), entry["slots"], entry.get("expires")
    if rule not in BY_ID:
        raise UsageError("no such rule", where=where, expected="an id such as GA202", got=repr(rule))
    if not isinstance(slots, list) or not slots or not all(isinstance(slot, str) and slot for slot in slots):
        raise UsageError("slots are missing", where=where, expected='a list such as ["pool4"]', got=quoted(slots))
    if expires is not None and type(expires) is not date:
        raise UsageError("not a date", where=where, expected="expires = 2030-01-31, unquoted", got=quoted(expires))
    return Acceptance(
        rule=rule,
        slots=tuple(slots),
        attribute=_text(entry, "attribute", where),
        observed=_text(entry, "observed", where),
        reason=_text(entry, "reason", where),
        by=_text(entry, "by", where) if "by" in entry else "",
        expires=expires,
        where=where,
    )


def _known(entry: Mapping[str, object], where: str) -> None:
    for name in entry:
        if name not in {*REQUIRED, *OPTIONAL}:
            raise UsageError(f"unknown key {name!r}", where=where, expected=", ".join((*REQUIRED, *OPTIONAL)))
    for name in REQUIRED:
        if name not in entry:
            raise UsageError(f"{name} is missing", where=where)


def _text(entry: Mapping[str, object], name: str, where: str) -> str:
    value = entry[name]
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{name} is empty", where=where, expected="a text", got=quoted(value))
    return value


def written(acceptances: Sequence[Acceptance]) -> str:
    """The file's text; reading it gives the same differences."""
    return HEAD + "".join(f"\n[[accept]]\n{_entry(one)}" for one in acceptances)


def _entry(one: Acceptance) -> str:
    fields = {
        "rule": _quoted(one.rule),
        "slots": _list(one.slots),
        "attribute": _quoted(one.attribute),
        "observed": _quoted(one.observed),
        "reason": _quoted(one.reason),
        "by": _quoted(one.by) if one.by else "",
        "expires": str(one.expires) if one.expires else "",
    }
    return "".join(f"{name} = {value}\n" for name, value in fields.items() if value)


def _list(values: Iterable[str]) -> str:
    items = [_quoted(value) for value in values]
    line = f"[{', '.join(items)}]"
    return line if len(line) <= 100 else "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are TOML's, and DEL is the one character that only TOML forbids."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
