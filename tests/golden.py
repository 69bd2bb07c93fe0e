"""Golden files: they record layout, never truth.

`GOLDEN=write pytest …` writes them anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent


def check(name: str, text: str) -> None:
    """Hold a text against the golden file of that name (a path below `tests/`)."""
    path = HERE / name
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; see tests/golden.py"
