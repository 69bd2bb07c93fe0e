"""Padding written apart from the convolution or pool that it belongs to, and cut off again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import isinf

from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.canonical.relus import non_negative
from gnet_audit.network import CodeOrigin, Conv2d, Layer, Pad, Padding, Pool2d, PoolKind, Slice


def crops(draft: Draft) -> Iterable[Rewrite]:
    """A pad of which a part is cut off again is a smaller one, or none."""
    for layer in draft.of(Slice, Pad):
        pad = draft.producer(layer)
        cut = _cut(layer, pad) if pad is not None else None
        if pad is None or cut is None or not isinstance(pad.op, Pad):
            continue
        left = _plus(pad.op.padding, cut)
        # Below zero the map itself is cut: a range stays what it is.
        if min(left) < 0:
            continue
        draft.put(replace(layer, op=replace(pad.op, padding=left), inputs=pad.inputs))
        if not any(left):
            draft.splice(layer.name)
        prune(draft, (pad.name,))
        yield Rewrite(what="padding in steps", layers=(layer.name,))


def _cut(layer: Layer, pad: Layer) -> Padding | None:
    """What a layer adds on each side of a padded map, as torch counts what it takes away: below zero."""
    match layer.op:
        case Slice(axis=1 | 2 as axis, start=start, stop=stop) if pad.shape is not None and len(pad.shape) == 3:
            ends = -start, stop - pad.shape[axis]
            return (*ends, 0, 0) if axis == 1 else (0, 0, *ends)
        case Pad(padding=padding) if max(padding) <= 0:
            return padding
        case _:
            return None


def pads(draft: Draft) -> Iterable[Rewrite]:
    """A pad before a convolution or pool belongs to it where the padded values are the op's own."""
    signs: dict[str, bool] = {}
    for pad in draft.of(Pad):
        users = [draft.layers[name] for name in draft.users[pad.name]]
        folded = [own for user in users if (own := _folded(draft, pad, user, signs)) is not None]
        if not users or draft.is_output(pad.name) or len(folded) < len(users):
            continue
        for own in folded:
            draft.put(replace(own, inputs=pad.inputs))
        draft.remove(pad.name)
        # Torch's own convolution pads by another call where its padding mode is not zeros.
        apart = tuple(user.name for user in users if _module(user) != _module(pad))
        if apart:
            yield Rewrite(what="padding as an op of its own", layers=apart)


def _module(layer: Layer) -> str:
    return layer.origin.module if isinstance(layer.origin, CodeOrigin) else layer.name


def _folded(draft: Draft, pad: Layer, user: Layer, signs: dict[str, bool]) -> Layer | None:
    op = pad.op
    assert isinstance(op, Pad)
    if min(op.padding) < 0 and any(getattr(user.op, "padding", ())):
        # What the pad cuts off, the op's own padding does not bring back: it is zeros then.
        return None
    match user.op:
        case Conv2d(padding=inner, transposed=False) as conv if op.padding_mode == "constant" and op.value == 0:
            return replace(user, op=replace(conv, padding=_plus(op.padding, inner))) if _zeros(conv) else None
        case Conv2d(padding=(0, 0, 0, 0), transposed=False) as conv if op.padding_mode != "constant":
            return replace(user, op=replace(conv, padding=op.padding, padding_mode=op.padding_mode))
        case Pool2d(kind=PoolKind.MAX, ceil_mode=False) as pool if op.padding_mode == "constant":
            below = isinf(op.value) and op.value < 0
            if below or (op.value == 0 and not any(pool.padding) and non_negative(draft, pad.inputs[0], signs)):
                return replace(user, op=replace(pool, padding=_plus(op.padding, pool.padding)))
            return None
        case Pool2d(kind=PoolKind.AVG, padding=(0, 0, 0, 0), ceil_mode=False) as pool if op.value == 0:
            same = op.padding_mode == "constant"
            return replace(user, op=replace(pool, padding=op.padding, count_include_pad=True)) if same else None
        case _:
            return None


def _zeros(conv: Conv2d) -> bool:
    return conv.padding_mode == "zeros" or not any(conv.padding)


def _plus(one: Padding, other: Padding) -> Padding:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])
