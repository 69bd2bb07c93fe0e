"""Layers with weights that nobody knows: not checked, and neither called missing nor added; a network that is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit import audit, gaps, patch
from gnet_audit.align import Pair
from gnet_audit.compare import Found, compare
from gnet_audit.costs import FAR, distance
from gnet_audit.findings import Append
from gnet_audit.live.googlenet import Conv, GoogLeNet, Inception
from gnet_audit.network import Conv2d, Layer, Linear, Mode, Network, Unknown, Weight
from gnet_audit.proof import ProofStatus
from gnet_audit.report import Report, RowStatus, Verdict
from gnet_audit.slots import table
from gnet_audit.structure import Unit, tree, units_of
from tests.networks import network
from tests.test_compare import PAPER, model, told


def hidden(layer: Layer, *, weighted: bool = True) -> Layer:
    """A layer as an op that nobody knows, with weights unless told otherwise."""
    weights = (Weight(role="weight", name=f"{layer.name}.w", shape=(1,)),) if weighted else ()
    return replace(layer, op=Unknown(function="secret"), weights=weights)


def hiding(kinds: type | tuple[type, ...], change: Callable[[Layer], Layer] = hidden) -> Mapping[Mode, Found]:
    """The paper's network as a model in which all layers of these kinds are such ops."""
    return {
        mode: Found(
            network=replace(
                found.network,
                layers=tuple(change(one) if isinstance(one.op, kinds) else one for one in found.network.layers),
            )
        )
        for mode, found in model().items()
    }


def test_a_layer_that_nobody_knows_is_not_checked_and_nothing_is_told_of_it() -> None:
    comparison = compare(PAPER, hiding(Linear))
    assert told(comparison) == []
    open_rows = [row.slot for row in table(comparison, PAPER) if row.status is RowStatus.UNVERIFIED]
    assert open_rows == ["linear", "aux1.fc1", "aux1.fc2", "aux2.fc1", "aux2.fc2"]


def _one(name: str) -> Callable[[Layer], Layer]:
    return lambda layer: hidden(layer) if layer.shape == PAPER[Mode.EVAL].by_name[name].shape else layer


def test_a_convolution_that_nobody_knows_is_not_checked_and_nothing_is_told_of_it() -> None:
    comparison = compare(PAPER, hiding(Conv2d, _one("conv2")))
    assert told(comparison) == []
    assert [row.slot for row in table(comparison, PAPER) if row.status is RowStatus.UNVERIFIED] == ["conv2"]


def test_an_op_without_weights_is_no_layer_with_weights() -> None:
    found = hiding(Linear, lambda layer: hidden(layer, weighted=False))
    assert {rule for rule, _, _ in told(compare(PAPER, found))} == {"GA301", "GA302"}


def test_an_op_of_another_width_is_another_layer() -> None:
    def narrow(layer: Layer) -> Layer:
        return replace(hidden(layer), shape=(7,)) if layer.shape == (1024,) else layer

    assert {rule for rule, _, _ in told(compare(PAPER, hiding(Linear, narrow)))} == {"GA301", "GA302"}


def unit(text: str, name: str) -> Unit:
    """One unit of a small network."""
    return next(one for one in units_of(tree(network(text)).main) if one.name == name)


def test_what_an_op_that_nobody_knows_may_be_depends_on_weights_width_and_inputs() -> None:
    paper = unit("a: conv 1 4\nk: conv 3 8 p1\nr: relu\nz: linear 5", "k")
    plain = unit("a: conv 1 4\nk: conv 3 8 p1\nz: linear 5", "k")

    def found(**more: object) -> Unit:
        return replace(plain, anchor=replace(hidden(plain.anchor), **more))  # type: ignore[arg-type]

    assert distance(paper, found()) < 2.1 + 0.6  # what it costs that the two have no counterpart
    for more in ({"weights": ()}, {"shape": (9, 32, 32)}, {"shape": None}):
        assert distance(paper, found(**more)) == FAR
    assert distance(paper, replace(found(), sources=("a", "b"))) == FAR


