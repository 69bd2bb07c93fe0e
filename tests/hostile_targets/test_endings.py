"""Code that ends badly: one line that says where and what, the right exit status, and the world as before."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from gnet_audit.cli import main
from tests.hostile_targets.world import changed, world

HEAD = """
import ctypes, os, sys, threading, time
import torch
from torch import nn
from torch.nn import functional as F

class Odd(Exception):
    def __str__(self):
        raise ValueError("no message")

class Last(BaseException):
    pass

class Silent(Exception):
    def __str__(self):
        raise SystemExit(0)

def endless():
    return endless()

def bad(value=None):
    {bad}
"""
NET = """
{at_import}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3)
        {at_building}
    def forward(self, x):
        x = F.relu(self.conv(x))
        {at_running}
        return x
"""
PLACES = ("at_import", "at_building", "at_running")
LINE = 21
"""Of `bad`'s own statement."""

ENDS = {
    "exit": ("raise SystemExit(0)", 2, "SystemExit: 0"),
    "sys.exit": ("sys.exit('enough')", 2, "SystemExit: enough"),
    "interrupt": ("raise KeyboardInterrupt", 130, "interrupted"),
    "endless": ("endless()", 2, "RecursionError"),
    "no message": ("raise Odd", 2, "Odd: its message raises ValueError"),
    "beyond Exception": ("raise Last('so')", 2, "Last: so"),
    "generator exit": ("raise GeneratorExit", 2, "GeneratorExit"),
    "cancelled": ("import asyncio; raise asyncio.CancelledError", 2, "CancelledError"),
    "skipped": ("import pytest; pytest.skip('no')", 2, "Skipped: no"),
    "a message that exits": ("raise Silent", 2, "Silent: its message raises SystemExit"),
    "many lines": ("raise ValueError('a\\n\\nb\\x1b[2J' * 999)", 2, "ValueError: a b"),
    "out of memory": ("raise MemoryError", 2, "MemoryError"),
    "not an exception": ("raise 3", 2, "TypeError: exceptions must derive from BaseException"),
    "group": ("raise ExceptionGroup('two', [ValueError(1), OSError(2)])", 2, "two (2 sub-exceptions)"),
}


def _file(folder: Path, bad: str, place: str) -> str:
    pieces = dict.fromkeys(PLACES, "pass") | {place: "bad()"}
    path = folder / "net.py"
    path.write_text(HEAD.format(bad=bad).lstrip("\n") + NET.format(**pieces), encoding="utf-8")
    return f"{path}:Net"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("bad", "status", "told"), ENDS.values(), ids=ENDS)
def test_code_that_ends_badly_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], bad: str, status: int, told: str, place: str
) -> None:
    target = _file(tmp_path, bad, place)
    before = world()
    assert main(["check", target, "--no-prove"]) == status
    assert changed(before, world()) == set()
    error = capfd.readouterr().err
    assert error.startswith("gnet-audit: error: ")
    assert error.count("\n") == 1, error
    assert told in error
    assert "\x1b" not in error
    assert "bug of gnet-audit" not in error


@pytest.mark.parametrize("bad", ["raise OSError('full')", "raise Last('full')", "import pytest; pytest.skip('full')"])
def test_the_line_of_the_code_that_raised_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str], bad: str) -> None:
    for place in PLACES:
        assert main(["check", _file(tmp_path, bad, place), "--no-prove"]) == 2
        assert f"net.py:{LINE}" in capfd.readouterr().err


@pytest.mark.parametrize("words", [["check"], ["flops"], ["prove"], ["diff", "reference"]])
def test_every_command_tells_what_is_raised_beyond_exceptions_as_the_codes_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main([*words, _file(tmp_path, "raise Last('so')", "at_running")]) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1, error
    assert f"Last: so (net.py:{LINE})" in error.replace(f"{tmp_path}/", "")


