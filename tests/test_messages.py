"""What a finding says is a sentence, of one slot and of many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit import audit
from gnet_audit.findings import Finding
from gnet_audit.messages import message
from tests.mistakes.plan import TABLE, Plan, Written, paper


def _findings(plan: Plan, rule: str) -> list[Finding]:
    return [one for one in audit(Written(plan), input_shape=plan.input_shape, prove=False).findings if one.rule == rule]


@pytest.mark.parametrize(
    ("rule", "rows", "attribute", "expected", "found", "said"),
    [
        ("GA304", ("a", "b"), "order", "x, y", "y, x", "a and b have their branches in the order y, x; the paper's order is x, y."),
        ("GA304", ("a",), "order", "x, y", "y, x", "a has its branches in the order y, x; the paper's order is x, y."),
        ("GA307", ("aux1", "aux2"), "tap", "p", "q", "aux1 and aux2 have their input from q; in the paper from p."),
        ("GA211", ("lrn1", "lrn2"), "k", "k 1", "k 2", "lrn1 and lrn2 have k 2; the paper's is k 1."),
        (
            "GA309", ("dropout",), "active", "inactive in eval", "active in eval",
            "dropout is active in eval, in the paper inactive in eval.",
        ),
        (
            "GA309", ("conv1",), "active", "inactive in eval", "dropout 0.2 active in eval",
            "After conv1 the model has dropout 0.2 active in eval.",
        ),
    ],
)  # fmt: skip
def test_a_message_is_a_sentence(
    rule: str, rows: tuple[str, ...], attribute: str, expected: str, found: str, said: str
) -> None:
    assert message(rule, rows, attribute, expected, found) == said


def test_each_missing_head_is_told_where_to_be_built() -> None:
    (finding,) = _findings(paper().without("aux1").without("aux2"), "GA306")
    assert finding.cure == (
        "Build aux1 on inception_4a.concat and return its output in training. "
        "Build aux2 on inception_4d.concat and return its output in training."
    )


def test_what_is_to_be_done_at_many_places_is_told_of_one_of_them() -> None:
    plan = paper()
    for module in ("3a", "3b", "4a"):
        plan = plan.move(f"inception_{module}.pool", after=f"inception_{module}.pool_proj.relu")
    (finding,) = _findings(plan, "GA303")
    assert finding.cure == "At inception_3a.pool: Move it behind pool2. Likewise at the others."


def test_the_same_wiring_in_every_module_is_one_finding() -> None:
    plan = paper()
    for module in ("3a", "3b", "4a"):
        plan = plan.rewire(f"inception_{module}.5x5", f"inception_{module}.3x3_reduce.relu")
    (finding,) = _findings(plan.rewire("inception_4b.pool_proj", "inception_4b.3x3_reduce.relu"), "GA312")
    assert finding.rows == ("inception_3a.5x5", "inception_3b.5x5", "inception_4a.5x5")
    assert (finding.expected, finding.found) == ("5x5_reduce", "3x3_reduce")
    assert (
        finding.cure
        == "At inception_3a.5x5: Feed inception_3a.5x5 from inception_3a.5x5_reduce. Likewise at the others."
    )


def _of_widths(plan: Plan, module: str, widths: tuple[int, ...]) -> Plan:
    for leaf, width in zip(("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj"), widths, strict=True):
        plan = plan.change(f"inception_{module}.{leaf}", out_channels=width)
    return plan


def test_two_blocks_that_are_swapped_are_told_to_be() -> None:
    swapped = _of_widths(_of_widths(paper(), "5a", TABLE["5b"]), "5b", TABLE["5a"])
    findings = _findings(swapped, "GA201")
    assert len(findings) == 8
    hint = "inception_5a and inception_5b have each other's widths: they may be swapped."
    assert findings[0].cure == f"Set out_channels=256. {hint}"
    assert all("have each other's widths" in finding.cure for finding in findings)


def test_a_block_with_the_widths_of_another_that_has_its_own_is_not_swapped() -> None:
    for plan in (
        _of_widths(paper(), "5a", TABLE["5b"]),
        _of_widths(_of_widths(paper(), "5a", TABLE["5b"]), "5b", (*TABLE["5a"][:3], 16, *TABLE["5a"][4:])),
    ):
        assert not [one for one in _findings(plan, "GA201") if "swapped" in one.cure]


def test_errors_that_a_coarse_total_cannot_show_do_not_cancel() -> None:
    # On grey images the paper's own channels give 1.504 billion, as the paper says; ten classes for a thousand take
    # 990 × 1024 of them, a million.
    grey = replace(paper(), input_shape=(1, 224, 224))
    assert _findings(grey.change("linear", out_features=10), "GA401") == []


def test_the_work_that_smaller_kernels_lack_hides_what_the_paper_counts_too_little() -> None:
    # The paper says 1.5 billion; its own channels give 1.58, torchvision's 3×3 in place of 5×5 make 1.498 of them.
    (finding,) = _findings(paper().change("inception_*.5x5", kernel_size=3, padding=1), "GA401")
    assert finding.attribute == "macs"
