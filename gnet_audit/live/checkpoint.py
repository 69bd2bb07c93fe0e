"""A run on the disk: what it has found so far as JSON, the network and its optimizer as tensors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import torch

from gnet_audit.drafts import replacing
from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live.fit import Session, fresh
from gnet_audit.live.job import Job
from gnet_audit.rules import BY_ID
from gnet_audit.training import Accuracy, Answer, Check, Phase, Point, Reach, Speed

VERSION = 2


@dataclass(slots=True, kw_only=True)
class Progress:
    """What a run has so far."""

    done: list[str] = field(default_factory=list)
    """The sections that are finished."""
    points: list[Point] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    settled: int = 0
    """How many of the checks are of finished sections: those of the others will be made again."""
    reach: list[Reach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """On this process's run; they are not kept."""
    late: bool = False
    """Whether the deadline of this process's run has come."""
    seconds: list[float] = field(default_factory=list)
    """Of each step of the real run; kept so that a resumed run can tell its speed."""
    accuracy: Accuracy | None = None
    answers: tuple[Answer, ...] = ()
    speed: Speed | None = None
    session: Session | None = None
    """The network of the section that is under way."""

    def add(self, record: Point | Check | Reach | Accuracy | Speed) -> None:
        """Keep a record."""
        match record:
            case Point():
                self.points.append(record)
            case Check():
                self.checks.append(record)
            case Reach():
                self.reach.append(record)
            case Accuracy():
                self.accuracy = record
            case Speed():
                self.speed = record


def save(file: Path, job: Job, progress: Progress) -> None:
    """Write the run through a temporary name."""
    session = progress.session
    content = {
        "version": VERSION,
        "identity": _identity(job),
        "found": json.dumps({
            "done": progress.done,
            "points": [asdict(point) for point in progress.points],
            "checks": [asdict(check) for check in progress.checks[: progress.settled]],
            "reach": [asdict(entry) for entry in progress.reach],
            "seconds": progress.seconds,
            "accuracy": asdict(progress.accuracy) if progress.accuracy else None,
            "answers": [asdict(answer) for answer in progress.answers],
            "speed": asdict(progress.speed) if progress.speed else None,
        }),
        "session": None if session is None else _stored(session),
    }  # fmt: skip
    try:
        with replacing(file) as draft:
            torch.save(content, draft)
    except (OSError, RuntimeError) as error:
        raise UnavailableError(f"cannot write the checkpoint: {_line(error)}", where=str(file)) from error


def load(file: Path, job: Job) -> Progress:
    """Read a run of the same target, recipe and data; a UsageError for anything else."""
    content = _read(file, job.device)
    with _sound(file):
        saved = dict(json.loads(content["identity"]))
    _same(file, saved, json.loads(_identity(job)))
    with _sound(file):
        progress = _progress(json.loads(content["found"]))
        stored = content["session"]
        phase = None if stored is None else Phase(stored["phase"])
    if phase is not None:
        session = fresh(job, phase)
        with _sound(file):
            _restore(session, stored)
        progress.session = session
    return progress


@contextmanager
def _sound(file: Path) -> Iterator[None]:
    """What is done inside fails only where the file is not what we wrote."""
    try:
        yield
    except Exception as error:
        raise _foreign(file) from error


def _foreign(file: Path) -> UsageError:
    return UsageError("not a checkpoint of smoke-train", where=str(file), expected="what --checkpoint wrote")


def _same(file: Path, saved: dict[str, Any], now: dict[str, Any]) -> None:
    for key, value in now.items():
        if saved.get(key) != value:
            was, is_now = json.dumps(saved.get(key)), json.dumps(value)
            raise UsageError(f"a checkpoint of another run: {key} differs", where=str(file), expected=is_now, got=was)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is kept as JSON."""

    done: list[str]
    points: list[Point]
    checks: list[Check]
    reach: list[Reach]
    seconds: list[float]
    accuracy: Accuracy | None
    answers: tuple[Answer, ...]
    speed: Speed | None


def _progress(data: object) -> Progress:
    found: _Found = _made(_Found, data)
    if any(check.rule not in BY_ID for check in found.checks):
        raise ValueError("an unknown rule")
    return Progress(
        done=found.done,
        points=found.points,
        checks=found.checks,
        settled=len(found.checks),
        reach=found.reach,
        seconds=found.seconds,
        accuracy=found.accuracy,
        answers=found.answers,
        speed=found.speed,
    )


def _made(kind: Any, value: Any) -> Any:
    """A value of JSON as the type that is asked for; TypeError (or ValueError) where it is another one."""
    if is_dataclass(kind):
        kinds = get_type_hints(kind)
        if not isinstance(value, dict) or value.keys() != kinds.keys():
            raise TypeError(f"no {kind}")
        return kind(**{name: _made(kinds[name], item) for name, item in value.items()})  # type: ignore[operator]
    inner = get_args(kind)
    if type(None) in inner:
        return None if value is None else _made(inner[0], value)
    if inner and isinstance(value, list):
        return get_origin(kind)(_made(inner[0], item) for item in value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise TypeError(f"no {kind}")
    return value


def _identity(job: Job) -> str:
    """What must be the same for a run to be gone on with."""
    return json.dumps({
        "target": job.subject.name,
        "args": dict(job.subject.args),
        "heads": job.subject.heads,
        "weights": job.subject.weights,
        "ranks": job.ranks.size,
        "data": [len(job.data.train), len(job.data.test), *job.facts.splits[0].mean],
        "labels": _labels(job),
        **{f"recipe.{name}": value for name, value in asdict(job.recipe).items()},
    })  # fmt: skip


def _labels(job: Job) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for split in (job.data.train, job.data.test):
        digest.update(split.labels.tobytes())
    return digest.hexdigest()


def _read(file: Path, device: torch.device) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise UsageError("no such checkpoint", where=str(file)) from None
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror or error}", where=str(file)) from error
    except Exception as error:  # whatever the bytes make torch or pickle say
        raise _foreign(file) from error
    if not isinstance(content, dict) or "version" not in content:
        raise _foreign(file)
    if content["version"] != VERSION:
        raise UsageError("a checkpoint of another gnet-audit", where=str(file), expected=f"version {VERSION}")
    return content


def _line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200] or type(error).__name__


def _stored(session: Session) -> dict[str, Any]:
    return {
        "module": session.module.state_dict(),
        "optimizer": session.optimizer.state_dict(),
        "phase": session.phase.value,
        "step": session.step,
        "average": session.average,
        "averaged": session.averaged,
    }


def _restore(session: Session, stored: dict[str, Any]) -> None:
    options = [_kinds(group) for group in session.optimizer.param_groups]
    session.module.load_state_dict(stored["module"])
    session.optimizer.load_state_dict(stored["optimizer"])
    session.step, session.averaged = _made(int, stored["step"]), _made(int, stored["averaged"])
    session.average = dict(stored["average"])
    state, sizes = session.module.state_dict(), session.optimizer.state
    if (
        min(session.step, session.averaged) < 0
        or [_kinds(group) for group in session.optimizer.param_groups] != options
        or any(state[name].shape != value.shape for name, value in session.average.items())
        or (session.average and session.average.keys() != state.keys())
        or any(not _is_state(value, of) for of, values in sizes.items() for value in values.values())
    ):
        raise TypeError("of another network or optimizer")


def _kinds(group: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in group.items()}


def _is_state(value: object, of: torch.Tensor) -> bool:
    """Whether an optimizer may keep a value for a parameter: a counter, or one number for each of its."""
    return value is None or (isinstance(value, torch.Tensor) and value.shape in {torch.Size(), of.shape})
