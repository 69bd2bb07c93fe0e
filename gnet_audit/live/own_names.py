"""What the model's own code keeps beside the model: names of its classes and modules, containers, cached results.

A constant that a forward makes once and keeps would be on meta for ever. So tensors that were not there before are taken
out again, and plain values that changed beside them: a flag says that they are there. The rest is the code's affair: a
registry that an import fills, or a counter, stays.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from functools import _lru_cache_wrapper
from types import FunctionType, ModuleType
from typing import Any

from torch import Tensor, nn

from gnet_audit.live.setting import MISSING, NOT_THE_USERS, Setting, names_of

_CONTAINERS = (dict, list, set)
_PLAIN = (bool, int, float, str, type(None))
MOST = 1_000
"""Entries of a container that is looked at: larger ones are data."""
DEEPEST = 3


def own_names(module: nn.Module, others: Iterable[ModuleType] = ()) -> tuple[Setting, ...]:
    """Everything that a forward may change in the code of a model and of further modules."""
    kinds = dict.fromkeys(kind for part in module.modules() for kind in type(part).__mro__)
    return _settings(kinds, others)


def names_around(value: object) -> tuple[Setting, ...]:
    """Everything that a class or function may change in its code."""
    return _settings(
        value.__mro__ if isinstance(value, type) else (), (), (value,) if isinstance(value, FunctionType) else ()
    )


def _settings(
    kinds: Iterable[type], others: Iterable[ModuleType], functions: Iterable[FunctionType] = ()
) -> tuple[Setting, ...]:
    kinds = [kind for kind in kinds if kind.__module__.partition(".")[0] not in {"torch", "builtins"}]
    spaces: dict[int, dict[str, Any]] = {id(vars(one)): vars(one) for one in others}
    for function in (*functions, *(value for kind in kinds for value in _functions(vars(kind).values()))):
        if not _foreign(function.__module__):
            spaces.setdefault(id(function.__globals__), function.__globals__)
    values = [value for space in (*spaces.values(), *map(vars, kinds)) for value in _values(space)]
    caches = {id(value): value for value in map(_plain, values) if type(value) is _lru_cache_wrapper}
    entries = [*spaces.values(), *_containers(values)]
    return (
        names_of(*kinds),
        *(_entries(one) if type(one) is dict else _items(one) for one in entries),
        *map(_cached, caches.values()),
    )


def _foreign(name: object) -> bool:
    return not isinstance(name, str) or name.partition(".")[0] in NOT_THE_USERS


def _functions(values: Iterable[object]) -> Iterator[FunctionType]:
    for value in values:
        plain = _plain(value)
        if type(plain) is FunctionType:
            yield plain


def _plain(value: Any) -> Any:
    """A function as it was written; nothing else is asked what it is: it may be a stand-in that then begins to work."""
    if type(value) in {staticmethod, classmethod}:
        return value.__func__
    return value.fget if type(value) is property else value


def _values(space: Any) -> Iterator[object]:
    return (value for name, value in list(space.items()) if not name.startswith("__"))


def _containers(values: Iterable[object]) -> list[Any]:
    """Plain ones, with those inside them."""
    found: dict[int, Any] = {}
    pending: list[Any] = list(values)
    while pending:
        value = pending.pop()
        if type(value) in _CONTAINERS and id(value) not in found and len(value) <= MOST:
            found[id(value)] = value
            pending.extend(value.values() if type(value) is dict else value)
    return list(found.values())


def _tensors(value: Any, depth: int = DEEPEST) -> bool:
    """Whether a value is a tensor, or a plain container with one."""
    if type(value) in {*_CONTAINERS, tuple} and depth and len(value) <= MOST:
        inner = list(value.values() if type(value) is dict else value)
        return any(_tensors(one, depth - 1) for one in inner)
    return issubclass(type(value), Tensor)


def _entries(space: dict[Any, Any]) -> Setting:
    """The names of a module, or the entries of a dict."""

    def back(after: dict[Any, Any], before: dict[Any, Any]) -> dict[Any, Any]:
        changed = [key for key in {**before, **after} if after.get(key, MISSING) is not before.get(key, MISSING)]
        kept = [key for key in changed if _tensors(after.get(key))]
        beside = [key for key in changed if type(after.get(key)) in _PLAIN] if kept else []
        return {key: before.get(key, MISSING) for key in (*kept, *beside)}

    def write(wanted: dict[Any, Any]) -> None:
        for key, value in wanted.items():
            if value is MISSING:
                space.pop(key, None)
            else:
                space[key] = value

    return Setting(read=space.copy, write=write, look=lambda: space, back=back)


def _items(container: Any) -> Setting:
    """The items of a list or set."""

    def back(after: Any, before: Any) -> Any:
        known = set(map(id, before))
        return before if any(_tensors(one) for one in after if id(one) not in known) else after

    def write(wanted: Any) -> None:
        container.clear()
        container.extend(wanted) if type(container) is list else container.update(wanted)

    return Setting(read=container.copy, write=write, look=lambda: container, back=back)


def _cached(function: Any) -> Setting:
    """Results that were kept meanwhile cannot be taken out one by one: all go, if there are tensors among them."""

    def clear(_: object) -> None:
        if any(map(_tensors, gc.get_referents(function))):  # Python itself does not show what a cache holds
            function.cache_clear()

    return Setting(read=lambda: function.cache_info().misses, write=clear)
