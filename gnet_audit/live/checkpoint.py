"""A run on the disk: what it has found so far as JSON, the network and its optimizer as tensors."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live.fit import Session, fresh
from gnet_audit.live.job import Job
from gnet_audit.training import Accuracy, Answer, Check, Outcome, Phase, Point, Reach, Speed

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
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        torch.save(content, draft)
        draft.replace(file)
    except (OSError, RuntimeError) as error:
        raise UnavailableError(f"cannot write the checkpoint: {_line(error)}", where=str(file)) from error
    finally:
        draft.unlink(missing_ok=True)


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


def _progress(found: dict[str, Any]) -> Progress:
    return Progress(
        done=found["done"],
        points=[
            Point(**{**one, "phase": Phase(one["phase"]), "losses": tuple(one["losses"])}) for one in found["points"]
        ],
        checks=[Check(**{**one, "outcome": Outcome(one["outcome"])}) for one in found["checks"]],
        reach=[Reach(**{**one, "reached": tuple(one["reached"])}) for one in found["reach"]],
        settled=len(found["checks"]),
        seconds=found["seconds"],
        accuracy=_accuracy(found["accuracy"]),
        answers=tuple(Answer(**one) for one in found["answers"]),
        speed=_speed(found["speed"]),
    )


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


def _accuracy(found: dict[str, Any] | None) -> Accuracy | None:
    if found is None:
        return None
    return Accuracy(**{**found, "confusion": tuple(map(tuple, found["confusion"]))})


def _speed(found: dict[str, Any] | None) -> Speed | None:
    return None if found is None else Speed(**{**found, "seconds": tuple(found["seconds"])})


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
    session.module.load_state_dict(stored["module"])
    session.optimizer.load_state_dict(stored["optimizer"])
    session.step, session.averaged = stored["step"], stored["averaged"]
    session.average = dict(stored["average"])
