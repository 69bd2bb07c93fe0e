"""What a hostile model must not have changed: seen with other eyes than the audit's own list."""

from __future__ import annotations

import gc
import hashlib
import locale
import logging
import os
import random
import signal
import sys
import warnings

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit


def world() -> dict[str, object]:
    """The settings of the process that models are known to change, as values that can be compared."""
    return {
        "torch random": torch.get_rng_state().numpy().tobytes(),
        "python random": random.getstate(),
        "numpy random": repr(np.random.get_state()),  # noqa: NPY002 - as models do
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "a new tensor": (torch.zeros(1).dtype, torch.zeros(1).device),
        "grad": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "autocast": torch.is_autocast_enabled("cpu"),
        "anomaly": torch.is_anomaly_enabled(),
        "global hooks": tuple(
            len(getattr(nn.modules.module, name))
            for name in ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks")
        ),
        "functions": tuple(map(id, (F.relu, F.conv2d, F.linear, F.max_pool2d, torch.cat, torch.relu, Tensor.relu))),
        "classes": tuple(
            map(
                id,
                (
                    nn.Module.__call__,
                    nn.Module._call_impl,  # noqa: SLF001
                    nn.Module.__init__,
                    nn.Conv2d.forward,
                    nn.ReLU,
                    nn.Linear.__init__,
                ),
            )
        ),
        "names": (sorted(vars(F)), sorted(vars(nn)), sorted(vars(nn.Module))),
        "print": id(print),
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "argv": list(sys.argv),
        "warnings": list(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "signals": tuple(map(signal.getsignal, (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM))),
        "timer": signal.getitimer(signal.ITIMER_REAL)[0] > 0,
        "streams": tuple(map(id, (sys.stdout, sys.stderr, sys.stdin, sys.excepthook))),
        "precision": torch.get_float32_matmul_precision(),
        "profile": sys.getprofile(),
        "garbage": (gc.isenabled(), gc.get_threshold()),
        "logging": (logging.root.level, list(logging.root.handlers)),
        "recursion": sys.getrecursionlimit(),
        "modes": torch._C._len_torch_function_stack(),  # noqa: SLF001
    }


def state(model: nn.Module, seen: frozenset[int] = frozenset()) -> dict[str, object]:
    """All that a model is: its tensors bit by bit, its modes, hooks and attributes."""
    found: dict[str, object] = {}
    for name, part in object.__getattribute__(model, "_modules").items():
        if isinstance(part, nn.Module) and id(part) not in seen:
            found |= {f"{name}.{key}": value for key, value in state(part, seen | {id(model)}).items()}
    own = model.__dict__
    found["class"] = sorted((name, id(value)) for kind in type(model).__mro__ for name, value in vars(kind).items())
    for name, value in own.items():
        if name in {"_parameters", "_buffers"}:
            found |= {f"{name}.{key}": _tensor(tensor) for key, tensor in value.items()}
        elif name.endswith("_hooks") or name == "_modules":
            found[name] = {key: id(item) for key, item in value.items()}
        else:
            found[name] = value if isinstance(value, bool | int | float | str) else id(value)
    return found


def _tensor(value: Tensor | None) -> object:
    if value is None or value.is_meta:
        return None if value is None else (id(value), value.dtype, value.shape)
    if value.is_quantized:
        value = value.int_repr()
    data = value.detach().resolve_conj().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    return id(value), value.dtype, value.requires_grad, value.grad is None, hashlib.sha256(data).hexdigest()


def changed(before: dict[str, object], after: dict[str, object]) -> set[str]:
    """The names of what is not as before."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
