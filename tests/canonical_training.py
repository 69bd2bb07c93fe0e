"""One smoke training built by hand, for every format."""

from __future__ import annotations

from gnet_audit.report import Environment
from gnet_audit.training import (
    Accuracy,
    Answer,
    Check,
    DataFacts,
    FileFact,
    Outcome,
    Phase,
    Point,
    Reach,
    Recipe,
    Speed,
    SplitFacts,
    Training,
)

CLASSES = ("disc", "ring", "square", "frame", "triangle", "cross", "rows", "columns", "diagonals", "checks")
DATA = DataFacts(
    source="drawn by hand",
    synthetic=True,
    classes=CLASSES,
    splits=(
        SplitFacts(name="train", counts=(50,) * 10, mean=(0.4, 0.35, 0.3), deviation=(0.2, 0.21, 0.22)),
        SplitFacts(name="test", counts=(20,) * 10, mean=(0.41, 0.36, 0.31), deviation=(0.2, 0.21, 0.22)),
    ),
)
REAL = DataFacts(
    source="/data/stl10_binary",
    synthetic=False,
    classes=CLASSES,
    splits=DATA.splits,
    files=(
        FileFact(name="train_y.bin", size=5_000, md5="5a34", published="5a34"),
        FileFact(name="test_y.bin", size=8_000, md5="ffff", published="36f9"),
        FileFact(name="class_names.txt", size=64, md5="abcd"),
    ),
    folds=(1_000,) * 10,
)
CHECKS = (
    Check(
        rule="GA501", part="train", value=50.0, threshold="50 a class", outcome=Outcome.PASS, unit="images a class",
        meaning="500 images",
    ),
    Check(
        rule="GA506", part="inception_4b.5x5", value=2.0, threshold="all 4", outcome=Outcome.FAIL,
        unit="tensors reached", meaning="branch3.0.conv.weight is frozen, branch3.0.conv.bias is frozen",
    ),
    Check(
        rule="GA506", part="inception_4c.5x5", value=0.0, threshold="all 4", outcome=Outcome.FAIL,
        unit="tensors reached", meaning="branch3.0.conv.weight is not in the graph",
    ),
    Check(
        rule="GA507", part="heads", value=None, threshold="", outcome=Outcome.NOT_APPLICABLE,
        meaning="the network has no auxiliary heads",
    ),
    Check(
        rule="GA512", part="test", value=44.0, threshold="19 of 100 or more", outcome=Outcome.PASS, unit="%",
        meaning="better than chance",
    ),
    Check(
        rule="GA514", part="test", value=None, threshold="", outcome=Outcome.NOT_RUN, meaning="the time limit came first"
    ),
    Check(
        rule="GA518", part="real run", value=float("inf"), threshold="none", outcome=Outcome.FAIL, meaning="no numbers"
    ),
)  # fmt: skip
POINTS = (
    *(
        Point(
            phase=Phase.OVERFIT, step=step, losses=(2.4 / step, 2.3 / step, 2.2), total=2.4 / step + 0.69 / step + 0.66
        )
        for step in range(1, 9)
    ),
    Point(phase=Phase.REAL, step=1, losses=(2.3, 2.3, 2.3), total=3.68),
    Point(phase=Phase.REAL, step=2, losses=(float("nan"), 2.3, 2.3), total=float("nan")),
)
CONFUSION = tuple(tuple(4 if row == column else 6 if column == 0 else 0 for column in range(10)) for row in range(10))
TRAINING = Training(
    target="nets/google.py:GoogLeNet",
    data=DATA,
    recipe=Recipe(),
    heads=("main", "aux1", "aux2"),
    points=POINTS,
    checks=CHECKS,
    reach=(Reach(part="inception_4b.5x5", tensors=4, reached=(2, 0, 2)),),
    accuracy=Accuracy(correct=44, images=100, confusion=CONFUSION),
    speed=Speed(step_images=12.5, input_images=900.0, seconds=(0.8, 0.8), peak_bytes=3 * 2**29),
    environment=Environment(gnet_audit="1.0", python="3.11", torch="2.13", platform="Linux", device="cpu, 2 threads"),
    answers=(Answer(image=0, label=0, said=0), Answer(image=1, label=1, said=5)),
    notes=("the data is synthetic: drawn figures, not STL-10",),
)
