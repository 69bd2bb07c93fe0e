"""Builds whose forward cannot run, in one mode or in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import nn

from tests.exam.build import TESTS, imported
from tests.mistakes.truth import Truth, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A build that raises."""

    file: str
    name: str
    eval: bool
    """Whether it runs in eval."""
    train: bool
    line: str = ""
    """The statement at which it raises, as it stands in the file."""
    words: str = ""
    """What an answer must mention."""
    truths: tuple[Truth, ...] = ()
    """What can be seen before it raises."""
    allowed: tuple[Truth, ...] = ()
    """What can be seen in the mode that raises, if an auditor looks there although the other one runs."""

    @property
    def path(self) -> str:
        """The file, below the folder of the tests."""
        return f"builds/{self.file}.py"

    @property
    def target(self) -> str:
        """The model as on the command line."""
        return f"{TESTS / self.path}:{self.name}"

    @property
    def line_number(self) -> int:
        """The line at which it raises; 0 if there is none."""
        lines = (TESTS / self.path).read_text().splitlines()
        return 1 + next((at for at, text in enumerate(lines) if self.line and self.line in text), -1)

    def make(self) -> nn.Module:
        """The model, without help of the auditor."""
        return cast("nn.Module", getattr(imported(self.path), self.name)())


BROKEN = (
    # The forward is nested in the constructor by a wrong indent.
    Broken(file="indent", name="GoogLeNet", eval=False, train=False, words="forward"),
    Broken(
        file="cat_fails",
        name="GoogLeNet",
        eval=False,
        train=False,
        line="return torch.cat([a, b, c, d], 1)",
        # Of the nine modules only the first was reached.
        truths=(truth("GA204", "padding", "inception_3a.5x5"),),
    ),
    Broken(
        file="unbound_in_eval",
        name="GoogLeNet",
        eval=False,
        train=True,
        line="return x, aux1, aux2",
        words="aux1",
    ),
    Broken(
        file="head_crashes",
        name="Net",
        eval=True,
        train=False,
        line="x = torch.relu(self.fc1(x.flatten(1)))",
        # So that 14 × 14 × 128 values reach a layer for 4 × 4 × 128.
        allowed=(truth("GA301", "layer", "aux1.pool"),),
    ),
)
