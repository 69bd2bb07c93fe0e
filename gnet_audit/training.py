"""A smoke training as values: the recipe, what was measured on the way, the checks and the verdict. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from gnet_audit.network import Shape
from gnet_audit.report import Environment
from gnet_audit.rules import BY_ID, Severity

# --- the data --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """A file of the data set; `published` is its known checksum, empty where none is known."""

    name: str
    size: int
    md5: str
    published: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """Images for each class, and mean and deviation of red, green and blue on the scale 0 to 1."""

    name: str
    counts: tuple[int, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What is known of a data set without any training."""

    source: str
    synthetic: bool
    classes: tuple[str, ...]
    splits: tuple[SplitFacts, ...]
    files: tuple[FileFact, ...] = ()
    folds: tuple[int, ...] = ()
    """Images in each predefined fold."""

    @property
    def kind(self) -> str:
        """`synthetic` or `STL-10`: said in every output."""
        return "synthetic" if self.synthetic else "STL-10"


# --- the recipe ------------------------------------------------------------------------------------------


class Optimizer(StrEnum):
    """How gradients become steps."""

    ADAM = "adam"
    SGD = "sgd"


class Augmentation(StrEnum):
    """What is done to a training image before it is fed; test images are only resized and cropped in the middle."""

    SHIFT = "shift"
    """Crops moved by up to 7 % and left-right flips."""
    PAPER = "paper"
    """Patches of 8 % to 100 % of the area, aspect 3/4 to 4/3, flips and photometric distortion."""


class Precision(StrEnum):
    """The type that products are computed in; weights and losses are always fp32."""

    FP32 = "fp32"
    BF16 = "bf16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a training does; the same recipe, data and model give the same numbers."""

    name: str = "default"
    optimizer: Optimizer = Optimizer.ADAM
    lr: float = 3e-4
    momentum: float = 0.9
    decay: float = 1.0
    """What the rate is multiplied with every `decay_epochs` epochs."""
    decay_epochs: int = 8
    aux_weight: float = 0.3
    augmentation: Augmentation = Augmentation.SHIFT
    dropout: bool = False
    """Whether dropout works in the short real run; it never does while one batch is overfitted."""
    averaging: bool = False
    """Polyak averaging: the tested weights are the mean over the steps of the second half."""
    initialise: bool = True
    """Kaiming for every convolution and linear layer, deviation 0.001 for classifiers; else the model's own."""
    batch_size: int = 10
    """Images a step on each device."""
    steps: int = 40
    overfit_images: int = 10
    overfit_steps: int = 40
    """At most; it ends as soon as the loss is low enough and every head has moved."""
    shuffled_steps: int = 8
    test_images: int = 100
    """Of the test split, evenly over its classes; 0 for all."""
    size: Shape = (3, 224, 224)
    precision: Precision = Precision.FP32
    seed: int = 0
    overfit_only: bool = False
    batch_lr: float | None = None
    """Adam's rate for the one batch, where the recipe's own optimizer takes long: it is the build that is checked."""

    @property
    def for_one_batch(self) -> Recipe:
        """What one batch is learned by heart with."""
        if self.batch_lr is None:
            return self
        return replace(self, optimizer=Optimizer.ADAM, lr=self.batch_lr, decay=1.0, averaging=False)


PAPER = Recipe(
    name="paper",
    optimizer=Optimizer.SGD,
    lr=0.01,
    decay=0.96,
    augmentation=Augmentation.PAPER,
    dropout=True,
    averaging=True,
    batch_lr=3e-4,
)
"""Section 6 of the paper; it gives no first rate, ours is the one of the Caffe release (0.01)."""


# --- records of a run, in the order in which they come -----------------------------------------------------


class Phase(StrEnum):
    """A training within the run."""

    OVERFIT = "overfit"
    REAL = "real"
    SHUFFLED = "shuffled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the run begins; `steps` is 0 where it has none."""

    name: str
    steps: int = 0
    images: int = 0
    """In each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step of a training: losses in the order of the heads, main first."""

    phase: Phase
    step: int
    losses: tuple[float, ...]
    total: float


class Outcome(StrEnum):
    """What became of one check."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One number held against its threshold, and what that means."""

    rule: str
    part: str
    """The head, branch, split or layer that it speaks of; empty for the whole."""
    value: float | None
    threshold: str
    outcome: Outcome
    meaning: str
    unit: str = ""

    @property
    def severity(self) -> Severity:
        """How much a failure weighs."""
        return BY_ID[self.rule].severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Images per second of a training step and of the input alone, seconds a step, bytes at the peak."""

    step_images: float
    input_images: float
    seconds: tuple[float, ...]
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Parameter tensors of one part that get a finite, non-zero gradient, from each head's loss alone."""

    part: str
    tensors: int
    reached: tuple[int, ...]
    """In the order of the heads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Right answers on the test images, and which class was taken for which (rows: true, columns: answered)."""

    correct: int
    images: int
    confusion: tuple[tuple[int, ...], ...]

    @property
    def share(self) -> float:
        """Right answers per image."""
        return self.correct / self.images if self.images else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said of one test image."""

    image: int
    """Its place in the test split."""
    label: int
    said: int


class Verdict(StrEnum):
    """The one word at the end; never more than that it learns."""

    LEARNS = "learns"
    BROKEN = "broken"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The whole result of one smoke training."""

    target: str
    data: DataFacts
    recipe: Recipe
    heads: tuple[str, ...]
    points: tuple[Point, ...]
    checks: tuple[Check, ...]
    reach: tuple[Reach, ...]
    accuracy: Accuracy | None
    speed: Speed | None
    environment: Environment
    answers: tuple[Answer, ...] = ()
    """To a few test images, to be looked at."""
    ranks: int = 1
    notes: tuple[str, ...] = ()
    """What a reader must know of the run: the protocol, what was cut short."""

    @property
    def verdict(self) -> Verdict:
        """Broken by one failed error; incomplete where a check could not be run; else it learns."""
        if any(check.outcome is Outcome.FAIL and check.severity is Severity.ERROR for check in self.checks):
            return Verdict.BROKEN
        if any(check.outcome is Outcome.NOT_RUN for check in self.checks):
            return Verdict.INCOMPLETE
        return Verdict.LEARNS

    def curve(self, phase: Phase) -> tuple[Point, ...]:
        """The steps of one phase."""
        return tuple(point for point in self.points if point.phase is phase)


Record: TypeAlias = Stage | Point | Check | Training
"""What a run yields; the last one is the `Training`."""
