"""An interrupted run goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import IO

import pytest
import torch
from torch import nn

from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.live import checkpoint
from gnet_audit.live.train import Control, training
from gnet_audit.training import PAPER, Phase, Point, Recipe, Training, Verdict
from tests.training_net import SIZE, Small
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


@pytest.mark.parametrize("step", [2, 4, 5])
def test_a_run_with_averaged_weights_that_was_cut_is_ended_as_if_it_had_not_been(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(short(PAPER), Control())
    control = Control(file=tmp_path / "run.pt", deadline=100.0)
    now = [0.0]
    monkeypatch.setattr("gnet_audit.live.train.time.monotonic", lambda: now[0])
    for record in training(short(PAPER).job(), ENVIRONMENT, control):
        if isinstance(record, Point) and (record.phase, record.step) == (Phase.REAL, step):
            now[0] = 200.0
    resumed = run(short(PAPER), replace(control, resume=True, deadline=float("inf")))
    assert resumed.points == whole.points
    assert (resumed.accuracy, resumed.answers) == (whole.accuracy, whole.answers)


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


class Wider(Small):
    """The same names, another shape."""

    def __init__(self) -> None:
        super().__init__()
        self.aux1.fc1 = nn.Linear(16 * 9, 65)
        self.aux1.fc2 = nn.Linear(65, 10)


def test_another_network_of_the_same_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    interrupted(short(), Control(file=file), lambda point: point.step == 1)
    error = refused(file, replace(short(), make=Wider))
    assert error.what == "a checkpoint of another run: weights differs"
    count = sum(value.numel() for value in Small().parameters())
    more = count + (16 * 9 + 1) + 10  # one more unit, with what it reads, its bias and what reads it
    assert (f"{count:,} values" in error.got, f"{more:,} values" in error.expected) == (True, True)


def test_other_arguments_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    job = short().job()
    checkpoint.save(file, replace(job, subject=replace(job.subject, args={"width": "2"})), checkpoint.Progress())
    error = refused(file, short())
    assert (error.what, error.got) == ("a checkpoint of another run: args differs", '{"width": "2"}')


def test_other_labels_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    setup = short()
    interrupted(setup, Control(file=file), lambda point: point.step == 1)
    train = setup.data.train
    turned = replace(setup.data, train=replace(train, labels=train.labels[::-1].copy()))
    assert refused(file, replace(setup, data=turned)).what == "a checkpoint of another run: labels differs"


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04half"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "run.pt"
    file.write_bytes(content)
    assert refused(file, short()).what == "not a checkpoint of smoke-train"


def test_half_of_a_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    interrupted(short(), Control(file=file), lambda point: point.step == 1)
    content = file.read_bytes()
    for length in (len(content) // 2, len(content) - 10):
        file.write_bytes(content[:length])
        assert refused(file, short()).what == "not a checkpoint of smoke-train"


@pytest.mark.parametrize(
    "change",
    [
        {"identity": None}, {"identity": "{"}, {"identity": "[1]"}, {"found": "{"}, {"found": "[]"}, {"found": "{}"},
        {"session": 1}, {"session": {}}, {"session": {"phase": "none"}}, {"session": {"phase": "real"}},
        {"session": {"phase": "real", "module": {}, "optimizer": {}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_checkpoint_with_something_else_inside_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "run.pt"
    checkpoint.save(file, short().job(), checkpoint.Progress())
    torch.save({**torch.load(file, weights_only=True), **change}, file)
    assert refused(file, short()).what == "not a checkpoint of smoke-train"


@pytest.mark.parametrize("content", [{"version": checkpoint.VERSION}, {}, [1], torch.zeros(2)], ids=type)
def test_a_file_of_torch_that_is_no_checkpoint_is_refused(tmp_path: Path, content: object) -> None:
    file = tmp_path / "run.pt"
    torch.save(content, file)
    assert refused(file, short()).what == "not a checkpoint of smoke-train"


def test_the_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    torch.save({"version": 1}, file)
    error = refused(file, short())
    assert (error.what, error.expected) == ("a checkpoint of another gnet-audit", f"version {checkpoint.VERSION}")


def test_a_checkpoint_that_could_run_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    torch.save({"version": 1, "identity": Path("x")}, file)
    assert refused(file, short()).what == "not a checkpoint of smoke-train"


def test_a_missing_checkpoint_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "run.pt", short()).what == "no such checkpoint"


def test_a_checkpoint_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_content: object, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UnavailableError, match="No space left on device"):
        run(short(), Control(file=tmp_path / "run.pt"))
    assert list(tmp_path.iterdir()) == []
