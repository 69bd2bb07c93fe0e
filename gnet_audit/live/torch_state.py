"""What user code may change in torch: names that it may replace, modes, defaults and switches."""

# Much of its state torch tells by private names alone.
# ruff: noqa: SLF001
# mypy: allow-untyped-calls

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import torch
import torch.utils.checkpoint
from torch import nn
from torch.autograd import forward_ad
from torch.nn.modules import module as hooks
from torch.overrides import _get_current_function_mode_stack, _pop_mode, _push_mode
from torch.utils import _device, _python_dispatch, deterministic

from gnet_audit.live.setting import Setting, attributes, names_of

_C: Any = torch._C
"""Where torch keeps its switches."""
_MODULES = (
    torch.autograd, torch.functional, torch.linalg, torch.optim, torch.special, nn, nn.functional, nn.init, nn.utils,
    torch.utils.checkpoint, _C._nn,
)  # fmt: skip


def _spaces() -> Iterator[ModuleType | type]:
    yield from (builtins, torch, *_MODULES, torch.Tensor, nn.Parameter)
    classes = [value for value in vars(nn).values() if isinstance(value, type)]
    bases = dict.fromkeys(base for value in classes for base in value.__mro__ if base is not object)
    yield from (base for base in bases if base.__module__.startswith("torch.nn.modules."))


# --- modes -----------------------------------------------------------------------------------------------------


def _hooks() -> dict[str, Any]:
    found = ((name, value) for name, value in vars(hooks).items() if name.startswith("_global_"))
    return {name: (id(value), value, value.copy()) if isinstance(value, dict) else value for name, value in found}


def _set_hooks(wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if isinstance(value, tuple):
            _, value, entries = value  # noqa: PLW2901 - the same table with the same entries
            value.clear()
            value.update(entries)
        setattr(hooks, name, value)


def _modes() -> tuple[Any, ...]:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)  # each thread's own
    return context, _device.CURRENT_DEVICE, *_get_current_function_mode_stack()


def _set_modes(wanted: tuple[Any, ...]) -> None:
    context, _device.CURRENT_DEVICE, *modes = wanted
    if context is None:  # gone, as before it was ever set: torch 2.6 stumbles over None
        vars(torch._GLOBAL_DEVICE_CONTEXT).pop("device_context", None)
    else:
        torch._GLOBAL_DEVICE_CONTEXT.device_context = context
    for _ in _get_current_function_mode_stack():
        _pop_mode()
    for mode in modes:
        _push_mode(mode)


def _dispatch_modes() -> list[Any]:
    return list(_python_dispatch._get_current_dispatch_mode_stack())


def _set_dispatch_modes(wanted: list[Any]) -> None:
    """What is computed under a mode may be anything: one that a forward leaves would falsify whatever comes after."""
    for _ in range(_C._len_torch_dispatch_stack()):
        _python_dispatch._pop_mode()
    for mode in wanted:
        _python_dispatch._push_mode(mode)


_KEYS = (
    ("_dispatch_tls_is_dispatch_key_included", "_dispatch_tls_set_dispatch_key_included"),
    ("_dispatch_tls_is_dispatch_key_excluded", "_dispatch_tls_set_dispatch_key_excluded"),
)


def _keys() -> tuple[int, int]:
    return _C._dispatch_tls_local_include_set().raw_repr(), _C._dispatch_tls_local_exclude_set().raw_repr()


def _set_keys(wanted: tuple[int, int]) -> None:
    """Which kernels this thread is led to: a guard that code entered and holds on to goes on leading elsewhere."""
    for told, (is_set, write) in zip(wanted, _KEYS, strict=True):
        keys = _C.DispatchKeySet.from_raw_repr(told)
        for key in _C.DispatchKey.__members__.values():
            if getattr(_C, is_set)(key) != keys.has(key):
                getattr(_C, write)(key, keys.has(key))


_guards: list[object] = []
"""They live on, beyond those that code may hold on to."""


def _saved_hooks() -> Any:
    return _C._autograd._top_saved_tensors_default_hooks(True)  # noqa: FBT003


def _set_saved_hooks(wanted: Any) -> None:
    while (top := _saved_hooks()) is not None and top != wanted:
        _C._autograd._pop_saved_tensors_default_hooks()
    if top is None and wanted is not None:
        _C._autograd._push_saved_tensors_default_hooks(*wanted)


def _leave_dual_levels(wanted: int) -> None:
    while forward_ad._current_level > wanted:
        forward_ad.exit_dual_level()


