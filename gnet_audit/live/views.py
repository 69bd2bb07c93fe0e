"""Torch functions as ops: changes of shape, copies, and ranges of channels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gnet_audit.live.calls import LEADING, Call, Handler, Step, Steps
from gnet_audit.network import Elementwise, Flatten, Identity, Op, Shape, Slice


def _same(call: Call) -> Steps:
    return (Step(op=Identity(), inputs=call.inputs()[:1]),)


def _reshape(call: Call) -> Steps:
    """A view that leaves the order of each image's values as it is."""
    before = call.tensor()
    old, new = call.shape(before), call.shape(call.result)
    kept = before.shape[0] == call.result.shape[0] if before.ndim and call.result.ndim else False
    if old is None or new is None or not (kept or call.batch == 1):
        return ()
    return (Step(op=_shaped(old, new), inputs=(before,)),)


def _shaped(old: Shape, new: Shape) -> Op:
    if old == new:
        return Identity()
    return Flatten() if len(new) == 1 else Flatten(shape=new)


def _expand(call: Call) -> Steps:
    return _reshape(call) if call.tensor().numel() == call.result.numel() else ()


def _permute(call: Call) -> Steps:
    """Moving axes of size 1 about changes no order; moving others does, and what moves the batch has no word."""
    before, after = call.tensor(), call.result
    wide = [size for size in before.shape if size != 1]
    distinct = len(set(wide)) == len(wide)
    if distinct and wide == [size for size in after.shape if size != 1]:
        return _reshape(call)
    batch, *order = _order(call, before.ndim)
    old, new = call.shape(before), call.shape(after)
    if batch or old is None or new is None or before.shape[0] != call.batch:
        return ()
    return (Step(op=Flatten(shape=new, of=old, order=tuple(axis - 1 for axis in order)), inputs=(before,)),)


def _order(call: Call, rank: int) -> list[int]:
    """Which axis comes where, seen at a tensor with axes of 0, 1, 2 and so on."""
    probe = torch.empty(tuple(range(rank)), device="cpu")
    moved = getattr(probe, call.name)
    named = {key: value for key, value in call.kwargs.items() if key not in {"input", "self"}}
    return list((moved if isinstance(moved, Tensor) else moved(*call.args[1:], **named)).shape)


def _cast(call: Call) -> Steps:
    # Numbers that become whole numbers are no longer the same.
    return _same(call) if call.is_data(call.get(0, "input")) and call.result.is_floating_point() else ()


def _copy(call: Call) -> Steps:
    source = call.tensor(1, "src")
    whole = call.is_data(source) and call.shape(source) == call.shape(call.result) and call.result.is_floating_point()
    return (Step(op=Identity(), inputs=(source,)),) if whole else ()


# --- ranges ---------------------------------------------------------------------------------------------------


def _pieces(call: Call) -> Steps:
    """One range for each piece of a split, one after the other along an axis."""
    whole = call.tensor()
    dim = call.get(2, "dim", call.kwargs.get("axis", 0))
    axis = call.axis(whole, dim)
    if axis is None:
        return ()
    steps, start = [], 0
    for piece in call.result:
        stop = start + piece.shape[dim]
        steps.append(Step(op=Slice(axis=axis, start=start, stop=stop), inputs=(whole,)))
        start = stop
    return tuple(steps)


def _narrow(call: Call) -> Steps:
    whole, dim, start, length = call.tensor(), call.get(1, "dim"), call.get(2, "start"), call.get(3, "length")
    axis = call.axis(whole, dim)
    if axis is None or isinstance(start, Tensor):
        return ()
    start += whole.shape[dim] if start < 0 else 0
    return (Step(op=Slice(axis=axis, start=start, stop=start + length), inputs=(whole,)),)


def _select(call: Call) -> Steps:
    whole, dim, index = call.tensor(), call.get(1, "dim"), call.get(2, "index")
    dim += whole.ndim if dim < 0 else 0
    return _indexed(call, whole, (*[slice(None)] * dim, index))


