"""Results without torch's meta kernels: what those would have given, or nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.live.shortcuts import result_of


def _empty(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def _result(function: Callable[..., object], *args: object, **kwargs: object) -> object:
    """The result with all tensors of two images taken for data."""
    data = {id(tensor) for tensor in _tensors(args) if tensor.ndim > 1 and tensor.shape[0] == 2}
    return result_of(function, function.__name__, args, kwargs, data=data, batch=2)


def _tensors(values: object) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _tensors(value)


def _agree(function: Callable[..., object], *args: object, **kwargs: object) -> bool:
    """Whether torch's meta kernels say the same; what those refuse must be left to torch."""
    mine = _result(function, *args, **kwargs)
    try:
        theirs = function(*args, **kwargs)
    except (RuntimeError, IndexError, ValueError):
        return mine is None
    if mine is None:
        return True
    ours, wanted = list(_tensors(mine)), list(_tensors(theirs))
    assert [(t.shape, t.dtype, t.device) for t in ours] == [(t.shape, t.dtype, t.device) for t in wanted]
    return True


sizes = st.integers(1, 12)
small = st.integers(1, 5)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # once a process
@settings(max_examples=150, deadline=None)
@given(
    st.tuples(sizes, sizes),
    st.tuples(small, small),
    st.tuples(small, small),
    st.integers(0, 2),
    small,
    st.sampled_from((1, 2, 3)),
    st.booleans(),
    st.integers(1, 6),
)
def test_convolutions(
    image: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: int,
    dilation: int,
    groups: int,
    bias: bool,
    inner: int,
) -> None:
    x, weight = _empty(2, 6, *image), _empty(6, inner, *kernel)
    offset = _empty(6) if bias else None
    assert _agree(F.conv2d, x, weight, offset, stride, padding, dilation, groups)
    assert _agree(F.conv2d, x, weight=weight, bias=offset, padding="same", groups=groups)


@settings(max_examples=150, deadline=None)
@given(st.tuples(sizes, sizes), small, st.none() | small, st.integers(0, 2), small, st.booleans())
def test_pools(
    image: tuple[int, int], kernel: int, stride: int | None, padding: int, dilation: int, ceil_mode: bool
) -> None:
    x = _empty(2, 3, *image)
    assert _agree(F.max_pool2d, x, kernel, stride, padding, dilation, ceil_mode)
    assert _agree(F.avg_pool2d, x, kernel, stride, padding, ceil_mode)
    assert _agree(F.max_pool2d_with_indices, x, kernel, stride, ceil_mode=ceil_mode)
    assert _agree(F.adaptive_avg_pool2d, x, (kernel, None))
    assert _agree(F.adaptive_max_pool2d, x, kernel)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(small, min_size=2, max_size=4), min_size=1, max_size=3), st.integers(-5, 4))
def test_concatenations(shapes: list[list[int]], dim: int) -> None:
    assert _agree(torch.cat, [_empty(2, *shape) for shape in shapes], dim)
    assert _agree(torch.cat, [_empty(2, *shapes[0])] * 3, dim=dim)


@settings(max_examples=100, deadline=None)
@given(st.lists(small, min_size=1, max_size=4), st.lists(st.integers(-5, 4), max_size=3), st.booleans())
def test_means(shape: list[int], dims: list[int], keep: bool) -> None:
    assert _agree(torch.mean, _empty(2, *shape), dims, keep)


@settings(max_examples=100, deadline=None)
@given(st.lists(small, min_size=1, max_size=3), st.lists(small, min_size=1, max_size=3), small)
def test_linear_layers_and_arithmetic(shape: list[int], other: list[int], features: int) -> None:
    assert _agree(F.linear, _empty(2, *shape), _empty(3, *other), _empty(features))
    assert _agree(F.linear, _empty(2, *shape), _empty(features, shape[-1]), _empty(features))
    for function in (torch.add, torch.mul, torch.div, torch.pow):
        assert _agree(function, _empty(2, *shape), _empty(2, *other))
        assert _agree(function, _empty(2, *shape), _empty(2, *shape, dtype=torch.float64))
        assert _agree(function, _empty(2, *shape), 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(small, min_size=2, max_size=4), small, st.booleans())
def test_batch_norm(shape: list[int], width: int, training: bool) -> None:
    stats = _empty(width), _empty(width)
    assert _agree(F.batch_norm, _empty(2, *shape), *stats, training=training)


def _is_known(function: Callable[..., object], *args: object, **kwargs: object) -> bool:
    return _result(function, *args, **kwargs) is not None


def test_what_is_common_needs_no_meta_kernel() -> None:
    image, flat = _empty(2, 4, 8, 8), _empty(2, 6)
    stats = _empty(4), _empty(4)
    assert _is_known(F.conv2d, image, _empty(8, 4, 3, 3), _empty(8), 2, 1)
    assert _is_known(F.conv2d, image, _empty(8, 2, 3, 3), padding="same", groups=2)
    assert _is_known(F.max_pool2d, image, 3, 2, ceil_mode=True)
    assert _is_known(F.adaptive_avg_pool2d, image, 1)
    assert _is_known(F.local_response_norm, image, 5)
    assert _is_known(F.batch_norm, image, *stats, training=False)
    assert _is_known(F.batch_norm, image, *stats, *stats, training=True)
    assert _is_known(F.group_norm, image, 2, *stats)
    assert _is_known(torch.cat, [image, image], 1)
    assert _is_known(torch.add, image, _empty(4, 1, 1))
    assert _is_known(torch.mean, image, (2, 3))
    assert _is_known(F.linear, flat, _empty(3, 6), _empty(3))
    assert _is_known(torch.addmm, _empty(3), flat, _empty(6, 3))
    assert _is_known(F.dropout, flat, 0.5)
    assert _is_known(F.softmax, flat, 1)


def test_what_may_depend_on_the_batch_is_left_to_torch() -> None:
    image = _empty(2, 4, 8, 8)
    assert not _is_known(torch.cat, [image, image])
    assert not _is_known(torch.cat, [image, image], -4)
    assert not _is_known(torch.mean, image, 0)
    assert not _is_known(torch.mean, image)
    assert not _is_known(torch.cumsum, image, 1)
    assert not _is_known(F.relu, image.transpose(1, 2))
    assert not _is_known(torch.add, image, torch.zeros(4, 1, 1))


def test_in_place_functions_give_the_very_tensor() -> None:
    image = _empty(2, 4)
    assert _result(F.relu_, image) is image
    assert _result(Tensor.add_, image, 1) is image
    assert _result(F.relu, image, inplace=True) is image
    assert _result(F.relu, image) is not image
    assert _result(F.max_pool2d, _empty(2, 4, 2, 2), 7) is None


def test_tracing_the_reference_imports_no_computer_algebra() -> None:
    code = (
        "import sys, torch; before = set(sys.modules)\n"
        "from gnet_audit.live.target import build\n"
        "from gnet_audit.live.trace import trace\n"
        "from gnet_audit.network import Mode\n"
        "made = build('reference')\n"
        "for mode in Mode: trace(made, mode, (3, 224, 224))\n"
        "heavy = {'sympy', 'mpmath', 'torchvision', 'torch.export', 'torch._dynamo', 'torch._meta_registrations'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
