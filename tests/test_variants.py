"""The published variants are recognised, told and accepted exactly; tests/variant_plans.py has them as edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from gnet_audit import audit
from gnet_audit.acceptance import accept
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.policy import exit_status
from gnet_audit.report import Report
from gnet_audit.rules import BY_ID, Severity
from gnet_audit.spec import load
from gnet_audit.variants import accepted, named, recognised, variants
from tests.mistakes.plan import Written, paper
from tests.mistakes.truth import CONVS
from tests.variant_plans import PLANS

TODAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def reports() -> Mapping[str, Report]:
    """Every variant, built and audited."""
    return {name: recognised(audit(Written(edit(paper())), prove=False)) for name, edit in PLANS.items()}


def test_every_variant_that_is_shipped_is_built_here() -> None:
    assert [variant.id for variant in variants()] == sorted(PLANS)
    assert all(variant.citation and variant.note for variant in variants())


@pytest.mark.parametrize("name", PLANS)
def test_a_build_of_a_variant_is_told_to_equal_it(reports: Mapping[str, Report], name: str) -> None:
    assert reports[name].variant == (named(name).title if named(name).differences else "")


@pytest.mark.parametrize("name", PLANS)
def test_accepting_a_variant_accepts_its_build_and_no_other(reports: Mapping[str, Report], name: str) -> None:
    for other, report in reports.items():
        status = exit_status(accept(report, accepted([f"variant:{name}"]), TODAY), fail_on=Severity.NOTE)
        same = {key for key in PLANS if key == name}
        assert (status is ExitStatus.CLEAN) == (other in same), (name, other)


def test_a_finding_says_of_which_variants_it_is_part(reports: Mapping[str, Report]) -> None:
    found = {(one.rule, one.rows[0]): one.variants for one in reports["torchvision"].findings}
    assert found["GA301", "lrn1"] == ("no-lrn", "tf-slim", "torchvision")
    assert found["GA214", "aux1.pool"] == ("torchvision",)


def test_one_difference_more_or_less_is_another_network() -> None:
    variant = PLANS["torchvision"](paper())
    for plan in (variant.change("aux1.dropout", p=0.5), variant.change("pool4", kernel_size=3)):
        report = recognised(audit(Written(plan), prove=False))
        assert report.variant == ""
        assert exit_status(accept(report, accepted(["variant:torchvision"]), TODAY)) is ExitStatus.FINDINGS


def test_the_report_ends_with_the_variant_and_the_verdict(reports: Mapping[str, Report]) -> None:
    for view in (View(terse=True), View()):
        lines = render(reports["no-lrn"], Format.TEXT, view).splitlines()
        assert "equals the published variant GoogLeNet without LRN" in lines[-3:]


def test_the_build_that_torchvision_installs_is_the_variant(torchvision: object) -> None:
    report = recognised(audit("torchvision:googlenet", prove=False))
    assert report.variant == "torchvision googlenet"
    status = exit_status(accept(report, accepted(["variant:torchvision"]), TODAY), fail_on=Severity.NOTE)
    assert status is ExitStatus.CLEAN


def test_slots_and_rules_of_every_variant_exist() -> None:
    from gnet_audit import expand
    from gnet_audit.network import Mode, SpecOrigin

    network = expand.network(load("googlenet"), Mode.TRAIN)
    known = set(network.by_name) | {
        layer.origin.row for layer in network.layers if isinstance(layer.origin, SpecOrigin)
    }
    for variant in variants():
        for one in variant.differences:
            assert set(one.slots) <= known
            assert one.rule in BY_ID
            assert len(set(one.slots)) == len(one.slots)
    (normalised,) = named("batch-norm").differences
    assert set(normalised.slots) == set(CONVS)


@pytest.mark.parametrize("word", ["variant:vgg", "torchvision", "variant:"])
def test_an_unknown_variant_is_a_mistake_that_names_the_known_ones(word: str) -> None:
    with pytest.raises(UsageError, match=r"--accept: .*variant:"):
        accepted([word])


def test_another_paper_has_no_variants_of_ours(reports: Mapping[str, Report]) -> None:
    report = reports["no-lrn"]
    other = recognised(replace(report, spec=replace(report.spec, id="resnet"), variant=""))
    assert other.variant == ""
    assert not any(finding.variants for finding in other.findings)
