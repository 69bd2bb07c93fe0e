"""The embedded data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gnet_audit.live import stl10, synthetic


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, second, other = (synthetic.dataset(2, 1, seed) for seed in (3, 3, 4))
    assert np.array_equal(first.train.stored, second.train.stored)
    assert not np.array_equal(first.train.stored, other.train.stored)
    assert not np.array_equal(first.train.stored[:10], first.test.stored)


def test_every_class_has_the_number_of_images_that_is_stated() -> None:
    data = synthetic.dataset(3, 2)
    assert np.bincount(data.train.labels).tolist() == [3] * 10
    assert np.bincount(data.test.labels).tolist() == [2] * 10
    assert data.per_class == (3, 2)
    assert data.train.stored.shape == (30, 3, 96, 96)


def test_it_is_called_synthetic() -> None:
    data = synthetic.dataset(1, 1)
    assert data.synthetic
    assert stl10.facts(data).kind == "synthetic"


def test_it_can_be_written_and_read_in_the_published_format(tmp_path: Path) -> None:
    data = synthetic.dataset(2, 1)
    stl10.write(tmp_path, data)
    again = stl10.load(tmp_path)
    assert np.array_equal(again.train.stored, data.train.stored)
    assert np.array_equal(again.test.labels, data.test.labels)
    assert again.classes == data.classes


def test_figures_of_a_class_are_nearer_to_each_other_than_to_the_rest() -> None:
    """Easy enough: the mean colour of the most coloured pixels alone tells more than half of the classes apart."""
    data = synthetic.dataset(20, 10)

    def hue(split: stl10.Split) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        pixels = split.stored.reshape(len(split), 3, -1).astype(np.float64)
        spread = pixels.max(axis=1) - pixels.min(axis=1)
        chosen = np.argsort(spread, axis=1)[:, None, -400:].repeat(3, axis=1)
        color = np.take_along_axis(pixels, chosen, axis=2).mean(axis=2)
        direction: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
        direction = color / np.linalg.norm(color, axis=1, keepdims=True)
        return direction

    means = np.stack([hue(data.train)[data.train.labels == label].mean(axis=0) for label in range(10)])
    nearest = np.linalg.norm(hue(data.test)[:, None] - means, axis=2).argmin(axis=1)
    assert (nearest == data.test.labels).mean() > 0.5


def test_a_mean_image_does_not_tell_them_all_apart() -> None:
    """Hard enough: figures move, so a comparison pixel by pixel leaves errors."""
    data = synthetic.dataset(20, 10)
    means = np.stack([data.train.stored[data.train.labels == label].mean(axis=0).ravel() for label in range(10)])
    gaps = np.stack([np.linalg.norm(image.ravel() - means, axis=1) for image in data.test.stored.astype(np.float64)])
    assert (gaps.argmin(axis=1) == data.test.labels).mean() < 0.9
