"""torchvision, imported: also where its compiled half was built for another torch than the one at hand."""

from __future__ import annotations

import sys

import torch

SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
LIBRARIES: list[torch.library.Library] = []


def declare() -> None:
    """Make `import torchvision` work: its models need none of the ops that its import asks for."""
    try:
        import torchvision  # noqa: F401 - only whether it can be
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for signature in SIGNATURES:
            library.define(signature)  # type: ignore[no-untyped-call]
        LIBRARIES.append(library)  # what it declares goes when it goes
