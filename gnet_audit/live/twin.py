"""A copy of the user's model that may be run: the original never is.

The copy shares nothing that a forward could change. On meta its parameters and buffers hold no data.
"""

from __future__ import annotations

import copy
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from operator import is_
from types import BuiltinFunctionType, CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from gnet_audit.live.script import Interpreted

T = TypeVar("T")

_SHARED = (int, float, bool, str, bytes, complex, type(None), type, BuiltinFunctionType, ModuleType)
_SHARED_TYPES = frozenset(_SHARED)
_TABLES = frozenset({dict, OrderedDict})
_CONTAINERS = frozenset({dict, OrderedDict, list, set, tuple})
_TORCH = os.path.dirname(torch.__file__) + os.sep
_WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}
_TORCH_VALUES = (torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A parameter or buffer of the model, or a tensor computed from some."""

    name: str = ""
    trainable: bool = False
    parameters: tuple[int, ...] = ()
    """Identities of the parameters that it was computed from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Twin:
    """The copy, and how to tell its parts."""

    module: nn.Module
    original: nn.Module
    device: torch.device
    paths: tuple[str, ...] = ()
    """Dotted names of the original's modules, each once."""
    names: dict[int, str] = field(default_factory=dict)
    """Dotted names by the identity of a module, original or copied."""
    roots: dict[int, Root] = field(default_factory=dict)
    """Parameters and buffers of the copy by identity."""
    tensors: dict[int, Tensor] = field(default_factory=dict)
    """The copy's tensor by the identity of the original's, for code that still reaches the original."""
    pairs: tuple[tuple[nn.Module, nn.Module], ...] = ()
    """Each original module with its copy."""


def twin_of(module: nn.Module, device: torch.device) -> Twin:
    """Copy a model onto a device without copying data to meta."""
    memo: dict[int, object] = {}
    tensors: dict[int, Tensor] = {}
    owned = _Owned.of(module)
    _copy_tensors(owned, device, memo, tensors)
    copies = [(part, _blank(part, memo)) for part in _modules(module)]
    for part, new in copies:
        if not isinstance(new, Interpreted):
            _fill(part, new, memo, device, tensors)
    root = memo[id(module)]
    assert isinstance(root, nn.Module)
    paths = tuple(dict.fromkeys(_plain(name) for name, _ in owned.modules))
    twin = Twin(module=root, original=module, device=device, paths=paths, tensors=tensors, pairs=tuple(copies))
    _name(twin, owned)
    return twin


def unwrapped(module: nn.Module) -> nn.Module:
    """The user's own module inside data-parallel and compiled wrappers."""
    while (attribute := _WRAPPERS.get(type(module).__name__)) and type(module).__module__.startswith("torch."):
        module = getattr(module, attribute)
    return module


def _modules(module: nn.Module) -> Iterable[nn.Module]:
    """All modules, but for those inside scripted ones."""
    pending, seen = [module], set[int]()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if not isinstance(part, torch.jit.ScriptModule):
            pending.extend(child for child in part._modules.values() if child is not None)  # noqa: SLF001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Owned:
    """The modules, parameters and buffers of a model, each once and under its first dotted name, in one walk."""

    modules: list[tuple[str, nn.Module]]
    parameters: list[tuple[str, nn.Parameter]]
    buffers: list[tuple[str, Tensor]]

    @classmethod
    def of(cls, module: nn.Module) -> _Owned:
        """All that a model owns."""
        modules = list(module.named_modules())
        parameters = _once((name, part._parameters) for name, part in modules)  # noqa: SLF001
        return cls(modules=modules, parameters=parameters, buffers=_once((n, m._buffers) for n, m in modules))  # noqa: SLF001


def _once(tables: Iterable[tuple[str, Mapping[str, T | None]]]) -> list[tuple[str, T]]:
    found: dict[int, tuple[str, T]] = {}
    for name, table in tables:
        for key, value in table.items():
            if value is not None:
                found.setdefault(id(value), (f"{name}.{key}" if name else key, value))
    return list(found.values())


def _copy_tensors(owned: _Owned, device: torch.device, memo: dict[int, object], tensors: dict[int, Tensor]) -> None:
    places: dict[object, Tensor] = {}
    for _, parameter in owned.parameters:
        place = _place(parameter)
        if place not in places:
            places[place] = _parameter(parameter, device)
        tensors[id(parameter)] = places[place]
    for _, buffer in owned.buffers:
        if id(buffer) not in tensors:
            tensors[id(buffer)] = _tensor(buffer, device)
    memo.update(tensors)


def _place(parameter: nn.Parameter) -> object:
    """Where a parameter's numbers lie; two that were tied by their `data` are one, as if they were the same object."""
    if isinstance(parameter, UninitializedParameter) or parameter.layout is not torch.strided or not parameter.numel():
        return id(parameter)
    try:
        memory = parameter.untyped_storage()._cdata  # noqa: SLF001 - also on meta, where all addresses are 0
    except (RuntimeError, NotImplementedError):
        return id(parameter)
    form = tuple(parameter.shape), parameter.stride(), parameter.dtype
    return memory, parameter.storage_offset(), *form, parameter.requires_grad


def _parameter(old: nn.Parameter, device: torch.device) -> Tensor:
    new: Tensor
    if isinstance(old, UninitializedParameter):
        new = _uninitialised(UninitializedParameter, old, device, requires_grad=old.requires_grad)
    else:
        new = nn.Parameter(_tensor(old, device), requires_grad=old.requires_grad)
    new.__dict__.update(old.__dict__)
    return new


def _tensor(old: Tensor, device: torch.device) -> Tensor:
    if isinstance(old, UninitializedBuffer):
        return _uninitialised(UninitializedBuffer, old, device)
    if old.is_nested or old.is_quantized or old.layout is not torch.strided:
        return old.detach().clone()  # of those none can be without data
    # Counters stay readable: batch normalisation may divide by the number of batches.
    target = torch.device("cpu") if old.ndim == 0 and not old.is_floating_point() else device
    if old.is_meta and target.type != "meta":
        return torch.zeros(old.shape, dtype=old.dtype, device=target)
    if target.type == "meta":
        return torch.empty_strided(old.shape, old.stride(), dtype=old.dtype, device=target)
    return old.detach().to(target, copy=True)


def _uninitialised(kind: Callable[..., Tensor], old: Tensor, device: torch.device, **more: bool) -> Tensor:
    new = kind(device=device, dtype=old.dtype, **more)
    new.__dict__.update(old.__dict__)
    return new


def _blank(part: nn.Module, memo: dict[int, object]) -> nn.Module:
    inner = unwrapped(part)
    if (known := memo.get(id(inner))) is not None:
        assert isinstance(known, nn.Module)
        new = known
    elif isinstance(inner, torch.jit.ScriptModule):
        new = Interpreted(inner, memo)
    else:
        new = object.__new__(type(inner))
    memo[id(part)] = memo[id(inner)] = new
    return new


def _fill(
    part: nn.Module, new: nn.Module, memo: dict[int, object], device: torch.device, tensors: dict[int, Tensor]
) -> None:
    if new.__dict__:
        return
    own = new.__dict__
    for name, value in unwrapped(part).__dict__.items():
        kind = type(value)
        if kind in _SHARED_TYPES:
            own[name] = value
        elif kind in _TABLES and not value and id(value) not in memo:
            # A module has a dozen empty tables of hooks.
            own[name] = memo[id(value)] = kind()
        else:
            own[name] = _copied(value, memo, device, tensors)
    own["_compiled_call_impl"] = None
    for slot in _slots(type(new)):
        with suppress(AttributeError):  # one without a value
            slot.__set__(new, _copied(slot.__get__(unwrapped(part)), memo, device, tensors))


def _slots(kind: type) -> Iterator[MemberDescriptorType]:
    """The attributes that a class keeps outside of its objects' tables."""
    for base in kind.__mro__:
        if "__slots__" in vars(base):
            yield from (value for value in vars(base).values() if isinstance(value, MemberDescriptorType))


def _copied(value: object, memo: dict[int, object], device: torch.device, tensors: dict[int, Tensor]) -> object:
    kind = type(value)
    if kind in _SHARED_TYPES or isinstance(value, _TORCH_VALUES):
        return value
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Tensor):
        # A plain attribute, such as a weight that a hook recomputes; deepcopy refuses those with a gradient.
        tensors[id(value)] = new = _tensor(value, device)
        memo[id(value)] = new
        return new
    if kind in _TABLES:
        table: dict[object, object] = kind()
        memo[id(value)] = table
        for key, item in value.items():  # type: ignore[attr-defined]
            table[key] = _copied(item, memo, device, tensors)
        return table
    if kind is list:
        items: list[object] = []
        memo[id(value)] = items
        items.extend(_copied(item, memo, device, tensors) for item in value)  # type: ignore[attr-defined]
        return items
    if kind is tuple:
        parts = tuple(_copied(item, memo, device, tensors) for item in value)  # type: ignore[attr-defined]
        return value if all(map(is_, parts, value)) else parts  # type: ignore[call-overload]
    if kind is set:
        return kind(_copied(item, memo, device, tensors) for item in value)  # type: ignore[attr-defined]
    if isinstance(value, FunctionType):
        return _function(value, memo, device, tensors)
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # noqa: BLE001 - whatever cannot be copied (a lock, a file) is shared as it is
        return value


