"""What is to be audited, as a model: from a word on the command line or from a Python object."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import FunctionType, MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from gnet_audit.errors import TargetError, said
from gnet_audit.garbage import uncollected
from gnet_audit.live import load
from gnet_audit.live.alone import alone
from gnet_audit.live.folder import mistaken
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.lines import Construction, Locations, Place, shown
from gnet_audit.live.own_names import names_around, own_names
from gnet_audit.live.raising import at, readable, within_limits
from gnet_audit.live.setting import Changes, Setting, kept
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.tables import Held
from gnet_audit.live.twin import Twin, twin_of, unwrapped

NOTHING: Mapping[str, object] = MappingProxyType({})
Factory = Callable[..., object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Build:
    """A model to be audited, and where its parts were made."""

    module: nn.Module
    text: str
    """The target as it was given, a file by its path from the current folder; or the class of the object."""
    constructed: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    """For each module under its dotted name the lines that constructed it, innermost first."""
    held: Mapping[str, tuple[Held, ...]] = field(default_factory=dict, repr=False)
    """For each module under its dotted name the values that these lines had in hand."""
    guessed: tuple[tuple[str, object], ...] = ()
    """Arguments that the constructor requires and nobody gave."""
    loaded: load.Loaded | None = None
    again: Callable[[], nn.Module] | None = None
    """Build the same on the CPU."""
    locations: Locations = field(default_factory=Locations, repr=False)
    twins: dict[str, Twin] = field(default_factory=dict, repr=False)
    changed: Changes = ()
    """What the code changed beside the model while it was loaded, and may count on."""

    def twin(self, device: str) -> Twin:
        """The copy that is run, one for both modes."""
        if device not in self.twins:
            with undisturbed(), self.importable(), readable(self.text):
                original = self.module
                if device == "cpu" and self.again is not None and any(p.is_meta for p in original.parameters()):
                    original = self.again()
                self.twins[device] = twin_of(original, torch.device(device))
        return self.twins[device]

    @property
    def params(self) -> int | None:
        """All parameters that the model owns, used or not; None while some have no size yet."""
        owned = list(self.module.parameters())
        if any(is_lazy(parameter) for parameter in owned):
            return None
        return sum(parameter.numel() for parameter in owned)

    @property
    def needs_data(self) -> bool:
        """Whether a forward is known to need real numbers."""
        return "cpu" in self.twins

    @contextmanager
    def importable(self) -> Iterator[None]:
        """Let code find what it found or made when it was loaded: its modules, and whatever else it changed."""
        with kept(setting for setting, _ in self.changed):
            for setting, value in self.changed:
                setting.write(value)
            with kept(self._own_names):
                if self.loaded is None:
                    yield
                else:
                    with load.importable(self.loaded.folders, self.loaded.others):
                        yield

    @cached_property
    def _own_names(self) -> tuple[Setting, ...]:
        """What a forward may change in the model's own code as well as in an object."""
        loaded = () if self.loaded is None else (self.loaded.module, *self.loaded.others.values())
        return own_names(self.module, loaded)


def build(target: object, args: Mapping[str, object] = NOTHING) -> Build:
    """The model that a target stands for; on meta where its constructor allows it."""
    changed: list[tuple[Setting, Any]] = []
    with undisturbed(changed.extend), uncollected():
        made = _of(target, args, Construction())
    return replace(made, changed=(*changed, *made.changed))


def _of(target: object, args: Mapping[str, object], construction: Construction) -> Build:
    if not isinstance(target, str):
        changed: list[tuple[Setting, Any]] = []
        with kept(names_around(target), changed.extend):
            made = _built(target, _class_of(target), args, construction, None)
        return replace(made, changed=tuple(changed))
    if target == "reference":
        return _built(GoogLeNet, target, args, construction, None)
    if target.startswith("torchvision:"):
        return _built(_torchvision(target), target, args, construction, None)
    return _from_code(target, args, construction)


def _from_code(target: str, args: Mapping[str, object], construction: Construction) -> Build:
    name, path = _split(target)
    if name.endswith(".ipynb"):
        raise TargetError("a notebook", where=name, expected="its code exported to a file, FILE.py:FACTORY")
    if os.path.isdir(name) and (not path or load.is_file(name)):
        raise mistaken(name)
    if not name or not (path or load.is_file(name)):
        kinds = "reference, torchvision:NAME, pkg.mod:FACTORY or FILE.py:FACTORY"
        raise TargetError(f"{target!r} is not a target", expected=kinds)
    told = _told(name)
    with construction.recording(build.__code__):
        loaded = load.load(name)
    value = (
        load.attribute(loaded.module, path, name)
        if path
        else alone(loaded.module, name, lambda found: _is_callable_with(found, args))
    )
    with load.importable(loaded.folders, loaded.others):
        return _built(value, f"{told}:{path or _name(value)}", args, construction, loaded)


