"""Pictures: what they show, and what is said where their library is missing."""

from __future__ import annotations

import builtins
import struct
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from gnet_audit.errors import ExitStatus, UnavailableError
from gnet_audit.live import pictures, synthetic, train
from gnet_audit.training import Phase
from tests.canonical_training import TRAINING
from tests.training_setup import healthy

PNG = b"\x89PNG\r\n\x1a\n"


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert png.startswith(PNG)
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_grid_has_ten_images_of_each_class_a_class_a_row() -> None:
    pytest.importorskip("PIL")
    side = 10 * 96 + 9 * 2
    assert size(pictures.grid(synthetic.dataset(10, 1))) == (side, side + pictures.LINE)


def test_images_stand_upright_and_in_their_order() -> None:
    images = np.zeros((3, 3, 96, 96), dtype=np.uint8)
    images[1, 0, 4, 7] = 200  # second image, red, row 4, column 7
    sheet = pictures.tiled(images, 2)
    assert sheet.shape == (2 * 96 + 2, 2 * 96 + 2, 3)
    assert sheet[4, 96 + 2 + 7].tolist() == [200, 0, 0]
    assert sheet[96].tolist() == [[255, 255, 255]] * (2 * 96 + 2)


def test_a_training_fits_one_page() -> None:
    pytest.importorskip("matplotlib")
    data = synthetic.dataset(1, 1)
    assert size(pictures.page(TRAINING, data)) == (1300, 1000)
    bare = replace(TRAINING, accuracy=None, answers=(), points=TRAINING.points[:3])
    assert size(pictures.page(bare, data)) == (1300, 1000)


def test_a_name_is_no_formula() -> None:
    pytest.importorskip("matplotlib")
    named = replace(TRAINING, target="$x^$", heads=tuple("$\\head{" for _ in TRAINING.heads))
    assert size(pictures.page(named, synthetic.dataset(1, 1))) == (1300, 1000)


def test_the_batch_shown_is_the_batch_fed() -> None:
    data = synthetic.dataset(3, 1)
    setup = replace(healthy(3), data=data)
    job = setup.job()
    fed, _ = train._plan(job, Phase.REAL, data.train, 1).batches(0)  # noqa: SLF001 - the very batch
    facts = job.facts.splits[0]
    shown = pictures.first_batch(data.train, setup.recipe, facts)
    assert 0 <= shown.min() <= shown.max() <= 1
    middle = (shown > 0) & (shown < 1)
    scale, mean = np.array(facts.deviation)[:, None, None], np.array(facts.mean)[:, None, None]
    assert np.allclose(((shown - mean) / scale)[middle], fed.numpy()[middle], atol=1e-4)


def test_a_missing_library_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.partition(".")[0] in {"PIL", "matplotlib"}:
            raise ModuleNotFoundError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    data = synthetic.dataset(1, 1)
    for draw in (partial(pictures.grid, data), partial(pictures.page, TRAINING, data)):
        with pytest.raises(UnavailableError) as caught:
            draw()
        assert caught.value.status is ExitStatus.UNAVAILABLE
        assert "gnet-audit[plot]" in caught.value.line
