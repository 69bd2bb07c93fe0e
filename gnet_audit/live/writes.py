"""What is written into tensors: the pieces that one is filled with, and what is changed behind another's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import FunctionType
from typing import Any, TypeAlias

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gnet_audit.live.calls import Call, Entry, Step, Steps
from gnet_audit.live.lines import Place
from gnet_audit.messages import BEHIND
from gnet_audit.network import Concat, Elementwise, Identity, Op, Pad, Unknown

_BIRTHS = {
    "zeros": True,
    "zeros_like": True,
    "new_zeros": True,
    "empty": False,
    "empty_like": False,
    "new_empty": False,
}
"""Functions that make a tensor to be filled, and whether it holds zeros until then."""

CASTS = frozenset({"to", "type_as", "type", "float", "double", "half", "bfloat16", "cuda", "cpu"})
"""Functions that ask their further arguments for a type or a device alone."""

_ASSIGNMENTS = frozenset(
    {"__setitem__", "__iadd__", "__isub__", "__imul__", "__idiv__", "__itruediv__", "__ifloordiv__", "__imod__"}
    | {"__ipow__", "__iand__", "__ior__", "__ixor__", "__ilshift__", "__irshift__"}
)

IMAGE = 3
"""Axes of an image without the batch."""

_Recorded: TypeAlias = tuple[dict[int, str], Sequence[Entry], dict[int, Tensor]]
"""Which layer each tensor is, all layers so far, and the originals of what was copied to another device."""

_Names: TypeAlias = tuple[str, ...]

Region: TypeAlias = tuple[range, ...]
"""What is written: a range along each axis, the batch left out."""


@dataclass(slots=True, eq=False)
class Filling:
    """One such tensor, and what was written into it."""

    zeros: bool
    versions: list[tuple[Tensor, int]]
    """The tensors that share its values: whatever else is written raises a version."""
    pieces: list[tuple[Region, str]] = field(default_factory=list)
    """Each range with the layer whose value it holds."""
    layers: range = range(0)
    """Where among all layers those are that the last writing gave."""


@dataclass(frozen=True, slots=True, eq=False)
class Writes:
    """The fillings of one forward, by identity; whoever keeps them keeps the tensors alive."""

    known: dict[int, Filling] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    """Layers that stood for a tensor until more was written into it, and that nobody read meanwhile."""

    def born(self, name: str, made: Sequence[Tensor], args: Sequence[Any] = ()) -> None:
        """Remember what a function made, if it is there to be filled."""
        if name in CASTS and args:
            self._moved(args[0], made[0])
        if name in _BIRTHS:
            for one in made:
                # In inference mode torch does not count what is written.
                if not one.is_inference() and one.is_floating_point():
                    self.known[id(one)] = Filling(_BIRTHS[name], [(one, one._version)])  # noqa: SLF001

    def copied(self, old: Tensor, new: Tensor) -> None:
        """A copy that stands for a tensor is filled in its place."""
        filling = self.known.get(id(old))
        if filling is not None and not new.is_inference():
            filling.versions.append((new, new._version))  # noqa: SLF001
            self.known[id(new)] = filling

    def assignment(
        self, name: str, args: tuple[Any, ...], counterpart: Callable[[Tensor], Tensor], call: _Recorded
    ) -> tuple[str, tuple[Any, ...]]:
        """A call; a copy into a range of a tensor to be filled as the assignment that it is."""
        data, entries, originals = call
        into = originals.get(id(args[0]), args[0]) if name == "copy_" and args else None
        part = self._range(into)
        if part is None:
            return name, args
        self._unread(data.pop(id(args[0]), ""), entries)
        whole, index = part
        if into is not args[0]:
            # The range has been copied to where the data is, and the copy was written into.
            whole = counterpart(whole)
            whole[index] = args[1]
        return "__setitem__", (whole, index, *args[1:2])

    def _range(self, into: Any) -> tuple[Tensor, tuple[slice, ...]] | None:
        """The tensor to be filled of which this one is a range, and the index of that range."""
        whole: Any = getattr(into, "_base", None)
        if id(whole) not in self.known or into.stride() != whole.stride() or not whole.is_contiguous():
            return None
        index, rest = [], int(into.storage_offset()) - int(whole.storage_offset())
        for size, stride in zip(into.shape, whole.stride(), strict=True):
            start, rest = divmod(rest, stride)
            index.append(slice(start, start + size))
        return whole, tuple(index)

    def _unread(self, name: str, entries: Sequence[Entry]) -> None:
        """A range that was taken only to be written into is no layer."""
        for entry in reversed(entries):
            if entry.name == name:
                self.passed.add(name)
            if entry.name == name or name in entry.inputs:
                return

    def _moved(self, old: Any, new: Tensor) -> None:
        """The same tensor of another type, or elsewhere, is filled in its place if that was not begun."""
        filling = self.known.get(id(old))
        if filling is not None and not filling.pieces and not new.is_inference() and new.is_floating_point():
            fresh = all(one._version == before for one, before in filling.versions)  # noqa: SLF001
            if fresh and id(new) not in self.known:
                self.known[id(new)] = Filling(filling.zeros, [(new, new._version)])  # noqa: SLF001

    def steps(self, call: Call, entries: Sequence[Entry]) -> Steps:
        """The layers that a tensor is after an assignment; nothing where that is not clear.

        Who read it before keeps the layer that it read.
        """
        filling = self._taken(call)
        if filling is None:
            return ()
        own = entries[filling.layers.start : filling.layers.stop]
        former = call.data.get(id(call.args[0]), "")
        later = entries[filling.layers.stop :] if own else ()
        readers = [entry for entry in later if former in entry.inputs and entry.name not in self.passed]
        if former != (own[-1].name if own else ""):
            del self.known[id(call.args[0])]
            return ()
        if not readers:
            self.passed.update(entry.name for entry in own)
        steps = _filled(filling, call.args[0])
        filling.layers = range(len(entries), len(entries) + len(steps))
        return steps

    def _taken(self, call: Call) -> Filling | None:
        """The filling that an assignment of a whole range just went into, the range noted; None if anything is unclear."""
        into, index, value = call.args
        filling, region = self.known.get(id(into)), _region(call, into, index)
        if filling is None or region is None or not call.is_data(value):
            return None
        alike = call.shape(value) == tuple(map(len, region)) and value.is_floating_point()
        if not alike or any(one._version != before + (one is into) for one, before in filling.versions):  # noqa: SLF001
            return None
        filling.versions = [(one, one._version) for one, _ in filling.versions]  # noqa: SLF001
        kept = [piece for piece in filling.pieces if not _covers(region, piece[0])]
        filling.pieces = [*kept, (region, call.data[id(value)])]
        return filling


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What a function wrote into memory."""

    function: str
    module: tuple[str, nn.Module]
    """Which module's forward did, under its name."""
    places: tuple[Place, ...] = ()
    into: Tensor
    part: Tensor
    """Where in it."""


