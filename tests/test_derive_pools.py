"""Pooling windows held against PyTorch: shapes on meta, windows by what they compute."""

from __future__ import annotations

from typing import TypeAlias

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - its usual name

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.network import AdaptivePool2d, Padding, Pool2d, PoolKind, Shape

Draw: TypeAlias = st.DrawFn
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))
SIZES = st.integers(1, 24)
PATIENT = settings(deadline=None)
"""torch's first call of an op takes its time."""


def shape_of(op: Pool2d | AdaptivePool2d, shape: Shape) -> Shape:
    """The derived shape."""
    return derive.output_shape(op, (shape,))


@st.composite
def pools(draw: Draw, kind: PoolKind) -> tuple[Pool2d, Shape]:
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    rows, columns = draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2))
    op = Pool2d(
        kind=kind,
        kernel=kernel,
        stride=draw(PAIRS),
        padding=(rows, rows, columns, columns),
        dilation=draw(PAIRS) if kind is PoolKind.MAX else (1, 1),
        ceil_mode=draw(st.booleans()),
        count_include_pad=draw(st.booleans()),
    )
    return op, (2, draw(SIZES), draw(SIZES))


def pooled(op: Pool2d | AdaptivePool2d, image: Tensor) -> Tensor:
    """What torch computes."""
    if isinstance(op, AdaptivePool2d):
        run = F.adaptive_avg_pool2d if op.kind is PoolKind.AVG else F.adaptive_max_pool2d
        result: Tensor = run(image, op.output_size)
        return result
    pad = (op.padding[0], op.padding[2])
    if op.kind is PoolKind.AVG:
        return F.avg_pool2d(image, op.kernel, op.stride, pad, op.ceil_mode, op.count_include_pad)
    largest: Tensor = F.max_pool2d(image, op.kernel, op.stride, pad, op.dilation, op.ceil_mode)
    return largest


def by_windows(op: Pool2d | AdaptivePool2d, image: Tensor) -> Tensor:
    """The same from our own windows."""
    rows, columns = (derive.windows(op, axis, image.shape[2 + axis]) for axis in (0, 1))
    lines = [[_reduced(op, image, row, column) for column in columns] for row in rows]
    return torch.stack([torch.stack(line, dim=-1) for line in lines], dim=-2)


def _reduced(op: Pool2d | AdaptivePool2d, image: Tensor, row: derive.Window, column: derive.Window) -> Tensor:
    patch = image[:, :, list(row.indices)][..., list(column.indices)]
    if op.kind is PoolKind.MAX:
        return patch.amax((2, 3))
    return patch.sum((2, 3)) / (row.divisor * column.divisor)


def check_pool(op: Pool2d | AdaptivePool2d, shape: Shape) -> None:
    """Shape on meta, windows by numbers that tell all pixels apart."""
    try:
        expected = tuple(pooled(op, torch.empty(1, *shape, device="meta")).shape[1:])
    except RuntimeError:
        with pytest.raises(ShapeError):
            shape_of(op, shape)
        return
    assert shape_of(op, shape) == expected
    values = torch.randperm(shape[0] * shape[1] * shape[2], generator=torch.Generator().manual_seed(1))
    image = (values.to(torch.float64) - 50).reshape(1, *shape)
    torch.testing.assert_close(by_windows(op, image), pooled(op, image), rtol=1e-12, atol=1e-12)


@PATIENT
@given(case=pools(PoolKind.MAX))
def test_maximum_windows_are_torchs(case: tuple[Pool2d, Shape]) -> None:
    op, shape = case
    reach = [(op.kernel[axis] - 1) * op.dilation[axis] + 1 for axis in (0, 1)]
    # torch fills a window that reads nothing but padding with minus infinity; no network has one.
    assume(all(len(window.indices) for axis in (0, 1) for window in windows_of(op, axis, shape)))
    assume(all(2 * op.padding[2 * axis] <= reach[axis] for axis in (0, 1)))
    check_pool(op, shape)


def windows_of(op: Pool2d, axis: int, shape: Shape) -> list[derive.Window]:
    """The windows, or none where the pool does not fit."""
    try:
        return derive.windows(op, axis, shape[1 + axis])
    except ShapeError:
        return []


@PATIENT
@given(case=pools(PoolKind.AVG))
def test_average_windows_are_torchs(case: tuple[Pool2d, Shape]) -> None:
    check_pool(*case)


@PATIENT
@given(kind=st.sampled_from(PoolKind), size=PAIRS, height=SIZES, width=SIZES)
def test_adaptive_windows_are_torchs(kind: PoolKind, size: tuple[int, int], height: int, width: int) -> None:
    check_pool(AdaptivePool2d(kind=kind, output_size=size), (2, height, width))


def pool(kernel: int, stride: int, pad: int = 0, *, ceil: bool = False, kind: PoolKind = PoolKind.MAX) -> Pool2d:
    """A square pool."""
    padding: Padding = (pad, pad, pad, pad)
    return Pool2d(kind=kind, kernel=(kernel, kernel), stride=(stride, stride), padding=padding, ceil_mode=ceil)


def test_padding_in_place_of_rounding_up_gives_the_same_sizes_and_other_windows() -> None:
    up, padded = pool(3, 2, ceil=True), pool(3, 2, 1)
    for size in (112, 56, 28, 14):
        assert shape_of(up, (1, size, size)) == shape_of(padded, (1, size, size)) == (1, size // 2, size // 2)
        assert derive.windows(up, 0, size) != derive.windows(padded, 0, size)
    assert derive.windows(up, 0, 4) == [
        derive.Window(indices=range(3), divisor=3),
        derive.Window(indices=range(2, 4), divisor=2),
    ]


def test_rounding_up_makes_no_difference_where_nothing_is_left_over() -> None:
    for axis in (0, 1):
        assert derive.windows(pool(3, 2, ceil=True), axis, 7) == derive.windows(pool(3, 2), axis, 7)
        assert derive.windows(pool(3, 1, 1, ceil=True), axis, 28) == derive.windows(pool(3, 1, 1), axis, 28)


def test_a_global_pool_is_the_fixed_one_at_one_size_only() -> None:
    whole = AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))
    seven = pool(7, 1, kind=PoolKind.AVG)
    assert derive.windows(whole, 0, 7) == derive.windows(seven, 0, 7)
    assert derive.windows(whole, 0, 8) != derive.windows(seven, 0, 8)


def test_an_adaptive_pool_to_four_is_not_five_by_five_at_stride_three() -> None:
    adaptive = AdaptivePool2d(kind=PoolKind.AVG, output_size=(4, 4))
    fixed = pool(5, 3, kind=PoolKind.AVG)
    assert shape_of(adaptive, (512, 14, 14)) == shape_of(fixed, (512, 14, 14)) == (512, 4, 4)
    assert derive.windows(adaptive, 0, 14) != derive.windows(fixed, 0, 14)
