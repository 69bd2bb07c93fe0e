"""What several tests need."""

from __future__ import annotations

import signal
from importlib import import_module
from types import ModuleType

import pytest
from hypothesis import Phase, settings

settings.register_profile("mutants", derandomize=True, database=None, phases=(Phase.explicit, Phase.generate))
"""For `make mutants`: a failure is all that it asks for, not the smallest one."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell without job control starts behind its back ignores interrupts, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """Torchvision, also where its compiled part was built for another torch."""
    from tests.exam.foreign import declare

    declare()
    return import_module("torchvision")
