"""An interrupted run goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest
import torch

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live.train import Control, training
from gnet_audit.training import PAPER, Phase, Point, Recipe, Training, Verdict
from tests.training_net import SIZE
from tests.training_setup import ENVIRONMENT, Setup, healthy


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """A small network is faster so."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def short(recipe: Recipe | None = None) -> Setup:
    """A few steps of everything."""
    setup = healthy()
    chosen = replace(
        recipe or setup.recipe, overfit_steps=6, steps=6, shuffled_steps=2, batch_size=8, size=SIZE, test_images=20
    )
    return replace(setup, recipe=chosen)


def run(setup: Setup, control: Control) -> Training:
    """Run it to its end."""
    *_, result = training(setup.job(), ENVIRONMENT, control)
    assert isinstance(result, Training)
    return result


def interrupted(setup: Setup, control: Control, when: Callable[[Point], bool]) -> None:
    """Run it until Ctrl-C comes after a step."""
    asked: list[Point] = []
    records = training(setup.job(), ENVIRONMENT, replace(control, stop=lambda: bool(asked)))
    points = (record for record in records if isinstance(record, Point) and when(record))
    with pytest.raises(KeyboardInterrupt):
        asked.extend(points)


def weights(file: Path) -> dict[str, torch.Tensor]:
    """The network of a checkpoint."""
    content = torch.load(file, weights_only=True)["session"]["module"]
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("recipe", [None, PAPER], ids=["default", "paper"])
@pytest.mark.parametrize(("phase", "step"), [(Phase.OVERFIT, 2), (Phase.REAL, 1), (Phase.REAL, 4), (Phase.SHUFFLED, 1)])
def test_a_resumed_run_is_equal_bit_by_bit(tmp_path: Path, recipe: Recipe | None, phase: Phase, step: int) -> None:
    setup = short(recipe)
    whole = run(setup, Control())
    control = Control(file=tmp_path / "run.pt", resume=True)
    interrupted(setup, replace(control, resume=False), lambda point: (point.phase, point.step) == (phase, step))
    resumed = run(setup, control)
    assert resumed.points == whole.points
    assert (resumed.accuracy, resumed.answers, resumed.reach) == (whole.accuracy, whole.answers, whole.reach)
    timed = {"GA524"}
    assert [check for check in resumed.checks if check.rule not in timed] == [
        check for check in whole.checks if check.rule not in timed
    ]


@pytest.mark.parametrize("phase", Phase)
def test_a_run_that_was_cut_by_its_time_limit_can_be_ended(
    tmp_path: Path, phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(short(), Control())
    control = Control(file=tmp_path / "run.pt", deadline=100.0)
    now = [0.0]
    monkeypatch.setattr("gnet_audit.live.train.time.monotonic", lambda: now[0])
    records = training(short().job(), ENVIRONMENT, control)
    found = list(takewhile(lambda record: not (isinstance(record, Point) and record.phase is phase), records))
    now[0] = 200.0
    *_, cut = records
    assert isinstance(cut, Training)
    assert cut.verdict is not Verdict.LEARNS
    assert len(cut.curve(phase)) == 1
    assert found
    resumed = run(short(), replace(control, resume=True, deadline=float("inf")))
    assert resumed.points == whole.points
    assert [check.rule for check in resumed.checks] == [check.rule for check in whole.checks]
    assert resumed.notes == whole.notes


def test_the_weights_are_those_of_a_run_that_was_not_interrupted(tmp_path: Path) -> None:
    once, twice = tmp_path / "once.pt", tmp_path / "twice.pt"
    interrupted(short(), Control(file=once), lambda point: (point.phase, point.step) == (Phase.REAL, 5))
    interrupted(short(), Control(file=twice), lambda point: (point.phase, point.step) == (Phase.REAL, 2))
    interrupted(short(), Control(file=twice, resume=True), lambda point: (point.phase, point.step) == (Phase.REAL, 5))
    first, second = weights(once), weights(twice)
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_finished_run_gives_its_result_again(tmp_path: Path) -> None:
    control = Control(file=tmp_path / "run.pt")
    first = run(short(), control)
    assert run(short(), replace(control, resume=True)) == first


def test_nothing_but_the_checkpoint_is_written(tmp_path: Path) -> None:
    run(short(), Control(file=tmp_path / "run.pt"))
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def refused(file: Path, setup: Setup) -> UsageError:
    """How a checkpoint is refused."""
    with pytest.raises(UsageError) as caught:
        run(setup, Control(file=file, resume=True))
    assert "\n" not in caught.value.line
    return caught.value


def test_another_run_s_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    interrupted(short(), Control(file=file), lambda point: point.step == 1)
    other = short()
    error = refused(file, replace(other, recipe=replace(other.recipe, seed=9)))
    assert (error.what, error.expected, error.got) == ("a checkpoint of another run: recipe.seed differs", "9", "0")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04half"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "run.pt"
    file.write_bytes(content)
    assert refused(file, short()).what == "not a checkpoint of gnet-audit"


def test_a_checkpoint_that_could_run_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    torch.save({"version": 1, "identity": Path("x")}, file)
    assert refused(file, short()).what == "not a checkpoint of gnet-audit"


def test_a_missing_checkpoint_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "run.pt", short()).what == "no such checkpoint"


def test_a_checkpoint_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_content: object, file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UnavailableError, match="No space left on device"):
        run(short(), Control(file=tmp_path / "run.pt"))
    assert list(tmp_path.iterdir()) == []
