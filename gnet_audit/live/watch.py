"""What happens inside a forward: which module is at work, dropout switched off or noticed, ReLUs that never fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.overrides import TorchFunctionMode

_DROPOUTS = frozenset(
    {F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout, torch.dropout}
)
_RELUS = frozenset({F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, F.relu6})


@contextmanager
def following(
    names: Mapping[int, str],
    stack: list[tuple[str, nn.Module]],
    called: set[str],
    entries: Sequence[object],
    idle: dict[int, list[str]],
) -> Iterator[None]:
    """Know at every call which module makes it: the last of `stack`; other threads are let alone.

    `idle` gets the modules without parts that give a tensor back as it is and add nothing to the `entries`.
    In what `nn.Module.__call__` calls: of a new `__call__` itself Python tells every subclass, and there are hundreds.
    """
    original: Callable[..., Any] = nn.Module._call_impl  # noqa: SLF001
    owner = get_ident()

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if get_ident() != owner:
            return original(module, *args, **kwargs)
        name = names.get(id(module))
        if name is None:
            name = f"{stack[-1][0]}.{type(module).__name__}".lstrip(".")
        stack.append((name, module))
        called.add(name)
        before = len(entries)
        try:
            if type(module) is nn.CrossMapLRN2d and len(args) == 1:
                # The same function, hidden in an autograd function of its own.
                return F.local_response_norm(args[0], module.size, module.alpha, module.beta, module.k)
            result = original(module, *args, **kwargs)
        finally:
            stack.pop()
        if args and result is args[0] and len(entries) == before and isinstance(result, Tensor) and not module._modules:  # noqa: SLF001
            idle.setdefault(id(result), []).append(name)
        return result

    nn.Module._call_impl = call  # type: ignore[method-assign, assignment]  # noqa: SLF001
    try:
        yield
    finally:
        nn.Module._call_impl = original  # type: ignore[method-assign]  # noqa: SLF001


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A ReLU, by the module that called it, and the share of its channels that are zero for every image."""

    module: str
    share: float


class WithoutDropout(TorchFunctionMode):
    """Every dropout lets everything pass, whoever calls it."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:  # fmt: skip
        kwargs = kwargs or {}
        if func in _DROPOUTS:
            return args[0] if args else kwargs["input"]
        return func(*args, **kwargs)


class _Watch(TorchFunctionMode):
    def __init__(self, place: list[str]) -> None:
        super().__init__()
        self.place, self.dropouts, self.dead = place, 0, list[Dead]()

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:  # fmt: skip
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func in _DROPOUTS:
            self.dropouts += bool(args[1] if len(args) > 1 else kwargs.get("p", 0.5))
        elif func in _RELUS:
            self.dead.append(Dead(module=self.place[-1] if self.place else "", share=_dead(result)))
        return result


def _dead(result: Tensor) -> float:
    rest = [axis for axis in range(result.dim()) if axis != 1]
    return float((result.detach() == 0).all(dim=rest).float().mean()) if result.dim() > 1 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one forward did."""

    dropouts: int
    dead: tuple[Dead, ...]


def watch(module: nn.Module, images: Tensor) -> Seen:
    """Run a forward and tell its dropouts and dead ReLUs."""
    place: list[str] = []
    with torch.no_grad(), _places(module, place), _Watch(place) as mode:
        module(images)
    return Seen(dropouts=mode.dropouts, dead=tuple(mode.dead))


@contextmanager
def _places(module: nn.Module, place: list[str]) -> Iterator[None]:
    """Keep the name of the module that is running at the end of `place`."""
    hooks = []
    for name, layer in module.named_modules():
        if isinstance(layer, torch.jit.ScriptModule):
            continue
        hooks.append(layer.register_forward_pre_hook(lambda _module, _args, name=name: place.append(name)))
        hooks.append(layer.register_forward_hook(lambda _module, _args, _result: place.pop() and None))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