@dataclass(slots=True, eq=False)
class Memory:
    """The memory behind the layers' tensors: several may look at it, and what one writes the others hold too."""

    written: list[Write] = field(default_factory=list)
    uncounted: bool = False
    """Whether some writing may raise no version: of a tensor's data, or in inference mode."""
    originals: dict[int, Tensor] = field(default_factory=dict)
    """Of copies that stand for a tensor."""
    _seen: dict[int, tuple[Tensor, int, int, int]] = field(default_factory=dict)
    """A tensor's original, the versions of both as it became a layer, and how much was written before, anywhere."""

    def note(self, tensor: Tensor) -> None:
        """A tensor holds a layer's value as of now."""
        own, now = self.originals.get(id(tensor), tensor), version(tensor)
        self._seen[id(tensor)] = own, now, now if own is tensor else version(own), len(self.written)

    def is_written(self, into: Tensor, before: int, function: str) -> bool:
        """Whether a function that may write into a tensor did, by its version before, or torch does not count that."""
        uncounted = into.is_inference() or function == "__set__"
        self.uncounted |= uncounted
        return uncounted or version(into) != before

    def write(
        self,
        into: Tensor,
        function: str,
        args: tuple[Any, ...],
        module: tuple[str, nn.Module],
        places: tuple[Place, ...],
    ) -> None:
        """Remember what a function wrote, and where."""
        own = self.originals.get(id(into), into)
        part = _part(own, args[1]) if function == "__setitem__" else own
        name = "data" if function == "__set__" else function.strip("_")
        self.written.append(Write(function=name, module=module, places=places, into=into, part=part))

    def changed(self, tensor: Tensor) -> Write | bool:
        """What was written into a layer's value since it was noted, or whether anything was that nobody saw."""
        own, before, other, count = self._seen[id(tensor)]
        raised = version(tensor) - before
        if own is not tensor:
            raised = max(raised, version(own) - other)
        if not raised and not self.uncounted:
            return False
        memory = _storage(own)
        later = [write for write in self.written[count:] if _storage(write.part) == memory]
        for write in later:
            if not _apart(write.part, own):
                return write
        return raised > len(later)

    def holds(self, tensor: Tensor, write: Write | None, data: Mapping[int, str]) -> tuple[Op, _Names]:
        """What a layer's tensor is after a write, and of which layers: known where a view was written that is the same."""
        function, old = write.function if write is not None else "write", data[id(tensor)]
        if write is None or id(write.into) not in data:
            return Unknown(function=f"{function}{BEHIND}"), (old,)
        written = write.into
        own, before, *_ = self._seen[id(tensor)]
        alike = version(tensor) == before or _one_memory(written, tensor)
        if alike and own is tensor and write.part is written and not self.changed(written) and _same(written, tensor):
            return Identity(), (data[id(written)],)
        return Unknown(function=f"{function}{BEHIND}"), (old, data[id(written)])


