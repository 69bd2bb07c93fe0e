"""Several faults at one place: the findings are those faults, and with their edits the paper's network is the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gnet_audit import audit
from gnet_audit.proof import ProofStatus
from gnet_audit.rules import Severity
from tests.mistakes.plan import Plan, Written, paper

Told = set[tuple[str, tuple[str, ...]]]


def _with_relu(plan: Plan, after: str, kind: str, **settings: object) -> Plan:
    """A layer and its ReLU behind a step."""
    return plan.insert(after, "relu", "relu").insert(after, "new", kind, **settings)


def _early_dropout(plan: Plan) -> Plan:
    return plan.move("dropout", after="inception_5b.concat")


def _early_lrn(plan: Plan) -> Plan:
    return plan.move("lrn1", after="conv1.relu")


def _swapped(plan: Plan) -> Plan:
    """4c with its 3×3 and 5×5 in the other order."""
    return plan.rewire("inception_4c.concat", *(f"inception_4c.{b}.relu" for b in ("1x1", "5x5", "3x3", "pool_proj")))


def _without_3x3(plan: Plan) -> Plan:
    """The branch that stands last in the swapped order of 5×5 and 3×3 left out."""
    kept = ("pool_proj", "5x5", "1x1")
    plan = plan.rewire("inception_4c.concat", *(f"inception_4c.{branch}.relu" for branch in kept))
    for slot in ("3x3.relu", "3x3", "3x3_reduce.relu", "3x3_reduce"):
        plan = plan.without(f"inception_4c.{slot}")
    return plan


def _fifth_branch(plan: Plan) -> Plan:
    plan = plan.add("fifth", "conv", "inception_4b.concat", out_channels=16, kernel_size=1).add("r", "relu", "fifth")
    one, *others = plan.steps["inception_4c.concat"].reads
    return plan.rewire("inception_4c.concat", one, "r", *others)


CASES: dict[str, tuple[Callable[[Plan], Plan], Told]] = {
    "a linear and a ReLU where the dropout moved away": (
        lambda plan: _with_relu(_early_dropout(plan), "avgpool", "linear", out_features=1024),
        {("GA302", ("avgpool",)), ("GA303", ("dropout",))},
    ),
    "a convolution and a ReLU where the normalisation moved away": (
        lambda plan: _with_relu(_early_lrn(plan), "pool1", "conv", out_channels=64, kernel_size=3, padding=1),
        {("GA302", ("pool1",)), ("GA303", ("lrn1",))},
    ),
    "a convolution behind the place to which the normalisation moved": (
        lambda plan: _with_relu(_early_lrn(plan), "lrn1", "conv", out_channels=64, kernel_size=1),
        {("GA302", ("conv1",)), ("GA303", ("lrn1",))},
    ),
    "convolutions on both sides of the place to which the normalisation moved": (
        lambda plan: _with_relu(
            _with_relu(_early_lrn(plan), "lrn1", "conv", out_channels=64, kernel_size=1),
            "conv1.relu",
            "conv",
            out_channels=64,
            kernel_size=3,
            padding=1,
        ),
        {("GA302", ("conv1",)), ("GA303", ("lrn1",))},
    ),
    "no ReLU before the place to which the normalisation moved": (
        lambda plan: _early_lrn(plan).drop("conv1.relu"),
        {("GA213", ("conv1.relu",)), ("GA303", ("lrn1",))},
    ),
    "the normalisation moved in between the convolution and its ReLU": (
        lambda plan: plan.move("lrn1", after="conv1"),
        {("GA303", ("lrn1",))},
    ),
    "normalisations before the ReLU at both places": (
        lambda plan: plan.move("lrn1", after="conv1").move("lrn2", after="conv2"),
        {("GA303", ("lrn1",)), ("GA303", ("conv2.relu",))},
    ),
    "the normalisation moved and a ReLU of another kind behind it": (
        lambda plan: _early_lrn(plan).drop("conv1.relu").insert("lrn1", "relu", "leaky_relu"),
        {("GA303", ("lrn1",)), ("GA213", ("conv1.relu",)), ("GA302", ("lrn1",))},
    ),
    "the moved dropout has another rate": (
        lambda plan: _early_dropout(plan).change("dropout", p=0.5),
        {("GA212", ("dropout",)), ("GA303", ("dropout",))},
    ),
    "a head's pool and dropout moved to the same place": (
        lambda plan: plan.move("aux1.dropout", after="aux1.conv.relu").move("aux1.pool", after="aux1.conv.relu"),
        {("GA303", ("aux1.pool",)), ("GA303", ("aux1.dropout",))},
    ),
    "a head without its pool hangs elsewhere": (
        lambda plan: plan.rewire("aux1.pool", "inception_4b.concat").drop("aux1.pool"),
        {("GA301", ("aux1.pool",)), ("GA307", ("aux1",))},
    ),
    "another order, and a ReLU missing in a branch": (
        lambda plan: _swapped(plan).drop("inception_4c.3x3.relu"),
        {("GA304", ("inception_4c.concat",)), ("GA213", ("inception_4c.3x3.relu",))},
    ),
    "another order, and a dropout at the end of a branch": (
        lambda plan: _swapped(plan).insert("inception_4c.5x5.relu", "dropout", "dropout", p=0.2),
        {("GA304", ("inception_4c.concat",)), ("GA302", ("inception_4c.5x5",))},
    ),
    "another order, and a branch missing": (
        _without_3x3,
        {("GA304", ("inception_4c.concat",)), ("GA301", ("inception_4c.3x3_reduce", "inception_4c.3x3"))},
    ),
    "a branch too many, and another order of the paper's": (
        lambda plan: _fifth_branch(_swapped(plan)),
        {("GA302", ("inception_4b.concat",)), ("GA304", ("inception_4c.concat",))},
    ),
    "a branch too many, at the second place": (_fifth_branch, {("GA302", ("inception_4b.concat",))}),
    "a branch's end reads another reduction, in another order": (
        lambda plan: (
            _swapped(plan)
            .rewire("inception_4c.5x5", "inception_4c.3x3_reduce.relu")
            .without("inception_4c.5x5_reduce.relu")
            .without("inception_4c.5x5_reduce")
        ),
        {("GA312", ("inception_4c.5x5",)), ("GA304", ("inception_4c.concat",))},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_faults_at_one_place_are_told_one_by_one_and_proven_together(name: str) -> None:
    edit, told = CASES[name]
    plan = edit(paper())
    report = audit(Written(plan), input_shape=plan.input_shape)
    assert {(one.rule, one.rows) for one in report.findings if one.severity is not Severity.NOTE} == told
    assert report.proof is not None
    assert [mode.status for mode in report.proof.modes] == [ProofStatus.PROVEN] * 2, report.proof.line
