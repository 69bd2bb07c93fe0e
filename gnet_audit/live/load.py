"""Modules of the user's code, from a dotted name or a file, and the attributes asked of them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType

from gnet_audit.errors import TargetError, said
from gnet_audit.live.lines import raised, shown
from gnet_audit.live.raising import at, within_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A module, and what its code may need to find again when it runs."""

    module: ModuleType
    folders: tuple[str, ...] = ()
    others: Mapping[str, ModuleType] = field(default_factory=dict)
    """Modules that were imported from the folders while it loaded."""


def load(name: str) -> Loaded:
    """Import a module by its dotted name, the current folder included, or run a file as one."""
    if is_file(name):
        return _file(name)
    folder = os.getcwd()
    with importable((folder,), {}) as others:
        module = _guarded(name, lambda: importlib.import_module(name))
    return Loaded(module=module, folders=(folder,), others=others)


def is_file(name: str) -> bool:
    """Whether a target's first part means a file rather than a module."""
    return name.endswith(".py") or os.sep in name or "/" in name


def attribute(module: ModuleType, path: str, where: str) -> object:
    """A possibly dotted attribute of a module."""
    value: object = module
    for name in path.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise TargetError(f"no attribute {name!r}{_near(value, name)}", where=where) from None
    return value


def _near(value: object, name: str) -> str:
    from difflib import get_close_matches

    public = [known for known in dir(value) if not known.startswith("_")]
    near = get_close_matches(name, public, n=3, cutoff=0.6)
    return f", did you mean {' or '.join(near)}?" if near else ""


@contextmanager
def importable(folders: tuple[str, ...], others: Mapping[str, ModuleType]) -> Iterator[dict[str, ModuleType]]:
    """Let modules be imported from folders; afterwards the interpreter knows no more of them than before."""
    path, modules, argv = list(sys.path), dict(sys.modules), list(sys.argv)
    found: dict[str, ModuleType] = {}
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    sys.modules.update((name, module) for name, module in others.items() if name not in sys.modules)
    sys.argv[1:] = []
    try:
        yield found
    finally:
        sys.path[:], sys.argv[:] = path, argv
        for name, module in list(sys.modules.items()):
            if modules.get(name) is not module and _lies_in(module, folders):
                found[name] = module
                if name in modules:
                    sys.modules[name] = modules[name]
                else:
                    del sys.modules[name]


def _lies_in(module: ModuleType, folders: tuple[str, ...]) -> bool:
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    if not isinstance(file, str) or f"{os.sep}site-packages{os.sep}" in file:
        return False
    return any(os.path.abspath(file).startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _file(name: str) -> Loaded:
    path = os.path.abspath(name)
    if not os.path.isfile(path):
        raise TargetError("no such file", where=name)
    try:
        return _run(path)
    except TargetError as error:
        relative = isinstance(error.__cause__, ImportError) and "relative import" in str(error.__cause__)
        if not relative or not os.path.isfile(os.path.join(os.path.dirname(path), "__init__.py")):
            raise
    return _part_of_package(path)


def _run(path: str) -> Loaded:
    folder, file = os.path.split(path)
    stem = file.removesuffix(".py")
    name = stem if stem.isidentifier() and stem not in sys.modules else f"gnet_audit_target_{stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError("not a Python file", where=shown(path))
    module = importlib.util.module_from_spec(spec)
    loader = spec.loader
    with importable((folder,), {}) as others:
        sys.modules[name] = module
        _guarded(shown(path), lambda: loader.exec_module(module))
    return Loaded(module=module, folders=(folder,), others=others)


def _part_of_package(path: str) -> Loaded:
    """A file with relative imports, loaded by its name in the package that it lies in."""
    folder, file = os.path.split(path)
    names = [file.removesuffix(".py")]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        names.insert(0, package)
    with importable((folder, os.path.dirname(path)), {}) as others:
        module = _guarded(shown(path), lambda: importlib.import_module(".".join(names)))
    return Loaded(module=module, folders=(folder, os.path.dirname(path)), others=others)


def _guarded(where: str, action: object) -> ModuleType:
    try:
        module = action()  # type: ignore[operator]
    except SyntaxError as error:
        file, line = raised(error) or (where, error.lineno or 1)
        raise TargetError(f"syntax error: {error.msg}", where=f"{shown(file)}:{line}") from error
    except SystemExit as error:
        raise TargetError(f"the code exits while it is imported ({said(error)})", where=where) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        within_limits(error, where)
        raise TargetError(f"cannot be imported, {said(error)}", where=at(error, where)) from error
    assert module is None or isinstance(module, ModuleType)
    return module  # type: ignore[return-value]
