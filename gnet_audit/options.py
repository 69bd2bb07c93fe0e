"""The words of a command line as values: pure, and each mistake one clear UsageError."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING, TypeVar
from warnings import catch_warnings, simplefilter

from gnet_audit.errors import UsageError
from gnet_audit.formats import Format

if TYPE_CHECKING:
    from gnet_audit.network import Shape

Choice = TypeVar("Choice", bound=StrEnum)

STDOUT = ""
SIZES = (96, 112, 160, 224, 299)
"""Odd and even maps at every stage."""
LEAST_WIDTH = 40
LONGEST = 1e6
"""Seconds, as a limit: eleven days."""
CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "none": None, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One format and the file it goes to; no file for the standard output."""

    format: Format
    file: str = STDOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSize:
    """The input to audit at: channels, height, width; the batch only if it was given."""

    shape: Shape
    batch: int | None = None


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """All words of repeated options that also take lists: `-x a,b -x c`."""
    return tuple(word.strip() for text in texts for word in text.split(",") if word.strip())


def choices(texts: Iterable[str], kind: type[Choice], option: str) -> tuple[Choice, ...]:
    """Each word as a member of an enumeration, in the order given, each once."""
    return tuple(dict.fromkeys(choice(word, kind, option) for word in words(texts)))


def choice(text: str, kind: type[Choice], option: str) -> Choice:
    """A word as a member of an enumeration; upper and lower case are the same."""
    try:
        return kind(text.strip().lower())
    except ValueError:
        raise UsageError(
            "no such choice", where=option, expected=", ".join(member.value for member in kind), got=repr(text)
        ) from None


def input_size(text: str) -> InputSize:
    """`3x224x224` or, with the batch before it, `1x3x224x224`; `x`, `×` and `,` all separate."""
    from gnet_audit.derive import LONGEST_SIDE, MOST_VALUES

    parts = [part.strip() for part in re.split(r"[x×,]", text.lower())]
    numbers = tuple(int(part) for part in parts if re.fullmatch(r"0*[1-9][0-9]{0,6}", part, re.ASCII))
    if len(numbers) != len(parts) or len(numbers) not in {3, 4}:
        raise UsageError(
            "not an input size",
            where="--input",
            expected="channels x height x width such as 3x224x224, or with the batch 1x3x224x224",
            got=repr(text),
        )
    if max(numbers[-2:]) > LONGEST_SIDE or prod(numbers) > MOST_VALUES:
        raise UsageError(
            "too large to try", where="--input", got=repr(text),
            expected=f"at most {MOST_VALUES:,} values, {LONGEST_SIDE:,} in height or width",
        )  # fmt: skip
    return InputSize(shape=numbers[-3:], batch=numbers[0] if len(numbers) == 4 else None)


def sizes(text: str, option: str) -> tuple[int, ...]:
    """`96,160,299` as numbers, each once."""
    parts = words([text])
    numbers = tuple(dict.fromkeys(int(part) for part in parts if re.fullmatch(r"[1-9][0-9]{0,3}", part, re.ASCII)))
    if not numbers or any(not re.fullmatch(r"[1-9][0-9]{0,3}", part, re.ASCII) for part in parts):
        raise UsageError("not a list of sizes", where=option, expected="sizes such as 96,160,299", got=repr(text))
    return numbers


def seconds(text: str, option: str) -> float:
    """A number of seconds greater than zero."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= LONGEST:
        raise UsageError("not a time", where=option, expected="seconds such as 60 or 2.5", got=repr(text))
    return number


def memory(text: str, option: str) -> int:
    """`4GiB` or `512MiB` in bytes; the i may be left out, and the unit is always one of 1024."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*([KMGT])i?B?", text.strip(), re.ASCII | re.IGNORECASE)
    size = int(float(found[1]) * 1024 ** (1 + "KMGT".index(found[2].upper()))) if found else 0
    if size <= 0:
        raise UsageError("not a size", where=option, expected="a size such as 4GiB or 512MiB", got=repr(text))
    return size


def arguments(texts: Iterable[str]) -> dict[str, object]:
    """`--arg key=value` as keyword arguments; each value is the Python literal it spells, else a string."""
    found: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key.isidentifier():
            raise UsageError(
                "not an argument", where="--arg", expected="key=value such as num_classes=10", got=repr(text)
            )
        if key in found:
            raise UsageError(f"{key} is given twice", where="--arg")
        found[key] = literal(value)
    return found


def literal(text: str) -> object:
    """A number, string, truth value, None, tuple, list or dict as Python spells it; any other text is itself."""
    stripped = text.strip()
    if stripped.lower() in CONSTANTS:
        return CONSTANTS[stripped.lower()]
    try:
        with catch_warnings():
            simplefilter("ignore")  # of the text itself: an escape that is none, `1is`
            value: object = ast.literal_eval(stripped)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text
    return value


def destinations(formats: Sequence[str], *, json: bool, output: str) -> tuple[Destination, ...]:
    """Where each format goes: to its own file, else to `--output`, else to the standard output; text by default."""
    asked = [_destination(text) for text in formats]
    if json:
        asked.append(Destination(format=Format.JSON))
    asked = list(dict.fromkeys(asked)) or [Destination(format=Format.TEXT)]
    homeless = [item for item in asked if not item.file]
    if len(homeless) > 1:
        names = " and ".join(item.format.value for item in homeless)
        raise UsageError(f"{names} cannot share one output; give all but one a file", expected="-f FORMAT:FILE")
    if output and not homeless:
        raise UsageError("every format has a file of its own", where="--output", got=repr(output))
    result = tuple(Destination(format=item.format, file=_file(item.file or output)) for item in asked)
    files = [item.file for item in result]
    if "\0" in "".join(files):
        raise UsageError("no file can be named so", where="--format, --output", got=repr(output or formats))
    if len(set(files)) < len(files):
        raise UsageError("two formats go to the same file", where="--format")
    return result


def _destination(text: str) -> Destination:
    name, colon, file = text.partition(":")
    if colon and not file:
        raise UsageError("a file is missing after the colon", where="--format", got=repr(text))
    return Destination(format=choice(name, Format, "--format"), file=file)


def _file(name: str) -> str:
    return STDOUT if name == "-" else name


def width(value: int | None, default: int) -> int:
    """Columns of text: as asked, at least 40, 0 for no limit; else the default."""
    if value is None:
        return max(default, LEAST_WIDTH)
    if value and value < LEAST_WIDTH:
        raise UsageError(
            "too narrow", where="--width", expected=f"0 for no limit, or at least {LEAST_WIDTH}", got=str(value)
        )
    return value
