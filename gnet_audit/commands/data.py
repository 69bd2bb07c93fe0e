"""The command `data`, and what `smoke-train` has in common with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gnet_audit import options
from gnet_audit.commands.configured import have_places
from gnet_audit.commands.words import Json, Output, Width, repeatable, text_option
from gnet_audit.commands.words import width as columns
from gnet_audit.errors import UsageError
from gnet_audit.formats import MACHINE, Format
from gnet_audit.output import PROGRAM, Document, Reply, colored, say, writable, write_bytes
from gnet_audit.progress import shown
from gnet_audit.training import DataFacts

ANSWERS = frozenset({Format.TEXT, Format.JSON})
"""The formats that facts and trainings can be had in."""
EXAMPLES = ("data", "data stl10 --download", "data stl10 --grid images.png")

Folder = Annotated[str, typer.Argument(metavar="DIR", help="Where STL-10 is; the embedded set without it.")]
Download = Annotated[bool, typer.Option("--download", help="Fetch STL-10 into DIR (2.6 GB) if it is not there.")]
Grid = Annotated[str, text_option("--grid", metavar="FILE", help="Ten images of each class as PNG.")]
Formats = Annotated[list[str], repeatable("-f", "--format", metavar="FORMAT[:FILE]", help="text or json; repeatable.")]


def data(
    *,
    folder: Folder = "",
    download: Download = False,
    grid: Grid = "",
    width: Width = None,
    format: Formats,
    json: Json = False,
    output: Output = "",
) -> Reply:
    """Show the facts of STL-10, or of the embedded set."""
    answers = destinations(format, json=json, output=output)
    writable("--grid", grid)
    have_places(answers, output, others={"--grid": grid})
    home = fetched(folder, download=download)

    from gnet_audit.live.smoke import dataset, facts

    found = facts(home)
    if grid:
        from gnet_audit.live import pictures

        write_picture(grid, pictures.grid(dataset(home)))
    return Reply(documents=tuple(_facts(found, destination, width) for destination in answers))


def _facts(found: DataFacts, destination: options.Destination, width: int | None) -> Document:
    from gnet_audit.formats import data as formats

    machine = destination.format in MACHINE
    shown = partial(formats.text, found, width=columns(width), color=colors(destination))
    return Document(text=formats.to_json(found) if machine else shown(), file=destination.file, machine=machine)


def fetched(text: str, *, download: bool) -> Path | None:
    """The folder named, with STL-10 fetched into it if asked; None for the embedded set."""
    if not text:
        if download:
            raise UsageError("no directory to download to", where="--download", expected="a directory as well")
        return None
    folder = Path(text)
    if download:
        from gnet_audit.live.launch import launch

        if launch().size > 1:
            cure = f"{PROGRAM} data {text} --download before it"
            raise UsageError("several processes cannot fetch one file", where="--download", expected=cure)
        from gnet_audit.live.download import download as fetch

        shown(fetch(folder))
    return folder


def write_picture(file: str, content: bytes) -> None:
    """Write a file, and say so."""
    write_bytes(Path(file), content)
    say(f"wrote {file}")


# --- also for `smoke-train` ---


def destinations(formats: Sequence[str], *, json: bool, output: str) -> tuple[options.Destination, ...]:
    """Where each format goes; a UsageError for one that a training cannot be had in."""
    found = options.destinations(formats, json=json, output=output)
    for destination in found:
        if destination.format not in ANSWERS:
            raise UsageError("only as text or json", where="--format", got=destination.format.value)
    return found


def colors(destination: options.Destination) -> bool:
    """Whether its text is coloured."""
    return not destination.file and colored(sys.__stdout__, os.environ)
