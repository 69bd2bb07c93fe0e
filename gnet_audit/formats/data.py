"""The facts of a data set as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from gnet_audit.formats import words
from gnet_audit.formats.canvas import Canvas
from gnet_audit.training import DataFacts, FileFact

SCHEMA = 1


def text(facts: DataFacts, *, width: int = 160, color: bool = False) -> str:
    """Kind and source, images a class, means and deviations, files with size and checksum."""
    canvas = Canvas(width=width, color=color)
    canvas.line(f"{facts.kind} data: {words.safe(facts.source)}", "bold")
    canvas.line()
    label = max(map(len, ("class", *facts.classes)))
    canvas.line(f"{'class':<{label}}" + "".join(f"  {split.name:>6}" for split in facts.splits), "bold")
    for index, name in enumerate(facts.classes):
        canvas.line(f"{words.safe(name):<{label}}" + "".join(f"  {split.counts[index]:>6,}" for split in facts.splits))
    canvas.line(f"{'all':<{label}}" + "".join(f"  {sum(split.counts):>6,}" for split in facts.splits))
    canvas.line()
    for split in facts.splits:
        for word, values in (("mean", split.mean), ("deviation", split.deviation)):
            numbers = ", ".join(f"{value:.4f}" for value in values)
            canvas.line(f"{split.name:<5}  {word:<9}  red, green, blue: {numbers}")
    if facts.folds:
        canvas.line(f"{len(facts.folds)} predefined folds of {_range(facts.folds)} training images")
    if facts.files:
        canvas.line()
        for file in facts.files:
            canvas.line(f"{file.name:<16}  {file.size:>11,} bytes  MD5 {file.md5}  {_judged(file)}")
    return canvas.text()


def _range(folds: tuple[int, ...]) -> str:
    return f"{min(folds):,}" if min(folds) == max(folds) else f"{min(folds):,} to {max(folds):,}"


def _judged(file: FileFact) -> str:
    if not file.published:
        return "- no published checksum"
    return "✓ as published" if file.md5 == file.published else f"✗ differs, published {file.published}"


def to_json(facts: DataFacts) -> str:
    """Every field."""
    return json.dumps({"schema": SCHEMA, "kind": facts.kind, **asdict(facts)}, indent=2, ensure_ascii=False) + "\n"
