"""The published variants are recognised, told and accepted exactly; tests/variant_plans.py has them as edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gnet_audit import audit
from gnet_audit.acceptance import accept
from gnet_audit.cli import main
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.policy import exit_status
from gnet_audit.report import Report, Verdict
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
    assert reports[name].variant == named(name).title


@pytest.mark.parametrize("name", PLANS)
def test_accepting_a_variant_accepts_its_build_and_no_other(reports: Mapping[str, Report], name: str) -> None:
    for other, report in reports.items():
        status = exit_status(accept(report, accepted([f"variant:{name}"], "googlenet"), TODAY), fail_on=Severity.NOTE)
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
        assert exit_status(accept(report, accepted(["variant:torchvision"], "googlenet"), TODAY)) is ExitStatus.FINDINGS


def test_the_report_ends_with_the_variant_and_the_verdict(reports: Mapping[str, Report]) -> None:
    for view in (View(terse=True), View()):
        lines = render(reports["no-lrn"], Format.TEXT, view).splitlines()
        assert "equals the published variant GoogLeNet without LRN" in lines[-3:]


def test_the_build_that_torchvision_installs_is_the_variant(torchvision: object) -> None:
    report = recognised(audit("torchvision:googlenet", prove=False))
    assert report.variant == "torchvision googlenet"
    status = exit_status(accept(report, accepted(["variant:torchvision"], "googlenet"), TODAY), fail_on=Severity.NOTE)
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


# --- ports of the published builds, by hands that know nothing of ours ------------------------------------------


PORTS = {"tf-slim": ("slim", "InceptionV1", "retained", "overlapping"), "caffe": ("caffe", "Net", "half", "swapped")}


def port(name: str, build: str) -> str:
    return f"{Path(__file__).parent / 'published' / name}.py:{build}"


@pytest.mark.parametrize("name", PORTS)
def test_check_of_a_port_ends_with_the_variant_and_accepting_it_is_clean(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, build, *_ = PORTS[name]
    main(["check", port(file, build)])
    lines = capsys.readouterr().out.splitlines()
    assert f"equals the published variant {named(name).title}" in lines[-3:]
    assert lines[-2].startswith("proven in eval and train: ")
    assert main(["check", port(file, build), "--no-prove", "--accept", f"variant:{name}"]) == 0


@pytest.mark.parametrize("name", PORTS)
@pytest.mark.parametrize("which", [2, 3])
def test_one_more_change_of_a_port_is_another_build(name: str, which: int, capsys: pytest.CaptureFixture[str]) -> None:
    file, other = PORTS[name][0], PORTS[name][which]
    words = ["--no-prove", "--accept", f"variant:{name}", "--fail-on", "warning"]
    assert main(["check", port(file, other), *words]) == 1
    assert f"equals the published variant {named(name).title}" not in capsys.readouterr().out


def test_the_ports_have_the_published_numbers_of_parameters() -> None:
    from tests.published import caffe, slim

    net = slim.InceptionV1()
    kept = [*net.named_parameters(), *net.named_buffers()]
    assert sum(one.numel() for name, one in kept if not name.startswith("logits")) == 5_607_184
    assert sum(one.numel() for one in net.parameters()) == 5_607_184 - 2 * 7_280 + 1_025_000  # no moving statistics
    assert sum(one.numel() for one in caffe.Net().parameters()) == 13_378_280


def test_a_build_that_cannot_be_run_or_is_another_network_equals_nothing(reports: Mapping[str, Report]) -> None:
    clean = replace(reports["caffe"], variant="")
    assert recognised(clean).variant == "BVLC Caffe bvlc_googlenet"
    assert recognised(replace(clean, error="it raised")).variant == ""
    for verdict in (Verdict.UNPROVEN, Verdict.NOT_THIS_NETWORK):
        assert recognised(replace(clean, verdict=verdict)).variant == ""


@pytest.mark.parametrize("word", ["variant:vgg", "torchvision", "variant:"])
def test_an_unknown_variant_is_a_mistake_that_names_the_known_ones(word: str) -> None:
    with pytest.raises(UsageError, match=r"--accept: .*variant:"):
        accepted([word], "googlenet")


def test_a_variant_can_only_be_accepted_beside_its_own_paper(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["diff", "reference", "reference", "--accept", "variant:torchvision"]) == 2
    told = "--accept variant:torchvision: a variant of another network; expected the spec googlenet; got 'reference'"
    assert told in capsys.readouterr().err
    own = tmp_path / "own.toml"
    own.write_bytes(Path("specs/googlenet.toml").read_bytes())
    assert accepted(["variant:torchvision"], str(own)) == accepted(["variant:torchvision"], "googlenet")


def test_another_paper_has_no_variants_of_ours(reports: Mapping[str, Report]) -> None:
    report = reports["no-lrn"]
    other = recognised(replace(report, spec=replace(report.spec, id="resnet"), variant=""))
    assert other.variant == ""
    assert not any(finding.variants for finding in other.findings)
