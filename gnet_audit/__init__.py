"""Prove, layer by layer, that a PyTorch network is the one in the paper.

`audit(model_or_target)` gives a report, `assert_matches(model)` is the same for a test. Importing this package
imports no torch; the first call does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnet_audit.pipeline import audit
    from gnet_audit.testing import assert_matches

    __version__: str

__all__ = ["__version__", "assert_matches", "audit"]

_HOME = {"audit": "gnet_audit.pipeline", "assert_matches": "gnet_audit.testing"}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("gnet-audit")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
