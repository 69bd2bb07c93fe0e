"""Whatever is wrong with what the user gives: one line that says where and what, status 2, no traceback."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from gnet_audit.cli import main
from gnet_audit.errors import quoted

NETWORKS = {
    "syntax.py": "class Net(:\n    pass\n",
    "empty.py": "",
    "imports.py": "import no_such_package_of_ours\n",
    "exits.py": "import sys\nsys.exit(0)\n",
    "number.py": "Net = 3\n",
    "argument.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self, palette):
                super().__init__()
        """,
    "constructor.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                raise OSError("no weights here")
        """,
    "forward.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 7, 2, 3)
            def forward(self, x):
                x = self.conv(x)
                raise ValueError("tensors of the wrong mood")
        """,
    "nothing.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 7, 2, 3)
            def forward(self, x):
                self.conv(x)
        """,
    "unwritten.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 7, 2, 3)
        """,
    "weightless.py": """
        from torch import nn
        class Net(nn.Module):
            def forward(self, x):
                return x.mean((2, 3))
        """,
    "three.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 7, 2, 3)
            def forward(self, x):
                return self.conv(x)
        """,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with the networks above."""
    for name, code in NETWORKS.items():
        (tmp_path / name).write_text(dedent(code), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["shapes", "check"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.py:Net"], ["missing.py"]),
        (["no_such_package_of_ours.nets:Net"], ["no_such_package_of_ours"]),
        (["nothing_like_a_target"], ["nothing_like_a_target"]),
        (["syntax.py:Net"], ["syntax.py", "1"]),
        (["imports.py:Net"], ["no_such_package_of_ours"]),
        (["exits.py:Net"], ["exit"]),
        (["empty.py:Net"], ["empty.py", "Net"]),
        (["empty.py"], ["empty.py"]),
        (["three.py:Nett"], ["Nett"]),
        (["number.py:Net"], ["Net", "int"]),
        (["argument.py:Net"], ["palette"]),
        (["three.py:Net", "--arg", "palette=3"], ["palette"]),
        (["constructor.py:Net"], ["no weights here"]),
        (["forward.py:Net"], ["tensors of the wrong mood", "forward.py"]),
        (["nothing.py:Net"], ["None"]),
        (["unwritten.py:Net"], ["forward"]),
        (["weightless.py:Net"], ["parameter"]),
        (["three.py:Net", "--input", "1x64x64"], ["1"]),
        (["three.py:Net", "--input", "64x64"], ["--input", "64x64"]),
        (["three.py:Net", "--spec", "no_such_spec"], ["no_such_spec"]),
        (["three.py:Net", "--spec", "no_such_spec.toml"], ["no_such_spec.toml"]),
    ],
)
def test_a_bad_model_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], command: str, words: list[str], told: list[str]
) -> None:
    assert main([command, *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("gnet-audit: error: ")
    assert error.count("\n") == 1, error
    assert "bug of gnet-audit" not in error
    for piece in told:
        assert piece in error


def test_a_spec_with_mistakes_tells_each_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.toml").write_text('schema = "one"\nid = 3\nwhatever = true\n', encoding="utf-8")
    for words in (
        ["spec", "validate", "bad.toml"],
        ["spec", "show", "--spec", "bad.toml"],
        ["check", "--spec", "bad.toml"],
    ):
        assert main(words) == 2
        lines = capsys.readouterr().err.splitlines()
        for number in (1, 2, 3):
            assert any(line.startswith(f"gnet-audit: error: bad.toml:{number}: ") for line in lines)


def test_a_spec_that_is_no_toml_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.toml").write_text('schema = 1\nid = "x\n', encoding="utf-8")
    assert main(["spec", "validate", "bad.toml"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("gnet-audit: error: bad.toml:2: ")
    assert error.count("\n") == 1


def test_a_number_that_is_too_long_to_spell_is_named_by_its_kind() -> None:
    # Python spells no whole number of more than 4,300 digits.
    assert quoted(10**5_000) == "a int too long to show"
    assert quoted([10**5_000]) == "a list too long to show"
    assert quoted(10**4_000) == "1" + "0" * 4_000
