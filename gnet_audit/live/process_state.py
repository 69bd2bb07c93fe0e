"""What user code may change in Python and the process: functions that it may replace, defaults, signals, folders."""

from __future__ import annotations

import decimal
import faulthandler
import gc
import html
import json
import locale
import logging
import math
import os
import pickle
import random
import re
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from gnet_audit.live.setting import NOT_THE_USERS, Setting, attributes, names_of

if sys.platform != "win32":
    import resource

    _LIMITS = (
        resource.RLIMIT_AS, resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE,
        resource.RLIMIT_NOFILE, resource.RLIMIT_STACK,
    )  # fmt: skip

_MODULES = (
    html, json, json.decoder, json.encoder, logging, math, os, os.path, pickle, random, re, tempfile, threading, time,
)  # fmt: skip
"""Those whose functions an audit counts on, or whoever called it."""


# --- the interpreter -------------------------------------------------------------------------------------------


def _list(space: Any, name: str, *, ours: bool = False, grows: bool = False) -> Setting:
    """A list that everybody has a hold of: the same one, with the same items; `grows` where imports add some."""

    def read() -> tuple[Any, ...]:
        own = getattr(space, name)
        return id(own), own, list(own)

    def write(wanted: tuple[Any, ...]) -> None:
        _, own, items = wanted
        now = list(getattr(space, name))
        setattr(space, name, own)
        own[:] = [*(item for item in items if item not in now), *now] if grows else items

    return Setting(read=read, write=write, ours=ours)


def restore_modules(wanted: Mapping[str, ModuleType]) -> None:
    """What was imported meanwhile stays, also in place of itself; what is gone comes back, and of Python and torch all.

    But for what another thread imports.
    """
    for name, module in wanted.items():
        now = sys.modules.get(name)
        if now is not module and (now is None or name.partition(".")[0] in NOT_THE_USERS):
            spec = getattr(module, "__spec__", None)
            if not getattr(spec, "_initializing", False):
                sys.modules[name] = module


def _set_tracing(wanted: tuple[Any, ...]) -> None:
    sys.settrace(wanted[0])
    sys.setprofile(wanted[1])
    threading.settrace(wanted[2])
    threading.setprofile(wanted[3])


def _tracing() -> tuple[Any, ...]:
    return sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()


_DECIMAL = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


def _decimal() -> tuple[Any, ...]:
    context = decimal.getcontext()
    return *(getattr(context, name) for name in _DECIMAL), context.traps.copy()


def _set_decimal(wanted: tuple[Any, ...]) -> None:
    context = decimal.getcontext()
    for name, value in zip((*_DECIMAL, "traps"), wanted, strict=True):
        setattr(context, name, value)


def _numpy() -> tuple[Any, ...] | None:
    """How numpy takes errors and prints; another thread may be in the midst of importing it."""
    numpy = sys.modules.get("numpy")
    known = numpy is not None and hasattr(numpy, "geterr") and hasattr(numpy, "get_printoptions")
    return (numpy.geterr(), numpy.get_printoptions()) if numpy is not None and known else None


def _set_numpy(wanted: tuple[Any, ...] | None) -> None:
    if wanted is not None:
        numpy = sys.modules["numpy"]
        numpy.seterr(**wanted[0])
        numpy.set_printoptions(**wanted[1])


def _socket_timeout() -> float | None:
    socket = sys.modules.get("_socket")
    return None if socket is None else socket.getdefaulttimeout()


def _set_socket_timeout(wanted: float | None) -> None:
    sys.modules["_socket"].setdefaulttimeout(wanted)


# --- logging and warnings --------------------------------------------------------------------------------------


def _loggers() -> tuple[Any, ...]:
    """Of the root all, of the others the level: there are many."""
    levels = {name: getattr(one, "level", None) for name, one in logging.root.manager.loggerDict.copy().items()}
    root = logging.root
    return levels, root.level, root.disabled, tuple(root.handlers), tuple(root.filters)


def _set_loggers(wanted: tuple[Any, ...]) -> None:
    levels, root = wanted[0], logging.root
    for name, level in levels.items():
        if level is not None:
            logging.getLogger(name).level = level
    _, root.level, root.disabled, root.handlers[:], root.filters[:] = wanted
    logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001 - what loggers know of levels


# --- the process -----------------------------------------------------------------------------------------------


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _environment() -> tuple[Any, ...]:
    """The table behind it: cheaper than its texts."""
    table = getattr(os.environ, "_data", os.environ)
    return id(os.environ), os.environ, table.copy()


def _set_environment(wanted: tuple[Any, ...]) -> None:
    _, os.environ, table = wanted  # the same one as before
    read = os.environ.decodevalue
    names = {read(name): read(value) for name, value in table.items()}
    for name in os.environ.keys() - names.keys():
        del os.environ[name]
    os.environ.update(names)


def _set_zone(_: object) -> None:
    """As the environment says, which is as before."""
    if hasattr(time, "tzset"):
        time.tzset()


def _umask() -> int:
    """What is told only to who sets it: for a moment, files of other threads are for nobody else."""
    before = os.umask(0o077)
    os.umask(before)
    return before


def _main() -> bool:
    """Handlers and timers belong to the main thread."""
    return threading.current_thread() is threading.main_thread()


