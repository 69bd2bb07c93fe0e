"""What user code raised: where, and whether it may be judged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from gnet_audit.errors import GnetAuditError, TargetError, said
from gnet_audit.live.limits import exhausted
from gnet_audit.live.lines import raised, shown


def at(error: BaseException, otherwise: str) -> str:
    """File and line of the innermost user code that an error passed; else the name given."""
    place = raised(error)
    return otherwise if place is None else f"{shown(place[0])}:{place[1]}"


def within_limits(error: BaseException, where: str) -> None:
    """Stop the audit where an error comes from a limit of memory: what could not run is not judged."""
    limit = exhausted(error, at(error, where))
    if limit is not None:
        raise limit from error


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Whatever user code raises while its model is only looked at (its properties, a nesting without end) is one line."""
    try:
        yield
    except (GnetAuditError, KeyboardInterrupt):
        raise
    except BaseException as error:
        within_limits(error, where)
        if raised(error) is None and _is_ours(error) and not isinstance(error, RecursionError):
            raise
        raise TargetError(f"the model cannot be read, {said(error)}", where=at(error, where)) from error


def _is_ours(error: BaseException) -> bool:
    """Whether the innermost code that an error passed is our own: then it is our mistake."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(os.path.dirname(__file__))
