"""A paper's network as data: specs are read, checked and given out as values."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from gnet_audit.errors import Problem, SpecError, UsageError
from gnet_audit.garbage import uncollected
from gnet_audit.spec import read, toml
from gnet_audit.spec.values import Fact, Head, Row, Spec, Step, Total
from gnet_audit.spec.words import FLAGS

__all__ = ["FLAGS", "Fact", "Head", "Row", "Spec", "Step", "Total", "is_spec", "load", "read_file", "shipped"]

_PACKAGE = Path(__file__).parent.parent


def shipped() -> tuple[str, ...]:
    """The names of the specs that come with gnet-audit."""
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


def is_spec(name: str) -> bool:
    """Whether a word names a spec and no model: a shipped one by its id, any other by its .toml file."""
    return name.endswith(".toml") or name in shipped()


def load(name: str) -> Spec:
    """A shipped spec by its name, or one by the path of its `.toml` file."""
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return read_file(name)
    if name not in shipped():
        near = get_close_matches(name, shipped(), n=1) or shipped()
        raise UsageError("no such spec", where="--spec", expected=f"{', '.join(near)}, or a .toml file", got=repr(name))
    return read_file(str(_folder() / f"{name}.toml"))


@uncollected()
def read_file(file: str) -> Spec:
    """The spec in a file; SpecError with all its mistakes."""
    try:
        content = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the spec: {getattr(error, 'strerror', None) or error}", where=file) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError(file, (Problem(line=line, where="no valid TOML", what="not UTF-8"),)) from error
    return _parsed(text, file, sha256(content).hexdigest())


@lru_cache(maxsize=8)
def _parsed(text: str, file: str, digest: str) -> Spec:
    """The same text is the same spec: a process that audits many models reads it once."""
    return read.spec(toml.parse(text, file), digest)


def _folder() -> Path:
    """In a wheel the specs lie in the package, in a checkout beside it."""
    inside = _PACKAGE / "_specs"
    return inside if inside.is_dir() else _PACKAGE.parent / "specs"