def test_eval_may_raise_anything(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raises = "pass\n    def eval(self): raise Last('so')"
    path = tmp_path / "net.py"
    path.write_text(
        HEAD.format(bad="pass") + NET.format(**dict.fromkeys(PLACES, "pass") | {"at_building": raises}),
        encoding="utf-8",
    )
    assert main(["check", f"{path}:Net", "--no-prove"]) == 1
    out, error = capfd.readouterr()
    assert "eval(): it raises: Last: so" in out
    assert error == ""


# --- what a forward returns ---------------------------------------------------------------------------------------

RETURNS = {
    "nothing": ("None", "the forward returns no tensor; expected logits; got None"),
    "a generator": ("(x for _ in range(3))", "got a generator without tensors"),
    "a number": ("3.5", "got a float without tensors"),
    "a module": ("self.conv", "got a Conv2d without tensors"),
    "a class": ("Net", "got a type without tensors"),
    "a function": ("(lambda: x)", "got a function without tensors"),
    "a lying mapping": ("Lies()", "the model cannot be read, KeyError: 'no'"),
    "without end": ("deep(100000)", "the model cannot be read, RecursionError"),
    "exits when it is read": ("Exits()", "the model cannot be read, SystemExit: 3"),
}
VALUES = """
    from collections.abc import Mapping
    class Lies(Mapping):
        def __getitem__(self, name): raise KeyError("no")
        def __iter__(self): return iter(["a"])
        def __len__(self): return 1
    class Exits(Lies):
        def __getitem__(self, name): raise SystemExit(3)
    def deep(count):
        value = []
        for _ in range(count):
            value = [value]
        return value
"""


@pytest.mark.parametrize(("returned", "told"), RETURNS.values(), ids=RETURNS)
def test_an_output_without_logits_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], returned: str, told: str
) -> None:
    path = tmp_path / "net.py"
    code = HEAD.format(bad="pass") + dedent(VALUES) + NET.replace("return x", f"return {returned}")
    path.write_text(code.format(**dict.fromkeys(PLACES, "pass")), encoding="utf-8")
    assert main(["check", f"{path}:Net", "--no-prove"]) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1, error
    assert told in error


# --- models that cannot be looked at ------------------------------------------------------------------------------

UNREADABLE = {
    "nested without end": (
        "self.deep = nest(3000)",
        "the model cannot be read, RecursionError",
    ),
    "its modules raise": ("pass\n    def named_modules(self, *a, **k): raise OSError('gone')", "OSError: gone"),
    "its parameters exit": ("pass\n    def parameters(self, *a, **k): raise SystemExit(4)", "SystemExit: 4"),
    "not hashable": ("pass\n    __hash__ = None", "unhashable type: 'Net'"),
}


@pytest.mark.parametrize(("member", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_model_that_cannot_be_looked_at_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], member: str, told: str
) -> None:
    path = tmp_path / "net.py"
    nest = "\ndef nest(count):\n    part = nn.ReLU()\n    for _ in range(count):\n        part = nn.Sequential(part)\n    return part\n"
    pieces = dict.fromkeys(PLACES, "pass") | {"at_building": member}
    path.write_text(HEAD.format(bad="pass") + nest + NET.format(**pieces), encoding="utf-8")
    assert main(["check", f"{path}:Net", "--no-prove"]) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1, error
    assert told in error
    assert "bug of gnet-audit" not in error


# --- files that do not want to be found ------------------------------------------------------------------------------

REFERENCE = """
from gnet_audit.live.googlenet import GoogLeNet
class Net(GoogLeNet):
    pass
"""
FILES = {
    "no __file__": "del __file__",
    "no __name__": "__name__ = None; del __spec__, __loader__",
    "gone": "import os; os.remove(__file__)",
    "elsewhere": "import os; os.chdir('/')",
    "in a folder that is gone": "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)",
    "not in sys.modules": "import sys; sys.modules.pop(__name__, None)",
    "another in sys.modules": "import sys, types; sys.modules[__name__] = types.ModuleType('other')",
    "prints": "import os, sys; print('out'); os.write(1, b'past Python\\n'); print('there', file=sys.__stdout__)",
    "a dying object": "class D:\n    def __del__(self): raise OSError('dying')\nd = D()\ndel d",
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("code", FILES.values(), ids=FILES)
def test_a_file_that_does_not_want_to_be_found_is_audited_all_the_same(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], code: str
) -> None:
    path = tmp_path / "net.py"
    path.write_text(REFERENCE + code + "\n", encoding="utf-8")
    before, modules = world(), dict(sys.modules)
    assert main(["check", f"{path}:Net", "--no-prove"]) == 0
    assert changed(before, world()) == set()
    assert {name for name in modules if sys.modules.get(name) is not modules[name]} == set()
    out = capfd.readouterr().out
    assert "matches" in out
    assert not re.search("past Python|there|^out", out, re.MULTILINE)


