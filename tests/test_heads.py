"""Heads of small networks in training: where they hang, and when the paper's network can be changed accordingly."""

from __future__ import annotations

import pytest

from gnet_audit.compare import Found, compare
from gnet_audit.findings import Edit, SetInputs
from gnet_audit.network import Mode
from tests.networks import network

TRUNK = "i: conv 3 8 p1\nk: conv 3 8 p1\nz: linear 3"
LONGER = "i: conv 3 8 p1\nn: conv 5 8 p2\nk: conv 3 8 p1\nz: linear 3"
HEAD = "h: conv 1 4 < i\ny: linear 3"
Told = tuple[str, tuple[str, ...], str, str]


def told(trunk: str, head: str) -> tuple[list[Told], list[Edit]]:
    """What is found in a model in place of TRUNK and HEAD, and the changes of the head's first layer."""
    expected = {
        Mode.TRAIN: network(f"{TRUNK}\n{HEAD}", mode=Mode.TRAIN, outputs="z y"),
        Mode.EVAL: network(TRUNK),
    }
    found = {
        Mode.TRAIN: Found(network=network(f"{trunk}\n{head}", mode=Mode.TRAIN, outputs="z y")),
        Mode.EVAL: Found(network=network(trunk)),
    }
    findings = compare(expected, found).findings
    edits = [edit for one in findings if one.rule == "GA307" for edit in one.edits]
    return [(one.rule, one.rows, one.expected, one.found) for one in findings], edits


@pytest.mark.parametrize(
    ("trunk", "head", "findings", "edits"),
    [
        (TRUNK, HEAD, [], []),
        (TRUNK, HEAD.replace("< i", "< k"), [("GA307", ("[1]",), "i", "k")], [SetInputs(layer="h", inputs=("k",))]),
        # On a layer that the paper has not: it hangs where that layer does.
        (LONGER, HEAD.replace("< i", "< n"), [("GA302", ("i",), "none", "conv 5×5 pad 2, 8")], []),
        # At two places at once: the paper's head reads one.
        (TRUNK, f"m: add < i k\n{HEAD.replace(' < i', '')}",
         [("GA302", ("i",), "none", "add"), ("GA307", ("[1]",), "i", "i, k")], []),
    ],
)  # fmt: skip
def test_where_a_head_hangs_is_told(trunk: str, head: str, findings: list[Told], edits: list[Edit]) -> None:
    assert told(trunk, head) == (findings, edits)
