"""What several tests need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """Torchvision, also where its compiled part was built for another torch."""
    from tests.exam.foreign import declare

    declare()
    return import_module("torchvision")
