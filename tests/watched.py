"""Command lines in a process that may reach no network; says as JSON what each did: sockets, programs, files.

python -m tests.watched '[["spec", "show"], ["check"]]'
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field

NETWORK = ("socket.", "urllib.", "http.client", "ftplib.", "smtplib.", "poplib.", "imaplib.", "telnetlib.", "ssl.")
PROGRAMS = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.")
MADE = {"os.mkdir": 0, "os.rename": 1, "os.symlink": 1, "os.link": 1}
"""What makes a name, and which of its arguments that is."""
LOCAL = ("socket.__new__", "socket.gethostname")
"""A socket that is not connected reaches nobody."""


@dataclass(slots=True)
class Seen:
    """What one command line did, and how it ended."""

    words: list[str]
    status: int = 0
    error: str = ""
    network: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


class RefusedError(OSError):
    """Raised in place of what a socket would do."""


def watch(seen: list[Seen]) -> None:
    """Note what the interpreter does from now on, for the last of the command lines."""

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(NETWORK) and event not in LOCAL:
            seen[-1].network.append(f"{event} {arguments!r:.200}")
            if event.startswith("socket."):
                raise RefusedError(101, "no network here")
        if event.startswith(PROGRAMS):
            seen[-1].programs.append(f"{event} {arguments!r:.200}")
        if event == "open" and isinstance(arguments[0], str | bytes) and _writes(arguments[1], arguments[2]):
            seen[-1].written.append(os.path.abspath(os.fsdecode(arguments[0])))
        if event in MADE:
            seen[-1].written.append(os.path.abspath(os.fsdecode(str(arguments[MADE[event]]))))

    sys.addaudithook(note)


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return bool({"w", "a", "x", "+"} & set(mode))
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def main(lines: list[list[str]]) -> list[Seen]:
    """Import us, then run each command line."""
    seen = [Seen(words=[])]
    watch(seen)
    from gnet_audit.cli import main as run

    for words in lines:
        seen.append(Seen(words=words))
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            seen[-1].status = run(words)
        seen[-1].error = said.getvalue()
    return seen


if __name__ == "__main__":
    result = json.dumps([asdict(one) for one in main(json.loads(sys.argv[1]))])
    sys.stdout.write(result + "\n")
