"""From what was traced to a report: findings that need no alignment, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gnet_audit import pipeline, spec
from gnet_audit.compare import Comparison
from gnet_audit.errors import ExitStatus, TargetError
from gnet_audit.findings import Edit, SetFields
from gnet_audit.formats import rows
from gnet_audit.formats.terse import verdict_line
from gnet_audit.live.trace import Traced
from gnet_audit.network import Location, Mode, Network, Shape, Unverified
from gnet_audit.policy import exit_status
from gnet_audit.proof import ModeProof, Proof, ProofStatus
from gnet_audit.report import Report, RowStatus, Verdict
from tests.test_compare import PAPER as EXPECTED
from tests.test_compare import model, written_by_hand

PAPER = spec.load("googlenet")


def proof(status: ProofStatus) -> Proof:
    """A proof of eval that came to this."""
    return Proof(modes=(ModeProof(mode="eval", status=status, why="conv1 differs"),), input_shape=PAPER.input_shape)


def judged(found: Mapping[Mode, Network], status: ProofStatus | None = None) -> Report:
    """The report on networks as if they had been traced, with a proof that comes to this."""

    def prove(expected: Mapping[Mode, Network], comparison: Comparison, edits: tuple[Edit, ...]) -> Proof:
        assert status is not None
        return proof(status)

    traced = {mode: Traced(network=network) for mode, network in found.items()}
    evidence = pipeline.Evidence(name="net.py:Net", owned=None, prove=prove if status else None)
    return pipeline.judge(PAPER, PAPER.input_shape, traced, evidence)


def built(*edits: Edit) -> Mapping[Mode, Network]:
    """The paper's network with these edits, as a model."""
    return {mode: found.network for mode, found in model(*edits).items()}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (None, Verdict.MATCHES),
        (ProofStatus.PROVEN, Verdict.MATCHES),
        (ProofStatus.OPEN, Verdict.UNPROVEN),
        (ProofStatus.FAILED, Verdict.UNPROVEN),
    ],
)
def test_a_match_whose_proof_does_not_hold_is_unproven(status: ProofStatus | None, verdict: Verdict) -> None:
    report = judged(built(), status)
    assert (report.verdict, report.findings) == (verdict, ())
    if verdict is Verdict.UNPROVEN:
        assert report.reason == "not proven: eval: conv1 differs"


def test_a_difference_stays_one_whatever_its_proof() -> None:
    edit = SetFields(layer="conv1", fields=(("bias", False),))
    report = judged(built(edit), ProofStatus.OPEN)
    assert (report.verdict, report.reason) == (Verdict.DIFFERS, "1 cause")


def measured(network: Network, name: str, shape: Shape) -> Network:
    """The network in which one layer gave another size than its op does."""
    layers = (replace(layer, shape=shape) if layer.name == name else layer for layer in network.layers)
    return replace(network, layers=tuple(layers))


def test_a_size_that_no_difference_explains_is_a_finding_of_its_own() -> None:
    layer = f"n{EXPECTED[Mode.EVAL].positions['lrn2']}"
    report = judged({mode: measured(network, layer, (192, 55, 56)) for mode, network in built().items()})
    (finding,) = report.findings
    assert (finding.rule, finding.rows, finding.layers) == ("GA101", ("lrn2",), (layer,))
    assert (finding.expected, finding.found) == ("56×56×192", "55×56×192")
    assert finding.message == "lrn2 gives 55×56×192; by the paper and the findings above it should give 56×56×192."
    assert next(row.status for row in report.rows if row.slot == "lrn2") is RowStatus.DIFFERS
    assert report.verdict is Verdict.DIFFERS


@pytest.mark.parametrize(
    ("lines", "line", "why"),
    [
        ((7, 7, 7, 7), 7, "not asked"),
        ((7, 9, 7, 7), None, "not asked (first at net.py:7)"),
        ((7, 0, 7, 7), None, "not asked (first at net.py:7)"),
        ((0, 9, 7, 7), None, "not asked (first at net.py:9)"),
        ((0, 0, 0, 0), None, "not asked"),
        ((7, 7, 7), 7, "not asked"),
    ],
)
def test_what_was_not_checked_in_many_places_stands_at_a_line_if_it_is_that_of_all(
    lines: tuple[int, ...], line: int | None, why: str
) -> None:
    entries = tuple(
        Unverified(
            what=f"part{index}",
            why="not asked",
            where=Location(file="nets/net.py", line=number, literals=(str(index),)) if number else None,
        )
        for index, number in enumerate(lines)
    )
    told = judged({mode: replace(network, unverified=entries) for mode, network in built().items()}).unverified
    assert {(one.where and one.where.line, one.why) for one in told} == {(line, why)}
    assert [one.what for one in told] == ([one.what for one in entries] if len(lines) < 4 else ["part0 and 3 more"])


def test_an_input_at_which_the_paper_has_no_network_is_the_users_mistake() -> None:
    with pytest.raises(TargetError) as stop:
        pipeline.audit("reference", input_shape=(3, 16, 16), prove=False)
    assert stop.value.line.startswith("input 16×16×3: the paper's network cannot be derived at this input: ")
    assert "expected an input such as 224×224×3" in stop.value.line


def test_a_network_that_unknown_ops_hide_is_unproven_and_fails() -> None:
    found = {mode: written_by_hand(one).network for mode, one in model().items()}
    report = judged(found)
    assert (report.verdict, report.rows, report.findings) == (Verdict.UNPROVEN, (), ())
    assert not report.compared
    assert "because of unknown op matmul" in report.reason
    assert exit_status(report) is ExitStatus.FINDINGS
    assert verdict_line(report) == f"unproven: {report.reason}"
    assert rows.amount_unchecked(report) == "everything"
    assert rows.unchecked(report)[-1].why == "nothing was compared"
    assert judged({mode: written_by_hand(one, weights=7).network for mode, one in model().items()}).verdict is (
        Verdict.NOT_THIS_NETWORK
    )
