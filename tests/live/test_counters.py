"""Other counters' totals, explained to the op; every number follows from the networks by arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.utils.flop_counter import FlopCounterMode

from gnet_audit.counts import Counter, Reconciled
from gnet_audit.live import counters
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode, Shape
from gnet_audit.work import total, work

PAPER = 1_582_671_872
TORCHVISION = 1_498_376_192
CONV_VALUES = 3_226_160
"""Values that all convolutions together give, in both networks."""
CHANNELS = 7_280
"""Output channels of all convolutions together."""


def asked(target: object, shape: Shape = (3, 224, 224), **args: object) -> Mapping[Counter, Reconciled]:
    built = build(target, args)
    network = trace(built, Mode.EVAL, shape).network
    return {one.counted.counter: one for one in counters.count(built, network, shape)}


def amounts(one: Reconciled) -> list[int]:
    return [term.amount for term in one.terms]


@pytest.fixture(scope="module")
def reference() -> Mapping[Counter, Reconciled]:
    return asked("reference")


@pytest.fixture(scope="module")
def foreign(torchvision: ModuleType) -> Mapping[Counter, Reconciled]:
    return asked("torchvision:googlenet", transform_input=False)


@pytest.mark.parametrize("counter", Counter)
def test_nothing_remains_unexplained_on_the_reference(
    reference: Mapping[Counter, Reconciled], counter: Counter
) -> None:
    assert reference[counter].remainder == 0


@pytest.mark.parametrize("counter", Counter)
def test_nothing_remains_unexplained_on_torchvisions_model(
    foreign: Mapping[Counter, Reconciled], counter: Counter
) -> None:
    assert foreign[counter].remainder == 0


def test_torchinfo_counts_each_bias_at_each_position(reference: Mapping[Counter, Reconciled]) -> None:
    one = reference[Counter.TORCHINFO]
    assert one.counted.total == PAPER + CONV_VALUES + 1_000
    assert amounts(one) == [CONV_VALUES, 1_000]


def test_torchinfo_counts_the_parameters_of_batch_norm(foreign: Mapping[Counter, Reconciled]) -> None:
    one = foreign[Counter.TORCHINFO]
    assert one.counted.total == TORCHVISION + 1_000 + 2 * CHANNELS == 1_498_391_752
    assert amounts(one) == [1_000, 2 * CHANNELS]


def test_fvcore_counts_batch_norm_twice_a_value_and_adaptive_pools_once(
    foreign: Mapping[Counter, Reconciled],
) -> None:
    one = foreign[Counter.FVCORE]
    assert one.counted.total == TORCHVISION + 2 * CONV_VALUES + 7 * 7 * 1024 == 1_504_878_688
    assert amounts(one) == [2 * CONV_VALUES, 7 * 7 * 1024]


def test_fvcore_says_which_ops_it_skipped(reference: Mapping[Counter, Reconciled]) -> None:
    assert reference[Counter.FVCORE].counted.total == PAPER
    assert dict(reference[Counter.FVCORE].counted.skipped)["aten::max_pool2d"] == 13  # 4 between modules, 9 in them


def test_flop_counter_mode_counts_two_for_each_mac(
    reference: Mapping[Counter, Reconciled], foreign: Mapping[Counter, Reconciled]
) -> None:
    assert reference[Counter.FLOP_COUNTER_MODE].counted.total == 2 * PAPER
    assert foreign[Counter.FLOP_COUNTER_MODE].counted.total == 2 * TORCHVISION == 2_996_752_384
    assert reference[Counter.FLOP_COUNTER_MODE].terms == ()


class Functions(nn.Module):
    """Products as functions: no module of torch's own runs."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(8, 3, 3, 3))
        self.conv = nn.Conv2d(8, 4, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.conv2d(x, self.kernel))  # type: ignore[no-any-return]


def test_what_torchinfo_does_not_see_is_explained_too() -> None:
    one = asked(Functions, (3, 10, 10))[Counter.TORCHINFO]
    assert amounts(one) == [-8 * 3 * 9 * 64]
    assert one.counted.total == 8 * 4 * 64
    assert one.remainder == 0


def test_a_counter_that_fails_is_reported_and_the_others_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> counters.Opinion:
        raise RuntimeError("no\nluck")

    monkeypatch.setitem(counters._RUN, Counter.FVCORE, broken)  # noqa: SLF001
    found = asked(Functions, (3, 10, 10))
    assert found[Counter.FVCORE].counted.failure == "RuntimeError: no luck"
    assert found[Counter.FVCORE].remainder is None
    assert found[Counter.FLOP_COUNTER_MODE].remainder == 0


def test_a_remainder_is_shown_where_a_counter_counts_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(counters._RUN, Counter.FVCORE, lambda *_: (1_000, (("conv", 1_000),), ()))  # noqa: SLF001
    one = asked(Functions, (3, 10, 10))[Counter.FVCORE]
    assert one.remainder == 1_000 - (8 * 3 * 9 + 8 * 4) * 64


def test_the_model_itself_stays_as_it_was() -> None:
    model = Functions().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    asked(model, (3, 10, 10))
    assert model.training
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model._forward_hooks  # noqa: SLF001
    assert not model.conv._forward_hooks  # noqa: SLF001


def test_forward_and_backward_are_what_torch_counts_when_it_trains() -> None:
    network = trace(build(GoogLeNet), Mode.TRAIN, (3, 224, 224)).network
    found = total(work(network))
    model = GoogLeNet().to("meta").train()
    with FlopCounterMode(display=False) as mode:
        outputs = model(torch.empty(2, 3, 224, 224, device="meta"))
        sum(output.sum() for output in outputs).backward()
    assert mode.get_total_flops() == 2 * (found.flops() + found.flops_back())


class Patches(nn.Conv2d):
    """A convolution whose class does not say so."""


class Dense(nn.Linear):
    """A linear layer under another name."""


class Renamed(nn.Module):
    """Torch's modules under other names."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.dense = Patches(3, 8, 3), Dense(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.patches(x).mean((2, 3)))  # type: ignore[no-any-return]


def test_subclasses_of_torchs_modules_are_explained_by_their_names() -> None:
    one = asked(Renamed, (3, 10, 10))[Counter.TORCHINFO]
    weights, positions = 8 * 3 * 9, 8 * 8
    assert one.counted.total == weights + 8 + 8 * 5 + 5
    assert sorted(amounts(one)) == [weights + 8 - weights * positions, 5]
    assert one.remainder == 0
