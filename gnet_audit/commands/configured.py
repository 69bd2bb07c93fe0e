"""Where the value of an option was said, and what gives way: the command line, then the environment, then the file."""

from __future__ import annotations

import os.path
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import typer

from gnet_audit import options
from gnet_audit.commands.words import answer
from gnet_audit.errors import UsageError
from gnet_audit.output import Reply, apart, writable

PLACES = {"COMMANDLINE": "command line", "ENVIRONMENT": "environment", "DEFAULT_MAP": "pyproject.toml"}
WRITTEN = ("plot", "checkpoint")
"""Files that a command writes beside its formats."""


def destinations(
    context: typer.Context, formats: list[str], *, json: bool, output: str
) -> tuple[options.Destination, ...]:
    """Where each format goes; UsageError for a file that cannot be written, or that is read as well."""
    found = options.destinations([] if _give_way(context) else formats, json=json, output=output)
    others = {f"--{name}": str(context.params.get(name, "")) for name in WRITTEN}
    have_places(found, output, others=others, read=_read(context.params))
    return found


def _give_way(context: typer.Context) -> bool:
    """Whether formats that the command line did not name are left out.

    They give way to its `--json` and `--output`; of several targets it alone names the formats.
    """
    given = context.params
    homeless = given.get("output") and all(":" in text for text in given.get("format", ()))
    return _place(context, "format") != PLACES["COMMANDLINE"] and bool(
        given.get("others") or given.get("json") or homeless
    )


def have_places(
    found: Sequence[options.Destination], output: str, *, others: Mapping[str, str], read: Iterable[str] = ()
) -> None:
    """UsageError for a file that cannot be written, before a long run and not after it."""
    written = [("--output" if one.file == output else "--format", one.file) for one in found]
    for option, file in written:
        writable(option, file)
    apart((*written, *others.items()), read)


def _read(given: Mapping[str, object]) -> Iterator[str]:
    """Every word that may name a file that is read: one of the options and arguments, the value of an `--arg`.

    What does not exist is not read; a baseline may be written.
    """
    for name, value in given.items():
        if name not in {*WRITTEN, "format", "output"}:
            for text in value if isinstance(value, list | tuple) else (value,):
                for word in (text, str(text).partition("=")[2]):
                    if _names_file(word) and (name == "baseline" or os.path.exists(word)):
                        yield word


def _names_file(word: object) -> bool:
    return isinstance(word, str) and (os.sep in word or bool(os.path.splitext(word)[1]))


def need_target(context: typer.Context) -> None:
    """UsageError where nobody named a target: the reference would be audited, and pass for ever."""
    if _place(context, "target") == "default":
        raise UsageError("no target", where="--need-target", expected="TARGET, or target in [tool.gnet-audit]")


def given(context: typer.Context, without: Container[str]) -> Iterator[str]:
    """The words of the command line that gave the options, but for some."""
    for name, value in context.params.items():
        if name in without or _place(context, name) != PLACES["COMMANDLINE"]:
            continue
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield from [option] if value else []
        else:
            yield from (f"{option}={one}" for one in (value if isinstance(value, list | tuple) else (value,)))


def shown(context: typer.Context) -> Reply:
    """Each option with the value that holds and where it was said."""
    lines = []
    for name, value in context.params.items():
        if name == "show_settings":
            continue
        passed_over = name == "format" and _give_way(context)
        held, place = ((), "default") if passed_over else (value, _place(context, name))
        text = " ".join(map(str, held)) if isinstance(held, list | tuple) else "" if held is None else str(held)
        lines.append((name.replace("_", "-"), text, place))
    first = max(len(name) for name, _, _ in lines)
    return answer("".join(f"{name:<{first}}  {place:<14}  {value}".rstrip() + "\n" for name, value, place in lines))


def _place(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return PLACES.get(source.name if source else "", "default")
