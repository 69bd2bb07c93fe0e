"""Scripted and traced modules: the same network as their Python."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.errors import TargetError
from gnet_audit.network import Activation, Elementwise, Layer, Mode, Network
from tests.live.running import network, run

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),  # torch asks to export instead
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),  # a traced branch stays as it was taken
]


class Small(nn.Module):
    """Functions, modules, branches, loops and containers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.blocks = nn.ModuleList([nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)])
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.lrn = nn.LocalResponseNorm(5)
        self.drop = nn.Dropout(0.4)
        self.linear = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        for block in self.blocks:
            x = torch.cat([block(x), x], dim=1).narrow(1, 0, 8)
        x = self.lrn(self.pool(x))
        if x.dim() == 4 and x.size(1) == 8:
            x = F.adaptive_avg_pool2d(x, (1, 1))
        y = self.linear(self.drop(x.flatten(1)))
        if self.training:
            return y, y * 2.0
        return y, y


def _facts(found: Network) -> list[tuple[object, ...]]:
    """All that a comparison reads, names aside."""
    place = {layer.name: number for number, layer in enumerate(found.layers)}

    def fact(layer: Layer) -> tuple[object, ...]:
        inputs = tuple(place[name] for name in layer.inputs)
        return layer.op, inputs, layer.shape, layer.params, layer.macs, layer.weights

    return [fact(layer) for layer in found.layers]


@pytest.mark.parametrize("mode", Mode)
def test_a_scripted_module_is_the_network_of_its_python(mode: Mode) -> None:
    model = Small()
    plain, scripted = (network(one, (3, 16, 16), mode) for one in (model, torch.jit.script(model)))
    assert _facts(scripted) == _facts(plain)
    assert [output.path for output in scripted.outputs] == ["[0]", "[1]"]
    assert scripted.unverified == plain.unverified == ()
    assert [layer.name for layer in scripted.layers if layer.weights] == [
        layer.name for layer in plain.layers if layer.weights
    ]


def _loaded(scripted: nn.Module) -> nn.Module:
    """The same from a file."""
    file = io.BytesIO()
    torch.jit.save(scripted, file)
    file.seek(0)
    loaded = torch.jit.load(file)  # type: ignore[no-untyped-call]
    assert isinstance(loaded, nn.Module)
    return loaded


def test_a_scripted_module_from_a_file_as_well() -> None:
    assert _facts(network(_loaded(torch.jit.script(Small())), (3, 16, 16))) == _facts(network(Small(), (3, 16, 16)))


def test_a_traced_module_has_the_layers_of_its_mode_and_its_lrn_by_hand() -> None:
    model = Small().eval()
    traced = torch.jit.trace(model, torch.rand(2, 3, 16, 16))  # type: ignore[no-untyped-call]
    found = network(traced, (3, 16, 16))
    plain = network(model, (3, 16, 16))
    assert found.params == plain.params == sum(p.numel() for p in model.parameters())
    assert found.macs == plain.macs
    assert [layer.op for layer in found.layers if layer.weights] == [
        layer.op for layer in plain.layers if layer.weights
    ]
    assert Elementwise(function="channel_avg_pool", constants=(5.0, 0.0)) in [layer.op for layer in found.layers]


def test_a_scripted_module_stays_as_it_was() -> None:
    scripted = torch.jit.script(Small())
    scripted.train()
    before = {name: value.clone() for name, value in scripted.state_dict().items()}
    for mode in Mode:
        network(scripted, (3, 16, 16), mode)
    assert scripted.training
    assert all(torch.equal(value, before[name]) for name, value in scripted.state_dict().items())


def test_a_scripted_part_of_a_plain_model() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(3, 3, 1)
            self.part = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()))

        def forward(self, x: Tensor) -> Tensor:
            return self.part(self.first(x))  # type: ignore[no-any-return]

    found = network(Mixed(), (3, 8, 8))
    assert [layer.name for layer in found.layers] == ["input", "first", "part.0", "part.1"]
    assert [weight.name for weight in found.by_name["part.0"].weights] == ["part.0.weight", "part.0.bias"]
    assert found.unverified == ()


def test_a_scripted_exception_is_an_error_of_the_forward() -> None:
    class Refuses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.linear(x)
            if x.dim() == 2:
                raise ValueError("flat vectors only")
            return x

    traced = run(torch.jit.script(Refuses()), (3,))
    assert "flat vectors only" in traced.error
    assert [layer.name for layer in traced.network.layers] == ["input", "linear"]


def doubled(x: Tensor) -> Tensor:
    """A function of the user's."""
    return F.leaky_relu(x, 0.2) * 2.0


class Calling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return doubled(self.linear(x))


def test_a_function_of_the_user_s_is_followed() -> None:
    scripted = torch.jit.script(Calling())
    expected = [
        Activation(function="leaky_relu", parameters=(0.2,)),
        Elementwise(function="mul", constants=(None, 2.0)),
    ]
    for model in (scripted, _loaded(scripted)):
        assert [layer.op for layer in network(model, (3,)).layers[2:]] == expected


def test_what_cannot_be_followed_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "forks.py"
    file.write_text(
        "import torch\n"
        "class Forks(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.linear = torch.nn.Linear(3, 3)\n"
        "    def forward(self, x):\n"
        "        return torch.jit.wait(torch.jit.fork(self.linear, x))\n"
        "def net():\n"
        "    return torch.jit.script(Forks())\n",
        encoding="utf-8",
    )
    with pytest.raises(TargetError, match="the scripted op prim::fork cannot be followed") as caught:
        run(f"{file}:net", (3,))
    assert "\n" not in caught.value.line