_told: Any = vars(signal)["_signal"].getsignal  # without an enumeration made of each answer
_SIGNALS = tuple(map(int, signal.valid_signals()))


def _signals() -> dict[int, Any]:
    return {number: _told(number) for number in _SIGNALS} if _main() else {}


def _set_signals(wanted: Mapping[int, Any]) -> None:
    for number, handler in wanted.items():
        if handler is not None and _told(number) is not handler:
            signal.signal(number, handler)


def _masked() -> set[Any]:
    return signal.pthread_sigmask(signal.SIG_BLOCK, ()) if hasattr(signal, "pthread_sigmask") else set()


def _set_masked(wanted: set[Any]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, wanted)


@dataclass(frozen=True, slots=True)
class _Timer:
    on: bool
    interval: float
    due: float = field(compare=False)
    """When it rings, by a clock that goes on."""


_TIMERS = tuple(
    getattr(signal, name) for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF") if hasattr(signal, name)
)


def _timers() -> tuple[_Timer, ...]:
    told = (signal.getitimer(kind) for kind in _TIMERS)
    return tuple(_Timer(left > 0, interval, time.monotonic() + left) for left, interval in told)


def _set_timers(wanted: tuple[_Timer, ...]) -> None:
    """A timer that has rung meanwhile does not ring again."""
    for kind, timer, now in zip(_TIMERS, wanted, _timers(), strict=True):
        left = timer.due - time.monotonic()
        if not timer.on:
            signal.setitimer(kind, 0)
        elif timer != now and left > 0:
            signal.setitimer(kind, left, timer.interval)


def _limits() -> dict[int, tuple[int, int]]:
    return {kind: resource.getrlimit(kind) for kind in _LIMITS}


def _set_limits(wanted: Mapping[int, tuple[int, int]]) -> None:
    """As far as a hard limit, which cannot be raised again, lets them."""
    for kind, (soft, _) in wanted.items():
        hard = resource.getrlimit(kind)[1]
        above = hard != resource.RLIM_INFINITY and (soft == resource.RLIM_INFINITY or soft > hard)
        resource.setrlimit(kind, (hard if above else soft, hard))


def _process() -> Iterator[Setting]:
    if hasattr(os, "sched_getaffinity"):
        yield Setting(read=lambda: os.sched_getaffinity(0), write=lambda cpus: os.sched_setaffinity(0, cpus), ours=True)
    if hasattr(sys, "get_int_max_str_digits"):
        yield Setting(read=sys.get_int_max_str_digits, write=sys.set_int_max_str_digits)
    if sys.platform != "win32":
        yield Setting(read=_limits, write=_set_limits, ours=True)
    if _TIMERS:
        yield Setting(read=_timers, write=_set_timers, ours=True)


PROCESS: tuple[Setting, ...] = (
    names_of(*_MODULES),
    _list(sys, "path"),
    _list(sys, "argv", ours=True),
    _list(sys, "meta_path", ours=True, grows=True),
    _list(sys, "path_hooks", ours=True, grows=True),
    attributes(
        sys, "stderr", "stdin", "__stdout__", "__stderr__", "__stdin__", "excepthook", "displayhook", "unraisablehook",
        "breakpointhook", "exit", "tracebacklimit", "dont_write_bytecode", "modules", ours=True,
    ),
    attributes(warnings, "warn", "warn_explicit", "defaultaction", "simplefilter", "filterwarnings", "catch_warnings"),
    attributes(logging, "_warnings_showwarning"),
    attributes(logging.root.manager, "disable", "loggerClass"),
    Setting(read=_loggers, write=_set_loggers, ours=True),
    Setting(read=_directory, write=lambda wanted: os.chdir(wanted) if wanted else None),
    Setting(read=_environment, write=_set_environment),
    Setting(read=lambda: time.localtime(0).tm_zone, write=_set_zone, ours=True),
    Setting(read=_umask, write=os.umask, ours=True),
    Setting(read=lambda: locale.setlocale(locale.LC_ALL), write=lambda told: locale.setlocale(locale.LC_ALL, told)),
    Setting(read=sys.getrecursionlimit, write=sys.setrecursionlimit),
    Setting(read=sys.getswitchinterval, write=sys.setswitchinterval, ours=True),
    Setting(read=_tracing, write=_set_tracing, ours=True),
    Setting(read=sys.get_asyncgen_hooks, write=lambda told: sys.set_asyncgen_hooks(*told), ours=True),
    Setting(read=threading.stack_size, write=threading.stack_size, ours=True),
    Setting(read=faulthandler.is_enabled, write=lambda on: faulthandler.enable() if on else faulthandler.disable()),
    Setting(read=_signals, write=_set_signals, ours=True),
    Setting(read=_masked, write=_set_masked, ours=True),
    *_process(),
    Setting(read=_decimal, write=_set_decimal),
    Setting(read=_numpy, write=_set_numpy),
    Setting(read=_socket_timeout, write=_set_socket_timeout),
    Setting(read=gc.isenabled, write=lambda on: gc.enable() if on else None, ours=True),  # others may switch it on
    Setting(read=gc.get_threshold, write=lambda told: gc.set_threshold(*told), ours=True),
    Setting(read=gc.get_debug, write=gc.set_debug, ours=True),
    _list(gc, "callbacks", ours=True),
)  # fmt: skip
