"""The options by which an audit runs in a process of its own, and what they make of a command."""

from __future__ import annotations

from typing import Annotated

import typer

from gnet_audit import options
from gnet_audit.commands.words import text_option
from gnet_audit.live.limits import Limits, is_child

Isolate = Annotated[bool, typer.Option("--isolate", help="Audit in a process of its own, which may crash.")]
Timeout = Annotated[str, text_option("--timeout", metavar="SECONDS", help="The same, which may take no longer in all.")]
MemoryLimit = Annotated[
    str, text_option("--memory-limit", metavar="SIZE", help="The same, with no more data than 4GiB, 512MiB (Linux).")
]


def elsewhere(target: str, *, isolate: bool, timeout: str, memory_limit: str) -> Limits | None:
    """The limits under which a child shall run this command; None for here, and in the child itself."""
    if not (isolate or timeout or memory_limit):
        return None
    limits = Limits(
        target=target,
        seconds=options.seconds(timeout, "--timeout") if timeout else None,
        memory=options.memory(memory_limit, "--memory-limit") if memory_limit else None,
    )
    if not is_child():
        return limits
    from gnet_audit.live.isolate import settle

    settle(limits)
    return None
