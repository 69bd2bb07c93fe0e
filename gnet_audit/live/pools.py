"""Torch functions as ops: pools, and padding as an op of its own."""

from __future__ import annotations

from torch import Tensor

from gnet_audit.live.arithmetic import largest_of_windows
from gnet_audit.live.calls import Call, Handler, Step, Steps, padding_of, pair
from gnet_audit.network import AdaptivePool2d, Elementwise, Pad, Pool2d, PoolKind


def _max_pool2d(call: Call) -> Steps:
    kernel, stride = call.get(1, "kernel_size"), call.get(2, "stride")
    op = Pool2d(
        kind=PoolKind.MAX,
        kernel=pair(kernel),
        stride=pair(stride or kernel),
        padding=padding_of(call.get(3, "padding", 0)),
        dilation=pair(call.get(4, "dilation", 1)),
        ceil_mode=bool(call.get(5, "ceil_mode", False)),
    )
    return (Step(op=op, inputs=(call.tensor(),)),)


def _avg_pool2d(call: Call) -> Steps:
    if call.get(6, "divisor_override") is not None:
        return ()
    kernel, stride = call.get(1, "kernel_size"), call.get(2, "stride")
    op = Pool2d(
        kind=PoolKind.AVG,
        kernel=pair(kernel),
        stride=pair(stride or kernel),
        padding=padding_of(call.get(3, "padding", 0)),
        ceil_mode=bool(call.get(4, "ceil_mode", False)),
        count_include_pad=bool(call.get(5, "count_include_pad", True)),
    )
    return (Step(op=op, inputs=(call.tensor(),)),)


def _avg_pool3d(call: Call) -> Steps:
    """An average over neighbouring channels, as hand-written local response normalisation has it."""
    image, kernel = call.tensor(), call.get(1, "kernel_size")
    stride, padding = call.get(2, "stride") or kernel, call.get(3, "padding", 0)
    size, *others = [kernel] * 3 if isinstance(kernel, int) else kernel
    before, *around = [padding] * 3 if isinstance(padding, int) else [*padding] * (3 // len(padding))
    steps = {stride} if isinstance(stride, int) else set(stride)
    plain = call.get(5, "count_include_pad", True) and call.get(6, "divisor_override") is None
    if image.ndim != 5 or image.shape[1] != 1 or others != [1, 1] or any(around) or steps != {1} or not plain:
        return ()
    return (Step(op=Elementwise(function="channel_avg_pool", constants=(float(size), float(before))), inputs=(image,)),)


def _adaptive(kind: PoolKind) -> Handler:
    def handler(call: Call) -> Steps:
        image, size = call.tensor(), call.get(1, "output_size")
        wanted = [size, size] if size is None or isinstance(size, int) else [*size] * (2 // len(size))
        high, wide = (into or of for into, of in zip(wanted, image.shape[-2:], strict=True))
        return (Step(op=AdaptivePool2d(kind=kind, output_size=(high, wide)), inputs=(image,)),)

    return handler


def _amax(call: Call) -> Steps:
    image, dims = call.tensor(), call.get(1, "dim", ())
    if len(call.shape(image) or ()) != 3 or call.axes(image, dims) != (1, 2):
        return largest_of_windows(call)
    return (Step(op=AdaptivePool2d(kind=PoolKind.MAX, output_size=(1, 1)), inputs=(image,)),)


def _pad(call: Call) -> Steps:
    image, sides = call.tensor(), [int(side) for side in call.get(1, "pad", ())]
    mode, value = call.get(2, "mode", "constant"), call.get(3, "value") or 0.0
    if call.name == "constant_pad_nd":
        mode, value = "constant", call.get(2, "value", 0.0)
    left, right, top, bottom, *rest = [*sides, *[0] * (6 - len(sides))]
    if len(rest) == 2 and any(rest) and mode == "constant" and value == 0 and _across_channels(call, image):
        if not any((left, right, top, bottom)):
            constants = (float(rest[0]), float(rest[1]))
            return (Step(op=Elementwise(function="channel_pad", constants=constants), inputs=(image,)),)
        return ()
    if any(rest) or len(call.shape(image) or ()) != 3:
        return ()
    op = Pad(padding=(top, bottom, left, right), value=float(value), padding_mode=mode)
    return (Step(op=op, inputs=(image,)),)


def _across_channels(call: Call, image: Tensor) -> bool:
    """Whether the third axis from the end holds the channels: of a map, or of a map as a volume."""
    shape = call.shape(image) or ()
    return len(shape) == 3 or (len(shape) == 4 and shape[0] == 1)


POOLS: dict[str, Handler] = {
    "max_pool2d": _max_pool2d,
    "max_pool2d_with_indices": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "avg_pool3d": _avg_pool3d,
    "adaptive_avg_pool2d": _adaptive(PoolKind.AVG),
    "_adaptive_avg_pool2d": _adaptive(PoolKind.AVG),
    "adaptive_max_pool2d": _adaptive(PoolKind.MAX),
    "adaptive_max_pool2d_with_indices": _adaptive(PoolKind.MAX),
    "amax": _amax,
    "pad": _pad,
    "constant_pad_nd": _pad,
}
"""Functions of windows, and of borders."""
