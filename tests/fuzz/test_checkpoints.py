"""Checkpoints, damaged or written by somebody else: refused, or a run that can be gone on with."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.live import checkpoint
from gnet_audit.live.job import Job
from gnet_audit.live.train import Control, training
from gnet_audit.training import Phase, Point
from tests.fuzz.bounds import answered, slowly
from tests.training_net import SIZE
from tests.training_setup import ENVIRONMENT, healthy


@cache
def job() -> Job:
    """A run of a few steps of the small network."""
    setup = healthy()
    return replace(setup, recipe=replace(setup.recipe, overfit_steps=2, steps=3, shuffled_steps=1, batch_size=4, size=SIZE, test_images=10)).job()  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What such a run wrote when it was interrupted in its real part."""
    place = tmp_path_factory.mktemp("checkpoints") / "run.pt"
    asked: list[Point] = []
    records = training(job(), ENVIRONMENT, Control(file=place, stop=lambda: bool(asked)))
    with pytest.raises(KeyboardInterrupt):
        asked.extend(one for one in records if isinstance(one, Point) and (one.phase, one.step) == (Phase.REAL, 1))
    return place


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 10**20), st.floats(), st.sampled_from(["", "real", "pass", "x" * 1000])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["step", "phase", "x"]), inner, max_size=2)),
    max_leaves=4,
)  # fmt: skip


KIN = "\0kin"
"""Stands for another value of the same type."""


def kin(value: Any) -> Any:
    """Another value of the same type, where there is an easy one."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return value[:-1]
        case _:
            return value


def changed(value: Any, way: list[int], new: object, *, gone: bool) -> Any:
    """The same value with something inside replaced or gone."""
    if not way or not isinstance(value, dict | list) or not value:
        return kin(value) if new is KIN else new
    key = list(value)[way[0] % len(value)] if isinstance(value, dict) else way[0] % len(value)
    value = copy.copy(value)
    if gone and len(way) == 1:
        del value[key]
    else:
        value[key] = changed(value[key], way[1:], new, gone=gone)
    return value


def sound(progress: checkpoint.Progress) -> None:
    """Nothing in it has another type than it says, down to the records."""
    assert all(isinstance(name, str) for name in progress.done)
    for point in progress.points:
        assert isinstance(point, Point)
        assert isinstance(point.step, int)
        assert all(isinstance(loss, float | int) for loss in point.losses)
    assert all(isinstance(seconds, float | int) for seconds in progress.seconds)
    assert {one.name for one in fields(progress)} >= {"points", "session"}


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=6), st.integers(0, 3)), min_size=1, max_size=3), st.one_of(st.just(0), st.integers(1, 1 << 20)))  # fmt: skip
@slowly
def test_damaged_bytes_are_refused_or_leave_what_was_saved(
    file: Path, patches: list[tuple[int, bytes, int]], cut: int
) -> None:
    content = bytearray(file.read_bytes())
    for place, raw, over in patches:
        at = place % len(content)
        content[at : at + over] = raw
    copied = file.with_name("damaged.pt")
    copied.write_bytes(bytes(content[: cut % len(content)] if cut else content))
    progress = answered(lambda: checkpoint.load(copied, job()))
    event(f"read: {progress is not None}")
    if progress is not None:
        sound(progress)


@given(
    st.sampled_from(["found", "found", "identity", "session", ""]),
    st.lists(st.integers(0, 40), max_size=4),
    st.one_of(JSON, st.just(KIN)),
    st.booleans(),
)
@slowly
def test_what_somebody_else_wrote_is_refused_or_of_the_right_types(
    file: Path, part: str, way: list[int], new: object, gone: bool
) -> None:
    content: dict[str, Any] = torch.load(file, weights_only=True)
    if part in {"found", "identity"}:
        content[part] = json.dumps(changed(json.loads(content[part]), way, new, gone=gone))
    elif part:
        content[part] = changed(content[part], way, new, gone=gone)
    else:
        content = changed(content, way[:1], new, gone=gone)
    copied = file.with_name("written.pt")
    torch.save(content, copied)
    progress = answered(lambda: checkpoint.load(copied, job()))
    event(f"read: {progress is not None}")
    if progress is not None:
        sound(progress)
        checkpoint.save(copied, job(), progress)
        again = checkpoint.load(copied, job())
        assert bare(again) == bare(progress)


def bare(progress: checkpoint.Progress) -> Mapping[str, str]:
    """All but the network, as text: a NaN is not equal to itself."""
    return {one.name: repr(getattr(progress, one.name)) for one in fields(progress) if one.name != "session"}


@pytest.mark.parametrize("size", [(10**12,), (10**6, 10**6, 10**6)])
def test_a_checkpoint_that_claims_huge_tensors_is_refused_and_not_allocated(file: Path, size: tuple[int, ...]) -> None:
    content = torch.load(file, weights_only=True)
    name = next(iter(content["session"]["module"]))
    content["session"]["module"][name] = torch.zeros(1).expand(size)
    copied = file.with_name("huge.pt")
    torch.save(content, copied)
    with pytest.raises(UsageError) as caught:
        checkpoint.load(copied, job())
    assert caught.value.status is ExitStatus.USAGE
