"""Local response normalisation written by hand: x / (k + a * window(x²)) ** beta in any of its spellings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.network import LRN, Add, Elementwise, Flatten, Layer, Mean, Pad, Pool2d, PoolKind, Slice

LAST = 3
"""The axis behind channels, height and width."""


def local_response_norms(draft: Draft) -> Iterable[Rewrite]:
    """Each hand-written normalisation as the one op that it is."""
    for layer in draft.of(Elementwise):
        found = _norm_at(draft, layer) if layer.name in draft.layers else None
        if found is not None:
            op, source, axis = found
            if axis == 0:
                draft.put(replace(layer, op=op, inputs=(source,)))
            else:
                _put_last(draft, layer, op, source)
            yield Rewrite(what="local response normalisation written by hand", layers=(layer.name,))
            prune(draft, layer.inputs)


def _put_last(draft: Draft, layer: Layer, op: LRN, source: str) -> None:
    """A normalisation along the last axis is one along the channels of the map with that axis in front."""
    high, wide, channels = of = layer.shape or ()
    there, back = (channels, high, wide), f"{layer.name}'"
    front = replace(layer, name=f"{layer.name}''", op=Flatten(shape=there, of=of, order=(2, 0, 1)), shape=there)
    draft.put(replace(front, inputs=(source,)))
    draft.put(replace(layer, name=back, op=Flatten(shape=of, of=there, order=(1, 2, 0)), inputs=(layer.name,)))
    draft.redirect(layer.name, back)
    draft.put(replace(draft.layers[back], inputs=(layer.name,)))
    draft.put(replace(layer, op=op, inputs=(front.name,), shape=there))
    draft.changed.add(layer.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """A sum or an average over neighbours of `squares`."""

    squares: str
    size: int
    across: str
    is_sum: bool
    axis: int = 0
    """The axis along which they are neighbours, where that is one of the channels."""
    turned: bool = False
    """Whether it is a window of a map whose channels were put last for it, and first again behind it."""


def _norm_at(draft: Draft, layer: Layer) -> tuple[LRN, str, int] | None:
    for source, power, beta in _quotients(draft, layer):
        terms, k = _terms(draft, power)
        scale = terms[0][1]
        window = _window(draft, [name for name, _ in terms]) if len({_rounded(own) for _, own in terms}) == 1 else None
        if window is None or not _is_square(draft, window.squares, source, turned=window.turned):
            continue
        alpha = _rounded(scale * window.size if window.is_sum else scale)
        return (
            LRN(size=window.size, alpha=alpha, beta=_rounded(beta), k=_rounded(k), across=window.across),
            source,
            window.axis,
        )
    return None


def _quotients(draft: Draft, layer: Layer) -> Iterable[tuple[str, str, float]]:
    """For x / y ** beta or x * y ** -beta: x, y and beta."""
    if not isinstance(layer.op, Elementwise) or layer.op.function not in {"div", "mul"} or len(layer.inputs) != 2:
        return
    first, second = layer.inputs
    orders = [(first, second)] if layer.op.function == "div" else [(first, second), (second, first)]
    for source, power in orders:
        op = draft.layers[power].op
        if isinstance(op, Elementwise) and op.function == "pow" and op.constants and op.constants[-1] is not None:
            beta = op.constants[-1] if layer.op.function == "div" else -op.constants[-1]
            if 0 < beta < inf:
                yield source, draft.layers[power].inputs[0], beta


def _terms(draft: Draft, name: str) -> tuple[list[tuple[str, float]], float]:
    """For y = a * x + b * z + … + c, written in any number of steps: each x with its a, and c.

    Not all of it where it is more than a window has.
    """
    waiting, found, offset = [(name, 1.0)], list[tuple[str, float]](), 0.0
    while waiting and len(found) < _WIDEST:
        name, scale = waiting.pop()
        layer = draft.layers[name]
        if isinstance(layer.op, Add):
            waiting.extend((source, scale) for source in layer.inputs)
            continue
        match _by_number(layer):
            case "add", number:
                offset += scale * number
            case "mul", number:
                scale *= number
            case "div", number if number:
                scale /= number
            case _:
                found.append((name, scale))
                continue
        waiting.append((layer.inputs[0], scale))
    return found, offset


_WIDEST = 1_000
"""Channels that a normalisation looks at."""


def _by_number(layer: Layer) -> tuple[str, float] | None:
    """What a layer does to a map with a number, and the number."""
    match layer.op:
        case Elementwise(function="add" | "mul" | "div" as function, constants=(None, float() | int() as number)):
            return None if layer.weights else (function, number)
        case Elementwise(function="add" | "mul" as function, constants=(float() | int() as number, None)):
            return None if layer.weights else (function, number)
        case _:
            return None


def _window(draft: Draft, names: Sequence[str]) -> _Window | None:
    if len(names) > 1:
        return _shifted(draft, names, is_sum=True)
    layer = draft.layers[names[0]]
    match layer.op:
        case Pool2d(kind=PoolKind.AVG, kernel=(size, other), stride=(1, 1)) as pool if size == other:
            centred = set(pool.padding) == {size // 2} and pool.count_include_pad
            return _Window(squares=layer.inputs[0], size=size, across="space", is_sum=False) if centred else None
        case Elementwise(function="channel_avg_pool", constants=(float() | int() as size, float() | int() as padding)):
            return _centred(draft, layer.inputs[0], int(size), int(padding), is_sum=False)
        case Elementwise(function="sum", constants=(axis,)):
            return _gathered(draft, layer.inputs[0], axis, is_sum=True)
        case Flatten(order=(2, 0, 1)) as back if layer.shape == back.ordered:
            terms, offset = _terms(draft, layer.inputs[0])
            if offset or {scale for _, scale in terms} != {1.0}:
                return None
            window = _window(draft, [name for name, _ in terms])
            return replace(window, axis=0, turned=True) if window is not None and window.axis == LAST - 1 else None
        case Mean(axes=(axis,), keepdim=False):
            return _gathered(draft, layer.inputs[0], axis, is_sum=False)
        case _:
            return None


def _gathered(draft: Draft, name: str, axis: float | None, *, is_sum: bool) -> _Window | None:
    """Neighbours that lie along an axis of their own, there to be summed or averaged."""
    layer = draft.layers[name]
    match layer.op:
        case Elementwise(function="unfold", constants=(0 | 2 as along, float() | int() as size, 1)) if axis == LAST:
            return _centred(draft, layer.inputs[0], int(size), is_sum=is_sum, axis=int(along))
        case Elementwise(function="stack", constants=(along,)) if along == axis:
            return _shifted(draft, layer.inputs, is_sum=is_sum)
        case _:
            return None


def _centred(draft: Draft, name: str, size: int, padding: int = 0, *, is_sum: bool, axis: int = 0) -> _Window | None:
    """A window over so many channels, with as many before as behind; one more before where their number is even."""
    squares, before, after = _padded(draft, name, axis)
    centred = (before + padding, after + padding) == (size // 2, (size - 1) // 2)
    return _Window(squares=squares, size=size, across="channels", is_sum=is_sum, axis=axis) if centred else None


def _padded(draft: Draft, name: str, axis: int) -> tuple[str, int, int]:
    layer = draft.layers[name]
    match layer.op:
        case Pad(padding=(0, 0, before, after), value=0, padding_mode="constant") if axis == LAST - 1:
            return layer.inputs[0], before, after
        case Elementwise(function="channel_pad", constants=(float() | int() as before, float() | int() as after)) if (
            axis == 0
        ):
            return layer.inputs[0], int(before), int(after)
        case _:
            return name, 0, 0


def _shifted(draft: Draft, names: Sequence[str], *, is_sum: bool) -> _Window | None:
    """The same padded map, shifted by one channel after the other."""
    parts = [draft.layers[name] for name in names]
    starts = sorted((part.op.axis, part.op.start) for part in parts if isinstance(part.op, Slice))
    sources = {source for part in parts for source in part.inputs}
    axis = starts[0][0] if starts else 0
    if len(sources) != 1 or axis not in {0, 2} or starts != [(axis, start) for start in range(len(parts))]:
        return None
    source = sources.pop()
    padded = (draft.layers[source].shape or ())[axis : axis + 1]
    if {(part.op.stop - part.op.start + len(parts) - 1,) for part in parts if isinstance(part.op, Slice)} != {padded}:
        return None  # a window for each channel, not one for all
    return _centred(draft, source, len(parts), is_sum=is_sum, axis=axis)


def _is_square(draft: Draft, name: str, source: str, *, turned: bool) -> bool:
    """Whether a layer squares the source; if it is turned, before its channels were put last, or then."""
    layer = draft.layers[name]
    if turned and (front := _front(layer)):
        layer, turned = draft.layers[front], False
    read = {_front(draft.layers[one]) if turned else one for one in layer.inputs}
    if not isinstance(layer.op, Elementwise) or read != {source}:
        return False
    squared = layer.op.function == "pow" and layer.op.constants[-1:] == (2.0,)
    return squared or layer.op.function == "square" or (layer.op.function == "mul" and len(layer.inputs) == 2)


def _front(layer: Layer) -> str:
    """What a layer reads that only puts the channels of a map last."""
    op = layer.op
    return layer.inputs[0] if isinstance(op, Flatten) and op.order == (1, 2, 0) and layer.shape == op.ordered else ""


def _rounded(value: float) -> float:
    """Without the last digits, which a division by the size and back may change."""
    return float(f"{value:.12g}")
