"""The tensors inside whatever a forward returns, each with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn


def tensors_in(value: object) -> Iterator[tuple[str, Tensor]]:
    """Tensors of tuples, lists, dicts and objects under paths such as `logits`, `[0]` and `aux.aux1`."""
    if isinstance(value, Tensor):
        yield "output", value
    else:
        yield from _inside(value, "", set())


def _inside(value: object, path: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield path, value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    for step, item in _parts(value):
        yield from _inside(item, f"{path}{step}".removeprefix("."), seen)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (f".{key}" if isinstance(key, str) else f"[{key!r}]"), item
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for key in value._fields:
            yield f".{key}", getattr(value, key)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield f"[{place}]", item
    elif isinstance(value, nn.Module | type):
        return
    elif hasattr(value, "__dict__"):
        for key, item in vars(value).items():
            yield f".{key}", item
    elif hasattr(type(value), "__slots__"):
        for key in getattr(type(value), "__slots__", ()):
            yield f".{key}", getattr(value, key, None)
