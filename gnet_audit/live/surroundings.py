"""What user code may disturb while it runs, kept as it was."""

from __future__ import annotations

import gc
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout

import torch


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore random states, default type, device and gradient mode; warnings go nowhere, prints to stderr."""
    states = torch.get_rng_state(), random.getstate()
    numpy = sys.modules.get("numpy.random")
    numbers = numpy.get_state() if numpy is not None else None
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    kind, grad, device = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_default_device()
    try:
        with warnings.catch_warnings(), redirect_stdout(sys.stderr), _uncompiled():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        if numpy is not None and numbers is not None:
            numpy.set_state(numbers)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(kind)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected: one collection walks through all of torch, which takes longer than a trace."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _uncompiled() -> AbstractContextManager[object]:
    """Functions that were given to torch.compile run as they are written; without the compiler there are none."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo.eval_frame" in sys.modules else nullcontext()