def _told(name: str) -> str:
    """A module or file as it is shown: below the current folder by the same path, however it was typed."""
    if not load.is_file(name):
        return name
    path = shown(name)
    return name if os.path.isabs(path) else path


def _split(target: str) -> tuple[str, str]:
    """Module or file, and attribute; the name of a file may have colons itself."""
    file, dot_py, path = target.rpartition(".py:")
    if dot_py:
        return f"{file}.py", path
    if target.endswith(".py"):
        return target, ""
    name, _, path = target.partition(":")
    return name, path


def _torchvision(target: str) -> object:
    name = target.partition(":")[2]
    try:
        from torchvision import models
    except ModuleNotFoundError as error:
        raise TargetError("torchvision is not installed", where=target) from error
    except Exception as error:
        why = f"torchvision does not fit this torch {torch.__version__} ({type(error).__name__}: {error})"
        raise TargetError(why, where=target, expected="a torchvision built for it") from error
    return load.attribute(models, name, "torchvision.models")


# --- the object that was named --------------------------------------------------------------------------------


def _built(
    value: object, text: str, args: Mapping[str, object], construction: Construction, loaded: load.Loaded | None
) -> Build:
    guessed: dict[str, object] = {}
    again: Callable[[], nn.Module] | None = None
    if isinstance(value, nn.Module):
        if args:
            raise TargetError(f"--arg {next(iter(args))}=… has no use: it is an instance already", where=text)
        module: nn.Module = value
    elif _is_factory(value):
        arguments, guessed = _arguments(value, text, args)  # type: ignore[arg-type]
        factory = _with_torchvision_defaults(value, text)  # type: ignore[arg-type]
        module = _constructed(factory, text, arguments, construction)

        def again() -> nn.Module:
            return unwrapped(_call(factory, text, arguments))
    else:
        got = f"class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise TargetError(
            "not a model", where=text, expected="an nn.Module, its class, or a function that makes one", got=got
        )
    with readable(text):
        module = unwrapped(module)
        _check(module, text)
        constructed = construction.of(module)
    return Build(
        module=module,
        text=text,
        constructed=constructed,
        held=construction.held(module),
        guessed=tuple(guessed.items()),
        loaded=loaded,
        again=again,
    )


def _class_of(value: object) -> str:
    return unwrapped(value).__class__.__name__ if isinstance(value, nn.Module) else _name(value)


def _name(value: object) -> str:
    return str(getattr(value, "__qualname__", None) or type(value).__name__)


def _is_factory(value: object) -> bool:
    if isinstance(value, type):
        return issubclass(value, nn.Module)
    return callable(value)


def _check(module: nn.Module, text: str) -> None:
    if not isinstance(module, nn.Module):
        raise TargetError("not a model", where=text, expected="an nn.Module", got=type(module).__name__)
    scripted = isinstance(module, torch.jit.ScriptModule)
    if not scripted and type(module).forward is nn.Module.forward and "forward" not in vars(module):
        raise TargetError(f"{type(module).__name__} has no forward", where=text)
    if next(module.parameters(), None) is None:
        raise TargetError(f"{type(module).__name__} has no parameters", where=text)


# --- arguments ------------------------------------------------------------------------------------------------

_CLASSES = ("num_classes", "n_classes", "classes", "num_class", "nclass", "class_num", "classes_num", "nb_classes")
_CHANNELS = ("in_channels", "in_channel", "input_channels", "num_channels", "in_chans", "in_ch", "channels")
_GUESSES: Mapping[str, object] = {
    **dict.fromkeys(_CLASSES, 1000),
    **dict.fromkeys(_CHANNELS, 3),
    **dict.fromkeys(("pretrained", "init_weights"), False),
    **dict.fromkeys(("aux_logits", "aux", "use_aux"), True),
}
"""What required arguments of these names must be for the paper's network."""