# --- defaults and switches -------------------------------------------------------------------------------------


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_deterministic(wanted: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(wanted[0], warn_only=wanted[1])


_AUTOCAST = ("cpu", "cuda")


def _autocast() -> tuple[Any, ...]:
    depth = torch.autocast_increment_nesting() - 1
    torch.autocast_decrement_nesting()
    return depth, *((torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in _AUTOCAST)


def _set_autocast(wanted: tuple[Any, ...]) -> None:
    depth, *kinds = wanted
    for kind, (on, dtype) in zip(_AUTOCAST, kinds, strict=True):
        torch.set_autocast_enabled(kind, on)
        torch.set_autocast_dtype(kind, dtype)
    now = _autocast()[0]
    for _ in range(now, depth):
        torch.autocast_increment_nesting()
    for _ in range(depth, now):
        torch.autocast_decrement_nesting()
    torch.clear_autocast_cache()


def _precision() -> str | None:
    """Of matrix products; None where the newer flags are in use, beside which torch refuses to answer."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None


def _set_precision(wanted: str | None) -> None:
    if wanted is not None:
        torch.set_float32_matmul_precision(wanted)


_SMALL = sys.float_info.min


def _flushes() -> bool:
    """Whether numbers too small for full precision become zero; torch does not tell."""
    return _SMALL / 2 == 0


def _printed() -> dict[str, Any]:
    return vars(torch._tensor_str.PRINT_OPTS).copy()


def _set_printed(wanted: Mapping[str, Any]) -> None:
    vars(torch._tensor_str.PRINT_OPTS).update(wanted)


_SWITCHES = (
    "is_autocast_cache_enabled set_autocast_cache_enabled", "_get_warnAlways _set_warnAlways",
    "_is_multithreading_enabled _set_multithreading_enabled", "_is_view_replay_enabled _set_view_replay_enabled",
    "_is_fwd_grad_enabled _set_fwd_grad_enabled", "_get_graph_executor_optimize _set_graph_executor_optimize",
    "_check_sparse_tensor_invariants _set_check_sparse_tensor_invariants",
    "_get_mkldnn_enabled _set_mkldnn_enabled", "_get_mkldnn_deterministic _set_mkldnn_deterministic",
    "_get_flash_sdp_enabled _set_sdp_use_flash", "_get_math_sdp_enabled _set_sdp_use_math",
    "_get_mem_efficient_sdp_enabled _set_sdp_use_mem_efficient", "_get_cudnn_sdp_enabled _set_sdp_use_cudnn",
    "_get_math_sdp_allow_fp16_bf16_reduction _set_math_sdp_allow_fp16_bf16_reduction",
)  # fmt: skip
"""Readers and writers in torch's core, as far as a version has them."""


def _switches() -> Iterator[Setting]:
    for read, write in map(str.split, _SWITCHES):
        if hasattr(_C, read) and hasattr(_C, write):
            yield Setting(read=getattr(_C, read), write=getattr(_C, write))


TORCH: tuple[Setting, ...] = (
    names_of(*dict.fromkeys(_spaces())),
    Setting(read=_hooks, write=_set_hooks),
    Setting(read=_dispatch_modes, write=_set_dispatch_modes, ours=True),
    attributes(_python_dispatch, "_is_in_torch_dispatch_mode", "_is_in_non_infra_torch_dispatch_mode", ours=True),
    Setting(read=_modes, write=_set_modes, ours=True),
    Setting(read=_C._get_torch_function_state, write=_C._set_torch_function_state, ours=True),
    Setting(read=torch.is_inference_mode_enabled, write=lambda on: _guards.append(_C._InferenceMode(on)), ours=True),
    Setting(read=_saved_hooks, write=_set_saved_hooks, ours=True),
    Setting(read=lambda: forward_ad._current_level, write=_leave_dual_levels, ours=True),
    Setting(
        read=_C._functorch.get_dynamic_layer_stack_depth,
        write=_C._functorch.pop_dynamic_layer_stack_and_undo_to_depth,
        ours=True,
    ),
    Setting(read=torch.get_default_dtype, write=torch.set_default_dtype),
    Setting(read=torch.is_grad_enabled, write=torch.set_grad_enabled, ours=True),
    Setting(read=torch.is_anomaly_enabled, write=torch.set_anomaly_enabled, ours=True),
    Setting(read=_autocast, write=_set_autocast),
    Setting(read=_keys, write=_set_keys, ours=True),
    Setting(read=torch.get_num_threads, write=torch.set_num_threads, ours=True),
    Setting(read=_deterministic, write=_set_deterministic),
    Setting(read=_precision, write=_set_precision, ours=True),
    Setting(read=_flushes, write=torch.set_flush_denormal, ours=True),
    Setting(read=_printed, write=_set_printed),
    attributes(torch.backends.cudnn, "enabled", "benchmark", "deterministic", ours=True),
    attributes(torch.backends.opt_einsum, "enabled", "strategy"),
    attributes(deterministic, "fill_uninitialized_memory"),
    attributes(torch.__future__, "_overwrite_module_params_on_conversion", "_swap_module_params_on_conversion"),
    *_switches(),
)
