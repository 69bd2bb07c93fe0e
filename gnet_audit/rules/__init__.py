"""The rules: what a finding can say, as data.

Families: GA0 the paper against itself, GA1 shapes and task, GA2 layer attributes, GA3 graph,
GA4 counts, GA5 training, GA6 performance.
"""

from __future__ import annotations

from gnet_audit.rules import counts, graph, layers, paper, performance, task, training
from gnet_audit.rules.rule import Rule, Severity

__all__ = ["BY_ID", "RULES", "Rule", "Severity"]

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
