"""The proof: true claims are proven, every other one is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit import audit, expand, spec
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.findings import Edit, Remove, SetFields, SetInputs, SetOp
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.prove import collected, judged
from gnet_audit.live.target import Build, build
from gnet_audit.live.trace import trace
from gnet_audit.live.values import Values
from gnet_audit.network import (
    LRN,
    Activation,
    Concat,
    Conv2d,
    Dropout,
    Linear,
    Mode,
    Network,
    Pool2d,
    PoolKind,
    Shape,
    Softmax,
)
from gnet_audit.proof import Proof, ProofStatus
from gnet_audit.report import Verdict
from tests.mistakes.plan import Written, paper
from tests.mistakes.survey import SURVEY
from tests.mistakes.truth import Case

SMALL: Shape = (3, 96, 96)
"""Large enough for every layer of the paper's network and both heads, at a fifth of the work."""
PAPER = spec.load("googlenet")
EXPECTED: Mapping[Mode, Network] = {mode: expand.network(PAPER, mode, SMALL) for mode in Mode}


class Held:
    """A model with everything a proof needs, its values computed once."""

    def __init__(self, module: nn.Module) -> None:
        self.build: Build = build(module)
        found = {mode: Found(network=trace(self.build, mode, SMALL).network) for mode in Mode}
        self.comparison: Comparison = compare(EXPECTED, found)
        self.values: Mapping[Mode, Values | str] = collected(self.build, self.comparison, SMALL)
        self.findings = self.comparison.findings

    def proof(self, *edits: Edit) -> Proof:
        """The claim that nothing but these edits differs."""
        return judged(EXPECTED, self.comparison, edits, self.values, SMALL)


def small() -> nn.Module:
    """The paper's network for small images."""
    return Written(replace(paper().become("avgpool", "adaptive_avg", output_size=1), input_shape=SMALL))


@cache
def reference() -> Held:
    """The paper's network for small images, held."""
    return Held(small())


def test_the_reference_at_the_papers_size_is_proven() -> None:
    report = audit("reference")
    assert report.verdict is Verdict.MATCHES
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line
    assert {mode.mode for mode in report.proof.modes} == {"eval", "train"}
    assert [mode.outputs for mode in report.proof.modes] == [1, 3]


def test_without_findings_the_small_reference_is_proven() -> None:
    held = reference()
    edits = [edit for finding in held.findings for edit in finding.edits]
    assert held.proof(*edits).status is ProofStatus.PROVEN


# --- negative controls: a finding too much -----------------------------------------------------------------


def false_findings() -> dict[str, Edit]:
    """Single edits of the paper's network, each of which changes the function."""
    edits: dict[str, Edit] = {}
    train = EXPECTED[Mode.TRAIN]
    for layer in train.layers:
        op, name = layer.op, layer.name
        match op:
            case Conv2d():
                edits[f"{name} without bias"] = SetFields(layer=name, fields=(("bias", False),))
                edits[f"{name} wider"] = SetFields(layer=name, fields=(("out_channels", op.out_channels + 1),))
                if layer.shape is not None and layer.shape[1:] != (1, 1):
                    edits[f"{name} in stride 3"] = SetFields(layer=name, fields=(("stride", (3, 3)),))
                if op.kernel != (1, 1):
                    pad = tuple(2 * p for p in op.padding)
                    edits[f"{name} dilated"] = SetFields(layer=name, fields=(("dilation", (2, 2)), ("padding", pad)))
                    edits[f"{name} reflects"] = SetFields(layer=name, fields=(("padding_mode", "circular"),))
            case Pool2d(kind=kind):
                other = PoolKind.AVG if kind is PoolKind.MAX else PoolKind.MAX
                edits[f"{name} of the other kind"] = SetFields(layer=name, fields=(("kind", other),))
            case LRN():
                for field, wrong in (("size", 3), ("alpha", 1e-3), ("beta", 0.5), ("k", 2.0)):
                    edits[f"{name} with another {field}"] = SetFields(layer=name, fields=((field, wrong),))
                edits[f"{name} across space"] = SetFields(layer=name, fields=(("across", "space"),))
            case Linear():
                edits[f"{name} without bias"] = SetFields(layer=name, fields=(("bias", False),))
            case Dropout(rate=rate):
                edits[f"{name} at another rate"] = SetFields(layer=name, fields=(("rate", rate + 0.05),))
            case Activation():
                edits[f"{name} is a tanh"] = SetOp(layer=name, op=Activation(function="tanh"))
                edits[f"{name} is missing"] = Remove(layers=(name,))
            case Concat():
                edits[f"{name} in another order"] = SetInputs(layer=name, inputs=layer.inputs[::-1])
            case Softmax():
                pass
            case _:
                pass
    edits["aux1 on 4b"] = SetInputs(layer="aux1.pool", inputs=("inception_4b.concat",))
    edits["aux2 on 4e"] = SetInputs(layer="aux2.pool", inputs=("inception_4e.concat",))
    return edits


