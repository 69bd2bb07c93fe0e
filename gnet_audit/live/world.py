"""What a process has beside the model and user code may change: each setting with how it is read and put back."""

from __future__ import annotations

import builtins
import gc
import locale
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import _get_current_function_mode_stack, _pop_mode, _push_mode
from torch.utils import _device


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """One thing that can be read and put back."""

    read: Callable[[], Any]
    write: Callable[[Any], object]
    look: Callable[[], Any] | None = None
    """The same as `read` where nothing need be kept: cheaper."""
    ours: bool = False
    """Whether the audit decides what it is while a forward runs, whatever the code said when it was loaded."""


Changes: TypeAlias = tuple[tuple[Setting, Any], ...]
"""Settings that code changed, and what it made of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """All settings at one moment."""

    values: tuple[Any, ...]
    known: frozenset[str]
    """The modules that were imported."""

    @classmethod
    def now(cls) -> World:
        """As they are."""
        return cls(values=tuple(setting.read() for setting in SETTINGS), known=frozenset(sys.modules))

    def restore(self) -> Changes:
        """Put everything back; tell what the code that ran in between had made of it."""
        changed = [
            (setting, setting.read(), before)
            for setting, before in zip(SETTINGS, self.values, strict=True)
            if _differ((setting.look or setting.read)(), before)
        ]
        for setting, after, before in changed:
            with suppress(Exception):  # one that cannot be put back must not keep the others from it
                setting.write(_without_libraries(after, before, self.known) if setting.look else before)
        return tuple((setting, after) for setting, after, _ in changed if not setting.ours)


def _differ(one: Any, two: Any) -> bool:
    try:
        return bool(one != two)
    except Exception:  # noqa: BLE001 - a value of the user's whose comparison fails
        return True


# --- names in torch, which code may replace --------------------------------------------------------------------

_CACHES = frozenset({"__annotations__", "__slotnames__", "__annotate_func__", "__annotations_cache__", "__doc__"})
_MISSING = object()


def names_of(space: ModuleType | type) -> Setting:
    """The names of a module or class; what starts with an underscore is the affair of torch's modules themselves."""
    own = vars(space)
    private = isinstance(space, ModuleType) and space is not builtins

    def write(wanted: Mapping[str, Any]) -> None:
        for name in [name for name in own if name not in wanted and name not in _CACHES]:
            if not (isinstance(own[name], ModuleType) or (private and name.startswith("_"))):
                delattr(space, name)
        for name, value in wanted.items():
            if own.get(name, _MISSING) is not value and not (private and name.startswith("_")):
                setattr(space, name, value)

    return Setting(read=own.copy, write=write, look=lambda: own)


@contextmanager
def kept(settings: Iterable[Setting]) -> Iterator[None]:
    """Have settings afterwards as they were."""
    before = [(setting, setting.read()) for setting in settings]
    try:
        yield
    finally:
        for setting, value in before:
            if _differ(setting.read(), value):
                setting.write(value)


