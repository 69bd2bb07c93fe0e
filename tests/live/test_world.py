"""Whatever the world's settings are made of while users' code runs, they are as before afterwards."""

# ruff: noqa: SLF001 - much of its state torch tells by private names alone
# mypy: allow-untyped-calls

from __future__ import annotations

import decimal
import faulthandler
import gc
import json
import logging
import math
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import types
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.checkpoint
from torch import nn
from torch.autograd import forward_ad
from torch.utils import _python_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

from gnet_audit.live.setting import attributes, kept
from gnet_audit.live.surroundings import undisturbed

C: Any = torch._C
SMALL = sys.float_info.min
held: list[object] = []
"""What hostile code keeps alive."""


class Mode(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


def _enter(context: Any) -> None:
    held.append(context)
    context.__enter__()


def _zone() -> None:
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


def _name(space: Any, name: str) -> tuple[Callable[[], object], Callable[[], object]]:
    return (lambda: getattr(space, name), lambda: setattr(space, name, print))


def _handler(*_: object) -> None: ...


def _umask() -> int:
    before = os.umask(0o077)
    os.umask(before)
    return before


CASES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "dispatch modes": (C._len_torch_dispatch_stack, lambda: Mode().__enter__()),
    "inference": (torch.is_inference_mode_enabled, lambda: _enter(torch.inference_mode())),
    "functions off": (lambda: str(C._get_torch_function_state()), lambda: _enter(C.DisableTorchFunction())),
    "kernels": (
        lambda: C._dispatch_tls_is_dispatch_key_excluded(C.DispatchKey.AutogradCPU),
        lambda: C._dispatch_tls_set_dispatch_key_excluded(C.DispatchKey.AutogradCPU, True),  # noqa: FBT003
    ),
    "vmap": (C._functorch.get_dynamic_layer_stack_depth, lambda: C._functorch._vmap_increment_nesting(2, "error")),
    "dual level": (lambda: forward_ad._current_level, forward_ad.enter_dual_level),
    "saved tensors": (
        lambda: C._autograd._top_saved_tensors_default_hooks(True),  # noqa: FBT003
        lambda: _enter(torch.autograd.graph.save_on_cpu()),
    ),
    "autocast": (
        lambda: (torch.get_autocast_dtype("cpu"), torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled()),
        lambda: _enter(torch.autocast("cpu", dtype=torch.float16, cache_enabled=False)),
    ),
    "tiny numbers": (lambda: SMALL / 2, lambda: torch.set_flush_denormal(True)),
    "mkldnn": (lambda: torch.backends.mkldnn.enabled, lambda: C._set_mkldnn_enabled(False)),  # noqa: FBT003
    "attention": (torch.backends.cuda.flash_sdp_enabled, lambda: torch.backends.cuda.enable_flash_sdp(enabled=False)),
    "autograd threads": (C._is_multithreading_enabled, lambda: C._set_multithreading_enabled(False)),  # noqa: FBT003
    "sparse checks": (
        torch.sparse.check_sparse_tensor_invariants.is_enabled,
        torch.sparse.check_sparse_tensor_invariants.enable,
    ),
    "warn always": (torch.is_warn_always_enabled, lambda: torch.set_warn_always(True)),
    "how tensors print": (lambda: repr(torch.tensor([math.pi])), lambda: torch.set_printoptions(precision=1)),
    "conversions": (
        torch.__future__.get_swap_module_params_on_conversion,
        lambda: torch.__future__.set_swap_module_params_on_conversion(value=True),
    ),
    "table of hooks": (
        lambda: id(vars(nn.modules.module)["_global_forward_hooks"]),
        lambda: setattr(nn.modules.module, "_global_forward_hooks", OrderedDict()),
    ),
    "a private function": _name(torch, "_assert"),
    "a native function": _name(C._nn, "avg_pool2d"),
    "linalg": _name(torch.linalg, "norm"),
    "autograd": _name(torch.autograd, "grad"),
    "checkpoint": _name(torch.utils.checkpoint, "checkpoint"),
    "an optimiser": _name(torch.optim, "SGD"),
    "nn.utils": _name(nn.utils, "clip_grad_norm_"),
    "a loss": _name(nn.CrossEntropyLoss, "forward"),
    "a base class": _name(vars(nn.modules.conv)["_ConvNd"], "extra_repr"),
    "json": _name(json, "dumps"),
    "os": _name(os, "getcwd"),
    "time": _name(time, "monotonic"),
    "warn": _name(warnings, "warn"),
    "exit": _name(sys, "exit"),
    "a module taken out": (lambda: sys.modules.get("decimal"), lambda: sys.modules.pop("decimal")),
    "a module replaced": (lambda: sys.modules["json"], lambda: sys.modules.update(json=types.ModuleType("json"))),
    "importers": (lambda: list(sys.meta_path), sys.meta_path.clear),
    "hooks of folders": (lambda: list(sys.path_hooks), sys.path_hooks.clear),
    "the list of folders": (lambda: id(sys.path), lambda: setattr(sys, "path", list(sys.path))),
    "the environment's table": (lambda: id(os.environ), lambda: setattr(os, "environ", dict(os.environ))),
    "standard output": (lambda: sys.__stdout__, lambda: setattr(sys, "__stdout__", None)),
    "tracebacks": (lambda: getattr(sys, "tracebacklimit", None), lambda: setattr(sys, "tracebacklimit", 0)),
    "long numbers": (sys.get_int_max_str_digits, lambda: sys.set_int_max_str_digits(0)),
    "turns of threads": (sys.getswitchinterval, lambda: sys.setswitchinterval(0.5)),
    "traced threads": (threading.gettrace, lambda: threading.settrace(_handler)),
    "time zone": (lambda: time.strftime("%Z", time.localtime(0)), _zone),
    "decimal": (lambda: decimal.getcontext().prec, lambda: setattr(decimal.getcontext(), "prec", 3)),
    "numpy's errors": (np.geterr, lambda: np.seterr(all="raise")),
    "numpy's prints": (lambda: np.get_printoptions()["precision"], lambda: np.set_printoptions(precision=1)),
    "umask": (_umask, lambda: os.umask(0o777)),
    "blocked signals": (
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]),
    ),
    "a signal": (lambda: signal.getsignal(signal.SIGWINCH), lambda: signal.signal(signal.SIGWINCH, _handler)),
    "a timer": (
        lambda: signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0,
        lambda: signal.setitimer(signal.ITIMER_VIRTUAL, 1000),
    ),
    "a logger": (lambda: logging.getLogger("torch").level, lambda: logging.getLogger("torch").setLevel(1)),
    "filters of logs": (lambda: list(logging.root.filters), lambda: logging.root.addFilter(logging.Filter("no"))),
    "warnings as logs": (
        lambda: (vars(logging)["_warnings_showwarning"], warnings.showwarning),
        lambda: logging.captureWarnings(capture=True),
    ),
    "collections": (lambda: (gc.get_debug(), len(gc.callbacks)), lambda: gc.callbacks.append(_handler)),
    "sockets": (socket.getdefaulttimeout, lambda: socket.setdefaulttimeout(1)),
    "temporary files": (lambda: tempfile.tempdir, lambda: setattr(tempfile, "tempdir", "/")),
    "fault handler": (
        faulthandler.is_enabled,
        lambda: faulthandler.disable() if faulthandler.is_enabled() else faulthandler.enable(),
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="some of them are of Linux alone")
@pytest.mark.parametrize("case", CASES)
def test_a_setting_is_as_before(case: str) -> None:
    read, change = CASES[case]
    before = read()
    with undisturbed():
        change()
        made = read()
    assert made != before, "nothing was tried"
    assert read() == before


