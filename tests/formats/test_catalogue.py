"""The rules as text."""

from __future__ import annotations

from gnet_audit.formats import catalogue
from gnet_audit.rules import BY_ID, RULES


def test_each_rule_has_one_line_with_its_id_severity_and_title() -> None:
    lines = catalogue.rules().splitlines()
    assert len(lines) == len(RULES)
    assert "GA203  error    stride" in lines


def test_an_explanation_holds_the_whole_why_and_cure_within_the_width() -> None:
    text = catalogue.explained([BY_ID["GA202"]], 60)
    assert max(map(len, text.splitlines())) <= 60
    flat = " ".join(text.split())
    assert BY_ID["GA202"].why in flat
    assert BY_ID["GA202"].cure in flat
