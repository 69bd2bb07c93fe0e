"""The rules as text."""

from __future__ import annotations

import pytest

from gnet_audit.formats import catalogue
from gnet_audit.rules import BY_ID, RULES


def test_each_rule_has_one_line_with_its_id_severity_and_title() -> None:
    lines = catalogue.rules().splitlines()
    assert len(lines) == len(RULES)
    assert "GA203  error    stride" in lines


@pytest.mark.parametrize("width", [60, 80, 100])
def test_an_explanation_holds_every_text_whole_within_the_width(width: int) -> None:
    kernel = BY_ID["GA202"]
    text = catalogue.explained([kernel], width)
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    for label, words in (
        ("fails if", kernel.fails),
        ("why", kernel.why),
        ("causes", kernel.causes),
        ("cure", kernel.cure),
        ("how sure", kernel.sure),
    ):
        assert f"{label} {words}" in flat
