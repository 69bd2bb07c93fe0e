"""The wheel, installed in an environment of its own outside the checkout, is the whole product.

The new environment borrows torch and the other dependencies from the one that runs this test, by a `.pth` file with
its path: that saves minutes and gigabytes. gnet-audit itself is not borrowed, since a path so given does not bring
along what other `.pth` files there say (the editable install). What the wheel would have pulled in is in its
metadata, which is checked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *words], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment outside the checkout that has the wheel; see above for what it borrows."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    words = ["install", "--no-deps", "--no-index", str(wheel)]
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, *words], check=True)
    (own,) = (folder / "venv").glob("lib/python*/site-packages")
    (own / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return folder


def run(elsewhere: Path, *words: str) -> str:
    """What a command of the new environment prints, run outside the checkout; it has to succeed."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    command = [str(elsewhere / "venv" / "bin" / words[0]), *words[1:]]
    result = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr + result.stdout[-2000:]
    return result.stdout


def metadata(wheel: Path) -> Message:
    """The wheel's METADATA."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def names(requirements: Sequence[str]) -> list[str]:
    """Each requirement without its spaces and its quotes, which builders write in their own way."""
    return sorted(text.replace(" ", "").replace('"', "'") for text in requirements)


def test_the_wheel_requires_what_the_project_says(wheel: Path) -> None:
    wanted = [*PROJECT["dependencies"]]
    for extra, texts in PROJECT["optional-dependencies"].items():
        wanted += [f"{text}; extra == '{extra}'" for text in texts]
    told = metadata(wheel)
    assert names(told.get_all("Requires-Dist", [])) == names(wanted)
    assert told["Requires-Python"] == PROJECT["requires-python"]
    assert told["Version"] == PROJECT["version"]


def test_the_wheel_holds_the_package_and_the_specs_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = {Path(name) for name in archive.namelist() if ".dist-info/" not in name}
    files = (path.relative_to(ROOT) for path in (ROOT / "gnet_audit").rglob("*") if path.is_file())
    package = {path for path in files if "__pycache__" not in path.parts}
    specs = {Path("gnet_audit", "_specs", path.relative_to(ROOT / "specs")) for path in (ROOT / "specs").rglob("*.*")}
    assert Path("gnet_audit", "_specs", "googlenet.toml") in specs
    assert held == package | specs


def test_what_runs_is_the_wheel_and_not_the_checkout(elsewhere: Path) -> None:
    where = Path(run(elsewhere, "python", "-c", "import gnet_audit; print(gnet_audit.__file__)").strip())
    assert where.is_relative_to(elsewhere)
    assert not elsewhere.is_relative_to(ROOT)


def test_the_module_says_its_version(elsewhere: Path) -> None:
    assert run(elsewhere, "python", "-m", "gnet_audit", "--version").startswith(f"gnet-audit {PROJECT['version']},")


def test_the_shipped_spec_is_found(elsewhere: Path) -> None:
    assert run(elsewhere, "gnet-audit", "spec", "list").split()[0] == "googlenet"
    assert "inception_3a" in run(elsewhere, "gnet-audit", "spec", "show")


def test_the_reference_build_matches(elsewhere: Path) -> None:
    assert "matches" in run(elsewhere, "gnet-audit", "shapes").splitlines()[-1]
