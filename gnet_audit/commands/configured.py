"""Where the value of an option was said, and what gives way: the command line, then the environment, then the file."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from gnet_audit import options
from gnet_audit.commands.words import answer
from gnet_audit.output import Reply, writable

PLACES = {"COMMANDLINE": "command line", "ENVIRONMENT": "environment", "DEFAULT_MAP": "pyproject.toml"}


def destinations(
    context: typer.Context, formats: list[str], *, json: bool, output: str
) -> tuple[options.Destination, ...]:
    """Where each format goes; formats that the command line did not name give way to its `--json` and `--output`.

    UsageError for a file that cannot be written.
    """
    named = _place(context, "format") == PLACES["COMMANDLINE"]
    gives_way = not named and (json or (output and all(":" in text for text in formats)))
    found = options.destinations([] if gives_way else formats, json=json, output=output)
    have_places(found, output)
    return found


def have_places(found: Sequence[options.Destination], output: str) -> None:
    """UsageError for a file that cannot be written, before a long run and not after it."""
    for one in found:
        writable("--output" if one.file == output else "--format", one.file)


def shown(context: typer.Context) -> Reply:
    """Each option with its value and where it was said."""
    lines = []
    for name, value in context.params.items():
        if name == "show_settings":
            continue
        text = " ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
        lines.append((name.replace("_", "-"), text, _place(context, name)))
    first = max(len(name) for name, _, _ in lines)
    return answer("".join(f"{name:<{first}}  {place:<14}  {value}".rstrip() + "\n" for name, value, place in lines))


def _place(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return PLACES.get(source.name if source else "", "default")
