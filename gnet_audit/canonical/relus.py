"""ReLUs written by hand, moved up through what they commute with, and dropped where nothing is negative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gnet_audit.canonical.draft import Draft, Rewrite, prune
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    Concat,
    Dropout,
    Elementwise,
    Flatten,
    Identity,
    Layer,
    Pool2d,
    PoolKind,
    Slice,
    Softmax,
)

_RELU = Activation(function="relu")


def by_hand(draft: Draft) -> Iterable[Rewrite]:
    """A ReLU by a comparison with zero, or as half the sum of a value and its size."""
    for layer in draft.of(Elementwise):
        source = _rectified(draft, layer)
        if source is not None:
            draft.put(replace(layer, op=_RELU, inputs=(source,)))
            prune(draft, layer.inputs)
            yield Rewrite(what="ReLU written by hand", layers=(layer.name,))


def _rectified(draft: Draft, layer: Layer) -> str | None:
    """The value of which a layer keeps what is above zero, and makes the rest zero."""
    inputs = [draft.layers[name] for name in layer.inputs]
    match layer.op, [one.op for one in inputs]:
        case Elementwise(function="where", constants=(None, None, 0.0)), [Elementwise(function="gt" | "ge"), _]:
            return _compared(inputs[0], inputs[1].name)
        case Elementwise(function="where", constants=(None, 0.0, None)), [Elementwise(function="lt" | "le"), _]:
            return _compared(inputs[0], inputs[1].name)
        case Elementwise(function="mul"), [_, Elementwise(function="gt" | "ge")]:
            return _compared(inputs[1], inputs[0].name)
        case Elementwise(function="mul"), [Elementwise(function="gt" | "ge"), _]:
            return _compared(inputs[0], inputs[1].name)
        case Elementwise(function="div", constants=(None, 2.0)), [Add()]:
            return _with_its_size(draft, inputs[0])
        case Elementwise(function="mul", constants=(None, 0.5) | (0.5, None)), [Add()]:
            return _with_its_size(draft, inputs[0])
        case _:
            return None


def _compared(comparison: Layer, name: str) -> str | None:
    """A value that is compared with zero."""
    op = comparison.op
    zero = isinstance(op, Elementwise) and op.constants == (None, 0.0) and not comparison.weights
    return name if zero and comparison.inputs == (name,) else None


def _with_its_size(draft: Draft, total: Layer) -> str | None:
    """The x of x + |x|."""
    for one, other in (total.inputs, total.inputs[::-1]) if len(total.inputs) == 2 else ():
        layer = draft.layers[other]
        if isinstance(layer.op, Elementwise) and layer.op.function == "abs" and layer.inputs == (one,):
            return one
    return None


def relus(draft: Draft) -> Iterable[Rewrite]:
    """A ReLU moves up through what it commutes with, and goes where nothing is negative."""
    known: dict[str, bool] = {}
    pending = [layer.name for layer in reversed(tuple(draft.sorted())) if layer.op == _RELU]
    moved: dict[str, str] = {}
    while pending:
        name = pending.pop()
        layer = draft.layers[name]
        source = draft.layers[layer.inputs[0]]
        if non_negative(draft, source.name, known):
            draft.splice(name)
        elif not draft.only_feeds(source.name, name):
            continue
        elif isinstance(source.op, Dropout) or _is_max(source):
            moved[name] = "ReLU after the pooling" if _is_max(source) else "ReLU after the dropout"
            known[source.name] = True
            _swap(draft, layer, source)
            pending.append(name)
        elif isinstance(source.op, Concat):
            known[source.name] = True
            for new in _spread(draft, layer, source, known):
                moved[new] = "ReLU after the concatenation"
                pending.append(new)
    for what in dict.fromkeys(moved.values()):
        names = tuple(draft.layers[n].inputs[0] for n, text in moved.items() if text == what and n in draft.layers)
        yield Rewrite(what=what, layers=names)


def _is_max(layer: Layer) -> bool:
    if isinstance(layer.op, Pool2d) and max(layer.op.padding) >= min(layer.op.kernel):
        return False  # a window of nothing but padding gives minus infinity, which a ReLU behind it makes 0
    return isinstance(layer.op, Pool2d | AdaptivePool2d) and layer.op.kind is PoolKind.MAX


def _swap(draft: Draft, layer: Layer, source: Layer) -> None:
    draft.changed |= {layer.name, source.name}
    draft.redirect(layer.name, source.name)
    before = draft.layers[source.inputs[0]]
    draft.put(replace(layer, inputs=source.inputs, shape=before.shape))
    draft.put(replace(draft.layers[source.name], inputs=(layer.name,)))


def _spread(draft: Draft, layer: Layer, concat: Layer, known: dict[str, bool]) -> list[str]:
    draft.changed.add(concat.name)
    draft.redirect(layer.name, concat.name)
    draft.remove(layer.name)
    new: list[str] = []
    inputs: list[str] = []
    for position, name in enumerate(concat.inputs):
        if non_negative(draft, name, known):
            inputs.append(name)
            continue
        new.append(f"{layer.name}@{position}")
        inputs.append(new[-1])
        draft.put(replace(layer, name=new[-1], inputs=(name,), shape=draft.layers[name].shape))
    draft.put(replace(draft.layers[concat.name], inputs=tuple(inputs)))
    return new


_NON_NEGATIVE = frozenset({"relu", "relu6", "sigmoid", "softplus", "hardsigmoid", "hardtanh01"})


def non_negative(draft: Draft, name: str, known: dict[str, bool]) -> bool:
    """Whether no value of a layer can be below zero."""
    waiting = [name]
    while waiting:
        layer = draft.layers[waiting[-1]]
        if layer.name in known:
            waiting.pop()
            continue
        match layer.op:
            case Activation(function=function):
                told: bool | None = function in _NON_NEGATIVE
            case Softmax(log=log):
                told = not log
            case Pool2d() | AdaptivePool2d() | Dropout() | LRN() | Slice() | Flatten() | Identity() | Concat() | Add():
                told = _all_of([known.get(source) for source in layer.inputs])
            case _:
                told = False
        if told is None:
            waiting.extend(source for source in layer.inputs if source not in known)
        else:
            known[waiting.pop()] = told
    return known[name]


def _all_of(told: Sequence[bool | None]) -> bool | None:
    """Whether all are true; None where it depends on what is not known yet."""
    if False in told or not told:
        return False
    return None if None in told else True
