"""What several tests need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """Torchvision, also where its compiled part was built for another torch: two of its ops are declared first."""
    import torch

    for schema in _DECLARED:
        name = schema.partition("(")[0]
        if not hasattr(torch.ops.torchvision, name):
            _LIBRARIES.append(library := torch.library.Library("torchvision", "FRAGMENT"))  # type: ignore[no-untyped-call]
            library.define(schema)  # type: ignore[no-untyped-call]
    return import_module("torchvision")


_DECLARED = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_LIBRARIES: list[object] = []
"""Kept alive: a library takes its declarations along."""
