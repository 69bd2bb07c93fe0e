"""Every way that gnet-audit stops, and the exit status of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


def quoted(value: object) -> str:
    """A value in a message, as Python spells it; a number too long for Python to spell by what it is."""
    try:
        return repr(value)
    except ValueError:
        return f"a {type(value).__name__} too long to show"


class ExitStatus(IntEnum):
    """What the process says to its caller; the one place where statuses are named."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


LONGEST = 2_000
"""Characters of a message: whatever is quoted in it, a person has to read it."""


class GnetAuditError(Exception):
    """A stop with one clear line: where, what is wrong, what was expected and what was got."""

    status: ClassVar[ExitStatus] = ExitStatus.USAGE

    def __init__(self, what: str, *, where: str = "", expected: str = "", got: str = "") -> None:
        self.what, self.where, self.expected, self.got = what, where, expected, got
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The whole message on one line."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            text += f"; expected {self.expected}"
        if self.got:
            text += f"; got {self.got}"
        line = " ".join(text.split())
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


class UsageError(GnetAuditError):
    """An option or argument that cannot be understood."""


class TargetError(GnetAuditError):
    """The user's model cannot be found, built or run."""


class ShapeError(GnetAuditError):
    """An op cannot be applied to the shapes that reach it."""


class UnavailableError(GnetAuditError):
    """What was asked for is not possible on this machine (no GPU, no data)."""

    status = ExitStatus.UNAVAILABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a spec file."""

    line: int
    where: str
    what: str
    expected: str = ""
    got: str = ""


class SpecError(GnetAuditError):
    """A spec file with mistakes: all of them, in line order."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.where)))
        super().__init__(f"{len(problems)} mistake(s) in the spec", where=file)

    @property
    def lines(self) -> tuple[str, ...]:
        """One line a mistake: `file:line: where: what; expected …; got …`."""
        return tuple(
            GnetAuditError(
                f"{problem.where}: {problem.what}",
                where=f"{self.file}:{problem.line}",
                expected=problem.expected,
                got=problem.got,
            ).line
            for problem in self.problems
        )


LONGEST_SAID = 400
"""Characters of what other people's code says."""


def said(error: BaseException) -> str:
    """The kind of an error of other people's code and its message, on one line; also where the message raises."""
    try:
        text = " ".join(str(error).split())
    except KeyboardInterrupt:
        raise
    except BaseException as another:  # noqa: BLE001 - a __str__ of the user's
        text = f"its message raises {type(another).__name__}"
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return told if len(told) <= LONGEST_SAID else f"{told[: LONGEST_SAID - 1]}…"
