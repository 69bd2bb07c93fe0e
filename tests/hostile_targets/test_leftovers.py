"""What a forward leaves behind falsifies no proof, and the model works afterwards as it did before."""

# mypy: allow-untyped-calls

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.utils._python_dispatch import TorchDispatchMode

from gnet_audit import audit
from gnet_audit.live import own_names, witness
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.live.values import values
from gnet_audit.network import Mode
from gnet_audit.proof import ProofStatus
from gnet_audit.report import Verdict

_made: Tensor | None = None
_table: dict[str, Any] = {"inner": {}}
_results: list[Tensor] = []
_constructed: dict[int, Tensor] = {}


class Zeroes(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        return result * 0 if func is torch.ops.aten.convolution.default else result


class Silent(Tensor):
    """A weight whose convolutions say nothing."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = super().__torch_function__(func, types, args, kwargs or {})
        return result * 0 if func in {F.conv2d, torch.conv2d} else result


class LeavesADispatchMode(GoogLeNet):
    def forward(self, image: Tensor) -> Any:
        Zeroes().__enter__()
        return super().forward(image)


class ReplacesANativeFunction(GoogLeNet):
    def forward(self, image: Tensor) -> Any:
        own = torch._C._nn.avg_pool2d  # noqa: SLF001
        torch._C._nn.avg_pool2d = lambda *args, **more: own(*args, **more) * 0  # noqa: SLF001
        F.avg_pool2d = torch._C._nn.avg_pool2d  # noqa: SLF001
        F.conv2d = lambda *args, **more: torch.conv2d(*args, **more) * 0
        return super().forward(image)


class HasSilentWeights(GoogLeNet):
    def __init__(self) -> None:
        super().__init__()
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                part.weight = nn.Parameter(part.weight.detach().as_subclass(Silent))


@pytest.mark.parametrize("kind", [LeavesADispatchMode, ReplacesANativeFunction, HasSilentWeights])
def test_no_claim_is_proven_under_what_the_model_left(kind: type[GoogLeNet]) -> None:
    report = audit(kind())
    assert report.proof is not None
    assert report.proof.status is not ProofStatus.PROVEN
    assert report.verdict is not Verdict.MATCHES
    assert float(F.conv2d(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1))) == 1


@pytest.mark.parametrize("function", ["conv2d", "linear", "max_pool2d", "avg_pool2d", "relu", "batch_norm"])
def test_a_function_that_computes_otherwise_is_noticed(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert witness.computes()
    own = getattr(F, function)
    monkeypatch.setattr(F, function, lambda *args, **more: own(*args, **more) * 0)
    assert not witness.computes()


def test_no_proof_where_torch_computes_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "computes", lambda: False)
    proof = audit(GoogLeNet()).proof
    assert proof is not None
    assert proof.status is ProofStatus.OPEN
    assert witness.WHY in proof.line


# --- what the model's code keeps beside the model --------------------------------------------------------------


@lru_cache
def _cached(side: int) -> Tensor:
    return torch.zeros(side)


class KeepsANameOfItsModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, image: Tensor) -> Tensor:
        global _made  # noqa: PLW0603 - as people write it
        if _made is None:
            _made = torch.zeros(1, 3, 1, 1).to(image)
        return self.conv(image - _made)  # type: ignore[no-any-return]


class KeepsEntries(KeepsANameOfItsModule):
    kept: list[Tensor] = []  # noqa: RUF012 - as people write it

    def forward(self, image: Tensor) -> Tensor:
        if "mean" not in _table["inner"]:
            _table["inner"]["mean"] = image.new_zeros(1)
            _results.append(image.new_zeros(1))
            self.kept.append(image.new_zeros(1))
        return self.conv(image - _table["inner"]["mean"] - _results[0] - self.kept[0])  # type: ignore[no-any-return]


class KeepsResults(KeepsANameOfItsModule):
    def forward(self, image: Tensor) -> Tensor:
        with torch.device(image.device):
            return self.conv(image - _cached(image.shape[-1]))  # type: ignore[no-any-return]


class KeepsWhatItsConstructorMade(KeepsANameOfItsModule):
    def __init__(self) -> None:
        super().__init__()
        _constructed.setdefault(3, torch.zeros(3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        return self.conv(image - _constructed[3].to(image.device))  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [KeepsANameOfItsModule, KeepsEntries, KeepsResults])
def test_a_model_works_after_its_audit(kind: type[KeepsANameOfItsModule]) -> None:
    model = kind().eval()
    made = build(model)
    for mode in Mode:
        assert trace(made, mode, (3, 8, 8)).error == ""
    image = torch.ones(1, 3, 8, 8)
    assert torch.equal(model(image), F.conv2d(image, model.conv.weight, model.conv.bias))
    _table["inner"].clear()
    _results.clear()
    KeepsEntries.kept.clear()
    globals()["_made"] = None
    _cached.cache_clear()


def test_each_forward_begins_without_what_another_kept() -> None:
    """On meta, then with numbers."""
    made = build(KeepsEntries())
    assert trace(made, Mode.EVAL, (3, 8, 8)).error == ""
    found = values(made, made.twin("cpu"), Mode.EVAL, (3, 8, 8))
    assert [value.device.type for value in found.outputs.values()] == ["cpu"]
    assert (_table, _results, KeepsEntries.kept) == ({"inner": {}}, [], [])


def test_a_class_works_after_its_audit_with_what_its_constructor_keeps() -> None:
    made = build(KeepsWhatItsConstructorMade)
    assert _constructed == {}
    assert trace(made, Mode.EVAL, (3, 8, 8)).error == ""
    assert _constructed == {}
    KeepsWhatItsConstructorMade()(torch.ones(1, 3, 8, 8))
    _constructed.clear()


# --- what it keeps for good ---------------------------------------------------------------------------------------

_registry: dict[str, Any] = {}
_seen: list[str] = []
_ready = False
_count = 0


class Pending:
    """Sets itself up when it is asked what it is, as lazy settings do."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("not configured")


_pending = Pending()
_large = list(range(own_names.MOST + 1))


@lru_cache
def _kind_of(width: int) -> type[nn.Module]:
    return type(f"Of{width}", (nn.Conv2d,), {})


class FillsARegistry(KeepsANameOfItsModule):
    def forward(self, image: Tensor) -> Tensor:
        global _ready, _count  # noqa: PLW0603 - as people write it
        if not _ready:
            _registry["kind"] = nn.ReLU
            _seen.append("once")
            _ready = True
        _count += 1
        _large.append(_count)
        _kind_of(4)
        return self.conv(_registry["kind"]()(image))  # type: ignore[no-any-return]


def test_what_holds_no_tensors_stays_as_the_code_made_it() -> None:
    """A registry filled by a first use, the flag that says so, classes that a cache made: others refer to them."""
    kind = _kind_of(4)
    assert trace(build(FillsARegistry()), Mode.EVAL, (3, 8, 8)).error == ""
    assert (_registry, _seen, _ready) == ({"kind": nn.ReLU}, ["once"], True)
    assert _count >= 1
    assert len(_large) > own_names.MOST + 1
    assert _kind_of(4) is kind


class KeepsAFlag(KeepsANameOfItsModule):
    def forward(self, image: Tensor) -> Tensor:
        global _made, _ready
        if not _ready:
            _made, _ready = torch.zeros(1, 3, 1, 1).to(image), True
        assert _made is not None
        return self.conv(image - _made)  # type: ignore[no-any-return]


class KeepsStaticResults(KeepsANameOfItsModule):
    @staticmethod
    @lru_cache
    def zeros(side: int) -> Tensor:
        return torch.zeros(side)

    def forward(self, image: Tensor) -> Tensor:
        with torch.device(image.device):
            return self.conv(image - self.zeros(image.shape[-1]))  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [KeepsAFlag, KeepsStaticResults])
