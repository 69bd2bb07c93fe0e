"""What runs inside a forward: every torch function that touches the data becomes layers.

Tensors are told apart by identity: which layer made a value, and which parameter a weight is.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import CodeType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from gnet_audit.live.calls import Call, Entry, Step, Steps, class_name, is_leaf, shape_of, used_shape
from gnet_audit.live.lines import Place, caller, callers
from gnet_audit.live.ops import OPS
from gnet_audit.live.shortcuts import EACH_IMAGE_ALONE, as_zeros, mapped, on_meta, result_of, tensors_of
from gnet_audit.live.twin import Root, Twin
from gnet_audit.live.watch import following
from gnet_audit.live.writes import CASTS, Memory, Write, Writes, in_place, target, version
from gnet_audit.live.zeros import Zeros
from gnet_audit.network import Input, Op, Unknown, Weight

_ASIDE = frozenset(
    {"size", "dim", "ndimension", "numel", "nelement", "is_floating_point", "is_complex", "stride", "is_contiguous"}
    | {"get_device", "storage_offset", "data_ptr", "element_size", "__len__", "is_same_size", "is_nonzero", "__hash__"}
)
"""Functions that speak about a tensor and give none."""

_BIRTHS = frozenset(
    {"zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "randint_like"}
    | {"new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"}
)
"""Functions that look at a tensor's shape and give a new one."""

_MOVES = frozenset({"to", "cuda", "cpu"})
_SEQUENCES = (list, tuple)
_NOWHERE = Root()
"""A tensor that is no parameter and was computed from none."""


