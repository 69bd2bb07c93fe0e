"""What `import gnet_audit` gives, and that neither it nor the help brings torch along."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

import gnet_audit
from gnet_audit.report import Verdict
from gnet_audit.rules import Severity
from tests.canonical_report import REPORT

HEAVY = ("torch", "torchvision", "torchinfo", "fvcore", "numpy", "jsonschema")
WITHOUT_TORCH = (
    "import gnet_audit; gnet_audit.__version__",
    "import gnet_audit.formats.text, gnet_audit.formats.json, gnet_audit.policy",
    *(
        f"from gnet_audit.cli import main; assert main({words!r}) == 0"
        for words in (
            *([], ["--help"], ["--version"], ["shapes", "--help"], ["check", "-h"], ["rules"], ["explain", "GA2"]),
            *(["spec", "list"], ["spec", "show"], ["spec", "show", "conv1", "--source"]),
        )
    ),
)


def heavy_modules_after(code: str, path: Path) -> set[str]:
    """Which of the heavy modules a fresh interpreter has imported after some code; `path` holds empty ones."""
    for name in HEAVY:
        (path / name).mkdir(exist_ok=True)
        (path / name / "__init__.py").touch()
    probe = f"{code}\nimport sys\nsys.stderr.write(' '.join({HEAVY!r} & sys.modules.keys()))".replace(
        f"{HEAVY!r}", f"set({HEAVY!r})"
    )
    environment = {**os.environ, "PYTHONPATH": str(path)}
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environment)
    return set(result.stderr.split())


@pytest.mark.parametrize("code", WITHOUT_TORCH)
def test_what_needs_no_model_imports_no_torch(code: str, tmp_path: Path) -> None:
    assert heavy_modules_after(code, tmp_path) == set()


def test_the_test_above_can_fail(tmp_path: Path) -> None:
    assert heavy_modules_after("import torch", tmp_path) == {"torch"}


@pytest.mark.parametrize(
    ("words", "paper"),
    [
        (["spec", "show"], True),
        (["spec", "lint"], True),
        (["rules"], False),
        (["explain", "GA2"], False),
        (["--version"], False),
        ([], False),
    ],
)
def test_a_command_loads_no_more_than_it_needs(words: list[str], paper: bool) -> None:
    probe = f"from gnet_audit.cli import main; main({words!r}); import sys; sys.exit(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False).stderr.split()
    assert "gnet_audit.cli" in loaded
    assert not {"gnet_audit.commands.flops", "gnet_audit.commands.train", "gnet_audit.speed"} & set(loaded)
    assert "gnet_audit.report" not in loaded
    assert [name in loaded for name in ("gnet_audit.network", "rich.table")] == [paper, paper]


def test_the_version_is_the_installed_one() -> None:
    assert gnet_audit.__version__ == version("gnet-audit")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gnet_audit' has no attribute 'adit'"):
        _ = getattr(gnet_audit, "adit")  # noqa: B009 - mypy knows that it is not there


def test_dir_lists_the_public_names() -> None:
    assert {"audit", "assert_matches", "__version__"} <= set(dir(gnet_audit))


def test_an_assertion_says_in_one_line_each_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, dict[str, object]]] = []

    def audit(target: object, **options: object) -> object:
        asked.append((target, options))
        return REPORT

    import_module("gnet_audit.testing")  # or nobody would put it back
    pipeline = ModuleType("gnet_audit.pipeline")
    pipeline.__dict__["audit"] = audit
    monkeypatch.setitem(sys.modules, "gnet_audit.pipeline", pipeline)
    monkeypatch.delitem(sys.modules, "gnet_audit.testing")
    with pytest.raises(AssertionError) as failure:
        gnet_audit.assert_matches("a model", input_shape=(3, 96, 96))
    lines = str(failure.value).splitlines()
    assert len(lines) == len(REPORT.findings) + len(REPORT.unverified) + 1
    assert lines[0].startswith("differs: 15 slots")
    assert asked == [("a model", {"spec": "googlenet", "input_shape": (3, 96, 96), "prove": True})]
    gnet_audit.assert_matches("a model", ignore=["GA2", "GA3"])
    gnet_audit.assert_matches("a model", select=["GA204"])
    with pytest.raises(AssertionError):
        gnet_audit.assert_matches("a model", select=["GA204"], fail_on=Severity.WARNING)
    assert REPORT.verdict is Verdict.DIFFERS
    monkeypatch.delitem(sys.modules, "gnet_audit.testing")