def version(tensor: Tensor) -> int:
    """How often something was written; in inference mode torch does not count."""
    try:
        return tensor._version  # noqa: SLF001
    except RuntimeError:
        return 0


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of the same memory hold the same values at the same places."""
    places = [(tensor.shape, tensor.stride(), tensor.storage_offset(), tensor.dtype) for tensor in (one, other)]
    return places[0] == places[1]


def _one_memory(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are views of one, as torch knows: whatever is written into either raises both versions."""
    roots = [tensor if tensor._base is None else tensor._base for tensor in (one, other)]  # noqa: SLF001
    return roots[0] is roots[1]


def _storage(tensor: Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)  # noqa: SLF001
    except (NotImplementedError, RuntimeError):  # a sparse tensor has none
        return id(tensor)


def _apart(one: Tensor, other: Tensor) -> bool:
    """Whether two ranges of the same tensor have no value in common."""
    if one.stride() != other.stride():
        return False
    first, second = int(one.storage_offset()), int(other.storage_offset())
    for a, b, stride in sorted(zip(one.shape, other.shape, one.stride(), strict=True), key=lambda axis: -axis[2]):
        if not stride:
            return False
        (start, first), (begin, second) = divmod(first, stride), divmod(second, stride)
        if start + a <= begin or begin + b <= start:
            return True
    return False


def target(func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """What a function may write into, by its name and arguments."""
    if "out" in kwargs:
        into = kwargs["out"]
    elif args and (in_place(func, name, args, kwargs) or (name == "__set__" and func.__self__.__name__ == "data")):
        into = args[0]
    else:
        return None
    return into if isinstance(into, Tensor) and not is_lazy(into) else None


def in_place(func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a function writes into its first argument, by its name and arguments."""
    if name[-1:] == "_" and (name[-2:] != "__" or name in _ASSIGNMENTS):
        return True
    return ("inplace" in kwargs and bool(kwargs["inplace"])) or (
        type(func) is FunctionType and len(args) > 1 and args[-1] is True
    )


def _part(into: Tensor, index: Any) -> Tensor:
    """Where an assignment writes: all of the tensor where it is not clear."""
    items = index if isinstance(index, tuple) else (index,)
    return into[index] if all(item is Ellipsis or isinstance(item, slice) for item in items) else into


def _region(call: Call, into: Tensor, index: Any) -> Region | None:
    """The ranges that an index stands for; None if it is anything else, or a part of the batch."""
    items = index if isinstance(index, tuple) else (index,)
    if not all(item is Ellipsis or isinstance(item, slice) for item in items) or items.count(Ellipsis) > 1:
        return None
    place = items.index(Ellipsis) if Ellipsis in items else len(items)
    first, last = items[:place], items[place + 1 :]
    whole = [slice(None)] * (into.ndim - len(first) - len(last))
    ranges = [range(*item.indices(size)) for item, size in zip((*first, *whole, *last), into.shape, strict=True)]
    if not ranges or into.shape[0] != call.batch or ranges[0] != range(call.batch) or any(r.step != 1 for r in ranges):
        return None
    return tuple(ranges[1:])


def _covers(region: Region, other: Region) -> bool:
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(region, other, strict=True))


def _filled(filling: Filling, into: Tensor) -> Steps:
    """The layers that a tensor is as it is filled now; unknown where it has gaps, or more to it than one axis."""
    size = into.shape[1:]
    split = [axis for axis in range(len(size)) if len({region[axis] for region, _ in filling.pieces}) > 1]
    axis = split[0] if split else 0
    pieces = sorted(filling.pieces, key=lambda piece: piece[0][axis].start)
    ends = [(region[axis].start, region[axis].stop) for region, _ in pieces]
    names = tuple(name for _, name in pieces)
    unknown = (Step(op=Unknown(function="setitem"), names=names),)
    if len(split) > 1 or any(one[1] != two[0] for one, two in pairwise(ends)):
        return unknown
    box = [(r.start, r.stop) for r in pieces[0][0]]
    box[axis] = (ends[0][0], ends[-1][1])
    around = [(start, length - stop) for (start, stop), length in zip(box, size, strict=True)]
    ops = _margins(around)
    if any(map(any, around)) and not (filling.zeros and ops):
        return unknown
    if len(names) > 1 or not ops:
        shape = tuple(stop - start for start, stop in box)
        joined = Step(op=Concat(axis=axis) if len(names) > 1 else Identity(), names=names, shape=shape)
        return (joined, *(Step(op=op) for op in ops))
    return tuple(Step(op=op, names=() if place else names) for place, op in enumerate(ops))


def _margins(around: Sequence[tuple[int, int]]) -> list[Op]:
    """The zeros around what was written, as padding of an image; nothing where there are none, or it is no image."""
    if not any(map(any, around)) or len(around) != IMAGE or (any(around[0]) and any(map(any, around[1:]))):
        return []
    channels, (top, bottom), (left, right) = around
    if any(channels):
        return [Elementwise(function="channel_pad", constants=tuple(map(float, channels)))]
    return [Pad(padding=(top, bottom, left, right))]
