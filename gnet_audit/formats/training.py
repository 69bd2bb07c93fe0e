"""A smoke training as text and as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise

from rich.text import Text

from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.formats.json import Value
from gnet_audit.notation import shape_text
from gnet_audit.rules import BY_ID
from gnet_audit.training import Check, Outcome, Phase, Point, Recipe, Speed, Training, Verdict

SCHEMA = 1
BARS = "▁▂▃▄▅▆▇█"
CURVE = 48
"""Characters of a curve at most."""
MARK = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.NOT_APPLICABLE: "-", Outcome.NOT_RUN: "?"}
STYLE = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.NOT_APPLICABLE: "", Outcome.NOT_RUN: "yellow"}
PHASE = {
    Phase.OVERFIT: "one batch, again and again",
    Phase.REAL: "a short real run",
    Phase.SHUFFLED: "a few steps on shuffled labels",
}
HEADS = ("rule", "check", "of", "value", "threshold", "verdict")


# --- text ----------------------------------------------------------------------------------------------------


def text(training: Training, *, width: int = 160, color: bool = False) -> str:
    """What was run, the checks, the curves, what failed and what to do, the verdict."""
    canvas = Canvas(width=width, color=color)
    _head(canvas, training)
    canvas.line()
    _checks(canvas, training)
    _curves(canvas, training)
    _failures(canvas, training)
    canvas.line()
    for note in training.notes:
        canvas.paragraph(words.safe(note), first="note: ", rest="      ")
    canvas.line(verdict_line(training), _verdict_style(training.verdict))
    return canvas.text()


def _head(canvas: Canvas, training: Training) -> None:
    data, recipe = training.data, training.recipe
    canvas.line(f"smoke training of {words.safe(training.target)} on {data.kind} data", "bold")
    counts = ", ".join(f"{sum(split.counts):,} {split.name}" for split in data.splits)
    for label, text in (
        ("data", f"{data.kind}: {words.safe(data.source)}; images: {counts}"),
        ("recipe", recipe_text(recipe)),
        ("device", f"{words.safe(training.environment.device)}{_ranks(training.ranks)}"),
        ("speed", speed_text(training.speed) if training.speed else ""),
    ):
        if text:
            canvas.paragraph(text, first=f"{label:<8}", rest=" " * 8)


def _ranks(ranks: int) -> str:
    return f", {ranks} processes" if ranks > 1 else ""


def recipe_text(recipe: Recipe) -> str:
    """A recipe in one line."""
    parts = [
        recipe.name,
        f"{recipe.optimizer} {recipe.lr:g}",
        f"batch {recipe.batch_size}",
        f"at {shape_text(recipe.size)}",
        f"heads × {recipe.aux_weight:g}",
        f"dropout {'on' if recipe.dropout else 'off'}",
        *(["weights averaged"] if recipe.averaging else []),
        "Kaiming start" if recipe.initialise else "the model's own start",
        recipe.precision.value,
        f"seed {recipe.seed}",
    ]
    return ", ".join(parts)


def speed_text(speed: Speed) -> str:
    """The throughput of steps and input, and the memory at its peak."""
    return (
        f"{speed.step_images:,.1f} images/s in training, {speed.input_images:,.0f} images/s of input, "
        f"{speed.peak_bytes / 2**30:.2f} GiB at the peak"
    )


def _checks(canvas: Canvas, training: Training) -> None:
    rows = [_cells(check) for check in training.checks]
    longest = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    room = canvas.width - sum(longest) - 2 * (len(HEADS) - 1)
    for column, least in ((4, 12), (1, 14), (2, 12)):
        if room < 0:
            narrowed = max(longest[column] + room, least)
            room += longest[column] - narrowed
            longest[column] = narrowed
    canvas.table(
        HEADS,
        longest,
        [head == "value" for head in HEADS],
        (
            [*map(Text, cells[:-1]), Text(cells[-1], style=STYLE[check.outcome])]
            for check, cells in zip(training.checks, rows, strict=True)
        ),
    )


def _cells(check: Check) -> tuple[str, ...]:
    title = BY_ID[check.rule].title
    verdict = f"{MARK[check.outcome]} {check.outcome.value}"
    return check.rule, title, words.safe(check.part), value_text(check), words.safe(check.threshold), verdict


def value_text(check: Check) -> str:
    """The number and its unit; whole numbers whole, others with four digits."""
    if check.value is None:
        return ""
    value = check.value
    number = f"{value:,.0f}" if math.isfinite(value) and value == round(value) and abs(value) < 1e9 else f"{value:.4g}"
    short = check.unit if len(check.unit) <= 8 else ""
    return f"{number} {short}".rstrip()


def _curves(canvas: Canvas, training: Training) -> None:
    for phase in Phase:
        points = training.curve(phase)
        if not points:
            continue
        canvas.line()
        canvas.line(f"{PHASE[phase]}: loss in {words.count(len(points), 'step')}", "bold")
        label = max(map(len, training.heads))
        for index, head in enumerate(training.heads):
            losses = [point.losses[index] for point in points]
            room = max(min(CURVE, canvas.width - label - 20), 10)
            canvas.line(f"  {head:<{label}}  {losses[0]:6.3f}  {curve(losses, room)}  {losses[-1]:.3f}")


def curve(values: Sequence[float], room: int) -> str:
    """A row of bars between 0 and the largest value, each the mean of its share of the steps; `x` for no number."""
    count = min(room, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
    top = max((mean for mean in means if math.isfinite(mean)), default=0.0) or 1.0
    return "".join(_bar(mean / top) for mean in means)


def _bar(share: float) -> str:
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)] if math.isfinite(share) else "x"


def _failures(canvas: Canvas, training: Training) -> None:
    failed = [check for check in training.checks if check.outcome in {Outcome.FAIL, Outcome.NOT_RUN}]
    for id in dict.fromkeys(check.rule for check in failed):
        checks = [check for check in failed if check.rule == id]
        rule, ran = BY_ID[id], any(check.outcome is Outcome.FAIL for check in checks)
        canvas.line()
        canvas.line(f"{rule.severity.value if ran else 'not run'} {id} {rule.title}", STYLE[checks[0].outcome])
        for check in checks:
            canvas.paragraph(words.safe(f"{check.part}: {check.meaning}"), first="  found  ", rest="         ")
        canvas.paragraph(rule.why, first="  why    ", rest="         ")
        if ran:
            canvas.paragraph(rule.cure, first="  cure   ", rest="         ")


def _verdict_style(verdict: Verdict) -> str:
    return {Verdict.LEARNS: "bold green", Verdict.BROKEN: "bold red", Verdict.INCOMPLETE: "bold yellow"}[verdict]


def verdict_line(training: Training) -> str:
    """The last line: the word, the test accuracy, the checks by outcome."""
    tally = Counter(check.outcome for check in training.checks)
    parts = [f"{tally[outcome]} {word}" for outcome, word in _OUTCOMES if tally[outcome] or outcome is Outcome.FAIL]
    right = training.accuracy
    test = f"; {100 * right.share:.0f} % of {right.images:,} test images right" if right else ""
    checks = f"{words.count(len(training.checks), 'check')}, {', '.join(parts)}"
    return f"{training.verdict.value}: {checks}{test}; {training.data.kind} data"


_OUTCOMES = (
    (Outcome.PASS, "passed"),
    (Outcome.FAIL, "failed"),
    (Outcome.NOT_RUN, "not run"),
    (Outcome.NOT_APPLICABLE, "not applicable"),
)


# --- JSON ----------------------------------------------------------------------------------------------------


def to_json(training: Training) -> str:
    """Every field, with the whole curve of each head; numbers that are none are null."""
    text = json.dumps(_strict(document(training)), indent=2, ensure_ascii=False, allow_nan=False)
    return words.UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text) + "\n"


def document(training: Training) -> Mapping[str, object]:
    """The training as plain values."""
    right = training.accuracy
    return {
        "schema": SCHEMA,
        "kind": "smoke-train",
        "target": training.target,
        "verdict": training.verdict.value,
        "data": {"kind": training.data.kind, **asdict(training.data)},
        "recipe": asdict(training.recipe),
        "ranks": training.ranks,
        "heads": list(training.heads),
        "checks": [_check(check) for check in training.checks],
        "curves": {phase.value: _curve(training.heads, training.curve(phase)) for phase in Phase},
        "reach": [
            {"part": one.part, "tensors": one.tensors, "reached": dict(zip(training.heads, one.reached, strict=True))}
            for one in training.reach
        ],
        "accuracy": None if right is None else {**asdict(right), "share": right.share},
        "answers": [asdict(answer) for answer in training.answers],
        "speed": None if training.speed is None else asdict(training.speed),
        "notes": list(training.notes),
        "environment": asdict(training.environment),
    }


def _check(check: Check) -> Mapping[str, object]:
    return {**asdict(check), "title": BY_ID[check.rule].title, "severity": check.severity.value}


def _curve(heads: Sequence[str], points: Iterable[Point]) -> list[Mapping[str, object]]:
    return [
        {"step": point.step, "losses": dict(zip(heads, point.losses, strict=True)), "total": point.total}
        for point in points
    ]


def _strict(value: object) -> Value:
    """JSON has no infinity and no not-a-number."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _strict(item) for key, item in value.items()}
        case list() | tuple():
            return [_strict(item) for item in value]
        case _:
            assert isinstance(value, str | int | None)
            return value