FALSE = false_findings()


def test_there_are_at_least_200_negative_controls() -> None:
    assert len(FALSE) >= 200


@pytest.mark.parametrize("start", range(8))
def test_a_false_finding_breaks_the_proof(start: int) -> None:
    held = reference()
    true = [edit for finding in held.findings for edit in finding.edits]
    for name in list(FALSE)[start::8]:
        assert held.proof(*true, FALSE[name]).status is not ProofStatus.PROVEN, name


# --- negative controls: a finding too few ------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in SURVEY if case.truths], ids=lambda case: case.id)
def test_a_mistake_is_proven_with_its_finding_and_not_without(case: Case) -> None:
    plan = case.edit(paper().become("avgpool", "adaptive_avg", output_size=1))
    held = Held(Written(replace(plan, input_shape=SMALL)))
    edits = [edit for finding in held.findings for edit in finding.edits]
    whole = held.proof(*edits)
    assert whole.status is ProofStatus.PROVEN, whole.line
    for finding in held.findings:
        # The paper's own table ends in a softmax: that it stands in the model changes nothing in numbers.
        if finding.severity.rank and finding.edits and finding.rule != "GA310":
            rest = [edit for other in held.findings if other is not finding for edit in other.edits]
            assert held.proof(*rest).status is not ProofStatus.PROVEN, finding.message


# --- limits and manners ---------------------------------------------------------------------------------------


class Odd(nn.Module):
    """The paper's network with an op of ours behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small()
        self.norm = nn.GroupNorm(1, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.net(x)
        return self.norm(out[0] if isinstance(out, tuple) else out)  # type: ignore[no-any-return]


def test_an_op_that_the_executor_does_not_know_leaves_the_proof_open() -> None:
    report = audit(Odd(), input_shape=SMALL)
    assert report.proof is not None
    assert report.proof.status is ProofStatus.OPEN
    assert "group_norm" in report.proof.line


def test_a_transposed_convolution_in_the_place_of_a_plain_one_is_one_finding_and_proven() -> None:
    with torch.device("cpu"):
        model = GoogLeNet(num_classes=10, aux_heads=False)
    model.conv2_reduce.conv = nn.ConvTranspose2d(64, 64, 1)  # type: ignore[assignment]
    report = audit(model)
    found = [(one.rule, one.rows) for one in report.findings if one.rows == ("conv2_reduce",)]
    assert found == [("GA218", ("conv2_reduce",))]
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line


def test_a_gap_names_the_first_slot_and_both_values() -> None:
    held = reference()
    proof = held.proof(SetFields(layer="lrn1", fields=(("k", 2.0),)))
    gap = proof.modes[0].gap
    assert gap is not None
    assert gap.slot == "lrn1"
    assert gap.expected.deviation < gap.found.deviation
    assert "lrn1" in proof.line


def test_the_model_leaves_the_proof_as_it_came() -> None:
    with torch.device("cpu"):
        model = GoogLeNet(num_classes=10, aux_heads=False)
    model.conv1.conv = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.Dropout(0.1), nn.ReLU(inplace=True)
    )  # type: ignore[assignment]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    report = audit(model)
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(part.training for part in model.modules())


class ChannelsLast(nn.Module):
    """A map with its channels last, in front of a head's flattening; perhaps with a dropout there."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        return F.dropout(x, self.rate, self.training) if self.rate else x


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_a_head_that_flattens_channels_last_is_proven_up_to_the_order_of_its_weights(rate: float) -> None:
    with torch.device("cpu"):
        model = GoogLeNet()
    for head in (model.aux1, model.aux2):
        head.conv = nn.Sequential(head.conv, ChannelsLast(rate))  # type: ignore[assignment]
    report = audit(model)
    told = [(one.rule, one.rows) for one in report.findings]
    assert ("GA219", ("aux1.fc1", "aux2.fc1")) in told
    (note,) = (one for one in report.findings if one.rows == ("aux1.fc1", "aux2.fc1"))
    # Where the axes are moved, not where the linear layers are made.
    assert note.location is not None
    assert note.location.line == ChannelsLast.forward.__code__.co_firstlineno + 1
    assert [rule for rule, _ in told if rule != "GA219"] == (["GA302"] if rate else [])
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line
