"""A held-out examination: builds and truths that were written before the audit saw them. README.md has the first marks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gnet_audit.cli import main
from tests.blind.marking import PAPERS as FOLDER
from tests.blind.marking import Mark, mark
from tests.blind.second_truths import SECOND_CORRECT, SECOND_FAULTY, SECOND_PAPERS
from tests.blind.truths import CORRECT_PAPERS, FAULTY_PAPERS, OTHER_PAPERS, Paper
from tests.blind.truths import PAPERS as FIRST_PAPERS

PAPERS = FIRST_PAPERS + SECOND_PAPERS

MISMARKED = {
    "f08_separable": "a depthwise separable convolution is told as one added at two slots and another kernel",
    "f18_preactivation": "ReLU before each convolution is told as missing, added and moved ones: ten findings",
}
UNPROVEN: dict[str, str] = {}
POINTS_ELSEWHERE = {
    "f06_hooked_wrong": "points at the call of the moved head, not at the default that says where it is hooked",
    "s08_keras_norm": "points at the division that ends the normalisation, not at the factor alpha one line above",
}

UNTIDY: dict[str, str] = {}


def stem(paper: Paper) -> str:
    """The name of the paper's file."""
    return paper.target.partition(":")[0]


def expected(papers: tuple[Paper, ...], failing: dict[str, str]) -> list[Any]:
    """The papers, those known to fail as strict xfail with the reason."""

    def case(paper: Paper) -> Any:
        why = failing.get(stem(paper))
        return pytest.param(paper, id=stem(paper), marks=[pytest.mark.xfail(reason=why, strict=True)] if why else [])

    return [case(paper) for paper in papers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One paper's exit status and marks."""

    status: int
    mark: Mark


@cache
def marked(paper: Paper, *, prove: bool) -> Marked:
    """The paper audited by the command line, in this process, and marked."""
    file, _, name = paper.target.partition(":")
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["check", f"{FOLDER / file}.py:{name}", "--input", "x".join(map(str, paper.input))]
        status = main([*words, "-f", f"json:{report}", "--no-summary", *([] if prove else ["--no-prove"])])
        return Marked(status=status, mark=mark(paper, json.loads(report.read_text(encoding="utf-8"))))


MENDED = {
    "f02_linear_reductions",
    "f04_swapped_modules",
    "f12_double_linear",
    "s08_keras_norm",
    "s22_nhwc_flatten",
    "s30_written_in_slices",
}
"""Faulty papers that were once not proven."""


def _proves(paper: Paper) -> bool:
    return paper in CORRECT_PAPERS + SECOND_CORRECT or stem(paper) in MENDED | UNPROVEN.keys()


@pytest.mark.parametrize("paper", expected(PAPERS, MISMARKED))
def test_a_paper_never_seen_before_gets_exactly_its_truths(paper: Paper) -> None:
    got = marked(paper, prove=_proves(paper))
    # Of the correct papers whose only fault is that they are not proven, the proof below tells.
    assert (got.mark.undetected, got.mark.mislocated, got.mark.unlike, got.mark.invented) == ((), (), (), ())
    assert not got.mark.verdict
    assert got.status in paper.status


@pytest.mark.parametrize("paper", expected(tuple(p for p in PAPERS if _proves(p)), UNPROVEN))
def test_a_paper_never_seen_before_is_proven(paper: Paper) -> None:
    got = marked(paper, prove=True)
    assert got.mark.proof == "proven"
    assert got.status in paper.status


LINED = tuple(p for p in PAPERS if stem(p) not in MISMARKED and any(t.mark for t in p.truths))


@pytest.mark.parametrize("paper", expected(LINED, POINTS_ELSEWHERE))
def test_a_finding_points_at_the_line_that_has_to_change(paper: Paper) -> None:
    got = marked(paper, prove=_proves(paper))
    assert (got.mark.undetected, got.mark.mislocated, got.mark.elsewhere) == ((), (), ())


@pytest.mark.parametrize("paper", expected(PAPERS, UNTIDY))
def test_one_cause_is_told_once_and_nothing_is_called_unchecked_without_reason(paper: Paper) -> None:
    got = marked(paper, prove=_proves(paper))
    assert (got.mark.repeated, got.mark.unchecked) == ((), ())


def test_the_examinations_hold_forty_and_thirty_papers() -> None:
    assert (len(CORRECT_PAPERS), len(FAULTY_PAPERS), len(OTHER_PAPERS)) == (12, 22, 6)
    assert (len(SECOND_CORRECT), len(SECOND_FAULTY)) == (6, 24)
    assert all((FOLDER / f"{stem(paper)}.py").exists() for paper in PAPERS)
    # every number of a `# !N` that a truth speaks of stands in its paper
    for paper in PAPERS:
        text = (FOLDER / f"{stem(paper)}.py").read_text(encoding="utf-8")
        assert all(f"# !{t.mark}" in text for t in paper.truths if t.mark), paper.target
