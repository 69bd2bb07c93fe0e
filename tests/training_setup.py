"""A smoke training before it runs, on the small network or the paper's, with every piece open to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch
from torch import nn

from gnet_audit.live import synthetic, train
from gnet_audit.live.feed import feed
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.job import Job
from gnet_audit.live.loop import Loop
from gnet_audit.live.ranks import Ranks
from gnet_audit.live.stl10 import Dataset, split_facts
from gnet_audit.live.subject import subject
from gnet_audit.report import Environment
from gnet_audit.training import Check, Outcome, Recipe, Training
from tests.training_net import SIZE, Small

ENVIRONMENT = Environment(gnet_audit="0", python="3", torch="2", platform="test", device="cpu")
RECIPE = Recipe(
    lr=3e-3, batch_size=32, steps=30, overfit_steps=50, shuffled_steps=8, size=SIZE, test_images=100, seed=0
)
"""For the small network; it learns with ten times the rate of the real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A training before it runs: what a fault may change."""

    make: Callable[[], nn.Module]
    data: Dataset
    recipe: Recipe
    loop: Mapping[str, Any] = field(default_factory=dict)
    """Pieces of the loop that are not the ordinary ones."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """As the audit would name the layers."""

    def run(self) -> Training:
        """Run it to its end."""
        *_, result = train.training(self.job(), ENVIRONMENT)
        assert isinstance(result, Training)
        return result

    def fails(self, rule: str) -> bool:
        """Run it until a check of this rule fails."""
        records = train.training(self.job(), ENVIRONMENT)
        return any(
            isinstance(record, Check) and record.rule == rule and record.outcome is Outcome.FAIL for record in records
        )

    def job(self) -> Job:
        """As the trainer wants it."""
        device = torch.device("cpu")
        size = (self.recipe.size[1], self.recipe.size[2])
        ordinary = Loop(feed=feed(size, split_facts("train", self.data.train), device))
        return Job(
            subject=subject("test", self.make, self.recipe.size, 10, self.slots),
            data=self.data, recipe=self.recipe, loop=replace(ordinary, **self.loop), device=device, ranks=Ranks(),
        )  # fmt: skip


@cache
def figures() -> Dataset:
    """The embedded set, smaller."""
    return synthetic.dataset(train=20, test=10)


def healthy(seed: int = 0) -> Setup:
    """The small network, as it should be."""
    return Setup(make=Small, data=figures(), recipe=replace(RECIPE, seed=seed))


def reference(seed: int = 0) -> Setup:
    """The reference build with the recipe and the data that `gnet-audit smoke-train` takes by itself."""
    return Setup(make=lambda: GoogLeNet(10), data=synthetic.dataset(), recipe=Recipe(seed=seed))
