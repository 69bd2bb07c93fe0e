"""The same model gives the same bytes, whoever runs the audit, where and when."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from textwrap import dedent

from gnet_audit.formats import Format

ROOT = Path(__file__).parents[1]
TORCHVISION = """
    from tests.exam.foreign import declare
    declare()
    from torchvision.models import googlenet

    def build():
        return googlenet(weights=None, init_weights=False, aux_logits=True)
    """
BUILD = "fused_reduce.py"
"""Nine findings."""
AUDITS = {
    "reference": "check reference",
    "foreign": "shapes --no-prove nets/torchvision_net.py:build",
    "compared": f"shapes --no-prove nets/{BUILD}",
    "proven": f"check nets/{BUILD}",
}
CODE = "import sys; from gnet_audit.cli import main; sys.exit(max(main(line.split()) for line in sys.argv[1:]))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that is not the model."""

    environment: Mapping[str, str]
    umask: int
    absolute: bool


HERE = Circumstances(
    environment={"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
    umask=0o022,
    absolute=False,
)
THERE = Circumstances(
    environment={
        "PYTHONHASHSEED": "4242", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0", "HOME": "/nonexistent", "USER": "somebody", "PYTHONOPTIMIZE": "1", "TERM": "dumb",
    },
    umask=0o077,
    absolute=True,
)  # fmt: skip


def told(folder: Path, circumstances: Circumstances) -> dict[str, bytes]:
    """Every format of all audits in a checkout of its own; in one process, so that torch is imported only once."""
    (folder / "nets").mkdir(parents=True)
    (folder / "nets" / "torchvision_net.py").write_text(dedent(TORCHVISION), encoding="utf-8")
    copy(ROOT / "tests" / "builds" / BUILD, folder / "nets")
    lines = [
        " ".join([audit, *(f"-f {one}:{name}.{one}" for one in Format)]).replace(
            "nets/", f"{folder}/nets/" if circumstances.absolute else "nets/"
        )
        for name, audit in AUDITS.items()
    ]
    own = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    environment = {**own, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **circumstances.environment}
    result = subprocess.run(
        [sys.executable, "-c", CODE, *lines],
        cwd=folder, env=environment, umask=circumstances.umask, capture_output=True, check=False,
    )  # fmt: skip
    assert result.returncode in {0, 1}, result.stderr
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} | {"stderr": result.stderr}


def test_circumstances_change_no_byte_of_any_format(tmp_path: Path) -> None:
    here, there = told(tmp_path / "one", HERE), told(tmp_path / "another" / "place", THERE)
    assert len(here) == len(AUDITS) * len(Format) + 1
    assert [name for name in here if here[name] != there.get(name)] == []
    assert all(str(tmp_path).encode() not in text for text in here.values())
