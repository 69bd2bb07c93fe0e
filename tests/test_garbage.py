"""The collector is put back as it was, in copies of the process as well."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from gnet_audit.garbage import uncollected

FORKS = """
import gc, os, threading
from gnet_audit.garbage import uncollected
paused = threading.Event()
def pause():
    with uncollected():
        paused.set()
        threading.Event().wait()
def collects():
    child = os.fork()
    if not child:
        os._exit(gc.isenabled())
    return bool(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with uncollected():
    own = collects()
threading.Thread(target=pause, daemon=True).start()
paused.wait()
print(own, gc.isenabled(), collects(), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_is_as_it_was_also_after_an_error(collects: bool) -> None:
    usual = gc.isenabled()
    try:
        gc.enable() if collects else gc.disable()
        with pytest.raises(ZeroDivisionError):
            _fails_in_a_pause_of_its_own()
        assert gc.isenabled() is collects
    finally:
        gc.enable() if usual else gc.disable()


@uncollected()
def _fails_in_a_pause_of_its_own() -> None:
    assert not gc.isenabled()
    with uncollected():
        pass
    assert not gc.isenabled()
    raise ZeroDivisionError


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_copy_made_beside_a_pause_collects_and_one_made_within_it_does_not() -> None:
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False", "True"]