def test_a_bias_behind_what_nobody_knows_is_a_part_of_it() -> None:
    class Written(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return torch.einsum("bi,oj->bo", x, self.weight) + self.bias

    whole = GoogLeNet()
    whole.linear = Written(1024, 1000)
    report = audit(whole)
    assert (report.verdict, report.findings) == (Verdict.UNPROVEN, ())
    assert report.reason == "linear could not be checked"
    assert [row.slot for row in report.rows if row.status is RowStatus.UNVERIFIED] == ["linear"]
    assert [one.why for one in report.unverified] == ["unknown op einsum"]
    assert report.proof is not None
    assert report.proof.line == "not proven: " + "; ".join(
        f"{mode}: unknown op einsum at linear" for mode in ("eval", "train")
    )


@pytest.mark.filterwarnings("ignore")
def test_quantised_linear_layers_are_not_checked_and_nothing_is_told_of_them() -> None:
    quantised = torch.ao.quantization.quantize_dynamic(GoogLeNet(), {nn.Linear})  # type: ignore[no-untyped-call]
    report = audit(quantised)
    assert (report.verdict, report.findings) == (Verdict.UNPROVEN, ())
    assert [row.slot for row in report.rows if row.status is RowStatus.UNVERIFIED] == [
        "linear", "aux1.fc1", "aux1.fc2", "aux2.fc1", "aux2.fc2",
    ]  # fmt: skip
    assert report.proof is not None
    assert "unknown op linear_dynamic at linear" in report.proof.line


# --- a mode that cannot be set ------------------------------------------------------------------------------------


class NeverEval(GoogLeNet):
    """One that refuses to predict."""

    def eval(self) -> NeverEval:
        raise RuntimeError("never")


class NeverTrain(GoogLeNet):
    """One that refuses to learn."""

    def train(self, mode: bool = True) -> NeverTrain:  # noqa: FBT002
        if mode:
            raise RuntimeError("never")
        return super().train(mode)


@pytest.mark.parametrize(("kind", "switch"), [(NeverEval, "eval()"), (NeverTrain, "train()")])
@pytest.mark.parametrize("prove", [True, False])
def test_a_mode_into_which_the_model_cannot_be_put_is_not_claimed(
    kind: type[GoogLeNet], switch: str, *, prove: bool
) -> None:
    report: Report = audit(kind(), prove=prove)
    assert report.verdict is Verdict.UNPROVEN
    assert report.reason.startswith(f"{switch} cannot be called, it raises: RuntimeError: never")
    assert report.proof is None or report.proof.status is ProofStatus.OPEN
    assert not report.good


def test_an_eval_that_changes_nothing_is_no_training_without_gradients() -> None:
    class Kept(GoogLeNet):
        def eval(self) -> Kept:
            return self

    report = audit(Kept(), prove=False)
    assert {one.rule for one in report.findings} == {"GA308", "GA309"}
    assert report.unverified == ()


# --- a network that is lost ---------------------------------------------------------------------------------------


def test_a_network_of_which_nothing_that_is_returned_is_known_is_not_called_another_one() -> None:
    class Summed(Inception):
        def forward(self, x: Tensor) -> Tensor:
            parts = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
            whole, at = x.new_zeros(x.shape[0], sum(part.shape[1] for part in parts), *x.shape[2:]), 0
            for part in parts:
                whole[:, at : at + part.shape[1]].add_(part)
                at += part.shape[1]
            return whole

    whole = GoogLeNet()
    for module in whole.modules():
        if isinstance(module, Inception):
            module.__class__ = Summed
    report = audit(whole)
    assert report.verdict is Verdict.UNPROVEN
    assert report.reason == "it cannot be compared: what it returns cannot be led back to the input"


class Behind(Conv):
    """A convolution whose ReLU is written in place through a view of what it gives."""

    views: ClassVar[Callable[[Tensor], list[Tensor]]]

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        for view in type(self).views(x):
            F.relu_(view)
        return x


def behind(views: Callable[[Tensor], list[Tensor]], *, everywhere: bool) -> GoogLeNet:
    """The paper's network, the first convolution or all of them written in place so."""
    kind = type("Behind", (Behind,), {"views": staticmethod(views)})
    whole = GoogLeNet()
    convolutions = [module for module in whole.modules() if isinstance(module, Conv)]
    for module in convolutions if everywhere else convolutions[:1]:
        module.__class__ = kind
    return whole


@pytest.mark.parametrize(
    "views",
    [
        lambda x: [x.view(x.shape[0], -1)],
        lambda x: [x.permute(0, 2, 3, 1)],
        lambda x: [x[:, :1]],
        lambda x: [x[:, ::2], x[:, 1::2]],
        lambda x: [x[:, :4], x[:, 2:]],
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_nothing_is_told_where_values_are_written_behind_a_layers_back(
    views: Callable[[Tensor], list[Tensor]], *, everywhere: bool
) -> None:
    report = audit(behind(views, everywhere=everywhere), prove=False)
    assert (report.verdict, report.findings) == (Verdict.UNPROVEN, ())
    assert "unknown op relu, written in place through a view" in report.reason
    assert not any("nothing returned depends" in one.why for one in report.unverified)


@pytest.mark.parametrize("everywhere", [True, False])
def test_what_is_written_through_a_view_that_is_the_same_is_the_layer(*, everywhere: bool) -> None:
    report = audit(behind(lambda x: [x[:]], everywhere=everywhere))
    assert (report.verdict, report.findings) == (Verdict.MATCHES, ())
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN


def test_another_op_through_a_view_that_is_the_same_is_told() -> None:
    whole = behind(lambda x: [x[:]], everywhere=False)
    whole.conv1.forward = lambda x: whole.conv1.conv(x)[:].tanh_()  # type: ignore[method-assign]
    assert {one.rule for one in audit(whole, prove=False).findings} == {"GA213"}


# --- edits and gaps -----------------------------------------------------------------------------------------------


def test_what_hangs_on_a_layer_that_a_mode_has_not_is_left_out_there() -> None:
    new = Append(layers=(Layer(name="new", op=Linear(out_features=3), inputs=("aux1.pool",)),), output=True)
    both: dict[Mode, Network] = {mode: patch.apply(paper, [new]) for mode, paper in PAPER.items()}
    assert "new" in both[Mode.TRAIN].by_name
    assert both[Mode.EVAL].by_name == PAPER[Mode.EVAL].by_name


def test_a_layer_is_missing_without_a_line_where_the_model_has_nothing_beside_it() -> None:
    paper = network("k: conv 3 8 p1\nz: linear 5")
    (gone,) = gaps.missing(paper, [Pair(expected=unit("k: conv 3 8 p1\nz: linear 5", "k"), found=None, reason="")], {})
    assert (gone.rule, gone.slot, gone.lines, gone.beside) == ("GA301", "k", (), "")
