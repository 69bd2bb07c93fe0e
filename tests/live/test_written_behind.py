"""What is written in place through a view of a layer's value: known where the view is the same, else unknown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.network import Activation, Concat, Mode, Unknown
from tests.live.running import Calls, layers, network
from tests.live.test_writes import same


def _doubled(view: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def forward(x: Tensor) -> Tensor:
        both = torch.cat((x, x[..., :10]), 3)
        F.relu_(view(both))
        return both * 2

    return forward


@pytest.mark.parametrize("view", [lambda x: x[:], lambda x: x[..., :], lambda x: x.view_as(x), lambda x: x.data])
@pytest.mark.parametrize("inference", [False, True])
def test_what_is_written_through_a_view_that_is_the_same_is_what_the_tensor_holds(
    view: Callable[[Tensor], Tensor], *, inference: bool
) -> None:
    function = _doubled(view)
    function = torch.inference_mode()(function) if inference else function
    found = network(Calls(function))
    assert not [layer for layer in found.layers if isinstance(layer.op, Unknown)]
    assert same(function)


@pytest.mark.parametrize(
    "view",
    [lambda x: x[:, :2], lambda x: x[:, 1:], lambda x: x[..., ::2], lambda x: x[:1], lambda x: x.transpose(2, 3)],
)
def test_what_is_written_through_another_view_reads_both_what_was_written_and_what_was_there(
    view: Callable[[Tensor], Tensor],
) -> None:
    # A map of 20×20 has the same shape when its axes are exchanged.
    found = network(Calls(_doubled(view)), (4, 20, 10))
    whole = next(layer for layer in found.layers if isinstance(layer.op, Concat))
    written = next(layer for layer in found.layers if isinstance(layer.op, Activation))
    (hidden,) = (layer for layer in found.layers if isinstance(layer.op, Unknown) and "view" in layer.op.function)
    assert hidden.inputs == (whole.name, written.name)


def test_what_was_also_written_out_of_sight_is_not_what_the_data_holds() -> None:
    def forward(x: Tensor) -> Tensor:
        both = torch.cat((x, x * 2), 1)
        data = both.data
        torch._foreach_mul_([both[:, :4]], 2.0)
        data.relu_()
        return both + 1

    assert layers(forward)[-2].op == Unknown(function="relu, written in place through a view")


def test_no_gradient_passes_the_data_of_a_tensor() -> None:
    def told(mode: Mode) -> list[str]:
        return [one.why for one in network(Calls(lambda x: F.relu(x.data)), mode=mode).unverified]

    assert sum(why.startswith("no gradient passes here") for why in told(Mode.TRAIN)) == 1
    assert not any(why.startswith("no gradient passes here") for why in told(Mode.EVAL))