def test_a_flag_goes_with_its_tensor_and_a_static_cache_is_seen(kind: type[KeepsANameOfItsModule]) -> None:
    globals().update(_ready=False, _made=None)
    model = kind().eval()
    assert trace(build(model), Mode.EVAL, (3, 8, 8)).error == ""
    assert (_ready, _made) == (False, None)
    image = torch.ones(1, 3, 8, 8)
    assert torch.equal(model(image), F.conv2d(image, model.conv.weight, model.conv.bias))
    globals().update(_ready=False, _made=None)


_late: dict[str, Tensor] | None = None


class MakesItsContainer(KeepsANameOfItsModule):
    def __init__(self) -> None:
        super().__init__()
        global _late  # noqa: PLW0603 - as people write it
        _late = {} if _late is None else _late

    def forward(self, image: Tensor) -> Tensor:
        assert _late is not None
        zero = _late.setdefault("zero", image.new_zeros(1))
        return self.conv(image - zero)  # type: ignore[no-any-return]


def test_a_container_that_the_constructor_made_is_empty_before_each_forward() -> None:
    made = build(MakesItsContainer)
    assert trace(made, Mode.EVAL, (3, 8, 8)).error == ""
    assert not _late
    assert trace(made, Mode.TRAIN, (3, 8, 8)).error == ""
    assert not _late


# --- what the caller has chosen, and odd models ----------------------------------------------------------------


@pytest.mark.parametrize("device", ["meta", "cuda"])
def test_the_default_device_of_the_caller_does_not_matter(device: str) -> None:
    model = GoogLeNet()
    with torch.device(device):
        report = audit(model)
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line


class HasSlots(GoogLeNet):
    __slots__ = ("empty", "rate")

    def __init__(self) -> None:
        super().__init__()
        self.rate = 3

    def forward(self, image: Tensor) -> Any:
        assert self.rate == 3
        assert not hasattr(self, "empty")
        return super().forward(image)


class RefusesModes(GoogLeNet):
    def __setattr__(self, name: str, value: Any) -> None:
        if name == "training" and "frozen" in vars(self):
            raise RuntimeError(name)
        super().__setattr__(name, value)

    def begin(self) -> RefusesModes:
        vars(self)["frozen"] = True
        return self


class HasOddBuffers(GoogLeNet):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rows", torch.eye(3).to_sparse_csr())
        self.register_buffer("scaled", torch.quantize_per_tensor(torch.zeros(3), 1.0, 0, torch.qint8))
        self.register_buffer("ragged", torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested", "ignore:Sparse CSR", "ignore:torch.quantize_per")
@pytest.mark.parametrize("make", [HasSlots, HasOddBuffers])
def test_an_odd_model_is_judged_by_its_layers(make: Any) -> None:
    model = make()
    report = audit(model)
    assert (report.error, report.findings) == ("", ())
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line
    assert model.training


def test_a_model_that_cannot_be_set_to_eval_is_not_said_to_match_there() -> None:
    model = RefusesModes().begin()
    report = audit(model)
    assert (report.error, report.findings, report.verdict) == ("", (), Verdict.UNPROVEN)
    assert "eval() cannot be called" in report.reason
    assert report.proof is not None
    assert report.proof.status is ProofStatus.OPEN
    assert model.training
