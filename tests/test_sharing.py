"""Parameters that layers share: told at both places, or where a layer is used again instead of the paper's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit import audit
from gnet_audit.compare import Found, compare
from gnet_audit.findings import Finding
from gnet_audit.network import UNCALLED, CodeOrigin, Layer, Location, Mode, Network, Unverified, Weight
from gnet_audit.proof import ProofStatus
from gnet_audit.rules import Severity
from tests.mistakes.plan import TABLE, Plan, Written, paper
from tests.networks import network

PAPER = "a: conv 3 8 p1\nb: conv 3 16 p1\nc: conv 3 16 p1\nd: conv 1 16\ne: conv 5 16 p2\nz: linear 3"
LEAVES = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")


def tied(text: str, *names: str) -> Network:
    """A network whose layers of these names use the same parameter."""
    whole = network(text)
    weight = Weight(role="weight", name="m.weight", shape=(16, 16, 3, 3))
    return replace(
        whole, layers=tuple(replace(one, weights=(weight,)) if one.name in names else one for one in whole.layers)
    )


def findings(found: Network) -> tuple[Finding, ...]:
    """What is told of a model beside PAPER."""
    return compare({Mode.EVAL: network(PAPER)}, {Mode.EVAL: Found(network=found)}).findings


@pytest.mark.parametrize(
    ("found", "names", "told"),
    [
        # The 3×3 of c where the 1×1 of d belongs: its kernel and its padding are those of c.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "cd", [("GA311", ("d",), "the layer of c again")]),
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1").replace("e: conv 5 16 p2", "e: conv 3 16 p1"), "cde",
         [("GA311", ("d", "e"), "the layer of c again")]),
        # The right place comes after the wrong one.
        (PAPER.replace("c: conv 3 16 p1", "c: conv 1 16"), "cd", [("GA311", ("c",), "the layer of d again")]),
        # Weights of its own: another kernel, whoever has the same.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "", [("GA202", ("d",), "3×3")]),
        # The same weights with another dilation are no second use of the same layer.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p2 d2"), "cd",
         [("GA202", ("d",), "3×3 dilation 2"), ("GA311", ("c", "d"), "weights that another layer uses too")]),
        # What is wrong at both places is so by itself.
        (PAPER.replace("d: conv 1 16", "d: conv 5 16 p2").replace("c: conv 3 16 p1", "c: conv 5 16 p2"), "cd",
         [("GA202", ("c",), "5×5"), ("GA202", ("d",), "5×5"),
          ("GA311", ("c", "d"), "weights that another layer uses too")]),
        # What follows the layer is not the layer's.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1\nr: relu"), "cd",
         [("GA302", ("d",), "relu"), ("GA311", ("d",), "the layer of c again")]),
        # As right here as there: told at both.
        (PAPER, "bc", [("GA311", ("b", "c"), "weights that another layer uses too")]),
    ],
)  # fmt: skip
def test_a_layer_that_is_used_again_is_the_cause_of_what_differs_there(
    found: str, names: str, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    assert sorted((one.rule, one.rows, one.found) for one in findings(tied(found, *names))) == told


def called(whole: Network, lines: dict[str, int]) -> Network:
    """The layers of a module `block`, called at these lines."""

    def at(layer: Layer) -> Layer:
        line = lines.get(layer.name)
        calls = (Location(file="net.py", line=5), Location(file="net.py", line=line)) if line else ()
        return replace(layer, origin=CodeOrigin(module=f"block.{layer.name}", calls=calls)) if line else layer

    return replace(whole, layers=tuple(map(at, whole.layers)))


def test_it_stands_where_it_is_called_again_and_says_which_module_may_be_meant() -> None:
    found = called(tied(PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "c", "d"), {"c": 20, "d": 21})
    left = Unverified(what="one", why=UNCALLED, where=Location(file="net.py", line=9))
    (finding,) = findings(replace(found, unverified=(left,)))
    assert finding.location == Location(file="net.py", line=21)
    assert finding.cause == "block.d is called here as well as for c"
    assert finding.cure == "Call a module of its own for d: one, made at line 9 and never called, may be meant."
    (finding,) = findings(replace(found, unverified=(left, replace(left, what="two"))))
    assert finding.cure == "Call a module of its own for d."


def block(plan: Plan, here: str, there: str) -> Plan:
    """The module of one row called at another one as well."""
    for leaf in LEAVES:
        plan = plan.tie(f"inception_{here}.{leaf}", f"inception_{there}.{leaf}")
    return plan


def early(plan: Plan) -> Plan:
    """4c called at its own place and at that of 4b before."""
    for leaf, width in zip(LEAVES, TABLE["4c"], strict=True):
        plan = plan.change(f"inception_4b.{leaf}", out_channels=width)
    return block(plan, "4c", "4b")


@pytest.mark.parametrize(
    ("plan", "here", "there"), [(block(paper(), "4c", "4b"), "4c", "4b"), (early(paper()), "4b", "4c")]
)
def test_a_module_called_again_in_place_of_another_is_one_finding_and_proven(plan: Plan, here: str, there: str) -> None:
    report = audit(Written(plan))
    (finding,) = [one for one in report.findings if one.severity is not Severity.NOTE]
    assert (finding.rule, finding.found) == ("GA311", f"the layers of inception_{there} again")
    assert finding.rows == tuple(f"inception_{here}.{leaf}" for leaf in LEAVES)
    assert report.proof is not None
    assert [mode.status for mode in report.proof.modes] == [ProofStatus.PROVEN] * 2, report.proof.line
    # Its parameters are counted once, so none of those that the paper gives the row are there.
    own = sum(row.expected_params or 0 for row in report.rows if row.row == f"inception_{here}")
    assert finding.cost is not None
    assert (finding.cost.params, finding.cost.total_params) == (-own, -own)
    assert report.totals.params is not None
    assert report.totals.params == (report.totals.expected_params or 0) - own


def test_a_module_called_in_three_places_is_told_at_the_two_where_it_does_not_belong() -> None:
    report = audit(Written(block(block(paper(), "4c", "4b"), "4d", "4b")), prove=False)
    found = [one for one in report.findings if one.rule == "GA311"]
    assert [one.found for one in found] == ["the layers of inception_4b again"]
    assert {row.rpartition(".")[0] for row in found[0].rows} == {"inception_4c", "inception_4d"}


def test_the_widths_of_a_wrong_module_that_is_called_twice_are_told_once() -> None:
    plan = block(
        paper().change("inception_4b.3x3", out_channels=230).change("inception_4b.1x1", out_channels=154), "4c", "4b"
    )
    told = [
        (one.rule, one.rows) for one in audit(Written(plan), prove=False).findings if one.severity is not Severity.NOTE
    ]
    assert told == [
        ("GA201", ("inception_4b.1x1",)),
        ("GA201", ("inception_4b.3x3",)),
        ("GA311", tuple(f"inception_4c.{leaf}" for leaf in LEAVES)),
    ]


def test_layers_that_two_heads_share_in_part_are_told_at_both() -> None:
    report = audit(Written(paper().tie("aux2.fc1", "aux1.fc1").tie("aux2.fc2", "aux1.fc2")), prove=False)
    told = {one.rows for one in report.findings if one.rule == "GA311"}
    assert told == {("aux1.fc1", "aux1.fc2", "aux2.fc1", "aux2.fc2")}
