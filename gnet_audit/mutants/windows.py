"""Which attributes change nothing: decided by the windows that an op reads, never by an audit."""

from __future__ import annotations

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.network import AdaptivePool2d, Conv2d, Pool2d, PoolKind, Shape


def same_pool(one: Pool2d | AdaptivePool2d, two: Pool2d | AdaptivePool2d, shape: Shape) -> str:
    """Why two pools are the same function of maps of this shape; empty where they are not."""
    if one.kind is not two.kind:
        return ""
    try:
        ours, theirs = ([derive.windows(pool, axis, shape[1 + axis]) for axis in (0, 1)] for pool in (one, two))
    except ShapeError:
        return ""
    if one.kind is PoolKind.MAX:
        same = [[w.indices for w in axis] for axis in ours] == [[w.indices for w in axis] for axis in theirs]
        return "every window reads the same values" if same else ""
    return "every window averages the same values" if ours == theirs else ""


def same_conv(one: Conv2d, two: Conv2d) -> str:
    """Why two convolutions with the same weights are the same function of any map; empty where they are not."""
    far = any(a != b for a, b, size in zip(one.dilation, two.dilation, two.kernel, strict=True) if size > 1)
    if one.dilation != two.dilation and not far:
        return "a 1×1 kernel has nothing to spread"
    if one.padding_mode != two.padding_mode and not any(two.padding):
        return "nothing is padded"
    return ""
