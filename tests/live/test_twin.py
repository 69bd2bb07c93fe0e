"""The copy that is run: the user's model is bit-identical afterwards, whatever the forward does."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gnet_audit.live import smoke
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.live.twin import twin_of, unwrapped
from gnet_audit.network import Mode, Network
from tests.live.running import active, network, run


class Busy(nn.Module):
    """Everything that a forward may change."""

    calls: Tensor

    def __init__(self, *, fails: bool = False, needs_data: bool = False) -> None:
        super().__init__()
        self.fails, self.needs_data = fails, needs_data
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.averages = nn.BatchNorm2d(8, momentum=None)
        self.spectral = nn.utils.parametrizations.spectral_norm(nn.Conv2d(8, 8, 1))
        self.weighted = nn.Conv2d(8, 8, 1)
        self.drop = nn.Dropout(0.5)
        self.linear = nn.Linear(8, 4)
        self.register_buffer("calls", torch.zeros(3))
        self.seen: list[int] = []
        self.lock = threading.Lock()
        self.again = lambda x: self.weighted(x)  # noqa: PLW0108 - a closure on the original
        self.drop.eval()
        self.linear.weight.requires_grad_(False)  # noqa: FBT003
        self.conv.weight.grad = torch.ones_like(self.conv.weight)
        self.hook_calls = 0
        self.conv.register_forward_hook(lambda *_: None)

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen.append(1)
        self.hook_calls += 1
        self.flag = True
        self.linear.weight.data.mul_(2)
        self.conv.weight.requires_grad_(False)  # noqa: FBT003
        torch.rand(3)
        random.random()
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(not torch.is_grad_enabled())
        x = self.averages(self.norm(self.conv(x)))
        if self.needs_data:
            assert np.isfinite(x.detach().numpy()).all()
        x = self.again(self.spectral(x)).mean((2, 3))  # type: ignore[no-untyped-call]
        self.norm.train(not self.norm.training)
        self.register_forward_hook(lambda *_: None)
        if self.fails:
            raise ValueError("on purpose")
        return self.linear(self.drop(x).to(self.linear.weight.dtype))  # type: ignore[no-any-return]


def _state(model: Busy) -> dict[str, object]:
    """All that must not change, as values."""
    return {
        "tensors": {name: value.clone() for name, value in model.state_dict().items()},
        "identities": [(name, id(value)) for name, value in model.state_dict(keep_vars=True).items()],
        "grads": {n: None if p.grad is None else p.grad.clone() for n, p in model.named_parameters()},
        "asks": [p.requires_grad for p in model.parameters()],
        "modes": [part.training for part in model.modules()],
        "hooks": [[(len(value)) for key, value in vars(part).items() if "hooks" in key] for part in model.modules()],
        "attributes": [sorted(vars(part)) for part in model.modules()],
        "plain": (list(model.seen), model.hook_calls),
        "types": [type(part) for part in model.modules()],
        "random": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002 - the state that users share
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "call": (nn.Module.__call__, nn.Module._call_impl, nn.Module.__init__),  # noqa: SLF001
    }


def _same(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("fails", "needs_data"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_model_is_bit_identical_afterwards(mode: Mode, *, training: bool, fails: bool, needs_data: bool) -> None:
    model = Busy(fails=fails, needs_data=needs_data).train(training)
    model.drop.eval()
    before = _state(model)
    traced = run(model, (3, 8, 8), mode)
    assert traced.error.startswith("ValueError: on purpose") is fails, traced.error
    assert traced.device == ("cpu" if needs_data else "meta")
    after = _state(model)
    for part in before:
        assert _same(before[part], after[part]), part


def test_an_interrupt_passes_and_leaves_the_model_as_well() -> None:
    class Interrupted(Busy):
        def forward(self, x: Tensor) -> Tensor:
            super().forward(x)
            raise KeyboardInterrupt

    model = Interrupted()
    before = _state(model)
    with pytest.raises(KeyboardInterrupt):
        run(model, (3, 8, 8))
    assert all(_same(before[part], value) for part, value in _state(model).items())


def test_lazy_modules_stay_uninitialised() -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))
    made = build(model)
    assert made.params is None
    for mode in Mode:
        found = trace(made, mode, (3, 6, 6)).network
        assert found.params == (3 * 8 * 9 + 8) + 16 + (8 * 16 * 5 + 5)
        assert [layer.name for layer in found.layers[1:]] == ["0", "1", "2", "3"]
        assert [weight.name for weight in found.layers[-1].weights] == ["3.weight", "3.bias"]
    assert isinstance(model[0], nn.LazyConv2d)
    assert isinstance(model[0].weight, nn.UninitializedParameter)
    assert model[0].has_uninitialized_params()
    assert len(model[0]._forward_pre_hooks) == 1  # noqa: SLF001


def _tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    return model


def _params(found: Network) -> list[int]:
    return [layer.params for layer in found.layers[1:]]


def test_tied_weights_have_one_name_and_are_counted_once() -> None:
    found = network(_tied(), (4,))
    assert _params(found) == [20, 0, 4]
    assert found.by_name["2"].weights[0].name == "0.weight"
    assert found.params == sum(p.numel() for p in _tied().parameters())


def test_a_copy_shares_no_storage_and_holds_no_data() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    twin = twin_of(model, torch.device("meta"))
    assert {p.device.type for p in twin.module.parameters()} == {"meta"}
    on_cpu = twin_of(model, torch.device("cpu"))
    pairs = zip(model.state_dict().values(), on_cpu.module.state_dict().values(), strict=True)
    for old, new in pairs:
        assert torch.equal(old, new)
        assert old.data_ptr() != new.data_ptr()


def test_strides_of_weights_are_kept() -> None:
    model = nn.Conv2d(3, 8, 3)
    model.weight.data = model.weight.data.to(memory_format=torch.channels_last)
    twin = twin_of(model, torch.device("meta"))
    assert isinstance(twin.module, nn.Conv2d)
    assert twin.module.weight.stride() == model.weight.stride()


def _weight_norm() -> nn.Module:
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)))


def _old_weight_norm() -> nn.Module:
    return nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 8, 3)))


def _old_spectral_norm() -> nn.Module:
    return nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 8, 3)))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(
    ("make", "name", "count"),
    [
        (_weight_norm, "0.parametrizations.weight.original1", 3 * 8 * 9 + 8 + 8),
        (_old_weight_norm, "0.weight_v", 3 * 8 * 9 + 8 + 8),
        (_old_spectral_norm, "0.weight_orig", 3 * 8 * 9 + 8),
    ],
)
def test_weights_computed_on_the_way_are_named_after_the_parameter_that_they_come_from(
    make: Callable[[], nn.Module], name: str, count: int
) -> None:
    (layer,) = network(make(), (3, 8, 8)).layers[1:]
    assert [weight.name for weight in layer.weights] == [name, "0.bias"]
    assert layer.params == count


def test_wrappers_are_taken_off() -> None:
    inner = nn.Linear(3, 3)
    assert unwrapped(nn.DataParallel(inner)) is inner
    assert unwrapped(inner) is inner
    compiled = torch.compile(inner, backend="eager")
    assert isinstance(compiled, nn.Module)
    assert unwrapped(compiled) is inner


def test_compiled_parts_and_functions_run_as_written() -> None:
    class Compiled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), backend="eager")
            self.function = torch.compile(torch.tanh, backend="eager")

        def forward(self, x: Tensor) -> Tensor:
            return self.function(self.part(x))

    found = network(Compiled(), (4,))
    assert [layer.name for layer in found.layers] == ["input", "part.0", "part.1", "tanh"]
    assert found.by_name["part.0"].weights[0].name == "part.0.weight"


def test_code_that_still_reaches_the_original_is_followed_in_the_right_mode() -> None:
    class Closure(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.drop = nn.Linear(4, 4), nn.Dropout(0.3)
            self.run = lambda x: self.drop(self.linear(x))

        def forward(self, x: Tensor) -> Tensor:
            return self.run(x)  # type: ignore[no-any-return, no-untyped-call]

    model = Closure()
    for mode in Mode:
        linear, drop = network(model, (4,), mode).layers[1:]
        assert linear.weights[0].name == "linear.weight"
        assert active(drop) is (mode is Mode.TRAIN)
    assert model.drop.training


class Caught(nn.Module):
    """A head that reads what a hook on another module wrote into the model that it closes over."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.head = nn.Linear(4, 4), nn.Linear(4, 2)
        self.caught: dict[str, Tensor] = {}
        self.latest: Tensor | None = None
        self.trunk.register_forward_hook(self.catcher())

    def catcher(self) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(_module: nn.Module, _args: object, output: Tensor) -> None:
            self.caught["trunk"] = self.latest = output

        return hook

    def forward(self, x: Tensor) -> Tensor:
        self.caught.clear()
        self.trunk(x)
        assert self.latest is self.caught["trunk"]
        return self.head(self.caught["trunk"])  # type: ignore[no-any-return]