def _function(
    old: FunctionType, memo: dict[int, object], device: torch.device, tensors: dict[int, Tensor]
) -> FunctionType:
    """A function that reaches the copies of what it has in its closure and defaults; itself where there are none."""
    if old.__code__.co_filename.startswith(_TORCH):
        return old
    cells = [(cell, _cell(cell, memo)) for cell in old.__closure__ or () if _is_set(cell)]
    closure = tuple(memo[id(cell)] if _is_set(cell) else cell for cell in old.__closure__ or ())
    new = FunctionType(old.__code__, old.__globals__, old.__name__, None, closure or None)  # type: ignore[arg-type]
    memo[id(old)] = new
    for one, two in cells:
        if not _is_set(two):
            two.cell_contents = _reached(one.cell_contents, memo, device, tensors)
    defaults = [(value, _reached(value, memo, device, tensors)) for value in old.__defaults__ or ()]
    named = {name: _reached(value, memo, device, tensors) for name, value in (old.__kwdefaults__ or {}).items()}
    reached = [(one.cell_contents, two.cell_contents) for one, two in cells] + defaults
    reached += [(value, named[name]) for name, value in (old.__kwdefaults__ or {}).items()]
    if all(two is one or two is new for one, two in reached):
        memo[id(old)] = old
        return old
    new.__defaults__, new.__kwdefaults__ = tuple(two for _, two in defaults) or None, named or None
    for attribute in ("__qualname__", "__module__", "__doc__"):
        setattr(new, attribute, getattr(old, attribute))
    new.__dict__.update(old.__dict__)
    return new