def test_what_code_prints_when_the_process_ends_is_no_part_of_the_answer(tmp_path: Path) -> None:
    code = (
        "import atexit, os\n"
        "atexit.register(os._exit, 7)\n"
        "atexit.register(os.write, 1, b'there, past Python\\n')\n"
        "atexit.register(print, 'bye', flush=True)\n"
    )
    (tmp_path / "net.py").write_text(REFERENCE + code, encoding="utf-8")
    command = [sys.executable, "-m", "gnet_audit", "check", f"{tmp_path / 'net.py'}:Net", "--no-prove", "--json"]
    for more in ([], ["--isolate"]):
        found = subprocess.run([*command, *more], capture_output=True, text=True, check=True)
        assert json.loads(found.stdout)["verdict"] == "matches"
        assert found.stderr == "bye\nthere, past Python\n"


# --- what the code replaces where it is loaded holds where it runs ----------------------------------------------------

HOOK = """
from torch.nn.modules.module import register_module_forward_hook
register_module_forward_hook(lambda module, args, result: F.tanh(result) if type(module) is nn.Conv2d else None)
"""
METHOD = """
def forward(self, x):
    return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode)
nn.MaxPool2d.forward = forward
"""
CONSTRUCTOR = """
class Net(GoogLeNet):
    def __init__(self):
        super().__init__()
        F.relu = F.relu6
"""
ENVIRONMENT = """
import os
os.environ["HOSTILE"] = "1"
class Net(GoogLeNet):
    def forward(self, x):
        return super().forward(x.tanh() if "HOSTILE" in os.environ else x)
"""
PATCHES = {
    "a function": ("F.relu = F.leaky_relu", "expected relu, found leaky_relu"),
    "in the constructor": (CONSTRUCTOR, "expected relu, found relu6"),
    "a hook": (HOOK, "found tanh"),
    "a method": (METHOD, "expected max, found avg"),
    "the environment": (ENVIRONMENT, "tanh"),
}


@pytest.mark.parametrize(("code", "told"), PATCHES.values(), ids=PATCHES)
def test_what_code_changes_while_it_is_loaded_holds_while_it_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], code: str, told: str
) -> None:
    path = tmp_path / "net.py"
    path.write_text(
        f"from torch import nn\nfrom torch.nn import functional as F\n{REFERENCE}{code}\n", encoding="utf-8"
    )
    before = world()
    assert main(["check", f"{path}:Net", "--no-prove"]) == 1
    assert changed(before, world()) == set()
    out = capfd.readouterr().out
    assert "\ndiffers: " in out
    assert told in out
    assert main(["check", "reference", "--no-prove"]) == 0


# --- many modules -----------------------------------------------------------------------------------------------------


def test_ten_thousand_modules_and_a_hundred_gigabytes_on_meta_are_no_trouble(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.py"
    path.write_text(
        "import torch\nfrom torch import nn\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 64, 7, 2, 3)\n"
        "        self.big = nn.Parameter(torch.empty(25_000_000_000))\n"
        "        self.many = nn.ModuleList(nn.Linear(1, 1) for _ in range(10_000))\n"
        "    def forward(self, x):\n"
        "        return self.conv(x) * self.big[:1]\n",
        encoding="utf-8",
    )
    assert main(["check", f"{path}:Net", "--no-prove"]) == 1
    assert "not this network" in capfd.readouterr().out
