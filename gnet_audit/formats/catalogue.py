"""The rules as text."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from gnet_audit.rules import RULES, Rule


def rules() -> str:
    """One line for each rule: id, default severity, title."""
    return "".join(f"{rule.id}  {rule.severity:<7}  {rule.title}\n" for rule in RULES)


def explained(chosen: Iterable[Rule], width: int) -> str:
    """Each rule with all that is said of it, a blank line between two."""
    return "\n".join(_explained(rule, width or 100_000) for rule in chosen)


def _explained(rule: Rule, width: int) -> str:
    lines = [f"{rule.id} {rule.title} ({rule.severity})"]
    for label, text in (
        ("fails if", rule.fails),
        ("why", rule.why),
        ("causes", rule.causes),
        ("cure", rule.cure),
        ("how sure", rule.sure),
    ):
        lines += wrap(text, width, initial_indent=f"  {label:<10}", subsequent_indent=" " * 12)
    return "".join(f"{line}\n" for line in lines)
