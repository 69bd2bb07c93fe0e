"""One smoke training before it runs: everything that its parts are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gnet_audit.live.feed import batch
from gnet_audit.live.loop import Loop
from gnet_audit.live.ranks import Ranks
from gnet_audit.live.stl10 import CLASSES, Dataset, Split, facts, sample
from gnet_audit.live.subject import Subject, leaves
from gnet_audit.live.watch import WithoutDropout
from gnet_audit.training import Check, DataFacts, Outcome, Recipe

PROBES = 4
"""Images where a check needs few."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The network, the data, the recipe, the loop and where all of it runs."""

    subject: Subject
    data: Dataset
    recipe: Recipe
    loop: Loop
    device: torch.device
    ranks: Ranks

    @cached_property
    def ten(self) -> NDArray[np.int64]:
        """The training images to be overfitted: the same number of each class, as far as there are so many."""
        count = self.recipe.overfit_images
        chosen = sample(self.data.train, count)
        labels = self.data.train.labels[chosen]
        rank = np.array([np.count_nonzero(labels[:place] == label) for place, label in enumerate(labels)])
        return chosen[np.lexsort((labels, rank))[:count]]

    @cached_property
    def facts(self) -> DataFacts:
        """What is known of the data; counted once."""
        return facts(self.data)

    @cached_property
    def tests(self) -> NDArray[np.int64]:
        """The test images that are asked, the same number of each class."""
        wanted = self.recipe.test_images
        if not wanted or wanted >= len(self.data.test):
            return np.arange(len(self.data.test))
        return sample(self.data.test, -(-wanted // len(CLASSES)))

    def fed(self, split: Split, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Images as the network gets them in a test, and their labels."""
        stored, labels = batch(split, indices)
        return self.loop.feed(stored, None, 0), labels.to(self.device)

    def probe(self, count: int = PROBES) -> tuple[Tensor, Tensor]:
        """The first of the images to be overfitted."""
        return self.fed(self.data.train, self.ten[:count])

    def losses(self, module: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
        """The loss of each head in training, dropout off, with the graph for gradients."""
        self.loop.train_mode(module)
        with WithoutDropout():
            return self.loop.head_losses(self.subject.outputs(module, images), labels)

    def outputs(self, module: nn.Module, images: Tensor) -> Tensor:
        """What the network says in eval."""
        self.loop.eval_mode(module)
        return leaves(module(images))[0]


def held(rule: str, part: str, value: float, threshold: str, *, ok: bool, good: str, bad: str, unit: str = "") -> Check:
    """A check that was made."""
    outcome = Outcome.PASS if ok else Outcome.FAIL
    meaning = good if ok else bad
    return Check(rule=rule, part=part, value=value, threshold=threshold, outcome=outcome, meaning=meaning, unit=unit)


def without(rule: str, part: str, why: str, *, not_run: bool = False) -> Check:
    """A check that does not apply, or that could not be made."""
    outcome = Outcome.NOT_RUN if not_run else Outcome.NOT_APPLICABLE
    return Check(rule=rule, part=part, value=None, threshold="", outcome=outcome, meaning=why)


@contextmanager
def same_random_numbers(device: torch.device) -> Iterator[None]:
    """What is drawn inside is not missed outside."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
