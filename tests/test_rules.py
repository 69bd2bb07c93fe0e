"""Every rule says all that `explain` promises, and the code and the rules know each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gnet_audit
from gnet_audit.errors import UsageError
from gnet_audit.rules import BY_ID, RULES, Rule, matching

PACKAGE = Path(gnet_audit.__file__).parent
ID = re.compile(r"GA\d{3}")


class _Raised(ast.NodeVisitor):
    """The ids that are handed on as values; one that something is compared with, or looked up by, is only asked for."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and ID.fullmatch(node.value):
            self.ids.add(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Nothing in it is raised."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        """Nothing in it is raised."""

    def visit_Set(self, node: ast.Set) -> None:
        """Nothing in it is raised."""


def raised(source: str) -> set[str]:
    """The ids that a module gives to what it finds."""
    visitor = _Raised()
    visitor.visit(ast.parse(source))
    return visitor.ids


def sources(*without: str) -> Iterator[str]:
    """The modules of the package, some parts left out."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in without:
            yield path.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_text_of_a_rule_is_there_and_ends_in_a_full_stop(rule: Rule) -> None:
    for text in (rule.fails, rule.why, rule.causes, rule.cure, rule.sure):
        assert re.fullmatch(r"\S.*[^.\s]\.", text)
        assert "  " not in text
        assert "\n" not in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_fails_is_the_rest_of_one_sentence(rule: Rule) -> None:
    assert ". " not in rule.fails
    first = rule.fails.split()[0]
    assert first == first.lower()


def test_ids_are_unique_and_in_order() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))


def test_every_id_in_the_code_is_a_rule() -> None:
    named = {id for source in sources() for id in ID.findall(source)}
    assert named - set(BY_ID) == set()


def test_every_rule_is_raised_somewhere() -> None:
    # Mutants expect findings, and raise none.
    found = {id for source in sources("rules", "mutants") for id in raised(source)}
    assert set(BY_ID) - found == set()


def test_an_id_that_is_only_asked_for_is_not_raised() -> None:
    asked = 'if rule == "GA202" or rule in {"GA203"}: cure = BY_ID["GA204"].cure\nmatch rule:\n  case "GA205": pass\n'
    assert raised(asked) == set()
    assert raised('found = Finding(rule="GA206")\nyield at.say("GA207", "bias")\n') == {"GA206", "GA207"}


def test_a_prefix_stands_for_all_rules_that_begin_with_it() -> None:
    assert matching(["ga202", "GA30"], "--select") == {"GA202", *(rule.id for rule in RULES if rule.id[:4] == "GA30")}


@pytest.mark.parametrize("prefix", ["GA9", "kernel", "", "GA2022"])
def test_a_prefix_without_a_rule_is_a_mistake(prefix: str) -> None:
    with pytest.raises(UsageError, match=r"--select: no rule begins with .*; expected ids such as GA2"):
        matching([prefix], "--select")
