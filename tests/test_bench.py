"""The table of the benchmark, from made-up times."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

BENCH: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "audit.py"))


def line(own: list[float], other: list[float], **limits: float) -> str:
    row = BENCH["Row"](subject="ours", beside="theirs", **limits)
    (made,) = BENCH["_lines"]((row,), {"ours": own, "theirs": other}, BENCH["seconds"])
    return str(made).rstrip("\n")


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # Rounds of 2/1, 9/3 and 4/1: the medians alone would give 4/1.
    assert "| 3.00 |" in line([2.0, 9.0, 4.0], [1.0, 3.0, 1.0])


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"most": 2.0}, "| 2 s |"),
        ({"most": 1.9}, "| 1.9 s: **not kept** |"),
        ({"share": 0.5}, "| 0.5 × |"),
        ({"share": 0.4}, "| 0.4 ×: **not kept** |"),
        ({"more": -2.0}, "| -2 MB more |"),
        ({"more": -3.0}, "| -3 MB more: **not kept** |"),
        ({"most": 2.0, "share": 0.4}, "| 2 s, 0.4 ×: **not kept** |"),
        ({}, "|  |"),
    ],
)
def test_a_limit_says_whether_it_is_kept(limits: dict[str, float], told: str) -> None:
    assert line([2.0, 2.0], [4.0, 4.0], **limits).endswith(told)


def test_the_table_stands_between_its_marks() -> None:
    text = f"before\n{BENCH['BEGIN']}old\n{BENCH['END']}\nafter\n"
    assert BENCH["placed"](text, "new\n") == f"before\n{BENCH['BEGIN']}new\n{BENCH['END']}\nafter\n"
    with pytest.raises(ValueError, match="are missing"):
        BENCH["placed"]("before\nafter\n", "new\n")
