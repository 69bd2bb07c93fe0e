"""Weights of every kind, and wrappers around the model: the layers are the paper's all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

from gnet_audit import audit
from gnet_audit.errors import TargetError
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.report import Verdict
from gnet_audit.rules import Severity
from tests.hostile_targets.world import changed, state, world


def _on_convolutions(change: Callable[[nn.Module], object]) -> Callable[[GoogLeNet], nn.Module]:
    """A change of some convolutions of each size."""

    def applied(model: GoogLeNet) -> nn.Module:
        for part in (model.conv1, model.conv2, model.inception_3a.branch1, model.inception_5b.branch3[1]):
            change(part.conv)  # type: ignore[arg-type]
        return model

    return applied


class Symmetric(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return (weight + weight.flip(-1)) / 2


class Casts(nn.Module):
    """A model in half precision that casts its input itself."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.half()

    def forward(self, image: Tensor) -> object:
        return self.model(image.half())


KINDS: dict[str, Callable[[GoogLeNet], nn.Module]] = {
    "half": lambda model: model.half(),
    "half by itself": Casts,
    "bfloat16": lambda model: model.bfloat16(),
    "float64": lambda model: model.double(),
    "channels last": lambda model: model.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
    "pruned": _on_convolutions(
        lambda conv: prune.l1_unstructured(conv, "weight", 0.5)  # type: ignore[no-untyped-call]
    ),
    "pruned for good": _on_convolutions(
        lambda conv: prune.remove(prune.l1_unstructured(conv, "weight", 0.5), "weight")  # type: ignore[no-untyped-call]
    ),
    "parametrised": _on_convolutions(lambda conv: parametrize.register_parametrization(conv, "weight", Symmetric())),
    "weight norm": _on_convolutions(parametrizations.weight_norm),
    "spectral norm": _on_convolutions(parametrizations.spectral_norm),
    "orthogonal": _on_convolutions(parametrizations.orthogonal),
    "data parallel": nn.DataParallel,
    "data parallel, compiled": lambda model: torch.compile(nn.DataParallel(model)),  # type: ignore[dict-item, return-value]
    "frozen": lambda model: model.requires_grad_(requires_grad=False),
    "inference": lambda model: model.eval(),
}


def _model(kind: str) -> nn.Module:
    with undisturbed():
        return KINDS[kind](GoogLeNet())


@pytest.mark.parametrize("kind", KINDS)
def test_the_layers_are_the_paper_s_whatever_the_weights_are(kind: str) -> None:
    model = _model(kind)
    before, own = world(), state(model)
    report = audit(model, prove=False)
    assert changed(before, world()) == set()
    assert changed(own, state(model)) == set()
    assert (report.error, report.verdict) == ("", Verdict.MATCHES), report.findings


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("old", ["weight_norm", "spectral_norm"])
def test_the_old_norms_by_hooks_as_well(old: str) -> None:
    with undisturbed():
        model = _on_convolutions(getattr(nn.utils, old))(GoogLeNet())
    own = state(model)
    report = audit(model, prove=False)
    assert changed(own, state(model)) == set()
    assert (report.error, report.verdict) == ("", Verdict.MATCHES), report.findings


def test_scripted_and_traced_models_leave_as_they_came() -> None:
    with undisturbed():
        scripted = torch.jit.script(GoogLeNet())
        traced = torch.jit.trace(GoogLeNet().eval(), torch.zeros(1, 3, 224, 224))  # type: ignore[no-untyped-call]
    for model in (scripted, traced):
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        before, training = world(), model.training
        report = audit(model, prove=False)
        assert changed(before, world()) == set()
        assert model.training == training
        assert all(torch.equal(value, model.state_dict()[name]) for name, value in weights.items())
        assert report.error == ""
        if model is scripted:
            assert report.verdict is Verdict.MATCHES
        else:
            # A trace has the layers of the mode in which it was made: no heads, and no dropout that is off in eval.
            errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
            assert {row.partition(".")[0] for finding in errors for row in finding.rows} == {"aux1", "aux2", "dropout"}
            assert report.verdict is Verdict.DIFFERS


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, dtype=torch.complex64)

    def forward(self, image: Tensor) -> Tensor:
        return self.conv(image.to(torch.complex64)).abs()  # type: ignore[no-any-return]


class NotCast(Complex):
    def forward(self, image: Tensor) -> Tensor:
        return self.conv(image)  # type: ignore[no-any-return]


def test_complex_weights_are_read_and_refused_as_another_network() -> None:
    report = audit(Complex)
    assert report.error == ""
    assert report.verdict is Verdict.NOT_THIS_NETWORK


def test_complex_weights_on_a_real_image_are_an_error_of_the_forward() -> None:
    report = audit(NotCast)
    assert report.verdict in {Verdict.UNPROVEN, Verdict.NOT_THIS_NETWORK}
    assert "tests/hostile_targets/test_weights.py" in report.error


class Quantised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3)
        self.linear = nn.Linear(64, 10)

    def forward(self, image: Tensor) -> Tensor:
        return self.linear(self.conv(image).mean((2, 3)))  # type: ignore[no-any-return]


@pytest.mark.filterwarnings("ignore")
def test_a_quantised_layer_is_told_as_not_checked_and_a_wholly_quantised_model_has_no_parameters() -> None:
    with undisturbed():
        quantised: Any = torch.ao.quantization.quantize_dynamic
        part = quantised(Quantised(), {nn.Linear}, dtype=torch.qint8)
        whole = quantised(nn.Sequential(nn.Linear(4, 4)), {nn.Linear}, dtype=torch.qint8)
    report = audit(part, prove=False)
    assert report.verdict is Verdict.NOT_THIS_NETWORK
    assert any("trace cannot lead it back" in one.why or "unknown op" in one.why for one in report.unverified)
    with pytest.raises(TargetError, match="has no parameters"):
        audit(whole)
