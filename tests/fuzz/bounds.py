"""What every input must keep to: an answer or one of our errors, one line each, soon, in little memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings

from gnet_audit.errors import ExitStatus, GnetAuditError, SpecError

Answer = TypeVar("Answer")

SECONDS = 3.0
"""Of one case, in processor time: the other processes of this machine do not count."""
MEGABYTES = 512
"""What one case may take beyond what the process has already."""
LONGEST_LINE = 4_000
NIGHTLY = settings().max_examples >= 20_000

fuzzed = settings(
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    max_examples=20_000 if NIGHTLY else 120,
    derandomize=not NIGHTLY,
    database=None,
    # Wall time, for what hangs without computing, on a machine however busy; `bounded` is the stricter one.
    deadline=600_000,
    suppress_health_check=list(HealthCheck),
)
"""For a property that takes a few milliseconds a case."""
slowly = settings(fuzzed, max_examples=20_000 if NIGHTLY else 40)
"""For one that takes longer."""


@contextmanager
def bounded(seconds: float = SECONDS, megabytes: int = MEGABYTES) -> Iterator[None]:
    """What is done inside must be done soon, and in little memory: more address space is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _taken() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    before = time.process_time()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    took = time.process_time() - before
    assert took < seconds, f"{took:.1f} s"


def _taken() -> int:
    """Bytes of address space of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def answered(call: Callable[[], Answer], *statuses: ExitStatus, seconds: float = SECONDS) -> Answer | None:
    """What a call returns; None where it refuses with one of our errors, each line of which is one, and short."""
    try:
        with bounded(seconds):
            return call()
    except GnetAuditError as error:
        refusal = error
    assert refusal.status in (statuses or (ExitStatus.USAGE,))
    for line in refusal.lines if isinstance(refusal, SpecError) else (refusal.line,):
        assert len(line.splitlines()) == 1
        assert line == " ".join(line.split())
        assert len(line) <= LONGEST_LINE, line[:200]
    return None