def _arguments(factory: Factory, text: str, args: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """The arguments to call a factory with, and those among them that were guessed."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return dict(args), {}
    names = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for name in args:
            if name not in names:
                known = f"one of {', '.join(sorted(names))}" if names else "no arguments"
                raise TargetError(f"{_name(factory)} has no argument {name!r}", where=text, expected=known)
    required = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    guessed, missing = dict[str, object](), list[str]()
    for parameter in required:
        if parameter.name in args:
            continue
        found, guess = _guess(parameter, factory)
        if found:
            guessed[parameter.name] = guess
        else:
            missing.append(parameter.name)
    if missing:
        listed = " and ".join(repr(name) for name in missing)
        give = " ".join(f"--arg {name}=…" for name in missing)
        raise TargetError(f"{_name(factory)} needs the argument {listed}; give it with {give}", where=text)
    return {**guessed, **args}, guessed


def _guess(parameter: inspect.Parameter, factory: Factory) -> tuple[bool, object]:
    """A word that speaks for itself, or a configuration whose values all have defaults."""
    if parameter.name in _GUESSES:
        return True, _GUESSES[parameter.name]
    kind = parameter.annotation
    if isinstance(kind, str):
        home = getattr(factory, "__init__", factory)
        kind = getattr(home, "__globals__", {}).get(kind)
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__"):
        try:
            return True, kind()
        except Exception:  # noqa: BLE001 - a class of the user's that needs more
            return False, None
    return False, None


def _with_torchvision_defaults(factory: Factory, text: str) -> Factory:
    """Torchvision's functions pass `init_weights` on to the models that take it, and spend seconds without."""
    if not text.startswith("torchvision:") or not isinstance(factory, FunctionType):
        return factory

    def plain(**arguments: object) -> object:
        if "init_weights" in arguments:
            return factory(**arguments)
        try:
            return factory(init_weights=False, **arguments)
        except TypeError as error:
            if "init_weights" not in str(error):
                raise
            return factory(**arguments)

    return plain


# --- construction ---------------------------------------------------------------------------------------------


def _constructed(factory: Factory, text: str, arguments: dict[str, object], construction: Construction) -> nn.Module:
    with construction.recording(_call.__code__):
        try:
            with _OnMeta():
                return _call(factory, text, arguments)
        except TargetError:
            return _call(factory, text, arguments)


def _call(factory: Factory, text: str, arguments: dict[str, object]) -> nn.Module:
    try:
        made = factory(**arguments)
    except SystemExit as error:
        raise TargetError(f"the code exits while the model is built ({said(error)})", where=text) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        within_limits(error, text)
        refused = next((name for name in arguments if f"unexpected keyword argument '{name}'" in said(error)), None)
        if refused is not None:
            raise TargetError(f"no argument {refused!r}", where=text) from error
        raise TargetError(f"{_short(text)}() raises {said(error)}", where=at(error, text)) from error
    if not isinstance(made, nn.Module):
        raise TargetError(
            "not a model", where=text, expected=f"an nn.Module from {_short(text)}()", got=type(made).__name__
        )
    return made


def _short(text: str) -> str:
    return text.rpartition(":")[2] or text


_FACTORIES = frozenset({"empty", "zeros", "ones", "full", "rand", "randn", "empty_strided", "normal", "empty_permuted"})
_FILLS = frozenset(
    {"uniform_", "normal_", "constant_", "ones_", "zeros_", "fill_", "zero_", "trunc_normal_", "orthogonal_", "sparse_"}
    | {"xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "eye_", "dirac_", "erfinv_"}
)


class _OnMeta(TorchFunctionMode):
    """Large tensors are made on meta, and not filled; computed constants stay real."""

    def __torch_function__(
        self,
        func: object,
        types: Iterable[type],
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        if name in _FACTORIES:
            kwargs = {**kwargs, "device": "meta"}
        elif name in _FILLS or name in {"to", "cuda", "cpu"}:
            tensor = args[0] if args else kwargs.get("tensor")
            if isinstance(tensor, Tensor) and tensor.is_meta:
                if name in _FILLS:
                    return tensor
                moved = [
                    item for item in args[1:] if not isinstance(item, str | torch.device | int) or item in (True, False)
                ]
                types_only = [item for item in (*moved, *kwargs.values()) if isinstance(item, torch.dtype)]
                return tensor.to(types_only[0]) if types_only else tensor
        return func(*args, **kwargs)  # type: ignore[operator]


def _is_callable_with(value: object, args: Mapping[str, object]) -> bool:
    try:
        _arguments(value, "", args)  # type: ignore[arg-type]
    except TargetError:
        return False
    return True


__all__ = ["Build", "build"]
