"""Changes of shape, copies and ranges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gnet_audit.network import Flatten, Identity, Op, Slice, Unknown
from tests.live.running import Calls, layers, op, run


def _moved(*order: int) -> Flatten:
    """The axes of the map in another order."""
    of = (4, 12, 10)
    return Flatten(of=of, order=order, shape=tuple(of[axis] for axis in order))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (lambda x: x.flatten(1), Flatten()),
        (lambda x: torch.flatten(x, start_dim=1), Flatten()),
        (lambda x: x.view(x.size(0), -1), Flatten()),
        (lambda x: x.reshape(len(x), 480), Flatten()),
        (lambda x: x.flatten(2), Flatten(shape=(4, 120))),
        (lambda x: x.view(-1, 2, 2, 12, 10), Flatten(shape=(2, 2, 12, 10))),
        (lambda x: x.unsqueeze(1), Flatten(shape=(1, 4, 12, 10))),
        (lambda x: x[:, None], Flatten(shape=(1, 4, 12, 10))),
        (lambda x: x.contiguous(), Identity()),
        (lambda x: x.clone(), Identity()),
        (lambda x: x.detach(), Identity()),
        (lambda x: x.data, Identity()),
        (lambda x: x.float(), Identity()),
        (lambda x: x.to("cuda"), Identity()),
        (lambda x: x.cuda(), Identity()),
        (lambda x: x.to(torch.float64), Identity()),
        (lambda x: x.to(x.device, non_blocking=True), Identity()),
        (lambda x: x[:], Identity()),
        (lambda x: x[...], Identity()),
        (lambda x: x.transpose(1, 2), _moved(1, 0, 2)),
        (lambda x: x.swapaxes(-1, 1), _moved(2, 1, 0)),
        (lambda x: x.permute(0, 2, 3, 1), _moved(1, 2, 0)),
        (lambda x: torch.permute(x, (0, 3, 1, 2)), _moved(2, 0, 1)),
        (lambda x: torch.permute(input=x, dims=(0, 3, 1, 2)), _moved(2, 0, 1)),
        (lambda x: torch.transpose(input=x, dim0=1, dim1=3), _moved(2, 1, 0)),
        (lambda x: x.movedim(1, -1), _moved(1, 2, 0)),
        (lambda x: torch.moveaxis(x, source=3, destination=1), _moved(2, 0, 1)),
        (lambda x: x.mT, _moved(0, 2, 1)),
        (lambda x: x.permute(0, 1, 2, 3), Identity()),
        (lambda x: x.transpose(0, 1), Unknown(function="transpose")),
        (lambda x: x.permute(1, 0, 2, 3), Unknown(function="permute")),
        (lambda x: x.view(-1), Unknown(function="view")),
        (lambda x: x[0], Unknown(function="getitem")),
        (lambda x: x[:1], Unknown(function="getitem")),
        (lambda x: x[:, [0, 2]], Unknown(function="getitem")),
        (lambda x: x[:, ::2], Unknown(function="getitem")),
    ],
)
def test_a_view_is_one_layer(view: Callable[[Tensor], object], expected: Op) -> None:
    assert op(view) == expected


def test_as_many_channels_as_images_do_not_make_a_channel_of_an_image() -> None:
    assert op(lambda x: x.transpose(0, 1), (2, 5, 3)) == Unknown(function="transpose")


def test_moving_axes_of_size_1_changes_no_order() -> None:
    assert op(lambda x: x.permute(0, 2, 3, 1), (4, 1, 1)) == Flatten(shape=(1, 1, 4))
    assert op(lambda x: x.transpose(1, 3), (1, 5, 1)) == Identity()


@pytest.mark.parametrize(
    ("part", "expected", "shape"),
    [
        (lambda x: x[:, 1:3], (0, 1, 3), (2, 12, 10)),
        (lambda x: x[:, -1:], (0, 3, 4), (1, 12, 10)),
        (lambda x: x[..., 2:], (2, 2, 10), (4, 12, 8)),
        (lambda x: x.narrow(1, 1, 2), (0, 1, 3), (2, 12, 10)),
        (lambda x: torch.narrow(x, 2, start=3, length=4), (1, 3, 7), (4, 4, 10)),
    ],
)
def test_a_range_along_an_axis(
    part: Callable[[Tensor], object], expected: tuple[int, int, int], shape: tuple[int, ...]
) -> None:
    (layer,) = layers(part)
    axis, start, stop = expected
    assert layer.op == Slice(axis=axis, start=start, stop=stop)
    assert layer.shape == shape


@pytest.mark.parametrize(
    "split",
    [
        lambda x: x.split([1, 3], 1),
        lambda x: torch.split(x, [1, 3], dim=1),
        lambda x: torch.tensor_split(x, (1,), dim=1),
        lambda x: x.split(split_size=(1, 3), dim=-3),
    ],
)
def test_each_piece_of_a_split_is_a_layer(split: Callable[[Tensor], object]) -> None:
    first, second = layers(split)
    assert (first.op, first.shape) == (Slice(axis=0, start=0, stop=1), (1, 12, 10))
    assert (second.op, second.shape) == (Slice(axis=0, start=1, stop=4), (3, 12, 10))
    assert (first.inputs, second.inputs) == (("input",), ("input",))


def test_chunks() -> None:
    assert [layer.op for layer in layers(lambda x: x.chunk(2, 1))] == [
        Slice(axis=0, start=0, stop=2),
        Slice(axis=0, start=2, stop=4),
    ]


def test_a_crop_is_a_range_for_each_axis() -> None:
    high, wide = layers(lambda x: x[:, :, 1:, 2:-1])
    assert (high.op, high.shape) == (Slice(axis=1, start=1, stop=12), (4, 11, 10))
    assert (wide.op, wide.shape, wide.inputs) == (Slice(axis=2, start=2, stop=9), (4, 11, 7), (high.name,))


def test_one_channel_by_its_number_is_a_range_without_its_axis() -> None:
    for pick in (lambda x: x[:, 2], lambda x: x.select(1, 2), lambda x: x[:, -2]):
        part, flat = layers(pick)
        assert (part.op, part.shape) == (Slice(axis=0, start=2, stop=3), (1, 12, 10))
        assert (flat.op, flat.shape) == (Flatten(shape=(12, 10)), (12, 10))
    assert op(lambda x: x[:, 0], (1, 12, 10)) == Flatten(shape=(12, 10))


@pytest.mark.parametrize("batch", [1, 2])
def test_squeezing_everything_is_a_flatten_also_for_a_single_image(batch: int) -> None:
    traced = run(Calls(lambda x: x.squeeze()), (4, 1, 1), batch=batch)
    assert [(layer.op, layer.shape) for layer in traced.network.layers[1:]] == [(Flatten(), (4,))]
