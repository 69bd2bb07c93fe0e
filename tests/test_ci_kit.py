"""action.yml, the pre-commit hook, the documented workflow and the examples, as far as a machine without GitHub goes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


def schema_says(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """What GitHub's own schema, as check-jsonschema ships it, says of some files."""
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def workflow() -> str:
    found = re.search(r"<!-- workflow -->\n```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert found
    return found[1]


def test_the_action_keeps_githubs_schema() -> None:
    result = schema_says("vendor.github-actions", ROOT / "action.yml")
    assert result.returncode == 0, result.stdout


def test_the_documented_workflow_keeps_githubs_schema(tmp_path: Path) -> None:
    file = tmp_path / "audit.yml"
    file.write_text(workflow(), encoding="utf-8")
    result = schema_says("vendor.github-workflows", file)
    assert result.returncode == 0, result.stdout
    given = {
        key
        for step in yaml.safe_load(workflow())["jobs"]["audit"]["steps"]
        if "gnet-audit" in step.get("uses", "")
        for key in step["with"]
    }
    assert given <= set(ACTION["inputs"])
    assert {name for name, one in ACTION["inputs"].items() if one.get("required")} <= given


WARNED = """\
from torch import nn
from gnet_audit.live.googlenet import GoogLeNet

def net():
    model = GoogLeNet()
    model.lrn1 = nn.LocalResponseNorm(5, k=2.0)
    return model
"""
"""The paper's network but for a constant that the paper leaves open: a warning."""


# --- the steps of the action -----------------------------------------------------------------------------------


def run_step(number: int, tmp_path: Path, inputs: dict[str, str], path: Path) -> subprocess.CompletedProcess[str]:
    """One step as the runner runs it: its script in bash, its variables filled with the inputs."""
    step = ACTION["runs"]["steps"][number]
    defaults = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
    values = {**defaults, **inputs}
    variables = {
        name: EXPRESSION.sub(lambda match: values[match[1]], text.replace(" || github.action_path", ""))
        for name, text in step["env"].items()
    }
    environment = {
        **os.environ,
        **variables,
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_ACTIONS": "true",
    }
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


def stand_in(tmp_path: Path, name: str, script: str) -> Path:
    """A folder for PATH with one program in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / name
    program.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


ITSELF = f'exec {sys.executable} -m gnet_audit "$1" --no-prove "${{@:2}}"'
"""The command as installed; without the proof, which is no matter of the action's."""


def test_no_input_is_pasted_into_a_script() -> None:
    assert not any("${{" in step["run"] for step in ACTION["runs"]["steps"])


def test_the_inputs_reach_the_command_line_whatever_they_hold(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "gnet-audit", 'printf "%q " "$@"; exit 1')
    inputs = {
        "target": "nets/a b.py:Net; touch hacked",
        "args": "num_classes=10\nname=$(touch hacked)",
        "baseline": "accepted.toml",
        "accept": "variant:no-lrn",
        "sarif": "audit.sarif",
        "html": "audit.html",
        "spec": "googlenet",
        "fail-on": "warning",
    }
    result = run_step(1, tmp_path, inputs, path)
    assert result.returncode == 1
    assert shlex.split(result.stdout) == [
        "check", "--need-target", "-f", "github", "--spec", "googlenet", "--fail-on", "warning",
        "--arg", "num_classes=10", "--arg", "name=$(touch hacked)", "--baseline", "accepted.toml",
        "--accept", "variant:no-lrn", "-f", "sarif:audit.sarif", "-f", "html:audit.html", "--", inputs["target"],
    ]  # fmt: skip
    assert (tmp_path / "output").read_text() == "status=1\n"
    assert not (tmp_path / "hacked").exists()


def test_what_is_left_empty_is_left_to_the_settings_of_the_project(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "gnet-audit", ITSELF)
    told = run_step(1, tmp_path, {}, path)
    assert told.returncode == 2
    assert "no target; expected TARGET, or target in [tool.gnet-audit]" in told.stderr
    (tmp_path / "net.py").write_text(WARNED)
    (tmp_path / "pyproject.toml").write_text('[tool.gnet-audit]\ntarget = "net.py:net"\nfail-on = "warning"\n')
    result = run_step(1, tmp_path, {}, path)
    assert (result.returncode, result.stderr) == (1, "")
    assert "GA211" in result.stdout


def test_nothing_is_asked_for_that_no_input_asks_for(tmp_path: Path) -> None:
    told = run_step(1, tmp_path, {"target": "net.py:net"}, stand_in(tmp_path, "gnet-audit", 'echo "$@"'))
    assert (told.stdout, told.returncode) == ("check --need-target -f github -- net.py:net\n", 0)


def test_an_audit_that_could_not_be_done_is_annotated(tmp_path: Path) -> None:
    result = run_step(1, tmp_path, {"target": "--help"}, stand_in(tmp_path, "gnet-audit", "exit 2"))
    assert result.returncode == 2
    assert result.stdout.startswith("::error title=gnet-audit::the audit did not come to its end (status 2)")


def test_the_step_audits_annotates_and_writes_summary_and_sarif(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "gnet-audit", ITSELF)
    (tmp_path / "net.py").write_text(
        "from torch import nn\nfrom gnet_audit.live.googlenet import GoogLeNet\n\ndef net():\n    model = GoogLeNet()\n"
        "    model.dropout = nn.Dropout(0.2)\n    return model\n"
    )
    result = run_step(1, tmp_path, {"target": "net.py:net", "sarif": "audit.sarif"}, path)
    assert result.returncode == 1, result.stderr
    assert result.stdout.startswith("::error file=net.py,line=6,title=GA212 dropout rate%3A dropout::")
    assert "GA212" in (tmp_path / "summary").read_text(encoding="utf-8")
    log = json.loads((tmp_path / "audit.sarif").read_text(encoding="utf-8"))
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["GA212"]


def test_the_installing_step_installs_what_it_is_told_and_nothing_if_told_so(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "python", 'echo "$@"')
    assert run_step(0, tmp_path, {"package": "gnet-audit==1"}, path).stdout == "-m pip install --quiet gnet-audit==1\n"
    assert run_step(0, tmp_path, {"package": "none"}, path).stdout == ""


# --- pre-commit and examples -------------------------------------------------------------------------------------


def test_the_hook_is_a_command_that_there_is_and_needs_a_target(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {"id", "name", "entry", "language"} <= set(hook)
    program, *words = hook["entry"].split()
    assert program == "gnet-audit"
    command = [sys.executable, "-m", "gnet_audit", *words]
    assert subprocess.run([*command, "--help"], check=False, capture_output=True).returncode == 0
    unset = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert unset.returncode == 2, "without a target of the user's it would pass for ever"
    assert "no target; expected TARGET" in unset.stderr
    assert hook["pass_filenames"] is False


def test_the_example_tests_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """In this process: torch is imported only once."""
    alone = ("-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--import-mode=importlib")
    status = pytest.main([*alone, "-q", "--rootdir", str(ROOT), str(ROOT / "examples" / "test_paper.py")])
    out = capsys.readouterr().out
    assert status == 0, out
    assert "3 passed" in out


def test_every_command_of_the_page_can_be_parsed() -> None:
    commands = [line for line in DOCS.splitlines() if line.startswith("gnet-audit ")]
    assert commands
    help = {
        name: subprocess.run(
            [sys.executable, "-m", "gnet_audit", name, "--help"], check=False, capture_output=True, text=True
        ).stdout
        for name in {shlex.split(command)[1] for command in commands}
    }
    for command in commands:
        _, name, *words = shlex.split(command)
        for word in words:
            if word.startswith("--"):
                assert word in help[name], word


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck on this machine")
def test_the_scripts_are_clean() -> None:
    for step in ACTION["runs"]["steps"]:
        result = subprocess.run(["shellcheck", "-s", "bash", "-"], input=step["run"], text=True, check=False)
        assert result.returncode == 0
