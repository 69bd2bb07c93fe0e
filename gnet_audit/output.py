"""The process's edge: what a command answers, and how it reaches streams and files."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gnet_audit.drafts import replacing
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats.words import safe

PROGRAM = "gnet-audit"
ASCII = str.maketrans(
    {"×": "x", "✓": "+", "✗": "!", "→": ">", "…": "...", "·": "-", "–": "-", "○": "o", "−": "-"}
    | {"±": "+/-", "≤": "<=", "≥": ">=", "≠": "!=", "°": " degrees "}
    | {"✅": "+", "❌": "!", "☑": "+", "⚠": "!", "\ufe0f": ""}
    | dict(zip("▁▂▃▄▅▆▇█", ".:-=+*#%", strict=True))
    | dict(zip("▏▎▍▌▋▊▉", "...-===", strict=True))
)
"""For a terminal that cannot show them; the words beside the marks say the same."""
TALKS = sys.__stderr__ is not None
"""Whether the process began with a standard error; without one its number may be that of any file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text for the standard output, or for a file."""

    text: str
    file: str = ""
    machine: bool = False
    """JSON for programs: every character must arrive, as an escape if need be."""
    markup: bool = False
    """HTML or XML: a character that cannot be written becomes a reference to it."""
    append: bool = False
    """Put behind what the file holds already."""
    commands: bool = False
    """Lines that the runner of GitHub Actions shall obey; those of no other document are meant for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a command answers: documents, lines for the standard error, and the exit status."""

    documents: tuple[Document, ...] = ()
    problems: tuple[str, ...] = ()
    status: ExitStatus = ExitStatus.CLEAN


def colored(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Whether to colour: never with NO_COLOR, always with FORCE_COLOR, else only on a terminal."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream is not None and not stream.closed and stream.isatty() and environment.get("TERM") != "dumb"


def deliver(reply: Reply, *, ascii: bool = False) -> ExitStatus:
    """Write the files, then the standard output, then the problems; a UsageError for a file that cannot be written."""
    for document in reply.documents:
        if document.file and not document.append:
            write(Path(document.file), document.text)
            say(f"wrote {document.file}")
    for document in reply.documents:
        if not document.file:
            _print(document, ascii=ascii)
    missed = [text for document in reply.documents if document.append and (text := _append(document))]
    complain(*missed, *reply.problems, ascii=ascii)
    return reply.status


def writable(option: str, file: str) -> None:
    """Say before a long run, not after it, that its result has no place."""
    if not file:
        return
    where, expected = f"{option} {file}", "a file in a directory that exists"
    try:
        place = Path(file).absolute()
        place.exists()
    except OSError as error:  # the name is too long, or the current folder gone
        raise UsageError(f"cannot write: {error.strerror}", where=where, expected=expected) from error
    if place.exists() and not place.is_file() and not place.is_dir():
        return  # a device or a named pipe is no new file
    if place.is_dir():
        raise UsageError("a directory", where=where, expected=expected)
    target = Path(os.path.realpath(place))
    if target.exists() and (target.suffix in {".py", ".ipynb"} or target.name == "pyproject.toml"):
        raise UsageError("it would be overwritten", where=where, expected="no file of code or settings")
    if not place.parent.is_dir():
        raise UsageError("no such directory", where=where, expected=expected)
    for needed in (place.parent, place):
        if needed.exists() and not os.access(needed, os.W_OK):
            kind = "file" if needed is place else "directory"
            raise UsageError(
                "cannot write: Permission denied", where=where, expected=f"a {kind} that can be written to"
            )


def apart(written: Iterable[tuple[str, str]], read: Iterable[str]) -> None:
    """UsageError where two of the files that will be written, each with its option, are one, or one is read."""
    places: dict[object, str] = {}
    given = [_place(file) for file in read]
    for option, file in written:
        place = _place(file)
        if place is None:
            continue
        if place in given:
            raise UsageError("it would be overwritten", where=f"{option} {file}", expected="no file that is read")
        if place in places:
            raise UsageError("two results go to the same file", where=f"{option} {file}", got=places[place])
        places[place] = file


def _place(file: str) -> object:
    """What two names of one file have in common; None for what is no file, such as a device."""
    try:
        state = Path(file).stat() if file else None
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # the current folder is gone, no file can be named so
            return os.path.realpath(file)
        return file
    return (state.st_dev, state.st_ino) if state is not None and stat.S_ISREG(state.st_mode) else None


def write(path: Path, text: str) -> None:
    """Write a file through a temporary name beside it, so that nobody ever reads half of it."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for a picture."""
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _append(document: Document) -> str:
    """Put a text behind what a file holds; why not, where it cannot be: that is beside what was asked for."""
    path = Path(document.file)
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(document.text)
    except OSError as error:
        return _cannot_write(path, error).line
    return ""


def _cannot_write(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write: {error.strerror or error}", where=str(path))


def say(line: str) -> None:
    """Talk: to the standard error, and only where a person reads it."""
    if sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty():
        _tell(f"{PROGRAM}: {line}")


def complain(*lines: str, ascii: bool = False) -> None:
    """One `gnet-audit: error: …` line for each problem, always."""
    for line in lines:
        _tell(f"{PROGRAM}: error: {' '.join(line.split())}", ascii=ascii)


def recount(text: str, *, ascii: bool = False) -> None:
    """A text for whoever looks for a mistake, line by line."""
    for line in text.splitlines():
        _tell(line, ascii=ascii)


def _tell(line: str, *, ascii: bool = False) -> None:
    """A line with no character that a terminal would obey, also where code has closed or replaced the stream."""
    text = disobeyed(f"{safe(line)}\n")
    for stream in (sys.stderr, sys.__stderr__):
        with suppress(Exception):
            stream.write(fitted(text, "ascii" if ascii else stream.encoding))  # type: ignore[union-attr]
            stream.flush()  # type: ignore[union-attr]
            return
    if TALKS:
        with suppress(OSError):
            os.write(2, fitted(text, "ascii").encode())


_COMMAND = re.compile(r"^([^\S\n]*:)(?=:)", re.MULTILINE)
"""`::` where a line begins; `##[` is a command anywhere in one."""


def disobeyed(text: str, *, machine: bool = False) -> str:
    """In GitHub Actions, whose runner reads what is printed: the text with no command in it, whatever names it quotes."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(r"\1 ", text).replace("##[", "##\\u005b" if machine else "## [")


def fitted(text: str, encoding: str | None, *, machine: bool = False, markup: bool = False) -> str:
    """The text with what the encoding lacks replaced: by ASCII look-alikes, by JSON escapes, by references."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        if markup:
            return text.encode(encoding, "xmlcharrefreplace").decode(encoding)
        if machine:
            return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in text)
        return text.translate(ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _print(document: Document, *, ascii: bool) -> None:
    if sys.stdout is None:
        return
    if sys.stdout.closed:  # by code that was audited
        sys.stdout = open(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)  # noqa: SIM115
    encoding = "ascii" if ascii else sys.stdout.encoding
    text = document.text if document.commands else disobeyed(document.text, machine=document.machine)
    try:
        sys.stdout.write(fitted(text, encoding, machine=document.machine, markup=document.markup))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()  # the reader has seen enough (`| head`)
    except OSError as error:
        _discard_stdout()
        raise _cannot_write(Path("standard output"), error) from error


def _discard_stdout() -> None:
    """Let the interpreter's last flush succeed; without this it ends with a message and status 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
