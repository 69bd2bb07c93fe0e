"""How a long run is told, and how it is stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from gnet_audit import progress
from gnet_audit.live.download import Progress
from gnet_audit.training import Phase, Point, Record, Stage
from tests.canonical_training import CHECKS, TRAINING


class Terminal(StringIO):
    """A standard error that a person reads."""

    def isatty(self) -> bool:
        return True


def records() -> Iterator[Record]:
    """A run in short."""
    yield Stage(name="one batch", steps=4, images=10)
    yield Point(phase=Phase.OVERFIT, step=1, losses=(2.3, 2.3, 2.3), total=3.68)
    yield CHECKS[0]
    yield TRAINING


def test_a_run_is_followed_to_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert progress.followed(records()) is TRAINING
    shown = terminal.getvalue()
    assert "gnet-audit: one batch: step 1 of 4, loss 2.300, " in shown
    assert shown.endswith("\r")


def test_nothing_is_told_where_nobody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert progress.followed(records()) is TRAINING
    progress.shown([Progress(stage="fetching", done=1, total=2)])
    assert capsys.readouterr() == ("", "")


def test_a_step_tells_loss_images_a_second_and_the_time_left() -> None:
    point = Point(phase=Phase.REAL, step=10, losses=(1.25,), total=1.25)
    shown = progress.step(point, Stage(name="real", steps=40, images=16), 0.5)
    assert shown == "step 10 of 40, loss 1.250, 32.0 images/s, 15 s left"


def test_a_download_tells_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    progress.shown([Progress(stage="fetching", done=660_000_000, total=2_640_000_000)])
    assert "gnet-audit: fetching: 660 of 2,640 MB (25 %)" in terminal.getvalue()


def test_the_first_ctrl_c_asks_and_the_second_stops() -> None:
    before = signal.getsignal(signal.SIGINT)
    with progress.stoppable() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
