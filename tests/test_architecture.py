"""The import contracts hold, and each of them is seen to fail on a copy with one import too many."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = (
    "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
)


def lint_imports(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the package in a folder; `-P` and the folder first, so that no other copy is read."""
    return subprocess.run(
        [sys.executable, "-P", "-c", LINT_IMPORTS, "--no-logo", "--no-cache", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts, to be spoiled."""
    shutil.copytree(ROOT / "gnet_audit", tmp_path / "gnet_audit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("layers", "errors", "import gnet_audit.network"),
        ("layers", "options", "import gnet_audit.output"),
        ("layers", "helpers", ""),
        ("acyclic", "formats/view", "import gnet_audit.formats.text"),
        ("torch", "compare", "import torch"),
        ("torch", "formats/text", "def f() -> None:\n    from torchvision import models"),
        ("counters", "live/trace", "import torchinfo"),
        ("counters", "pipeline", "import fvcore.nn"),
        ("terminal", "live/trace", "import rich.console"),
        ("terminal", "formats/text", "import typer"),
        ("independence", "live/googlenet", "import gnet_audit.spec"),
        ("independence", "live/googlenet", "from gnet_audit.live import trace"),
    ],
)
def test_a_contract_is_broken_by_one_import_too_many(copy: Path, contract: str, module: str, line: str) -> None:
    with (copy / "gnet_audit" / f"{module}.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint_imports(copy, "--contract", contract)
    assert result.returncode == 1
    assert Path(module).name in result.stdout