def _cell(old: CellType, memo: dict[int, object]) -> CellType:
    """A variable that functions have in common: one for all of their copies."""
    new = memo.setdefault(id(old), CellType())
    assert isinstance(new, CellType)
    return new


def _is_set(cell: CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _reached(value: object, memo: dict[int, object], device: torch.device, tensors: dict[int, Tensor]) -> object:
    """What a function reaches, copied if it is a part of the model, a container or a function; else the thing itself."""
    if id(value) in memo or type(value) in _CONTAINERS or isinstance(value, FunctionType):
        return _copied(value, memo, device, tensors)
    return value


def _name(twin: Twin, owned: _Owned) -> None:
    for name, part in owned.modules:
        twin.names.setdefault(id(part), _plain(name))
    for old, new in twin.pairs:
        name = twin.names.get(id(old), "")
        twin.names.setdefault(id(new), name)
        if isinstance(new, Interpreted):
            twin.names.update((id(part), f"{name}.{inner}".strip(".")) for inner, part in new.inner())
    for name, parameter in owned.parameters:
        copied = twin.tensors[id(parameter)]
        root = Root(name=_plain(name), trainable=parameter.requires_grad, parameters=(id(copied),))
        twin.roots.setdefault(id(copied), root)
    for name, buffer in owned.buffers:
        twin.roots.setdefault(id(twin.tensors[id(buffer)]), Root(name=_plain(name)))


def _plain(name: str) -> str:
    return name.replace("_orig_mod.", "").removesuffix("._orig_mod")
