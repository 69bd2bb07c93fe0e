"""A forward that stopped on the way: what of its alignment can be judged, and what may only not have run yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gnet_audit.align import Alignment, Pair
from gnet_audit.network import (
    Activation,
    AdaptivePool2d,
    Concat,
    Dropout,
    Flatten,
    Identity,
    Layer,
    Linear,
    Network,
    Pool2d,
    PoolKind,
    Slice,
    Softmax,
    Unknown,
    Unverified,
)
from gnet_audit.structure import Region, Tree, Unit, units_of

_STOP = "(stopped)"


def joined(network: Network) -> Network:
    """A network that stopped, with the loose ends of its trunk held together so that branches stay branches."""
    ends = [layer.name for layer in network.layers if not network.consumers[layer.name]]
    if len(ends) < 2:
        return network
    trunk = _trunk(network, ends)
    op = Concat() if len(trunk) > 1 else Unknown(function=_STOP)
    return replace(network, layers=(*network.layers, Layer(name=_STOP, op=op, inputs=trunk)))


def _trunk(network: Network, ends: Sequence[str]) -> tuple[str, ...]:
    """The ends that are no heads; a head ends in a linear layer behind a plain chain."""
    before = {name: _ancestors(network, name) for name in ends}
    behind = [name for name in ends if _is_linear(network, name)]
    for name in behind:
        own = before[name].difference(*(before[other] for other in ends if other != name))
        if any(len(network.by_name[one].inputs) > 1 for one in own):
            return (name,)  # the whole trunk has run; what is left over is a head on its way
    return tuple(name for name in ends if name not in behind) or (ends[-1],)


def _is_linear(network: Network, name: str) -> bool:
    layer = network.by_name[name]
    while isinstance(layer.op, Activation | Dropout | Softmax | Identity) and layer.inputs:
        layer = network.by_name[layer.inputs[0]]
    return isinstance(layer.op, Linear)


def _ancestors(network: Network, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += network.by_name[one].inputs
    return found


def reached(paper: Tree, network: Network, alignment: Alignment) -> Alignment:
    """The alignment up to where the forward came, without what may still follow."""
    main = {unit.name for unit in units_of(paper.main)}
    pairs, torn, pending = alignment.pairs, _torn(paper, alignment), _pending(network)
    both = [index for index, one in enumerate(pairs) if one.expected and one.found and one.expected.name in main]
    last = max(both, default=-1)
    kept = (
        _so_far(one, pending)
        for index, one in enumerate(pairs)
        # Of a head only what has a counterpart: it may have been left on the way.
        if (index <= last or (one.expected and one.found))
        and not _open(one, torn)
        and not _is_stop(one.found)
        and not (paper.heads and _doubtful(one, torn))
    )
    merges = tuple(merge for merge in alignment.merges if not _is_stop(merge.found))
    return replace(alignment, pairs=tuple(kept), merges=merges)


def not_run(network: Network, alignment: Alignment) -> Iterator[Unverified]:
    """What belongs to layers that ran and may only not have run yet."""
    pending = _pending(network)
    for pair in alignment.pairs:
        now = _so_far(pair, pending)
        if pair.expected is not None and now.expected is not None:
            for layer in pair.expected.trail[len(now.expected.trail) :]:
                yield Unverified(what=layer.name, why="the forward stopped before it")


def _is_stop(unit: Unit | None) -> bool:
    return unit is not None and unit.name == _STOP


def _torn(paper: Tree, alignment: Alignment) -> set[str]:
    """The slots of the region in which the forward stopped: what lacks there may only not have run yet."""
    merges = {merge.expected.name for merge in alignment.merges if _is_stop(merge.found)}
    regions = [item for item in paper.main if isinstance(item, Region) and item.merge.name in merges]
    return {unit.name for unit in units_of(regions)}


def _open(pair: Pair, torn: set[str]) -> bool:
    """Whether a unit of one side alone may yet get its counterpart."""
    if pair.found is None:
        return pair.expected is not None and pair.expected.name in torn
    return pair.expected is None and bool(torn.intersection(pair.readers))


def _doubtful(pair: Pair, torn: set[str]) -> bool:
    """Whether a layer of a torn region may as well belong to a head that has begun beside it."""
    one, two = pair.expected, pair.found
    return one is not None and two is not None and one.name in torn and one.anchor.op != two.anchor.op


def _pending(network: Network) -> set[str]:
    """Layers behind which an activation may still come: nothing reads them but what it can be written behind as well."""
    found: set[str] = set()
    waiting = [layer.name for layer in network.layers if not network.consumers[layer.name]]
    while waiting:
        layer = network.by_name[waiting.pop()]
        if layer.name not in found:
            found.add(layer.name)
            waiting += layer.inputs if _commutes(layer) else ()
    return found


def _commutes(layer: Layer) -> bool:
    match layer.op:
        case Pool2d(kind=kind) | AdaptivePool2d(kind=kind):
            return kind is PoolKind.MAX
        case Unknown():
            return layer.name == _STOP
        case op:
            return isinstance(op, Concat | Dropout | Flatten | Identity | Slice)


def _so_far(pair: Pair, pending: set[str]) -> Pair:
    """A pair without what may still follow the model's layer."""
    one, two = pair.expected, pair.found
    if one is None or two is None or two.last.name not in pending:
        return pair
    own = [type(layer.op) for layer in two.trail]
    kept = next((index for index, layer in enumerate(one.trail) if type(layer.op) not in own), len(one.trail))
    return replace(pair, expected=replace(one, trail=one.trail[:kept]))
