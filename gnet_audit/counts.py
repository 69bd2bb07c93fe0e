"""What each counter says of one model, and its difference from ours explained op by op. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from gnet_audit.derive import parameter_shapes
from gnet_audit.network import (
    AdaptivePool2d,
    BatchNorm,
    CodeOrigin,
    Conv2d,
    Layer,
    Linear,
    Network,
    Shape,
)


class Counter(StrEnum):
    """A counter of other people's, and the unit of its total."""

    TORCHINFO = "torchinfo"
    FVCORE = "fvcore"
    FLOP_COUNTER_MODE = "FlopCounterMode"

    @property
    def unit(self) -> str:
        """What it says that it counts; fvcore says flops and means MACs."""
        return "FLOPs" if self is Counter.FLOP_COUNTER_MODE else "MACs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One reason why a counter differs from ours, with its amount by arithmetic on the model."""

    text: str
    amount: int
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a counter gave when it ran; `ledger` is its own account by op, `skipped` what it left out."""

    counter: Counter
    version: str
    total: int | None = None
    ledger: tuple[tuple[str, int], ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A counter's total as ours, some terms and a remainder; the remainder is what nobody has explained."""

    counted: Counted
    ours: int
    """Ours in the counter's own unit."""
    terms: tuple[Term, ...] = ()

    @property
    def remainder(self) -> int | None:
        """What the terms leave; None where the counter failed."""
        if self.counted.total is None:
            return None
        return self.counted.total - self.ours - sum(term.amount for term in self.terms)


def reconcile(counted: Counted, network: Network) -> Reconciled:
    """Explain a counter's total of one image by what is known of how it counts."""
    twice = 2 if counted.counter is Counter.FLOP_COUNTER_MODE else 1
    if counted.total is None:
        return Reconciled(counted=counted, ours=twice * network.macs)
    terms = tuple(term for term in _TERMS[counted.counter](network) if term.amount)
    return Reconciled(counted=counted, ours=twice * network.macs, terms=terms)


# --- how each of them counts ---------------------------------------------------------------------------------------


def _torchinfo(network: Network) -> Iterator[Term]:
    """It multiplies the parameters of each module, biases too, with the positions of a convolution's output."""
    yield _term("biases of convolutions, counted at each position", network, _conv_bias)
    yield _term("biases of linear layers, counted as MACs", network, _linear_bias)
    yield _term("weights and biases of batch norm, counted once each", network, _norm_parameters)
    yield _term("convolutions of a class without Conv in its name, each parameter counted once", network, _renamed)
    yield _term("products outside of modules (torch.nn.functional), not seen", network, _functional)


def _fvcore(network: Network) -> Iterator[Term]:
    """One MAC for each product; two operations a value for batch norm, one for each value into an adaptive pool."""
    yield _term("batch norm, 2 for each value", network, _norm_values)
    yield _term("adaptive average pools, 1 for each value read", network, _adaptive)


def _flop_counter(_network: Network) -> Iterator[Term]:
    """Products only, two FLOPs for each MAC: what we count."""
    yield from ()


_TERMS: dict[Counter, Callable[[Network], Iterator[Term]]] = {
    Counter.TORCHINFO: _torchinfo,
    Counter.FVCORE: _fvcore,
    Counter.FLOP_COUNTER_MODE: _flop_counter,
}


def _term(text: str, network: Network, amount: Callable[[Layer, tuple[Shape, ...]], int]) -> Term:
    found = {layer.name: amount(layer, _inputs(layer, network)) for layer in network.layers if layer.shape}
    return Term(text=text, amount=sum(found.values()), layers=tuple(name for name, value in found.items() if value))


def _inputs(layer: Layer, network: Network) -> tuple[Shape, ...]:
    shapes = (network.by_name[name].shape for name in layer.inputs)
    return tuple(shape for shape in shapes if shape is not None)


def _in_module(layer: Layer) -> bool:
    """Whether a module ran the op with a `weight` of its own, as torch's modules and classes derived from them do."""
    origin = layer.origin
    assert isinstance(origin, CodeOrigin)
    own = f"{origin.module}.weight".removeprefix(".")
    return _class(layer) in _MODULES or any(weight.name == own for weight in layer.weights)


def _class(layer: Layer) -> str:
    origin = layer.origin
    return origin.module_class.rpartition(".")[2] if isinstance(origin, CodeOrigin) else ""


def _is_renamed(layer: Layer) -> bool:
    """Whether a convolution's class does not say so; torchinfo goes by that name."""
    return isinstance(layer.op, Conv2d) and _in_module(layer) and "Conv" not in _class(layer)


_MODULES = frozenset({"Conv2d", "ConvTranspose2d", "Linear", "BatchNorm2d", "LazyConv2d", "LazyLinear"})


def _conv_bias(layer: Layer, _: tuple[Shape, ...]) -> int:
    is_one = isinstance(layer.op, Conv2d) and layer.op.bias and _in_module(layer) and not _is_renamed(layer)
    return prod(layer.shape or ()) if is_one else 0


def _linear_bias(layer: Layer, _: tuple[Shape, ...]) -> int:
    is_one = isinstance(layer.op, Linear) and layer.op.bias and _in_module(layer)
    return prod(layer.shape or ()) if is_one else 0


def _norm_parameters(layer: Layer, shapes: tuple[Shape, ...]) -> int:
    if not (isinstance(layer.op, BatchNorm) and _in_module(layer)):
        return 0
    return sum(map(prod, parameter_shapes(layer.op, shapes).values()))


def _renamed(layer: Layer, _: tuple[Shape, ...]) -> int:
    if not _is_renamed(layer):
        return 0
    return sum(prod(weight.shape) for weight in layer.weights if weight.role in {"weight", "bias"}) - layer.macs


def _functional(layer: Layer, _: tuple[Shape, ...]) -> int:
    return 0 if _in_module(layer) else -layer.macs


def _norm_values(layer: Layer, _: tuple[Shape, ...]) -> int:
    if not isinstance(layer.op, BatchNorm):
        return 0
    return (2 if layer.op.affine else 1) * prod(layer.shape or ())


def _adaptive(layer: Layer, shapes: tuple[Shape, ...]) -> int:
    is_one = isinstance(layer.op, AdaptivePool2d) and layer.op.kind.value == "avg"
    return prod(shapes[0]) if is_one else 0
