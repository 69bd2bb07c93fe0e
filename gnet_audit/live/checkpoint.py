"""A run on the disk: what it has found so far as JSON, the network and its optimizer as tensors."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live.fit import Session, fresh
from gnet_audit.live.job import Job
from gnet_audit.training import Accuracy, Answer, Check, Outcome, Phase, Point, Reach, Speed

VERSION = 1


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
    saved, now = json.loads(content["identity"]), json.loads(_identity(job))
    for key, value in now.items():
        if saved.get(key) != value:
            was, is_now = _difference(saved.get(key), value)
            raise UsageError(f"a checkpoint of another run: {key} differs", where=str(file), expected=is_now, got=was)
    found = json.loads(content["found"])
    progress = Progress(
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
    if content["session"] is not None:
        progress.session = _session(job, content["session"])
    return progress


def _identity(job: Job) -> str:
    """What must be the same for a run to be gone on with."""
    return json.dumps({
        "target": job.subject.name,
        "heads": job.subject.heads,
        "ranks": job.ranks.size,
        "data": [len(job.data.train), len(job.data.test), *job.facts.splits[0].mean],
        **{f"recipe.{name}": value for name, value in asdict(job.recipe).items()},
    })  # fmt: skip


def _difference(was: object, now: object) -> tuple[str, str]:
    return json.dumps(was), json.dumps(now)


def _read(file: Path, device: torch.device) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise UsageError("no such checkpoint", where=str(file)) from None
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, pickle.UnpicklingError) as error:
        raise UsageError(
            "not a checkpoint of gnet-audit", where=str(file), expected="what --checkpoint wrote"
        ) from error
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", where=str(file)) from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise UsageError("not a checkpoint of this gnet-audit", where=str(file), expected=f"version {VERSION}")
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


def _session(job: Job, stored: dict[str, Any]) -> Session:
    session = fresh(job, Phase(stored["phase"]))
    session.module.load_state_dict(stored["module"])
    session.optimizer.load_state_dict(stored["optimizer"])
    session.step, session.averaged = stored["step"], stored["averaged"]
    session.average = stored["average"]
    return session
