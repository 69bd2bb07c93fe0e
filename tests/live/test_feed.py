"""From stored bytes to what the network is fed."""

from __future__ import annotations

import pytest
import torch

from gnet_audit.live import feed as feeds
from gnet_audit.live.feed import Feed
from gnet_audit.training import Augmentation

CPU = torch.device("cpu")
PLAIN = Feed(size=(96, 96), mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0), device=CPU)
STORED = torch.randint(0, 256, (6, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_columns_of_the_file_become_columns_of_the_image() -> None:
    stored = torch.zeros(1, 3, 96, 96, dtype=torch.uint8)
    stored[0, 2, 5, 9] = 255  # blue, column 5, row 9
    assert feeds.decoded(stored).nonzero().tolist() == [[0, 2, 9, 5]]
    assert float(feeds.decoded(stored).max()) == 1


def test_without_augmentation_the_middle_is_fed() -> None:
    images = feeds.cropped(torch.arange(36.0).reshape(1, 1, 6, 6), (2, 4))
    assert images.tolist() == [[[[13, 14, 15, 16], [19, 20, 21, 22]]]]


def test_normalised_with_its_own_statistics_it_has_mean_0_and_deviation_1() -> None:
    images = feeds.decoded(STORED)
    mean, deviation = images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3))
    fed = feeds.normalised(images, tuple(mean.tolist()), tuple(deviation.tolist()))
    assert torch.allclose(fed.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(fed.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-5)


def test_a_smaller_size_is_antialiased() -> None:
    stripes = torch.arange(96).remainder(2).float().expand(1, 1, 96, 96)
    assert float((feeds.resized(stripes, (24, 24)) - 0.5).abs().max()) < 0.2


@pytest.mark.parametrize("augmentation", [None, *Augmentation])
def test_every_way_gives_the_size_asked_for_and_the_same_for_the_same_seed(augmentation: Augmentation | None) -> None:
    one = Feed(size=(56, 42), mean=(0.4, 0.4, 0.4), deviation=(0.2, 0.2, 0.2), device=CPU)
    first, second = (one(STORED, augmentation, 5) for _ in range(2))
    assert first.shape == (6, 3, 56, 42)
    assert bool(torch.isfinite(first).all())
    assert torch.equal(first, second)
    assert torch.equal(first, one(STORED, augmentation, 6)) is (augmentation is None)


def test_a_shifted_crop_is_a_window_of_its_own_image() -> None:
    images = torch.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8)
    for seed in range(20):
        crops = feeds.shifted(images, (6, 7), torch.Generator().manual_seed(seed))
        for image, crop in zip(images, crops, strict=True):
            windows = [image[:, top : top + 6, left : left + 7] for top in range(3) for left in range(2)]
            assert any(torch.equal(crop, window) for window in windows)


def test_about_half_of_the_images_are_mirrored_and_no_other_change_is_made() -> None:
    images = torch.rand(200, 1, 2, 3)
    flipped = feeds.flipped(images, torch.Generator().manual_seed(0))
    same = [torch.equal(a, b) for a, b in zip(images, flipped, strict=True)]
    mirrored = [torch.equal(a.flip(2), b) for a, b in zip(images, flipped, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert 70 < sum(mirrored) < 130


def test_patches_stay_inside_the_image() -> None:
    """Of a ramp from 0 to 1 nothing outside it can come, and no patch is larger than the image."""
    ramp = torch.linspace(0, 1, 96).expand(50, 3, 96, 96)
    found = feeds.patches(ramp, (32, 32), torch.Generator().manual_seed(0))
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    widths = found[:, 0, 0, -1] - found[:, 0, 0, 0]
    assert float(widths.min()) > 0.9 * 31 / 32 * (0.08 * 3 / 4) ** 0.5
    assert bool((found.diff(dim=3) >= -1e-6).all())


def test_distortion_keeps_values_that_can_be_shown() -> None:
    found = feeds.distorted(feeds.decoded(STORED), torch.Generator().manual_seed(0))
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1


def test_the_plain_feed_of_96_is_the_middle_of_a_slightly_larger_image() -> None:
    grey = torch.full((1, 3, 96, 96), 51, dtype=torch.uint8)
    assert torch.allclose(PLAIN(grey), torch.full((1, 3, 96, 96), 0.2))
