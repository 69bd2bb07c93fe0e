"""The score: what totals alone would catch, by arithmetic, and how the table gets into a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from tests import score
from tests.mistakes import SURVEY
from tests.mistakes.plan import Written, paper


@cache
def models() -> Mapping[str, Written]:
    """The survey's networks by their names."""
    return {case.id: Written(case.edit(paper())) for case in SURVEY}


@pytest.mark.parametrize(
    ("total", "mistakes"),
    [
        ("output shape", ()),
        # Smaller maps reach the heads too, and make their first linear layer smaller.
        (
            "number of parameters",
            (
                "5x5-as-3x3",
                "5x5-as-two-3x3",
                "5x5-as-3x3-dilated-2",
                "batch-norm-and-no-bias",
                "bias-removed",
                "floor-pools",
            ),
        ),
        ("multiply-adds", ("5x5-as-3x3", "5x5-as-two-3x3", "5x5-as-3x3-dilated-2", "floor-pools")),
    ],
)
def test_a_total_alone_catches_what_arithmetic_says(total: str, mistakes: tuple[str, ...]) -> None:
    named = [model for name, model in models().items() if name in mistakes]
    others = [model for name, model in models().items() if name not in mistakes]
    assert score.caught(score.TOTALS[total], named) == len(mistakes)
    assert score.caught(score.TOTALS[total], others) == 0


def test_the_multiply_adds_of_the_paper_network_are_those_of_its_channel_table() -> None:
    assert score.multiply_accumulates(Written(paper())) == 1_582_671_872


def test_a_table_replaces_the_one_between_the_marks_and_nothing_else() -> None:
    text = f"before\n{score.BEGIN}\nold\n{score.END}\nafter\n"
    assert score.placed(text, "new\n") == f"before\n{score.BEGIN}\nnew\n{score.END}\nafter\n"


def test_a_file_without_marks_is_not_written_to() -> None:
    with pytest.raises(ValueError, match="missing"):
        score.placed("no marks", "new\n")


def test_a_share_is_rounded_down_so_that_a_hundred_percent_means_all() -> None:
    results = (score.NOTHING, *[score.Result(detected=True, located=True, invented=0)] * 299)
    assert score.Line(family="f", results=results).cells == ("f", "300", "299 (99 %)", "299 (99 %)", "0")
