"""The network under training: how it is made, where its heads' outputs stand, and how its parts are called."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from gnet_audit.errors import TargetError, said
from gnet_audit.live.outputs import tensors_in
from gnet_audit.network import Shape

MAIN = "main"
FIRST_DEVIATION = 0.001
"""Of a classifier's first weights: the first loss is then that of a uniform guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A way to make the network, and what was learned by making it once."""

    name: str
    make: Callable[[], nn.Module]
    """A fresh one at each call; the same torch seed gives the same weights."""
    heads: tuple[str, ...]
    """`main`, then the auxiliary heads from the image on."""
    order: tuple[int, ...]
    """Where in what the network returns each head's logits stand."""
    classifiers: tuple[str, ...]
    """Names of the last weights of each head."""
    slots: Mapping[str, str]
    """The paper's slot for each of the user's layers that is known to be one."""
    weights: str
    """Names, shapes and types of all that a checkpoint holds, in short: another network has others."""
    args: Mapping[str, str] = field(default_factory=dict)
    """What it was built with, as shown."""

    def outputs(self, module: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
        """The logits of every head in training, in the order of `heads`."""
        found = leaves(module(images))
        if len(found) <= max(self.order):
            what = "the network returns fewer outputs than before"
            raise TargetError(what, where=self.name, expected=f"{max(self.order) + 1} or more", got=str(len(found)))
        return tuple(found[index] for index in self.order)

    def part(self, parameter: str) -> str:
        """What a parameter belongs to: a branch of an inception module, a row, or its own layer."""
        return self.place(parameter.rpartition(".")[0]) or parameter

    def place(self, module: str) -> str:
        """What a module belongs to; its own name where the paper has none for it."""
        pieces = module.split(".")
        for length in range(len(pieces), 0, -1):
            slot = self.slots.get(".".join(pieces[:length]))
            if slot is not None:
                return _branch(slot)
        inner = {_branch(slot) for layer, slot in self.slots.items() if layer.startswith(f"{module}.")}
        return inner.pop() if len(inner) == 1 else module


def _branch(slot: str) -> str:
    return slot.removesuffix(".relu").removesuffix("_reduce").replace("pool_proj", "pool")


def subject(
    name: str, make: Callable[[], nn.Module], size: Shape, classes: int, slots: Mapping[str, str] | None = None
) -> Subject:
    """Make the network once and see what it returns; a TargetError where that cannot be trained on the task."""
    module = make()
    images = torch.randn(2, *size, generator=torch.Generator("cpu").manual_seed(0), device="cpu")
    found = _run(name, module.train(), images, "training")
    logits = [index for index, leaf in enumerate(found) if leaf.dim() == 2 and leaf.shape == (2, classes)]
    if not logits:
        raise _unfit(name, found, classes)
    depths = {index: len(reached(found[index])) for index in logits}
    main = max(logits, key=lambda index: (depths[index], -index))
    order = (main, *sorted(set(logits) - {main}, key=lambda index: depths[index]))
    answer = _run(name, module.eval(), images, "eval")[:1]
    if not answer or answer[0].shape != (2, classes):
        raise _unfit(name, answer, classes)
    return Subject(
        name=name,
        make=make,
        heads=(MAIN, *(f"aux{number}" for number in range(1, len(order)))),
        order=order,
        classifiers=tuple(_classifier(found[index], module) for index in order),
        slots=slots or {},
        weights=_weights(module),
    )


def _weights(module: nn.Module) -> str:
    state = [(name, tuple(value.shape), str(value.dtype)) for name, value in _tensors(module)]
    digest = hashlib.blake2b(repr(state).encode(), digest_size=6).hexdigest()
    return f"{len(state)} tensors with {sum(value.numel() for _, value in _tensors(module)):,} values ({digest})"


def _tensors(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, value) for name, value in module.state_dict().items() if isinstance(value, Tensor)]


def _run(name: str, module: nn.Module, images: Tensor, mode: str) -> list[Tensor]:
    try:
        return leaves(module(images))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise TargetError(f"the forward raises in {mode}: {said(error)}", where=name) from error


def _unfit(name: str, found: Sequence[Tensor], classes: int) -> TargetError:
    expected = f"{classes} classes"
    if not found:
        return TargetError("the network returns no tensor", where=name, expected=f"logits of {expected}")
    vector = next((leaf for leaf in found if leaf.dim() == 2), None)
    got = f"an output of shape {tuple(found[0].shape)}" if vector is None else f"{vector.shape[1]} classes"
    return TargetError("the network does not fit the task", where=name, expected=expected, got=got)


def leaves(value: object) -> list[Tensor]:
    """The tensors in what a network returns, in order."""
    return [leaf for _, leaf in tensors_in(value)]


def reached(output: Tensor) -> list[Tensor]:
    """The parameters that an output was computed from, nearest first, as its autograd graph has them."""
    found: dict[int, Tensor] = {}
    seen, queue = set(), [output.grad_fn]
    for node in queue:
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None:
            found.setdefault(id(variable), variable)
        queue.extend(following for following, _ in node.next_functions)
    return list(found.values())


def _classifier(output: Tensor, module: nn.Module) -> str:
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    nearest = (names[id(weight)] for weight in reached(output) if weight.dim() > 1 and id(weight) in names)
    return next(nearest, "")


def initialise(module: nn.Module, classifiers: Sequence[str]) -> None:
    """First weights that let a network without batch normalisation learn: Kaiming's, and small ones at the end."""
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.requires_grad:
            if names.get(id(layer.weight)) in classifiers:
                nn.init.normal_(layer.weight, std=FIRST_DEVIATION)
            else:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