def test_a_mode_of_the_caller_stays_and_one_that_is_left_is_gone() -> None:
    with Mode() as own:
        with undisturbed():
            Mode().__enter__()
        assert C._len_torch_dispatch_stack() == 1
        assert C._get_dispatch_stack_at(0) is own
        with undisturbed():
            _python_dispatch._pop_mode()
        assert C._get_dispatch_stack_at(0) is own
    assert C._len_torch_dispatch_stack() == 0


def test_a_timer_of_the_caller_goes_on_if_code_stops_it() -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, 1000, 7)
    try:
        with undisturbed():
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        left, interval = signal.getitimer(signal.ITIMER_VIRTUAL)
        assert 900 < left < 1001
        assert interval == 7
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def test_a_module_that_was_imported_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this_is_new", raising=False)
    with undisturbed():
        sys.modules["this_is_new"] = types.ModuleType("this_is_new")
    assert sys.modules.pop("this_is_new").__name__ == "this_is_new"


def test_what_an_import_adds_or_replaces_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """An importer of its own, as six has one, and a module that takes the place of its stand-in."""
    stub, whole, importer = types.ModuleType("this_is_lazy"), types.ModuleType("this_is_lazy"), object()
    monkeypatch.setitem(sys.modules, "this_is_lazy", stub)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    before = [*sys.meta_path]
    with undisturbed():
        sys.modules["this_is_lazy"] = whole
        sys.meta_path.append(importer)  # type: ignore[arg-type]
        sys.meta_path.remove(before[0])
    assert sys.modules["this_is_lazy"] is whole
    assert sys.meta_path == [before[0], *before[1:], importer]


def test_what_cannot_be_put_back_does_not_keep_the_rest_from_it() -> None:
    class Stubborn:
        one, two = 1, 2

        def __setattr__(self, name: str, value: object) -> None:
            if name == "one" and value == 1:
                raise ValueError
            super().__setattr__(name, value)

    thing = Stubborn()
    with kept([attributes(thing, "one"), attributes(thing, "two")]):
        thing.one, thing.two = 3, 4
    assert (thing.one, thing.two) == (3, 2)