def _without_libraries(after: Mapping[str, Any], before: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """What was before, but for the names that a library replaced that was imported meanwhile and stays imported."""
    kept = {
        name: value
        for name, value in after.items()
        if before.get(name, _MISSING) is not value and (_of_library(value, known) or name == "manual_seed")
    }
    return {**before, **kept}


def _of_library(value: object, known: frozenset[str]) -> bool:
    home = getattr(value, "__module__", None)
    return isinstance(home, str) and home in sys.modules and home not in known


def _spaces() -> Iterator[ModuleType | type]:
    yield from (builtins, torch, nn, nn.functional, nn.init, torch.Tensor, nn.Parameter)
    for name, value in vars(nn).items():
        if isinstance(value, type) and not name.endswith("Loss"):
            yield value


# --- the rest --------------------------------------------------------------------------------------------------


def _hooks() -> dict[str, Any]:
    found = ((name, value) for name, value in vars(hooks).items() if name.startswith("_global_"))
    return {name: value.copy() if isinstance(value, dict) else value for name, value in found}


def _set_hooks(wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        table = getattr(hooks, name)
        if isinstance(table, dict):
            table.clear()
            table.update(value)
        else:
            setattr(hooks, name, value)


def _modes() -> tuple[Any, ...]:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)  # noqa: SLF001 - each thread's own
    return context, _device.CURRENT_DEVICE, *_get_current_function_mode_stack()  # type: ignore[no-untyped-call]


def _set_modes(wanted: tuple[Any, ...]) -> None:
    context, _device.CURRENT_DEVICE, *modes = wanted
    if context is None:  # gone, as before it was ever set: torch 2.6 stumbles over None
        vars(torch._GLOBAL_DEVICE_CONTEXT).pop("device_context", None)  # noqa: SLF001
    else:
        torch._GLOBAL_DEVICE_CONTEXT.device_context = context  # noqa: SLF001
    for _ in _get_current_function_mode_stack():  # type: ignore[no-untyped-call]
        _pop_mode()  # type: ignore[no-untyped-call]
    for mode in modes:
        _push_mode(mode)  # type: ignore[no-untyped-call]


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _environment() -> dict[str, str]:
    return os.environ.copy()


def _set_environment(wanted: Mapping[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)


_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)


def _signals() -> dict[int, Any]:
    """Handlers belong to the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _set_signals(wanted: Mapping[int, Any]) -> None:
    for number, handler in wanted.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)


def _timer() -> bool:
    return hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


def _set_timer(wanted: bool) -> None:  # noqa: FBT001 - a value like the others
    if not wanted and hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def _logging() -> tuple[Any, ...]:
    root = logging.root
    return root.level, root.manager.disable, *root.handlers


def _set_logging(wanted: tuple[Any, ...]) -> None:
    logging.root.level, logging.root.manager.disable = wanted[:2]
    logging.root.handlers[:] = wanted[2:]


def _streams() -> tuple[Any, ...]:
    return sys.stderr, sys.stdin, sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook


def _set_streams(wanted: tuple[Any, ...]) -> None:
    sys.stderr, sys.stdin, sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook = wanted


def _set_tracing(wanted: tuple[Any, Any]) -> None:
    sys.settrace(wanted[0])
    sys.setprofile(wanted[1])


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_deterministic(wanted: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(wanted[0], warn_only=wanted[1])


def _cudnn() -> tuple[bool, bool, bool]:
    cudnn = torch.backends.cudnn
    return cudnn.enabled, cudnn.benchmark, cudnn.deterministic


def _set_cudnn(wanted: tuple[bool, bool, bool]) -> None:
    cudnn = torch.backends.cudnn
    cudnn.enabled, cudnn.benchmark, cudnn.deterministic = wanted


_AUTOCAST = ("cpu", "cuda")


def _autocast() -> tuple[bool, ...]:
    return tuple(torch.is_autocast_enabled(kind) for kind in _AUTOCAST)


def _set_autocast(wanted: tuple[bool, ...]) -> None:
    for kind, on in zip(_AUTOCAST, wanted, strict=True):
        torch.set_autocast_enabled(kind, on)


def _precision() -> str | None:
    """Of matrix products; None where the newer flags are in use, beside which torch refuses to answer."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None


def _set_precision(wanted: str | None) -> None:
    if wanted is not None:
        torch.set_float32_matmul_precision(wanted)


SETTINGS: tuple[Setting, ...] = (
    *map(names_of, _spaces()),
    Setting(read=_hooks, write=_set_hooks),
    Setting(read=_modes, write=_set_modes, ours=True),
    Setting(read=torch.get_default_dtype, write=torch.set_default_dtype),
    Setting(read=torch.is_grad_enabled, write=torch.set_grad_enabled, ours=True),
    Setting(read=torch.is_anomaly_enabled, write=torch.set_anomaly_enabled, ours=True),
    Setting(read=_autocast, write=_set_autocast),
    Setting(read=torch.get_num_threads, write=torch.set_num_threads, ours=True),
    Setting(read=_deterministic, write=_set_deterministic),
    Setting(read=_precision, write=_set_precision, ours=True),
    Setting(read=_cudnn, write=_set_cudnn, ours=True),
    Setting(read=_directory, write=os.chdir),
    Setting(read=_environment, write=_set_environment),
    Setting(read=lambda: list(sys.path), write=lambda wanted: sys.path.__setitem__(slice(None), wanted)),
    Setting(read=lambda: list(sys.argv), write=lambda wanted: sys.argv.__setitem__(slice(None), wanted), ours=True),
    Setting(read=lambda: locale.setlocale(locale.LC_ALL), write=lambda told: locale.setlocale(locale.LC_ALL, told)),
    Setting(read=sys.getrecursionlimit, write=sys.setrecursionlimit),
    Setting(read=lambda: (sys.gettrace(), sys.getprofile()), write=_set_tracing, ours=True),
    Setting(read=_streams, write=_set_streams, ours=True),
    Setting(read=_signals, write=_set_signals, ours=True),
    Setting(read=_timer, write=_set_timer, ours=True),
    Setting(read=_logging, write=_set_logging, ours=True),
    Setting(read=gc.isenabled, write=lambda on: gc.enable() if on else None, ours=True),  # others may switch it on
    Setting(read=gc.get_threshold, write=lambda told: gc.set_threshold(*told), ours=True),
)
