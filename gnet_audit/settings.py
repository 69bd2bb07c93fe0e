"""`[tool.gnet-audit]` of pyproject.toml: what a project says once instead of in every command."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from gnet_audit.errors import UsageError, quoted

Value: TypeAlias = "str | list[str]"

FILE = "pyproject.toml"
TEXTS = ("spec", "target", "baseline", "fail-on", "input")
LISTS = ("accept", "select", "ignore", "format")
PREFIX = "GNET_AUDIT_"
"""What the name of a setting begins with in the environment."""
COMMANDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("shapes", "check", "flops", "smoke-train", "prove"), frozenset()),
    "diff": frozenset({"baseline", "accept"}),
}
"""The commands that the settings hold for, and the settings that do not: what is accepted is of the paper's network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values by their names on the command line, and the file that they stand in."""

    file: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    def parameters(self, command: str) -> dict[str, Value]:
        """The values that hold for a command, by the names of its function's parameters."""
        left_out = COMMANDS[command]
        return {name.replace("-", "_"): value for name, value in self.values.items() if name not in left_out}


def read(folder: Path) -> Settings:
    """The settings of the nearest pyproject.toml from the folder upwards; none where it says nothing of us."""
    file = next((here / FILE for here in (folder, *folder.parents) if (here / FILE).is_file()), None)
    if file is None:
        return Settings()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Settings()
    if "gnet-audit" not in text:
        return Settings()
    import tomllib

    shown = os.path.relpath(file, folder)
    try:
        tools = tomllib.loads(text).get("tool", {})
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not TOML: {error}", where=shown) from error
    table = tools.get("gnet-audit", {}) if isinstance(tools, dict) else tools
    if not isinstance(table, dict):
        raise UsageError("[tool.gnet-audit] is not a table", where=shown)
    beside = os.path.relpath(file.parent, folder)
    return Settings(file=shown, values={name: _value(name, value, shown, beside) for name, value in table.items()})


def variable(name: str) -> str:
    """The variable of the environment that a setting may come from."""
    return f"{PREFIX}{name.upper().replace('-', '_')}"


def check_environment(names: Iterable[str]) -> None:
    """UsageError for a variable that looks like a setting of ours and is none: it would be passed over in silence."""
    known = sorted(map(variable, (*TEXTS, *LISTS)))
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in known:
            raise UsageError("no such setting", where=f"{name} in the environment", expected=", ".join(known))


def _value(name: str, value: object, shown: str, beside: str) -> Value:
    where = f"{shown}: [tool.gnet-audit] {name}"
    if name in TEXTS:
        if not isinstance(value, str):
            raise UsageError("not a text", where=where, got=quoted(value))
        return _path(value, beside) if _is_path(name, value) else value
    if name in LISTS:
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            raise UsageError("not a list of texts", where=where, got=quoted(value))
        texts = [item for item in items if isinstance(item, str)]
        return [_format(text, beside) for text in texts] if name == "format" else texts
    raise UsageError("no such setting", where=where, expected=", ".join(sorted((*TEXTS, *LISTS))))


def _is_path(name: str, value: str) -> bool:
    """Whether a setting names a file: always the baseline; a target or a spec where its word does."""
    if name == "target":
        return ".py:" in value or value.endswith(".py")
    return name == "baseline" or (name == "spec" and (value.endswith(".toml") or "/" in value))


def _format(value: str, beside: str) -> str:
    """`FORMAT:FILE` with the file from where we are; `-` stays the standard output."""
    name, _, file = value.partition(":")
    return f"{name}:{_path(file, beside)}" if file not in {"", "-"} else value


def _path(value: str, beside: str) -> str:
    """A path that is written from the file's own folder, from where we are."""
    return value if os.path.isabs(value) else os.path.normpath(os.path.join(beside, value))