@pytest.mark.parametrize("mode", Mode)
def test_a_hook_that_closes_over_its_model_writes_where_the_copy_reads(mode: Mode) -> None:
    model = Caught()
    attributes = model.__dict__
    trunk, head = network(model, (4,), mode).layers[1:]
    assert (trunk.name, head.name, head.inputs) == ("trunk", "head", ("trunk",))
    assert model.__dict__ is attributes
    assert (model.caught, model.latest) == ({}, None)


class Stored(nn.Module):
    """A head that reads from a table what hooks wrote there; `way` is how the hooks reach the table."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.trunk = nn.Conv2d(3, 4, 3)
        self.head = nn.Conv2d(4, 2, 1)
        self.table: dict[str, object] = {"steps": [0]}
        self.act = thrice
        table: Any = self.table
        holder: dict[str, Any] = {"model": self, "table": table}
        ways: dict[str, Callable[..., Any]] = {
            "default": lambda _m, _a, out, table=table: table.__setitem__("map", out),
            "closure": lambda _m, _a, out: table.__setitem__("map", out),
            "model in a table": lambda _m, _a, out: holder["model"].table.__setitem__("map", out),
            "table in a table": lambda _m, _a, out: holder["table"].__setitem__("map", out),
            "inner function": within(lambda out: table.__setitem__("map", out)),
        }
        self.trunk.register_forward_hook(ways[way])

    def forward(self, x: Tensor) -> Tensor:
        self.trunk(x)
        self.table["steps"].append(1)  # type: ignore[attr-defined]
        assert self.act is thrice
        return self.head(self.act(self.table["map"]))  # type: ignore[no-any-return, arg-type]


def thrice(x: Tensor, factor: float = 3.0, *, size: tuple[int, ...] = (1, 1)) -> Tensor:
    """A function that the copy must not replace: a forward may ask which one it is."""
    return x * factor * size[0]


def within(write: Callable[[Tensor], None]) -> Callable[[nn.Module, object, Tensor], None]:
    """A hook that reaches another function."""

    def hook(_module: nn.Module, _args: object, out: Tensor) -> None:
        write(out)

    return hook


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("way", ["default", "closure", "model in a table", "table in a table", "inner function"])
def test_a_hook_that_closes_over_a_container_writes_where_the_copy_reads(way: str, mode: Mode) -> None:
    model = Stored(way)
    traced = trace(build(model, {}), mode, (3, 8, 8))
    assert traced.error == ""
    assert [layer.name for layer in traced.network.layers if layer.params] == ["trunk", "head"]
    assert model.table == {"steps": [0]}


def test_functions_of_a_copy_share_a_variable_as_those_of_the_model_do() -> None:
    held: list[int] = []

    def write(value: int) -> None:
        nonlocal held
        held = [*held, value]

    model = nn.Module()
    model.write, model.read = write, lambda: held  # type: ignore[assignment]
    copied: Any = twin_of(model, torch.device("cpu")).module
    copied.write(1)
    assert (copied.read(), held) == ([1], [])
    assert (copied.write.__name__, copied.write.__qualname__) == (write.__name__, write.__qualname__)


def test_a_function_that_reaches_itself_or_nothing_yet_is_copied() -> None:
    seen: list[int] = []

    def down(n: int) -> int:
        seen.append(n)
        return down(n - 1) if n else len(seen)

    def unset() -> object:
        return later

    model = nn.Module()
    model.down, model.unset = down, unset  # type: ignore[assignment]
    copied: Any = twin_of(model, torch.device("cpu")).module
    assert copied.down(3) == 4
    assert seen == []
    assert copied.unset is unset
    if seen:
        later = 1


def test_an_instance_is_trained_in_copies_whose_hooks_reach_them() -> None:
    model = Stored("default")
    make = smoke._maker(build(model, {}), (3, 8, 8))  # noqa: SLF001
    one, two = make(), make()
    with torch.no_grad():
        one.trunk.weight.zero_()  # type: ignore[union-attr, operator]
    assert not torch.equal(one(torch.ones(1, 3, 8, 8)), two(torch.ones(1, 3, 8, 8)))
    assert torch.equal(two.trunk.weight, model.trunk.weight)  # type: ignore[union-attr, arg-type]
    assert model.table == {"steps": [0]}


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_parameters_tied_by_their_data_are_one_and_ranges_of_one_memory_are_not(device: str) -> None:
    model = nn.Sequential(*(nn.Linear(4, 4, bias=False, device=device) for _ in range(5)))
    first, tied, frozen, *halves = (part.weight for part in model if isinstance(part, nn.Linear))
    tied.data, frozen.data = first.data, first.data
    frozen.requires_grad = False
    memory = torch.zeros(8, 4, device=device)
    halves[0].data, halves[1].data = memory[:4], memory[4:]
    twin = twin_of(model, torch.device("cpu"))
    assert [twin.roots[id(twin.tensors[id(part.weight)])].name for part in model if isinstance(part, nn.Linear)] == [
        "0.weight", "0.weight", "2.weight", "3.weight", "4.weight",
    ]  # fmt: skip