def _slice(call: Call) -> Steps:
    """The form that scripted graphs have for `x[:, a:b]`."""
    whole, dim = call.tensor(), call.get(1, "dim", 0)
    dim += whole.ndim if dim < 0 else 0
    part = slice(call.get(2, "start"), call.get(3, "end"), call.get(4, "step", 1))
    return _indexed(call, whole, (*[slice(None)] * dim, part))


def _getitem(call: Call) -> Steps:
    index = call.args[1]
    return _indexed(call, call.tensor(), index if isinstance(index, tuple) else (index,))


def _indexed(call: Call, whole: Tensor, index: tuple[Any, ...]) -> Steps:
    taken = sum(item is not None and item is not Ellipsis for item in index)
    if any(isinstance(item, Tensor | list | bool) for item in index) or index.count(Ellipsis) > 1:
        return ()
    if Ellipsis in index:
        place = index.index(Ellipsis)
        index = (*index[:place], *[slice(None)] * (whole.ndim - taken), *index[place + 1 :])
    shape, ops, dim = list(call.shape(whole) or ()), list[tuple[Op, Shape]](), 0
    for item in index:
        if item is None:
            continue
        size = whole.shape[dim]
        start, stop, step = _range(item, size)
        if (start, stop) != (0, size):
            axis = call.axis(whole, dim)
            if axis is None or step != 1:
                return ()
            shape[axis] = stop - start
            ops.append((Slice(axis=axis, start=start, stop=stop), tuple(shape)))
        elif step != 1 or (isinstance(item, int) and call.axis(whole, dim) is None):
            return ()
        dim += 1
    final = call.shape(call.result)
    if final is None:
        return ()
    if not ops or final != tuple(shape):
        ops.append((_shaped(tuple(shape), final), final))
    return tuple(Step(op=op, shape=size, inputs=() if place else (whole,)) for place, (op, size) in enumerate(ops))


def _range(item: Any, size: int) -> tuple[int, int, int]:
    if isinstance(item, slice):
        start, stop, step = item.indices(size)
        return start, max(start, stop), step
    place = int(item)
    place += size if place < 0 else 0
    return place, place + 1, 1


def _stack(call: Call) -> Steps:
    """Several maps along an axis of their own, to be summed or averaged."""
    parts, dim = call.get(0, "tensors"), call.get(1, "dim", 0)
    axis = LEADING if call.leads(call.result, dim) else call.axis(call.result, dim)
    if axis is None or not all(call.is_data(part) for part in parts):
        return ()
    return (Step(op=Elementwise(function="stack", constants=(float(axis),)), inputs=tuple(parts)),)


def _windows(call: Call) -> Steps:
    """Runs of neighbours along an axis, each along a new last axis: the method `unfold`, not the function."""
    values = call.tensor()
    if call.result.ndim != values.ndim + 1:
        return ()
    axis = call.axis(values, call.get(1, "dimension"))
    if axis is None:
        return ()
    constants = (float(axis), float(call.get(2, "size")), float(call.get(3, "step")))
    return (Step(op=Elementwise(function="unfold", constants=constants), inputs=(values,)),)


VIEWS: dict[str, Handler] = {
    **dict.fromkeys(
        ("contiguous", "clone", "detach", "alias", "view_as", "requires_grad", "data", "positive", "lift_fresh"), _same
    ),
    **dict.fromkeys(("to", "float", "double", "half", "bfloat16", "type", "type_as", "cuda", "cpu", "_to_copy"), _cast),
    **dict.fromkeys(
        ("view", "reshape", "reshape_as", "flatten", "unflatten", "unsqueeze", "squeeze", "_unsafe_view", "ravel"),
        _reshape,
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
    **dict.fromkeys(("permute", "transpose", "movedim", "swapaxes", "t", "T", "mT", "moveaxis", "swapdims"), _permute),
    **dict.fromkeys(("split", "chunk", "tensor_split", "split_with_sizes"), _pieces),
    "copy": _copy,
    "stack": _stack,
    "unfold": _windows,
    "narrow": _narrow,
    "select": _select,
    "slice": _slice,
    "__getitem__": _getitem,
}
