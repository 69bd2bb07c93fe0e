"""The rules: what a finding can say, as data.

Families: GA0 the paper against itself, GA1 shapes and task, GA2 layer attributes, GA3 graph,
GA4 counts, GA5 training, GA6 performance.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnet_audit.errors import UsageError
from gnet_audit.rules import counts, graph, layers, paper, performance, task, training
from gnet_audit.rules.rule import Rule, Severity

__all__ = ["BY_ID", "RULES", "Rule", "Severity", "matching"]

RULES: tuple[Rule, ...] = (
    *paper.RULES,
    *task.RULES,
    *layers.RULES,
    *graph.RULES,
    *counts.RULES,
    *training.RULES,
    *performance.RULES,
)

BY_ID = {rule.id: rule for rule in RULES}


def matching(prefixes: Sequence[str], option: str) -> frozenset[str]:
    """The ids of the rules that begin with one of the prefixes (`GA2`, `ga301`); UsageError for one without a rule."""
    chosen: set[str] = set()
    for prefix in prefixes:
        found = {rule.id for rule in RULES if prefix and rule.id.startswith(prefix.upper())}
        if not found:
            raise UsageError(f"no rule begins with {prefix!r}", where=option, expected="ids such as GA2 or GA203")
        chosen |= found
    return frozenset(chosen)
