"""The auditor's own marks: `python -m tests.score` prints them as Markdown.

`--write FILE` puts them between the marks of the file, `--check FILE` fails if the file shows others.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gnet_audit import audit
from gnet_audit.network import Shape
from gnet_audit.report import Report, Verdict
from tests.exam import BUILDS
from tests.exam.foreign import declare
from tests.exam.marking import best
from tests.exam.near_misses import NEAR_MISSES
from tests.exam.twin import tensors
from tests.mistakes import EQUIVALENTS, MISTAKES, SURVEY
from tests.mistakes.plan import Written, paper
from tests.mistakes.truth import Case, Mark, Truth, mark

BEGIN, END = "<!-- score -->", "<!-- /score -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one model, or of one difference of a foreign build."""

    detected: bool
    """Not taken for the paper's network; refused, if it is another one; found, if it is one difference."""
    located: bool
    """Every slot and attribute named, and no other."""
    invented: int
    """Findings that are not true."""


NOTHING = Result(detected=False, located=False, invented=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the table."""

    family: str
    results: tuple[Result, ...]
    harmless: bool = False
    """Whether there is nothing to detect."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's cells."""
        detected = "–" if self.harmless else _share(one.detected for one in self.results)
        invented = str(sum(one.invented for one in self.results))
        return self.family, str(len(self.results)), detected, _share(one.located for one in self.results), invented


def _share(marks: Iterable[bool]) -> str:
    given = tuple(marks)
    return f"{sum(given)} ({100 * sum(given) // len(given)} %)"


# --- the auditor's marks -----------------------------------------------------------------------------


def lines() -> Iterator[Line]:
    """The table, line by line."""
    edits = [(case, _edited(case)) for case in MISTAKES]
    for family in dict.fromkeys(case.family for case in MISTAKES):
        yield _line(_named(family), (one for case, one in edits if case.family == family and case.truths))
    yield _line("**all single edits**", (one for case, one in edits if case.truths))
    builds = [(build, _report(build.target, build.input_shape, build.arguments)) for build in BUILDS]
    yield _line("foreign builds", (_marked(report, build.truths) for build, report in builds if build.faults))
    differences = (_difference(one, report) for build, report in builds for one in build.truths)
    yield _line("– their single differences", differences)
    yield _line("other networks", (_refused(_report(other.target, other.input_shape)) for other in NEAR_MISSES))
    harmless = (
        *(_marked(_report(one.model), ()) for one in EQUIVALENTS),
        *(one for case, one in edits if not case.truths),
        *(_marked(report, ()) for build, report in builds if not build.faults),
    )
    yield Line(family="equivalent forms", results=harmless, harmless=True)


def _line(family: str, results: Iterable[Result]) -> Line:
    return Line(family=family, results=tuple(results))


def _named(family: str) -> str:
    return "survey mistakes" if family == SURVEY[0].family else family


def _report(model: object, shape: Shape = (3, 224, 224), args: Mapping[str, object] | None = None) -> Report | None:
    """The auditor's report; none where it crashes, which counts as nothing found."""
    try:
        return audit(model, input_shape=shape, args=args, prove=False)
    except Exception as error:  # noqa: BLE001 - the crash is counted, and told
        print(f"{model if isinstance(model, str) else 'an edit'}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def _edited(case: Case) -> Result:
    plan = case.edit(paper())
    report = _report(Written(plan), plan.input_shape)
    if report is None or not case.truths:
        return _marked(report, ())
    marks, truths = best(report, case)
    counted = marks.findings == len(truths) or truths is case.or_else
    return Result(
        detected=report.verdict is Verdict.DIFFERS, located=marks.clean and counted, invented=_invented(marks)
    )


def _marked(report: Report | None, truths: tuple[Truth, ...]) -> Result:
    if report is None:
        return NOTHING
    marks = mark(report.findings, truths)
    right = report.verdict is (Verdict.DIFFERS if truths else Verdict.MATCHES)
    return Result(detected=right, located=right and marks.clean, invented=_invented(marks))


def _difference(one: Truth, report: Report | None) -> Result:
    if report is None:
        return NOTHING
    missed = mark(report.findings, (one,)).missed
    return Result(detected=len(missed) < len(one.rows), located=not missed, invented=0)


def _refused(report: Report | None) -> Result:
    if report is None:
        return NOTHING
    refused = report.verdict is Verdict.NOT_THIS_NETWORK
    invented = _invented(mark(report.findings, ()))
    return Result(detected=refused, located=refused and bool(report.reason), invented=invented)


def _invented(marks: Mark) -> int:
    """How many findings are not true: one for each rule and attribute, wherever it is claimed."""
    return len({tuple(claim.split(" ", 2)[:2]) for claim in marks.invented})


# --- what a look at a total would have found -----------------------------------------------------------


def output_shapes(model: nn.Module) -> object:
    """The shape of the logits, and in training those of the heads."""
    return tuple(
        tuple(value.shape)
        for training in (False, True)
        for value in tensors(model.train(training)(torch.empty(2, 3, 224, 224, device="meta")))
    )


def parameter_count(model: nn.Module) -> object:
    """All parameters, the heads' too."""
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_accumulates(model: nn.Module) -> object:
    """By torch's own counter, without the heads."""
    with FlopCounterMode(display=False) as counter:
        model.eval()(torch.empty(1, 3, 224, 224, device="meta"))
    return counter.get_total_flops() // 2


TOTALS: dict[str, Callable[[nn.Module], object]] = {
    "output shape": output_shapes,
    "number of parameters": parameter_count,
    "multiply-adds": multiply_accumulates,
}


def caught(total: Callable[[nn.Module], object], models: Iterable[nn.Module]) -> int:
    """How many of the networks differ from the paper's in a total."""
    right = total(Written(paper()))
    return sum(total(model) != right for model in models)


# --- text ----------------------------------------------------------------------------------------------


def markdown() -> str:
    """Both tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as the builds' authors leave it
        declare()
        table = _table(
            ("family", "cases", "detected", "exactly located", "invented findings"),
            (line.cells for line in lines()),
        )
        return f"{table}\n\n{_comparison()}\n"


def _comparison() -> str:
    wrong = [Written(case.edit(paper())) for case in SURVEY if case.truths]
    with torch.no_grad():
        rows = [(f"{name} alone", f"{caught(total, wrong)} of {len(wrong)}") for name, total in TOTALS.items()]
    exact = sum(_edited(case).located for case in SURVEY if case.truths)
    return _table(("looked at", "survey mistakes caught"), (*rows, ("gnet-audit", f"{exact} of {len(wrong)}")))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def placed(text: str, table: str) -> str:
    """The text with the table between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n{table}{END}{after}"


def main() -> int:
    """Print the score, write it into a file, or check that the file shows it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--check", type=Path, metavar="FILE")
    options = parser.parse_args()
    table = markdown()
    if options.write:
        options.write.write_text(placed(options.write.read_text(), table))
    elif options.check:
        text = options.check.read_text()
        if placed(text, table) != text:
            print(f"{options.check}: the score has changed; write it with --write", file=sys.stderr)
            return 1
    else:
        print(table, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
