"""One thing that user code may change: how it is read, and how it is put back."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

NOT_THE_USERS = sys.stdlib_module_names | {"torch", "gnet_audit"}
"""Packages whose code is none of the model's, and that an audit counts on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """One thing that can be read and put back."""

    read: Callable[[], Any]
    write: Callable[[Any], object]
    look: Callable[[], Any] | None = None
    """The same as `read` where nothing need be kept: cheaper."""
    ours: bool = False
    """Whether the audit decides what it is while a forward runs, whatever the code said when it was loaded."""
    back: Callable[[Any, Any], Any] = lambda _, before: before
    """What is put back, of what code made of it and what it was: all of it, where nothing else is said."""


Changes: TypeAlias = tuple[tuple[Setting, Any], ...]
"""Settings that code changed, and what it made of them."""


@contextmanager
def kept(settings: Iterable[Setting], keep: Callable[[Changes], object] = lambda _: None) -> Iterator[None]:
    """Have settings afterwards as they were; what was made of them goes to `keep`."""
    before = [(setting, setting.read()) for setting in settings]
    try:
        yield
    finally:
        changed = [(setting, after, value) for setting, value in before if differ(after := setting.read(), value)]
        for setting, after, value in changed:
            with suppress(Exception):  # one that cannot be put back must not keep the others from it
                setting.write(setting.back(after, value))
        keep(tuple((setting, after) for setting, after, _ in changed))


def differ(one: Any, two: Any) -> bool:
    """Whether a value is another one, as far as it can be told."""
    try:
        return bool(one != two)
    except Exception:  # noqa: BLE001 - a value of the user's whose comparison fails
        return True


MISSING = object()


def attributes(space: object, *names: str, ours: bool = False) -> Setting:
    """A few attributes of an object, each with its value or without one."""

    def read() -> tuple[Any, ...]:
        return tuple(getattr(space, name, MISSING) for name in names)

    def write(wanted: tuple[Any, ...]) -> None:
        for name, value in zip(names, wanted, strict=True):
            if value is not MISSING:
                setattr(space, name, value)
            elif hasattr(space, name):
                delattr(space, name)

    return Setting(read=read, write=write, ours=ours)


_CACHES = frozenset({"__annotations__", "__slotnames__", "__annotate_func__", "__annotations_cache__", "__doc__"})


def names_of(*spaces: ModuleType | type) -> Setting:
    """The names of modules and classes; a module's private values, but for its functions, are its own affair."""
    tables = tuple(map(vars, spaces))

    def read() -> tuple[Mapping[str, Any], ...]:
        return tuple([table.copy() for table in tables])

    def write(wanted: tuple[Mapping[str, Any], ...]) -> None:
        for space, names in zip(spaces, wanted, strict=True):
            with suppress(Exception):
                _set_names(space, names)

    return Setting(read=read, write=write, look=lambda: tables)


def _set_names(space: ModuleType | type, wanted: Mapping[str, Any]) -> None:
    own = vars(space)
    private = isinstance(space, ModuleType) and space is not builtins
    for name in [name for name in own if name not in wanted and name not in _CACHES]:
        if not (isinstance(own[name], ModuleType) or (private and name.startswith("_"))):
            delattr(space, name)
    for name, value in wanted.items():
        if own.get(name, MISSING) is not value and not (private and name.startswith("_") and not callable(value)):
            setattr(space, name, value)


def without_libraries(
    after: tuple[Mapping[str, Any], ...], before: tuple[Mapping[str, Any], ...], known: Container[str]
) -> tuple[Mapping[str, Any], ...]:
    """Names as before, but for those that a library replaced that was imported meanwhile and stays imported."""
    return tuple(
        {**old, **_replaced(new, old, known)} if differ(new, old) else old
        for new, old in zip(after, before, strict=True)
    )


def _replaced(after: Mapping[str, Any], before: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in after.items()
        if before.get(name, MISSING) is not value and (_of_library(value, known) or name == "manual_seed")
    }


def _of_library(value: object, known: Container[str]) -> bool:
    home = getattr(value, "__module__", None)
    return isinstance(home, str) and home in sys.modules and home not in known
