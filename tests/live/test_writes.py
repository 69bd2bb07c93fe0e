"""Tensors made empty and filled piece by piece."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.canonical import canonical
from gnet_audit.live import execute
from gnet_audit.network import Concat, Elementwise, Identity, Op, Pad, Slice, Unknown
from tests.live.running import Calls, layers, network

UNKNOWN = Unknown(function="setitem")
EMPTY: list[Callable[[Tensor], Tensor]] = [
    lambda x: torch.empty(x.shape[0], 8, 12, 10),
    lambda x: x.new_empty(x.shape[0], 8, 12, 10),
    lambda x: torch.zeros(x.shape[0], 8, 12, 10, device=x.device, dtype=x.dtype),
    lambda x: x.new_zeros((x.shape[0], 8, 12, 10)),
    lambda x: torch.zeros_like(x).new_empty(x.shape[0], 8, 12, 10),
]


def steps(function: Callable[[Tensor], object], after: str = "setitem") -> list[Op]:
    """The ops of all assignments of a function, those that were written over left out."""
    return [layer.op for layer in layers(function) if layer.name.startswith(after)]


def same(function: Callable[[Tensor], Tensor]) -> bool:
    """Whether the network of a function, in canonical form, computes what the function does."""
    found = canonical(network(Calls(function))).network
    image = torch.randn(2, 4, 12, 10)
    values = execute.run(found, lambda _: {}, image)
    return torch.equal(values[found.outputs[0].layer], function(image))


@pytest.mark.parametrize("empty", EMPTY)
def test_ranges_that_tile_the_channels_are_a_concatenation_in_the_order_of_their_places(
    empty: Callable[[Tensor], Tensor],
) -> None:
    def forward(x: Tensor) -> Tensor:
        both = empty(x)
        both[:, 5:] = (x * 3)[:, :3]
        both[:, :4] = x * 2
        both[:, 4:5] = x[:, :1]
        return both + 1

    found = layers(forward)
    (joined,) = (layer for layer in found if isinstance(layer.op, Concat))
    assert (joined.op, joined.shape) == (Concat(axis=0), (8, 12, 10))
    # Five to eight was written first and stands last.
    assert joined.inputs == ("mul#2", "getitem#2", "getitem")
    assert found[-1].inputs == (joined.name,)
    assert not [layer for layer in found if isinstance(layer.op, Unknown)]
    assert not network(Calls(forward)).unverified[1:]
    assert same(forward)


def test_one_range_over_everything_is_what_was_written() -> None:
    def forward(x: Tensor) -> Tensor:
        whole = torch.empty_like(x)
        whole[:] = x * 2
        whole[..., :] = x * 3
        return whole

    found = layers(forward)
    assert found[-1].op == Identity()
    assert found[-1].inputs == ("mul#2",)
    assert same(forward)


def _framed(x: Tensor, channels: slice, rows: slice, columns: slice) -> Tensor:
    frame = x.new_zeros(x.shape[0], 8, 14, 15)
    frame[:, channels, rows, columns] = x * x
    return frame


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            lambda x: _into(x.new_zeros(x.shape[0], 7, 12, 10), x, (slice(None), slice(2, 6))),
            [Elementwise(function="channel_pad", constants=(2.0, 1.0))],
        ),
        (
            lambda x: _into(x.new_zeros(x.shape[0], 4, 14, 15), x, (..., slice(2, None), slice(1, -4))),
            [Pad(padding=(2, 0, 1, 4))],
        ),
        (
            lambda x: _into(x.new_zeros(x.shape[0], 9, 12, 10), x, (slice(None), slice(1, 5)), (slice(None), slice(5, 9))),
            [Concat(axis=0), Elementwise(function="channel_pad", constants=(1.0, 0.0))],
        ),
        (
            lambda x: _into(x.new_zeros(x.shape[0], 4, 24, 10), x, (..., slice(12), slice(None)), (..., slice(12, 24), slice(None))),
            [Concat(axis=1)],
        ),
    ],
    ids=["channels", "an image", "two and a margin", "rows"],
)  # fmt: skip
def test_zeros_that_stay_around_are_padding(function: Callable[[Tensor], Tensor], expected: list[Op]) -> None:
    assert steps(function) == expected
    assert same(function)


def _into(blank: Tensor, x: Tensor, *places: tuple[object, ...]) -> Tensor:
    for number, place in enumerate(places, 1):
        blank[place] = x * number  # type: ignore[index]
    return blank


def _gap(x: Tensor) -> Tensor:
    return _into(x.new_zeros(x.shape[0], 12, 12, 10), x, (slice(None), slice(4)), (slice(None), slice(8, 12)))


def _overlap(x: Tensor) -> Tensor:
    return _into(x.new_zeros(x.shape[0], 6, 12, 10), x, (slice(None), slice(4)), (slice(None), slice(2, 6)))


def _rest_of_nothing(x: Tensor) -> Tensor:
    return _into(x.new_empty(x.shape[0], 8, 12, 10), x, (slice(None), slice(4)))


def _every_second(x: Tensor) -> Tensor:
    return _into(x.new_zeros(x.shape[0], 8, 12, 10), x, (slice(None), slice(None, None, 2)))


def _one_image(x: Tensor) -> Tensor:
    blank = torch.zeros_like(x)
    blank[:1] = x[:1] * 1
    return blank


def _spread(x: Tensor) -> Tensor:
    blank = torch.zeros_like(x)
    blank[:] = x.mean((2, 3), keepdim=True)
    return blank


def _masked(x: Tensor) -> Tensor:
    kept = x.clone()
    kept[kept < 0] = 0
    return kept


def _filled_apart(x: Tensor) -> Tensor:
    blank = x.new_zeros(x.shape[0], 8, 12, 10)
    blank[:, 6:].fill_(1)
    blank[:, :4] = x
    return blank


def _changed_between(x: Tensor) -> Tensor:
    blank = x.new_zeros(x.shape[0], 8, 12, 10)
    blank[:, :4] = x
    blank.add_(1)
    blank[:, 4:] = x
    return blank


def _summed_before(x: Tensor) -> Tensor:
    blank = torch.zeros_like(x)
    blank.add_(x)
    blank[:, :2] = x[:, :2]
    return blank


def _whole_numbers(x: Tensor) -> Tensor:
    blank = torch.zeros(x.shape, dtype=torch.int64)
    blank[:] = x
    return blank


@pytest.mark.parametrize(
    "function",
    [
        _gap, _overlap, _rest_of_nothing, _every_second, _one_image, _spread, _masked, _filled_apart, _changed_between,
        _summed_before, _whole_numbers, torch.inference_mode()(_rest_of_nothing),
    ],
)  # fmt: skip
def test_what_is_no_joining_and_no_padding_stays_unknown(function: Callable[[Tensor], Tensor]) -> None:
    assert UNKNOWN in steps(function)
    assert [note for note in network(Calls(function)).unverified if note.why == "unknown op setitem"]


def test_who_read_a_tensor_before_more_was_written_keeps_what_was_read() -> None:
    def forward(x: Tensor) -> Tensor:
        blank = x.new_zeros(x.shape[0], 8, 12, 10)
        blank[:, :4] = x
        early = blank + 1
        blank[:, 4:] = x * 2
        return torch.cat((early, blank), 1)

    assert steps(forward) == [Elementwise(function="channel_pad", constants=(0.0, 4.0)), Concat(axis=0)]
    assert same(forward)


def test_what_was_written_is_the_value_of_then() -> None:
    def forward(x: Tensor) -> Tensor:
        half = x * 2
        both = x.new_empty(x.shape[0], 8, 12, 10)
        both[:, :4] = half
        half.relu_()
        both[:, 4:] = half
        return both

    assert layers(forward)[-1].inputs == ("mul", "relu")
    assert same(forward)


def _filled(x: Tensor, *, blank: Tensor | None = None) -> Tensor:
    both = x.new_zeros(x.shape[0], 8, 12, 10) if blank is None else blank
    both[:, :4] = x
    both[:, 4:] = x * 2
    return both


def _view_of_what_is_filled(x: Tensor) -> Tensor:
    blank = x.new_zeros(x.shape[0], 8, 12, 10)
    blank[:, :4] = x
    view = blank[:, 2:6]
    blank[:, 4:] = x * 2
    return view + 1


def _inactive_dropout(x: Tensor) -> Tensor:
    both = _filled(x)
    same = F.dropout(both, 0.5, training=False)
    both[:, :4] = x * 3
    return same


def _view_of_the_filled(x: Tensor) -> Tensor:
    both = _filled(x)
    both[:, :4].mul_(2)
    return both


def _view_of_the_blank(x: Tensor) -> Tensor:
    blank = x.new_zeros(x.shape[0], 8, 12, 10)
    view = blank[:, :4]
    _filled(x, blank=blank)
    view.zero_()
    return blank + 1


def _view_of_a_real_blank(x: Tensor) -> Tensor:
    # Not made from the input, so on another device than what runs on meta.
    blank = torch.zeros(x.shape[0], 8, 12, 10)
    view = blank[:, :4]
    _filled(x, blank=blank)
    view.zero_()
    return blank + 1


def _view_of_a_join(x: Tensor) -> Tensor:
    both = torch.cat((x, x * 2), 1)
    both[:, 2:5].copy_(x[:, :3])
    return both * 2


def _whole_view(x: Tensor) -> Tensor:
    # Contiguous, so that meta is not asked.
    both = torch.cat((x, x * 2), 1)
    F.relu(both.flatten(1), inplace=True)
    return both * 2


def _other_data(x: Tensor) -> Tensor:
    both = torch.cat((x, x * 2), 1)
    both.requires_grad = False
    both.data = both.data * 2
    return both * 2


def _out(x: Tensor) -> Tensor:
    both = torch.cat((x, x * 2), 1)
    torch.mul(x, 3, out=both[:, :4])
    return both * 2


def _unseen(x: Tensor) -> Tensor:
    both = torch.cat((x, x * 2), 1)
    torch._foreach_mul_([both[:, :4]], 2.0)
    return both * 2


BEHIND = {
    "setitem": [_view_of_what_is_filled, _inactive_dropout],
    "mul": [_view_of_the_filled, _out],
    "zero": [_view_of_the_blank, _view_of_a_real_blank],
    "copy": [_view_of_a_join],
    "relu": [_whole_view],
    "data": [_other_data],
    "write": [_unseen],
}


@pytest.mark.parametrize(("writer", "function"), [(name, one) for name, all_ in BEHIND.items() for one in all_])
@pytest.mark.parametrize("inference", [False, True])
def test_what_is_written_through_another_view_is_unknown_where_it_is_read(
    writer: str, function: Callable[[Tensor], Tensor], *, inference: bool
) -> None:
    if inference and writer == "write":
        return  # Torch counts nothing there.
    model = Calls(torch.inference_mode()(function) if inference else function)
    found = network(model)
    last = found.by_name[found.outputs[0].layer]
    if not isinstance(last.op, Unknown):
        last = found.by_name[last.inputs[0]]
    assert last.op == Unknown(function=f"{writer}, written in place through a view")
    (note,) = (note for note in found.unverified if note.what == last.name)
    assert note.why == f"unknown op {writer}, written in place through a view"
    assert (note.where is not None) == (writer != "write")


def _halves(x: Tensor) -> Tensor:
    left, right = x[:, :2], x[:, 2:]
    return torch.cat((F.relu(left, inplace=True), F.relu(right, inplace=True)), 1)


def _tail(x: Tensor) -> Tensor:
    both = torch.cat((x, x * 2), 1)
    tail = both[:, 4:]
    both[:, :4] = x
    return tail + 1


def _itself(x: Tensor) -> Tensor:
    y = F.relu(x * 2, inplace=True)
    y += x
    y.mul_(3).add_(1)
    y.requires_grad = False
    return y.flatten(1).relu_()


@torch.inference_mode()
def _asked_only(x: Tensor) -> Tensor:
    mask = x > 0
    return torch.where(~mask, torch.where(mask, x, 0.0), x)


@pytest.mark.parametrize("function", [_halves, _itself, _asked_only])
def test_what_is_written_elsewhere_or_by_the_tensor_itself_changes_nothing_else(
    function: Callable[[Tensor], Tensor],
) -> None:
    assert not [layer for layer in layers(function) if "written" in getattr(layer.op, "function", "")]


def test_who_reads_another_range_reads_what_it_was() -> None:
    # What the assignment makes of the whole is not known; of the rest it is.
    found = layers(_tail)
    assert [type(layer.op) for layer in found if layer.name == found[-1].inputs[0]] == [Slice]


def test_zeros_that_were_written_into_out_of_sight_are_none() -> None:
    def forward(x: Tensor) -> Tensor:
        zeros = torch.zeros_like(x)
        zeros.data.fill_(1.0)
        return torch.maximum(x, zeros)

    assert layers(forward)[-1].op == Unknown(function="maximum")
