"""A call of a torch function as the trace hands it to the ops, and what these make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor, nn

from gnet_audit.live.lines import Place
from gnet_audit.live.script import Interpreted
from gnet_audit.network import Conv2d, Linear, Op, Padding, Shape, Weight

LEADING = -1
"""The axis before the batch, in the count of axes that begins behind it."""


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """A layer as it is recorded; its lines are looked up at the end."""

    name: str
    op: Op
    inputs: tuple[str, ...] = ()
    shape: Shape | None = None
    params: int = 0
    macs: int = 0
    weights: tuple[Weight, ...] = ()
    module: str = ""
    module_class: str = ""
    owner: str = ""
    """The module whose weights these are, where it is not the one that called."""
    leaf: bool = False
    calls: tuple[Place, ...] = ()
    idle: tuple[str, ...] = ()
    """The modules that gave back what it read as it was, before it read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One layer that a call stands for; without inputs it reads the step before it."""

    op: Op
    inputs: tuple[Tensor, ...] = ()
    names: tuple[str, ...] = ()
    """Instead of inputs the layers, where the tensors may hold other values by now."""
    weights: tuple[tuple[str, Tensor], ...] = ()
    shape: Shape | None = None
    """Where it is not the result's."""
    macs: int = 0
    called: str = ""
    """Its name, where it only brings values before or behind the step that the call is meant to be."""


Steps: TypeAlias = tuple[Step, ...]
"""Nothing: an unknown op. For a call with several results one step each, else one after the other."""


class Call:
    """A call of a torch function, after it returned."""

    __slots__ = ("args", "batch", "data", "kwargs", "module", "name", "python", "result", "weights")

    def __init__(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        result: Any,
        *,
        data: dict[int, str],
        weights: dict[int, Any],
        batch: int,
        module: nn.Module | None,
        python: bool,
    ) -> None:
        self.name, self.args, self.kwargs, self.result = name, args, kwargs, result
        self.data, self.weights, self.batch, self.module, self.python = data, weights, batch, module, python

    def get(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by its place or its name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)

    def tensor(self, position: int = 0, name: str = "input") -> Tensor:
        """A tensor argument."""
        value = self.get(position, name)
        if not isinstance(value, Tensor):
            raise TypeError(name)
        return value

    def is_data(self, value: object) -> bool:
        """Whether a value flows from the network's input."""
        return id(value) in self.data

    def is_weight(self, value: object) -> bool:
        """Whether a value is a parameter or buffer, or was computed from some."""
        return isinstance(value, Tensor) and id(value) in self.weights

    def tensors(self) -> list[Tensor]:
        """All tensor arguments, in order."""
        found: list[Tensor] = []
        for value in (*self.args, *self.kwargs.values()) if self.kwargs else self.args:
            if isinstance(value, Tensor):
                found.append(value)
            elif isinstance(value, list | tuple):
                found += [item for item in value if isinstance(item, Tensor)]
        return found

    def inputs(self) -> tuple[Tensor, ...]:
        """The arguments that flow from the network's input, in order."""
        return tuple([tensor for tensor in self.tensors() if id(tensor) in self.data])

    def shape(self, tensor: Tensor) -> Shape | None:
        """A shape without the batch."""
        return shape_of(tensor, self.batch)

    def axis(self, tensor: Tensor, dim: int) -> int | None:
        """An axis of the shape without the batch; None for the batch itself."""
        if dim < 0:
            dim += tensor.ndim
        if tensor.ndim and tensor.shape[0] == self.batch:
            return dim - 1 if dim else None
        return dim if self.batch == 1 else None

    def leads(self, tensor: Tensor, dim: object) -> bool:
        """Whether a dim lies before the batch, where `torch.stack` puts it when nothing is said."""
        first = dim in (0, -tensor.ndim) and tensor.ndim > 1
        return first and tensor.shape[0] != self.batch and tensor.shape[1] == self.batch

    def axes(self, tensor: Tensor, dims: int | Iterable[int]) -> tuple[int, ...] | None:
        """Several axes, sorted; None when the batch is among them."""
        found = [self.axis(tensor, dim) for dim in ((dims,) if isinstance(dims, int) else dims)]
        axes = [axis for axis in found if axis is not None]
        return tuple(sorted(axes)) if axes and len(axes) == len(found) else None


Handler: TypeAlias = Callable[[Call], Steps]


def shape_of(tensor: Tensor, batch: int) -> Shape | None:
    """A shape without the batch; a single image may have lost its batch axis (`squeeze`)."""
    shape = tuple(tensor.shape)
    if shape and shape[0] == batch:
        return shape[1:]
    return shape if batch == 1 else None


def used_shape(op: Op, role: str, shape: Shape) -> Shape:
    """A weight's shape as its layer has it: of a matrix a row for each output, as 1×1 kernels for a convolution."""
    match op:
        case Linear(out_features=width) | Conv2d(out_channels=width) if role == "weight" and len(shape) == 2:
            rows = shape if shape[0] == width else shape[::-1]
            return (*rows, 1, 1) if isinstance(op, Conv2d) else rows
        case _:
            return shape


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    """One number for both axes, or two."""
    if isinstance(value, int):
        return value, value
    numbers = [int(number) for number in value]
    return (numbers[0], numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def padding_of(
    value: int | str | Sequence[int], kernel: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)
) -> Padding:
    """Padding on four sides from one number, two, or torch's words `same` and `valid`."""
    if value == "same":
        high, wide = (step * (size - 1) for size, step in zip(kernel, dilation, strict=True))
        return high // 2, high - high // 2, wide // 2, wide - wide // 2
    top, left = (0, 0) if isinstance(value, str) else pair(value)
    return top, top, left, left


def is_leaf(module: nn.Module) -> bool:
    """Whether a module runs a forward of torch's own, without modules inside."""
    if isinstance(module, Interpreted):
        return not module.parts and hasattr(nn, module.class_name)
    home = getattr(type(module).forward, "__module__", "") or ""
    return home.startswith("torch.nn.modules.") and module._modules.keys() <= {"parametrizations"}  # noqa: SLF001


def class_name(module: nn.Module) -> str:
    """The name of the user's class."""
    return module.class_name if isinstance(module, Interpreted) else type(module).__name__
