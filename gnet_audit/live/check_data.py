"""Checks that need no network: the data set itself, the images as fed, and what both splits share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gnet_audit.live.job import Job, held
from gnet_audit.live.stl10 import CLASSES, Split, sample
from gnet_audit.training import Check

SAMPLE = 10
"""Images a class whose statistics are taken after the transform."""
MEAN, LEAST, MOST = 0.25, 0.6, 1.4
"""How far from 0 the mean may be, and the deviation's range."""
COLOR, SURE = 0.02, 6.0
"""A difference of colour between the splits must be both large and sure (in standard errors) to count."""
SHARED = 0.005
"""Test images that the training split may hold as well."""


def data(job: Job) -> Iterator[Check]:
    """The data set, as fed, and its two splits beside each other."""
    yield from _counts(job)
    for name, split in (("train", job.data.train), ("test", job.data.test)):
        yield from _as_fed(job, name, split)
    yield _colors(job.data.train, job.data.test)
    yield _overlap(job.data.train, job.data.test)


def _counts(job: Job) -> Iterator[Check]:
    for name, split, stated in zip(("train", "test"), (job.data.train, job.data.test), job.data.per_class, strict=True):
        counts = np.bincount(split.labels, minlength=len(CLASSES))
        least, most = int(counts.min()), int(counts.max())
        yield held(
            "GA501", name, float(least if least != stated else most), f"{stated} a class", unit="images a class",
            ok=least == most == stated,
            good=f"{len(split):,} images of 96×96×3, {stated} of each of ten classes, labels 0 to 9",
            bad=f"{len(split):,} images, {least} to {most} a class: not the set that its maker describes",
        )  # fmt: skip


def _as_fed(job: Job, name: str, split: Split) -> Iterator[Check]:
    images, _ = job.fed(split, sample(split, SAMPLE))
    mean, deviation = _worst(images.mean(dim=(0, 2, 3)), 0.0), _worst(images.std(dim=(0, 2, 3)), 1.0)
    yield held(
        "GA502", f"{name} mean", mean, f"within {MEAN} of 0", ok=abs(mean) <= MEAN,
        good="every channel has about mean 0 as fed", bad="a channel's mean is not 0 as fed: not normalised",
    )  # fmt: skip
    yield held(
        "GA502", f"{name} deviation", deviation, f"{LEAST} to {MOST}", ok=LEAST <= deviation <= MOST,
        good="every channel has about deviation 1 as fed", bad="a channel's deviation is not 1 as fed: not normalised",
    )  # fmt: skip


def _worst(values: Tensor, target: float) -> float:
    return float(values[(values - target).abs().argmax()])


def _colors(train: Split, test: Split) -> Check:
    """Means of red minus green and green minus blue: the same in both splits, unless channels were swapped."""
    there, here = _differences(train), _differences(test)
    gap = np.abs(there.mean(axis=0) - here.mean(axis=0))
    error = np.sqrt(there.var(axis=0) / len(there) + here.var(axis=0) / len(here)) + 1e-12
    worst = int((gap / error).argmax())
    return held(
        "GA502", "train and test", float(gap[worst]), f"at most {COLOR}",
        ok=not bool(((gap > COLOR) & (gap / error > SURE)).any()),
        good="both splits have the same colours",
        bad="the splits differ in colour: channels are in another order in one of them",
    )  # fmt: skip


def _differences(split: Split) -> NDArray[np.float64]:
    """For each image, the differences between its channels' means, from 0 to 1."""
    means = np.concatenate([block.mean(axis=(2, 3)) for block in _blocks(split)]) / 255
    return np.asarray(means[:, :-1] - means[:, 1:], dtype=np.float64)


def _blocks(split: Split) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(split), 500):
        yield split.stored[start : start + 500]


def _overlap(train: Split, test: Split) -> Check:
    known = set(_digests(train))
    shared = sum(digest in known for digest in _digests(test)) / max(len(test), 1)
    return held(
        "GA503", "train and test", 100 * shared, f"at most {100 * SHARED:g} %", unit="%",
        ok=shared <= SHARED,
        good="no image of the test is in the training split" if not shared else "next to no image is in both splits",
        bad="test images are in the training split as well: the accuracy would measure memory",
    )  # fmt: skip


def _digests(split: Split) -> Iterator[bytes]:
    for block in _blocks(split):
        for image in block:
            yield hashlib.blake2b(image.tobytes(), digest_size=16).digest()
