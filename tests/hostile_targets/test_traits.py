"""The paper's network with a hostile trait is the paper's network; the world and the model are as before."""

from __future__ import annotations

import pytest

from gnet_audit import audit
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.proof import ProofStatus
from gnet_audit.report import Verdict
from tests.hostile_targets.traits import PROVEN, TRAITS, IsItsOwnChild, Plain
from tests.hostile_targets.world import changed, state, world

PARAMS = 13_378_280
"""Weights and biases of Table 1 and both heads, by the arithmetic of tests/live/test_googlenet.py."""


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.__name__)
def test_a_class_with_a_hostile_trait_is_judged_by_its_layers(
    trait: type[Plain], capfd: pytest.CaptureFixture[str]
) -> None:
    before = world()
    report = audit(trait, prove=False)
    after = world()
    assert changed(before, after) == set()
    assert (report.error, report.findings, report.verdict) == ("", (), _verdict(trait)), report.reason
    assert report.totals.model_params == PARAMS
    assert "careful" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.__name__)
def test_an_instance_leaves_as_it_came_and_is_judged_by_its_layers(trait: type[Plain]) -> None:
    before = world()
    with undisturbed():
        model = trait()
    own = state(model)
    report = audit(model, prove=trait in PROVEN)
    assert changed(before, world()) == set()
    assert changed(own, state(model)) == set()
    assert report.verdict is _verdict(trait), report.reason
    if trait in PROVEN:
        assert report.proof is not None
        assert report.proof.status is ProofStatus.PROVEN


def _verdict(trait: type[Plain]) -> Verdict:
    """Of a model that torch cannot set to eval, nobody can say what it is in eval."""
    return Verdict.UNPROVEN if trait is IsItsOwnChild else Verdict.MATCHES
