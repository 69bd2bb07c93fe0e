"""A file without a name behind it: the one model in it that is meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType

from torch import nn

from gnet_audit.errors import TargetError


def alone(module: ModuleType, where: str, is_ready: Callable[[object], bool]) -> type | FunctionType:
    """The one class of a file that no other is built of, or its one function when it has no class.

    Of several the one that can be called as things stand.
    """
    own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    classes = list(dict.fromkeys(value for value in own if isinstance(value, type) and issubclass(value, nn.Module)))
    functions = list(dict.fromkeys(value for value in own if isinstance(value, FunctionType)))
    codes = {value.__name__: value.__code__ for value in functions}
    mentioned = {value.__name__: set(_names_in(value, codes)) for value in classes}
    built = {name: _reached(name, mentioned) for name in mentioned}
    found: list[type | FunctionType] = [
        value
        for value in classes
        if all(name in built[value.__name__] for name in built if value.__name__ in built[name])
    ]  # those that mention each other are no parts of each other
    found.sort(key=lambda value: -len(mentioned.keys() & mentioned[value.__name__]))  # whole networks before parts
    if not classes:
        found = [value for value in functions if not value.__name__.startswith("_")]
    if len(found) > 1:
        ready = [value for value in found if is_ready(value)]
        found = ready if len(ready) == 1 else found
    if len(found) == 1:
        return found[0]
    if not found:
        raise TargetError("no class of nn.Module in it", where=where, expected="a model")
    choices = " or ".join(f"{where}:{value.__qualname__}" for value in found)
    raise TargetError("several models in it", where=where, expected=choices)


def _reached(name: str, mentioned: Mapping[str, set[str]]) -> set[str]:
    """The names that a class mentions, itself or by way of those."""
    found = set(mentioned[name])
    pending = list(found)
    while pending:
        new = mentioned.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def _names_in(kind: type, functions: Mapping[str, CodeType]) -> Iterator[str]:
    """The names that a class mentions in its code, by way of its file's functions too, and its bases; not its own."""
    pending = [value.__code__ for value in vars(kind).values() if isinstance(value, FunctionType)]
    left = dict(functions)
    while pending:
        code = pending.pop()
        yield from (name for name in code.co_names if name != kind.__name__)
        pending.extend(left.pop(name) for name in code.co_names if name in left)
        pending.extend(constant for constant in code.co_consts if inspect.iscode(constant))
    yield from (base.__name__ for base in kind.__bases__ if base.__name__ != kind.__name__)