class Recorder(TorchFunctionMode):
    """A function mode that records one forward of a twin."""

    def __init__(self, twin: Twin, image: Tensor, floor: CodeType) -> None:
        self.twin, self.floor, self.batch = twin, floor, image.shape[0]
        self.meta = twin.device.type == "meta"
        self.entries = [Entry(name="input", op=Input(), shape=tuple(image.shape[1:]))]
        self.data: dict[int, str] = {id(image): "input"}
        self.weights: dict[int, Root] = dict(twin.roots)
        self.zeros, self.writes, self.memory = Zeros(), Writes(), Memory()
        self.memory.uncounted = image.is_inference()
        self.memory.note(image)
        self.alive: list[object] = [image]
        self.foreign: dict[int, Tensor] = dict(twin.tensors)
        self.stack: list[tuple[str, nn.Module]] = [("", twin.module)]
        """The modules at work, under their names."""
        self.called: set[str] = set()
        self.idle: dict[int, list[str]] = {}
        self.used: set[int] = set()
        self.strangers: list[tuple[str, str, Place | None]] = []
        """Layers that read a tensor of unknown origin, with the function and the line."""
        self.asks_gradients = True
        self.cut: list[tuple[str, Place | None]] = []
        """Functions through which no gradient passes although the model is in training, with the line."""
        self._stopped: dict[int, tuple[str, Place | None]] = {}
        """The same for weights that no data has met yet."""
        self._at: tuple[Place, ...] = ()
        """The lines of the call at work, where it was asked for them already."""
        self._names = Counter({"input": 1})
        self._sizes = {key: tensor for tensor in twin.tensors.values() if (key := id(tensor)) in twin.roots}

    def following(self) -> AbstractContextManager[None]:
        """Know at every call which module makes it."""
        return following(self.twin.names, self.stack, self.called, self.entries, self.idle)

    # --- calls ------------------------------------------------------------------------------------------------

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        kwargs = kwargs or {}
        if name in _ASIDE:
            return func(*args, **kwargs)
        if name == "__get__":
            name = func.__self__.__name__
        elif "." in name:
            name = name.partition(".")[0]
        if self._has_foreign(args, kwargs):
            args, kwargs = self._translated(args, kwargs)
        elif "device" in kwargs:
            kwargs = {**kwargs, "device": self._device(kwargs["device"])}
        self._look_again((*args, *kwargs.values()) if kwargs else args)
        into = target(func, name, args, kwargs)
        before = version(into) if into is not None else 0
        result = self._result(func, name, args, kwargs)
        self._at = ()
        if into is not None and self.memory.is_written(into, before, name):
            self._at = callers(sys._getframe(1), self.floor)  # noqa: SLF001
            self.memory.write(into, name, args, self.stack[-1], self._at)
        if result is None and name != "__setitem__":
            return None
        return self._noted(func, name, args, kwargs, result)

    def layer_of(self, tensor: Tensor) -> str | None:
        """The layer whose value a tensor holds now."""
        tensor = self._own(tensor)
        self._look_again((tensor,))
        return self.data.get(id(tensor))

    def _look_again(self, values: Iterable[Any]) -> None:
        """What another view wrote into a layer's value since makes it one that nobody knows."""
        for value in values:
            if id(value) in self.data:
                write = self.memory.changed(value)
                if write:
                    self._rewritten(value, None if write is True else write)
            elif isinstance(value, _SEQUENCES) and value and type(value[0]) is not int:
                self._look_again(value)

    def _rewritten(self, tensor: Tensor, write: Write | None) -> None:
        path, module = write.module if write is not None else self.stack[0]
        op, inputs = self.memory.holds(tensor, write, self.data)
        entry = Entry(
            name=self._name(path, write.function if write is not None else "write", leaf=False),
            op=op,
            inputs=inputs,
            shape=shape_of(tensor, self.batch),
            module=path,
            module_class=class_name(module),
            owner=path,
            calls=write.places if write is not None else (),
        )
        self.entries.append(entry)
        self._holds(tensor, entry)

    def _holds(self, tensor: Tensor, entry: Entry) -> None:
        self.data[id(tensor)] = entry.name
        self.idle.pop(id(tensor), None)
        self.memory.note(tensor)

    def _result(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name in _MOVES and args and isinstance(args[0], Tensor):
            result = self._moved(func, name, args, kwargs)
        else:
            result = self._called(func, name, args, kwargs)
        if isinstance(result, Tensor) and args and result is args[0] and id(result) in self.data:
            # Torch gives the very tensor back; who reads the input later must not be taken to read this.
            return result if in_place(func, name, args, kwargs) else result.view_as(result)
        return result

    def _called(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.meta and self._reads_data(args):
            made = result_of(func, name, args, kwargs, data=self.data, batch=self.batch)
            if made is not None:
                return made
        try:
            return func(*args, **kwargs)
        except (RuntimeError, NotImplementedError):
            if not self.meta or name.rstrip("_") not in EACH_IMAGE_ALONE:
                raise
        # Torch explains itself better off meta, and has kernels there that it lacks on meta.
        real = func(*mapped(args, as_zeros), **{key: mapped(value, as_zeros) for key, value in kwargs.items()})
        return mapped(real, on_meta)

    def _reads_data(self, values: Iterable[Any]) -> bool:
        data = self.data
        for value in values:  # noqa: SIM110 - a generator takes twice as long
            if id(value) in data or (isinstance(value, _SEQUENCES) and self._reads_data(value)):
                return True
        return False

    def _moved(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Casts happen, moves to another device don't."""
        tensor, *others = args
        kept = [item for item in others if not isinstance(item, str | torch.device | int) or isinstance(item, bool)]
        named = {key: value for key, value in kwargs.items() if key != "device"}
        if name != "to" or not (kept or named) or all(isinstance(item, bool | None) for item in kept):
            return tensor
        return func(tensor, *kept, **named)

    def _device(self, wanted: object) -> object:
        kind = wanted if wanted is None else torch.device(wanted).type  # type: ignore[call-overload]
        return wanted if kind in (None, "cpu", "meta") else self.twin.device

    # --- tensors from elsewhere -------------------------------------------------------------------------------

    def _has_foreign(self, args: Iterable[Any], kwargs: dict[str, Any]) -> bool:
        foreign, meta = self.foreign, self.meta
        for value in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(value, Tensor):
                if id(value) in foreign or (meta and not value.is_meta):
                    return True
            elif (
                isinstance(value, _SEQUENCES)
                and value
                and isinstance(value[0], Tensor)
                and self._has_foreign(value, {})
            ):
                return True
        return False

    def _translated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The twin's tensors for the original's; on meta also for those that hold data among those that do not."""
        args = tuple(mapped(value, self._own) for value in args)
        kwargs = {key: mapped(value, self._own) for key, value in kwargs.items()}
        if self.meta and any(tensor.is_meta for tensor in tensors_of((*args, *kwargs.values()))):
            args = tuple(mapped(value, self._counterpart) for value in args)
            kwargs = {key: mapped(value, self._counterpart) for key, value in kwargs.items()}
        return args, kwargs

    def _own(self, tensor: Tensor) -> Tensor:
        return self.foreign.get(id(tensor), tensor)

    def _counterpart(self, tensor: Tensor) -> Tensor:
        if tensor.is_meta or tensor.ndim == 0:
            return tensor
        copied = on_meta(tensor)
        self.alive.append(tensor)
        self.foreign[id(tensor)] = copied
        self.memory.originals[id(copied)] = tensor
        self.zeros.copied(tensor, copied)
        self.writes.copied(tensor, copied)
        if id(tensor) in self.weights:
            self.weights[id(copied)] = self.weights[id(tensor)]
        return copied

    # --- layers -----------------------------------------------------------------------------------------------

    def _noted(
        self,
        func: Any,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> Any:
        known = self.data, self.entries, self.memory.originals
        name, args = self.writes.assignment(name, args, lambda one: self._counterpart(self._own(one)), known)
        if type(result) is Tensor and name != "__setitem__":
            made = [result]
        else:
            made = [args[0]] if name == "__setitem__" else list(tensors_of((result,)))
        if not made:
            return result
        self.alive.extend(made)
        if name == "data":
            # Whoever writes into it raises no version of the tensor's own.
            self.memory.uncounted = True
            self.zeros.known.pop(id(args[0]), None)
            self.writes.known.pop(id(args[0]), None)
        if name.endswith("_") and not name.endswith("__"):
            name = name[:-1]
        self.zeros.born(name, made)
        self.writes.born(name, made, args)
        call = Call(
            name,
            self.zeros.as_number(name, args, result),
            kwargs,
            result,
            data=self.data,
            weights=self.weights,
            batch=self.batch,
            module=self.stack[-1][1],
            python=type(func) is FunctionType,
        )
        tensors = call.tensors()[: 1 if name in CASTS else None]
        reads = self._reads_data(tensors)
        if self.asks_gradients and self.twin.module.training:
            self._note_cut(name, tensors, made, caller(sys._getframe(2), self.floor), reads=reads)  # noqa: SLF001
        if not reads:
            self._computed(tensors, made)
        elif name not in _BIRTHS:
            self._layers(call, tensors, made)
        return result

    def _note_cut(
        self, name: str, tensors: list[Tensor], made: list[Tensor], place: Place | None, *, reads: bool
    ) -> None:
        """Where gradients stop: at data, or at a weight once data meets it; a lazy layer's first values are neither."""
        stopped = [self._stopped[id(tensor)] for tensor in tensors if id(tensor) in self._stopped]
        if name in {"detach", "data"} or not torch.is_grad_enabled():
            stopped = [(name, place)]
        if reads:
            self.cut += stopped[:1]
        elif stopped:
            self._stopped |= {id(new): stopped[0] for new in made if not any(new is old for old in tensors)}

    def _computed(self, tensors: list[Tensor], made: list[Tensor]) -> None:
        """A weight computed from parameters keeps their names where that is evident."""
        roots = [self.weights[id(tensor)] for tensor in tensors if id(tensor) in self.weights]
        if not roots:
            return
        if any(is_lazy(tensor) for tensor in tensors):
            return
        alike = [self.weights[id(t)].name for t in tensors if id(t) in self.weights and t.shape == made[0].shape]
        names = {root.name for root in roots}
        root = Root(
            name=next(iter(names)) if len(names) == 1 else alike[0] if len(alike) == 1 else "",
            trainable=any(root.trainable for root in roots),
            parameters=tuple(dict.fromkeys(key for root in roots for key in root.parameters)),
        )
        for tensor in made:
            self.weights.setdefault(id(tensor), root)

    def _layers(self, call: Call, tensors: list[Tensor], made: list[Tensor]) -> None:
        function = call.name.strip("_")
        known = steps = self._stands_for(call)
        if not known:
            steps = (Step(op=Unknown(function=function), inputs=call.inputs(), weights=self._unknown(call)),)
        places = self._at or callers(sys._getframe(3), self.floor)  # noqa: SLF001
        params = self._new_parameters(tensors)
        each = len(made) == len(steps) and len(made) > 1
        previous = ""
        for number, step in enumerate(steps):
            entry = self._entry(call, step, previous, places)
            entry.params, params = (0, params) if step.called else (params, 0)
            result = made[number if each else 0]
            entry.shape = step.shape if step.shape is not None else shape_of(result, self.batch)
            self.entries.append(entry)
            previous = entry.name
            for tensor in (result,) if each or (known and function == "max") else made:
                self._holds(tensor, entry)
        if any(self._is_stranger(tensor) for tensor in tensors):
            self.strangers.append((previous, function, places[0] if places else None))

    def _stands_for(self, call: Call) -> Steps:
        handler = OPS.get(call.name) or OPS.get(call.name.strip("_"))
        try:
            if call.name == "__setitem__":
                return self.writes.steps(call, self.entries)
            return handler(call) if handler is not None else ()
        except Exception:  # noqa: BLE001 - the model ran this call: a form of it that we cannot read is no fault of its own
            return ()

    def _is_stranger(self, tensor: Tensor) -> bool:
        """Whether it is neither made from the input nor a weight."""
        return id(tensor) not in self.data and id(tensor) not in self.weights and tensor.ndim > 0

    def _entry(self, call: Call, step: Step, previous: str, places: tuple[Place, ...]) -> Entry:
        path, module = self.stack[-1]
        weights = tuple([self._weight(role, tensor, step.op) for role, tensor in step.weights])
        owner = next((weight.name.rpartition(".")[0] for weight in weights if weight.name), path) if weights else path
        leaf, aside = is_leaf(module), bool(step.called) or call.name == "pad"
        return Entry(
            name=self._name(path, step.called or call.name.strip("_"), leaf=leaf and not aside and bool(path)),
            op=step.op,
            inputs=step.names or tuple([self.data[id(tensor)] for tensor in step.inputs]) or (previous,),
            macs=step.macs,
            weights=weights,
            module=path,
            module_class=class_name(module),
            owner=path if leaf else owner,
            leaf=leaf or owner != path,
            calls=places,
            idle=tuple([name for tensor in step.inputs for name in self.idle.get(id(tensor), ())]),
        )

    def _name(self, path: str, function: str, *, leaf: bool) -> str:
        base = path if leaf else f"{path}.{function}".lstrip(".")
        self._names[base] += 1
        return base if self._names[base] == 1 else f"{base}#{self._names[base]}"

    def _weight(self, role: str, tensor: Tensor, op: Op) -> Weight:
        root, shape = self.weights.get(id(tensor), _NOWHERE), used_shape(op, role, tuple(tensor.shape))
        return Weight(role=role, name=root.name, shape=shape, trainable=root.trainable)

    def _unknown(self, call: Call) -> tuple[tuple[str, Tensor], ...]:
        own = (tensor for tensor in call.tensors() if call.is_weight(tensor))
        found = ((self.weights[id(tensor)].name.rpartition(".")[2], tensor) for tensor in own)
        packed = [("weight", _PACKED)] if any(isinstance(value, torch.ScriptObject) for value in call.args) else []
        return (*((role if role in _ROLES else "weight", tensor) for role, tensor in found), *packed)

    def _new_parameters(self, tensors: Iterable[Tensor]) -> int:
        """How many parameters are used here for the first time."""
        count = 0
        for tensor in tensors:
            root = self.weights.get(id(tensor))
            for key in root.parameters if root is not None else ():
                if key not in self.used:
                    self.used.add(key)
                    count += self._sizes[key].numel()
        return count


_ROLES = frozenset({"weight", "bias", "running_mean", "running_var"})
_PACKED = torch.zeros((), device="cpu")
"""What stands for the weights of a quantised layer, which are no tensors."""
