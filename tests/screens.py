"""Pictures of the terminal for the README: `python -m tests.screens` draws them, `--check` holds them against the program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.docs import ROOT

WIDTH = 110
SCREENS: Mapping[str, str] = {
    "check-torchvision": "gnet-audit check torchvision:googlenet",
    "shapes-reference": "gnet-audit shapes --depth row",
}
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without the fonts that rich would fetch from elsewhere."""


def printed_by(command: str) -> str:
    """What a command shows on a terminal in colour."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.docs", *command.split()],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(WIDTH), "FORCE_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return re.sub(r"[^\s(]*/site-packages/", "…/", result.stdout)


def drawn(command: str) -> str:
    """The terminal after the command, as SVG; the same output gives the same picture."""
    console = Console(
        file=StringIO(), record=True, width=WIDTH, force_terminal=True, color_system="standard", _environ={}
    )
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(printed_by(command)))
    return console.export_svg(title=command, code_format=FORMAT, unique_id="screen").rstrip() + "\n"


def stale() -> dict[Path, str]:
    """The pictures that show something else than the program prints, as they should be."""
    wanted = {ROOT / "docs" / f"{name}.svg": drawn(command) for name, command in SCREENS.items()}
    return {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(words: list[str]) -> int:
    """Draw what is stale, or with `--check` name it and fail."""
    changed = stale()
    for path, text in changed.items():
        if "--check" in words:
            print(f"{path.relative_to(ROOT)}: not what the program shows; `python -m tests.screens` draws it anew")
        else:
            path.write_text(text, encoding="utf-8")
    return int("--check" in words and bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
