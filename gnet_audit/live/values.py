"""The model's own values: one forward on the CPU in float64, with random weights, every layer's output kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from types import CodeType
from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from gnet_audit.garbage import uncollected
from gnet_audit.live.calls import Call, Entry, Step
from gnet_audit.live.execute import Order, keep_mask, order_behind
from gnet_audit.live.lines import Place
from gnet_audit.live.outputs import tensors_in
from gnet_audit.live.record import Recorder
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.target import Build
from gnet_audit.live.trace import running
from gnet_audit.live.twin import Twin, twin_of
from gnet_audit.live.writes import Write
from gnet_audit.network import Conv2d, Linear, Mode, Op, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What one forward computed."""

    image: Tensor
    layers: dict[str, Tensor] = field(default_factory=dict)
    """The value of each layer under its name."""
    weights: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    """The weights that each layer used, by role."""
    parameters: dict[str, Tensor] = field(default_factory=dict)
    """All parameters and buffers, by their dotted names."""
    outputs: dict[str, Tensor] = field(default_factory=dict)
    """What was returned, by path; nothing where the forward stopped on the way."""


def values(
    build: Build, twin: Twin, mode: Mode, input_shape: Shape, batch: int = 1, *, partial: bool = False
) -> Values:
    """Run the twin once on random images; a forward that raises leaves the values up to there.

    The recorder holds every tensor until the end: what is not collected meanwhile would be there anyway.
    """
    generator = torch.Generator("cpu").manual_seed(1)
    image = torch.randn(batch, *input_shape, generator=generator, dtype=torch.float64, device="cpu").to(precision(twin))
    found = Values(image=image.clone(), parameters=named_tensors(twin))
    recorder = _Keeper(twin, image, values.__code__, found)
    returned: object = None
    with uncollected(), undisturbed(), running(build, twin, mode), torch.no_grad(), recorder.following(), recorder:
        try:
            returned = twin.module(image)
        except KeyboardInterrupt:
            raise
        except BaseException:
            if not partial:
                raise
    found.outputs.update({path: tensor.detach().clone() for path, tensor in tensors_in(returned)})
    return found


def named_tensors(twin: Twin) -> dict[str, Tensor]:
    """The twin's parameters and buffers by their dotted names."""
    owned = ((twin.roots.get(id(tensor)), tensor) for tensor in twin.tensors.values())
    return {root.name: tensor.detach() for root, tensor in owned if root is not None and root.name}


def precision(twin: Twin) -> torch.dtype:
    """The type of the twin's numbers."""
    return next(tensor.dtype for tensor in twin.tensors.values() if tensor.is_floating_point())


def randomised(build: Build, input_shape: Shape, dtype: torch.dtype = torch.float64, share: float = 1.0) -> Twin:
    """A copy in one type whose every parameter and statistic is random, of a size that keeps values near one.

    `share` makes the weights of products smaller.
    """
    with uncollected(), undisturbed():
        twin = twin_of(build.module, torch.device("cpu"))
        if any(is_lazy(tensor) for tensor in twin.tensors.values()):
            with running(build, twin, Mode.TRAIN), torch.no_grad():
                twin.module(torch.zeros(2, *input_shape, device="cpu"))
        generator = torch.Generator("cpu").manual_seed(2)
        for tensor in twin.tensors.values():
            root = twin.roots.get(id(tensor))
            if tensor.is_floating_point() and tensor.layout is torch.strided and not tensor.is_nested:
                role = root.name.rpartition(".")[2] if root is not None else "weight"
                # The tensor stays the same object: the trace knows it by its identity.
                new = _random(role, tensor.shape, generator, share) if root is not None else tensor.data
                tensor.data = new.to(dtype)
    return twin


def _random(role: str, shape: torch.Size, generator: torch.Generator, share: float) -> Tensor:
    # Uniform numbers are as good as normal ones here, and five times as fast to draw.
    noise = torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu").sub_(0.5).mul_(12**0.5)
    if len(shape) > 1:
        return noise.mul_(share * (2 / prod(shape[1:])) ** 0.5)
    if "var" in role:
        return noise.abs_().add_(0.5)
    noise.mul_(0.2)
    return noise.add_(1) if role == "weight" else noise


_DROPOUTS = {"dropout": False, "dropout2d": True, "feature_dropout": True}


class _Keeper(Recorder):
    """A recorder that keeps every value, and lets dropout drop the same values on both sides of a proof."""

    def __init__(self, twin: Twin, image: Tensor, floor: CodeType, found: Values) -> None:
        super().__init__(twin, image, floor)
        self.found = found
        self.orders: dict[str, Order] = {}
        self.asks_gradients = False
        found.layers["input"] = found.image

    def _result(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        plain = name.rstrip("_")
        if plain in _DROPOUTS and args and isinstance(args[0], Tensor):
            rate = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
            active = args[2] if len(args) > 2 else kwargs.get("training", kwargs.get("train", True))
            if active:
                order = self.orders.get(self.data.get(id(args[0]), ""))
                return args[0] * keep_mask(args[0], float(rate), channels=_DROPOUTS[plain], order=order)
        return super()._result(func, name, args, kwargs)

    def _layers(self, call: Call, tensors: list[Tensor], made: list[Tensor]) -> None:
        before = len(self.entries)
        super()._layers(call, tensors, made)
        self._keep(self.entries[before:], made)

    def _rewritten(self, tensor: Tensor, write: Write | None) -> None:
        super()._rewritten(tensor, write)
        self._keep(self.entries[-1:], [tensor])

    def _keep(self, entries: list[Entry], made: list[Tensor]) -> None:
        if len(entries) == len(made):
            kept: Iterable[tuple[Entry, Tensor]] = zip(entries, made, strict=True)
        else:
            kept = [(entries[-1], made[0])] if entries else []
        self.found.layers.update({entry.name: tensor.detach().clone() for entry, tensor in kept})

    def _entry(self, call: Call, step: Step, previous: str, places: tuple[Place, ...]) -> Entry:
        entry = super()._entry(call, step, previous, places)
        self.orders[entry.name] = order_behind(entry.op, self.orders.get(entry.inputs[0]) if entry.inputs else None)
        self.found.weights[entry.name] = {
            role: _as_used(step.op, call.name, tensor, shape=weight.shape).detach().clone()
            for (role, tensor), weight in zip(step.weights, entry.weights, strict=True)
        }
        return entry


def _as_used(op: Op, name: str, tensor: Tensor, *, shape: Shape) -> Tensor:
    """A weight in the shape in which its layer has it: which way a square matrix stands is told by the function."""
    if not isinstance(op, Linear | Conv2d) or tensor.ndim != 2:
        return tensor
    # Of letters the sizes say which way.
    flipped = tuple(tensor.shape) != shape[:2] if name == "einsum" else name not in {"linear", "bilinear"}
    return (tensor.t() if flipped else tensor).reshape(shape)
