"""What is to be audited: every kind of target, and one clear line for each that is none."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
import torch
from torch import nn

from gnet_audit.errors import TargetError
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.target import Build, build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode


class Net(nn.Module):
    """A small model with arguments."""

    def __init__(self, width: int = 4, *, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(4, width, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)  # type: ignore[no-any-return]

    @classmethod
    def wide(cls) -> Net:
        """One with more features."""
        return cls(16)


def _params(made: Build) -> int | None:
    return made.params


def _file(folder: Path, name: str, code: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(code), encoding="utf-8")
    return str(path)


NET = """
    from torch import nn
    class Net(nn.Module):
        def __init__(self, width=4):
            super().__init__()
            self.linear = nn.Linear(4, width)
        def forward(self, x):
            return self.linear(x)
    """

# --- every kind -----------------------------------------------------------------------------------------------


def test_the_reference_is_built_on_meta_and_takes_arguments() -> None:
    made = build("reference")
    assert isinstance(made.module, GoogLeNet)
    assert (made.text, made.params) == ("reference", 13_378_280)
    assert {p.device.type for p in made.module.parameters()} == {"meta"}
    assert build("reference", {"num_classes": 10, "aux_heads": False}).params == 6_998_552 - 990 * 1025


@pytest.mark.parametrize(
    ("target", "text", "params"),
    [
        (Net, "Net", 20),
        (Net.wide, "Net.wide", 80),
        (lambda: Net(2), "test_the_kinds_of_objects", 10),
        ("tests.live.test_target:Net", "tests.live.test_target:Net", 20),
        ("tests.live.test_target:Net.wide", "tests.live.test_target:Net.wide", 80),
    ],
)
def test_the_kinds_of_objects(target: object, text: str, params: int) -> None:
    made = build(target)
    assert text in made.text or "lambda" in made.text
    assert made.params == params
    assert made.module.linear.weight.is_meta  # type: ignore[union-attr]


def test_an_instance_is_taken_as_it_is() -> None:
    model = Net()
    made = build(model)
    assert made.module is model
    assert (made.text, dict(made.constructed)) == ("Net", {})
    assert build(nn.DataParallel(model)).module is model


def test_arguments_reach_the_constructor() -> None:
    assert build(Net, {"width": 3, "bias": False}).params == 12
    assert build("tests.live.test_target:Net", {"width": 3}).params == 15


def test_a_file_with_its_neighbours(tmp_path: Path) -> None:
    _file(tmp_path, "blocks.py", "from torch import nn\nBlock = nn.Linear\n")
    target = _file(
        tmp_path,
        "net.py",
        """
        from dataclasses import dataclass
        from torch import nn
        from blocks import Block
        @dataclass
        class Config:
            width: int = 7
        class Net(nn.Module):
            def __init__(self, config: Config):
                super().__init__()
                from blocks import Block as again
                assert again is Block
                self.linear = Block(4, config.width)
            def forward(self, x):
                from blocks import Block as again
                assert isinstance(self.linear, again)
                return self.linear(x)
        """,
    )
    path, modules = list(sys.path), dict(sys.modules)
    made = build(f"{target}:Net")
    assert sys.path == path
    assert {name for name in sys.modules if name not in modules} == set()
    assert (made.params, made.guessed[0][0]) == (35, "config")
    assert trace(made, Mode.EVAL, (4,)).error == ""
    assert sys.path == path
    assert "blocks" not in sys.modules


def test_the_name_of_a_file_may_have_a_colon(tmp_path: Path) -> None:
    file = _file(tmp_path, "a:b.py", NET)
    assert build(f"{file}:Net").params == 4 * 4 + 4
    assert build(file).text == f"{file}:Net"


def test_a_file_in_a_package_with_relative_imports(tmp_path: Path) -> None:
    _file(tmp_path, "nets/__init__.py", "")
    _file(tmp_path, "nets/deep/__init__.py", "")
    _file(tmp_path, "nets/blocks.py", "from torch import nn\nBlock = nn.Linear\n")
    target = _file(
        tmp_path, "nets/deep/net.py", "from ..blocks import Block\ndef make(width=2):\n    return Block(4, width)\n"
    )
    assert build(f"{target}:make").params == 10
    assert "nets" not in sys.modules


def test_a_module_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _file(tmp_path, "some_folder/mine.py", NET)
    assert build("some_folder.mine:Net").params == 20
    assert build("some_folder/mine.py:Net").text == "some_folder/mine.py:Net"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (NET, "Net"),
        (NET + "\n    class Whole(nn.Module):\n        def __init__(self):\n            super().__init__()\n"
         "            self.net = Net()\n        def forward(self, x):\n            return self.net(x)\n", "Whole"),
        (NET + "\n    class Sub(Net):\n        pass\n", "Sub"),
        (NET + "\n    class Other(nn.Linear):\n        pass\n", "Net"),
        (NET + "\n    def part():\n        return Net()\n    def parts():\n        return [part(), parts]\n"
         "    class Whole(nn.Module):\n        def __init__(self):\n            super().__init__()\n"
         "            self.net = nn.Sequential(*parts()[:1])\n        def forward(self, x):\n"
         "            return self.net(x)\n", "Whole"),
        (NET + "\n    Alias = Net\n", "Net"),
        ("from torch.nn import Linear as Base\nclass Linear(Base):\n    def __init__(self): super().__init__(2, 2)\n", "Linear"),
        ("from torch import nn\ndef _hidden(): ...\ndef make(): return nn.Linear(4, 4)\n", "make"),
        (NET + "\n    def net(**options):\n        return Net(**options)\n", "Net"),
    ],
)  # fmt: skip
def test_a_file_alone_when_it_is_clear_which_model_is_meant(tmp_path: Path, code: str, expected: str) -> None:
    target = _file(tmp_path, "net.py", code)
    assert build(target).text == f"{target}:{expected}"


def test_of_several_models_in_a_file_the_whole_networks_are_named_before_their_parts(tmp_path: Path) -> None:
    own = "    class {0}(nn.Module):\n        def __init__(self): super().__init__(); self.part = {1}\n"
    code = f"{NET}\n{own.format('Spare', 'nn.Linear(2, 2)')}{own.format('Whole', 'Net()')}"
    target = _file(tmp_path, "net.py", code)
    with pytest.raises(TargetError, match=r"several models in it; expected \S+net\.py:Whole or \S+net\.py:Spare$"):
        build(target)


def test_of_classes_that_mention_each_other_all_may_be_meant_but_none_when_a_whole_is_built_of_them(
    tmp_path: Path,
) -> None:
    own = "    class {0}(nn.Module):\n        def __init__(self): super().__init__(); self.part = {1}\n"
    each_other = own.format("Head", "nn.Linear(2, Trunk.n)") + own.format("Trunk", "Head()") + "        n = 2\n"
    target = _file(tmp_path, "net.py", f"from torch import nn\nif True:\n{each_other}")
    with pytest.raises(TargetError, match=r"several models in it; expected \S+net\.py:Head or \S+net\.py:Trunk$"):
        build(target)
    whole = own.format("Whole", "Trunk()") + "        def forward(self, x): return x\n"
    target = _file(tmp_path, "whole.py", f"from torch import nn\nif True:\n{each_other}{whole}")
    assert build(target).text == f"{target}:Whole"


def test_a_notebook_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nb.ipynb").write_text("{}")
    for target in ("nb.ipynb:GoogLeNet", "nb.ipynb", f"{tmp_path}/nb.ipynb:GoogLeNet"):
        with pytest.raises(TargetError, match=r"nb\.ipynb: a notebook; expected its code exported to a file"):
            build(target)


def test_an_instance_in_a_file_knows_its_lines(tmp_path: Path) -> None:
    target = _file(tmp_path, "net.py", NET + "\n    model = Net(8)\n")
    made = build(f"{target}:model")
    assert made.params == 40
    line = made.locations.each(made.constructed["linear"])
    assert [(one.file, one.line) for one in line] == [(target, 6), (target, 10)]


@pytest.mark.filterwarnings("ignore")
def test_torchvision_s_functions(torchvision: ModuleType) -> None:
    made = build("torchvision:googlenet")
    assert made.params == 13_004_888
    assert vars(made.module)["transform_input"] is False
    assert build("torchvision:googlenet", {"aux_logits": False, "transform_input": True}).params == 6_624_904
    assert build("torchvision:resnet18", {"num_classes": 10}).module.fc.out_features == 10  # type: ignore[union-attr]
    with pytest.raises(TargetError, match="no attribute 'googlenett', did you mean googlenet"):
        build("torchvision:googlenett")
    with pytest.raises(TargetError, match="torchvision:googlenet: no argument 'palette'"):
        build("torchvision:googlenet", {"palette": 3})


def test_a_torchvision_that_does_not_fit_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path, "torchvision/__init__.py", "raise RuntimeError('operator torchvision::nms does not exist')\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TargetError, match=r"does not fit this torch .*operator torchvision::nms does not exist"):
        build("torchvision:googlenet")


def test_without_torchvision_its_models_are_no_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(TargetError, match="torchvision:googlenet: torchvision is not installed"):
        build("torchvision:googlenet")


# --- guesses --------------------------------------------------------------------------------------------------


def test_required_arguments_that_speak_for_themselves_are_guessed_and_told() -> None:
    class Asks(Net):
        def __init__(self, in_channels: int, num_classes: int, pretrained: bool) -> None:
            assert not pretrained
            super().__init__(in_channels + num_classes)

    made = build(Asks)
    assert made.guessed == (("in_channels", 3), ("num_classes", 1000), ("pretrained", False))
    assert made.params == 5 * 1003
    assert build(Asks, {"num_classes": 10}).guessed == (("in_channels", 3), ("pretrained", False))


# --- construction ---------------------------------------------------------------------------------------------


def test_a_constructor_that_needs_numbers_runs_on_the_cpu() -> None:
    class Computes(Net):
        def __init__(self) -> None:
            super().__init__()
            self.rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]
            self.register_buffer("scale", self.linear.weight.detach().abs().max().reshape(1) * 1)
            assert self.linear.weight.sum().item() != 0

    made = build(Computes)
    assert made.module.rates == pytest.approx([0, 0.05, 0.1])
    assert not made.module.linear.weight.is_meta  # type: ignore[union-attr]


def test_computed_constants_stay_real_on_meta() -> None:
    class Constants(Net):
        def __init__(self) -> None:
            super().__init__()
            self.rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]
            self.register_buffer("table", torch.arange(4))
            self.linear.to("cuda").cuda()

    made = build(Constants)
    assert made.module.get_parameter("linear.weight").is_meta
    assert made.module.get_buffer("table").tolist() == [0, 1, 2, 3]


def test_building_leaves_random_numbers_and_defaults_as_they_were() -> None:
    class Draws(Net):
        def __init__(self) -> None:
            super().__init__()
            torch.rand(1).item()
            random.random()
            torch.set_default_dtype(torch.float64)
            assert self.linear.weight.sum().item() != 0

    torch.manual_seed(3)
    expected = float(torch.rand(1))
    torch.manual_seed(3)
    state = random.getstate()
    build(Draws)
    assert float(torch.rand(1)) == expected
    assert random.getstate() == state
    assert torch.get_default_dtype() is torch.float32


def test_our_command_line_is_not_the_file_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gnet-audit", "shapes", "net.py"])
    target = _file(tmp_path, "net.py", "import argparse\nargparse.ArgumentParser().parse_args()\n" + dedent(NET))
    assert build(f"{target}:Net").params == 20
    assert sys.argv == ["gnet-audit", "shapes", "net.py"]


# --- errors ---------------------------------------------------------------------------------------------------

ERRORS = {
    "syntax": ("class Net(:\n    pass\n", ":Net", ["net.py:1: syntax error"]),
    "syntax elsewhere": ("import broken\n", ":Net", ["broken.py:2: syntax error"]),
    "missing import": ("import no_such_package_of_ours\n", ":Net", ["net.py:1: ", "no_such_package_of_ours"]),
    "raises": ("x = 1\nraise ValueError('not today')\n", ":Net", ["net.py:2: ", "ValueError: not today"]),
    "exits": ("import sys\nsys.exit(4)\n", ":Net", ["net.py: the code exits while it is imported (SystemExit: 4)"]),
    "no attribute": (NET, ":Nett", ["net.py: no attribute 'Nett', did you mean Net?"]),
    "no attribute of it": (NET, ":Net.wide", ["no attribute 'wide'"]),
    "number": ("Net = 3\n", ":Net", ["net.py:Net: not a model; expected an nn.Module", "got int"]),
    "class": ("class Net: ...\n", ":Net", ["not a model", "got class Net"]),
    "module": ("import torch\n", ":torch", ["not a model", "got module"]),
    "function": ("def net(): return 3\n", ":net", ["not a model; expected an nn.Module from net()", "got int"]),
    "argument": (NET.replace("width=4", "palette"), ":Net", ["Net needs the argument 'palette'", "--arg palette="]),
    "arguments": (NET.replace("width=4", "a, b"), ":Net", ["'a' and 'b'; give it with --arg a=… --arg b=…"]),
    "constructor": (NET.replace("super().__init__()", "raise OSError('no weights here')"), ":Net", ["net.py:5: ", "Net() raises OSError: no weights here"]),
    "constructor exits": (NET.replace("super().__init__()", "raise SystemExit(2)"), ":Net", ["exits while the model is built"]),
    "no super": (NET.replace("super().__init__()", "pass"), ":Net", ["net.py:6: ", "cannot assign module before Module.__init__() call"]),
    "no forward": (NET.replace("def forward", "def foward"), ":Net", ["Net has no forward"]),
    "forward inside": (NET.replace("        def forward", "            def forward").replace("            return", "                return"), ":Net", ["Net has no forward"]),
    "weightless": (NET.replace("nn.Linear(4, width)", "nn.ReLU()"), ":Net", ["Net has no parameters"]),
    "empty": ("", "", ["net.py: no class of nn.Module in it"]),
    "two": (NET + "\n    class Two(nn.Linear):\n        def __init__(self): super().__init__(2, 2)\n", "", ["several models in it; expected", "net.py:Net or", "net.py:Two"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "path", "words"), ERRORS.values(), ids=ERRORS)
def test_a_bad_target_is_one_line_that_says_where_and_what(
    tmp_path: Path, code: str, path: str, words: list[str]
) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ndef f(:\n", encoding="utf-8")
    target = _file(tmp_path, "net.py", code)
    with pytest.raises(TargetError) as caught:
        build(target + path)
    for word in words:
        assert word in caught.value.line
    assert "\n" not in caught.value.line


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nothing_like_a_target", "'nothing_like_a_target' is not a target; expected reference, torchvision:NAME"),
        ("missing.py:Net", "missing.py: no such file"),
        ("missing.py", "missing.py: no such file"),
        (":Net", "':Net' is not a target; expected reference, torchvision:NAME"),
        ("no_such_package_of_ours.nets:Net", "No module named 'no_such_package_of_ours'"),
        ("torch:no_such_thing", "torch: no attribute 'no_such_thing'"),
        (3, "not a model; expected an nn.Module, its class, or a function that makes one; got int"),
        (None, "got NoneType"),
        (int, "got class int"),
    ],
)
def test_no_target_at_all(target: object, words: str) -> None:
    with pytest.raises(TargetError) as caught:
        build(target)
    assert words in caught.value.line


def test_a_folder_is_told_so_with_the_models_in_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    with pytest.raises(TargetError, match=r"^nets: is a directory; expected a file in it: FILE\.py:NAME$"):
        build("nets")
    (tmp_path / "nets" / "google.py").write_text(
        "raise SystemExit\nclass Net(nn.Module):\n    pass\nclass Other:\n    pass"
    )
    (tmp_path / "nets" / "latin.py").write_bytes(b"# \xe9\nclass Latin(nn.Module): pass")
    for target in ("nets", "nets/", "nets/:Net"):
        with pytest.raises(TargetError, match=r"^nets/?: is a directory; expected a file in it: nets/google\.py:Net$"):
            build(target)
    (tmp_path / "nets" / "more.py").write_text("".join(f"class N{i}(Module): pass\n" for i in range(5)))
    with pytest.raises(TargetError, match=r"nets/google\.py:Net, nets/more\.py:N0, .*N1, .*N2, …$"):
        build(".")


def test_of_a_folder_the_whole_networks_are_named_before_their_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(
        "class Conv(Module): pass\nclass Pool(Module): pass\ndef pool(): return Pool()\n"
        "class Whole(Module):\n    def __init__(self): super(Whole, self); Conv(); pool()\n"
    )
    (tmp_path / "b.py").write_text("class Conv(Module): pass\n\nclass Other(Conv, Module): pass\nx = '\\d'")
    (tmp_path / "c.py").write_text("class One(Module): pass\nclass Two(Module): One()\n)")
    with pytest.raises(TargetError, match=r"in it: a\.py:Whole, b\.py:Other, c\.py:One, c\.py:Two, …$"):
        build(".")
    (tmp_path / "c.py").unlink()
    with pytest.raises(TargetError, match=r"in it: a\.py:Whole, b\.py:Other, a\.py:Conv, a\.py:Pool, …$"):
        build(".")


def test_a_package_is_a_module_and_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packaged").mkdir()
    (tmp_path / "packaged" / "__init__.py").write_text(
        "from torch import nn\n\ndef make():\n    return nn.Linear(2, 2)\n"
    )
    assert build("packaged:make").text == "packaged:make"


def test_an_argument_that_nobody_takes_is_named() -> None:
    with pytest.raises(TargetError, match="Net has no argument 'palette'; expected one of bias, width"):
        build(Net, {"palette": 3})
    with pytest.raises(TargetError, match="--arg width=… has no use: it is an instance already"):
        build(Net(), {"width": 3})


def test_an_interrupt_while_building_passes() -> None:
    def stopped() -> nn.Module:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(stopped)
