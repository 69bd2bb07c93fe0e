"""Scripted and traced modules, whose forward is a graph and no Python: run node by node.

Each node is called through torch's own Python functions, so that a trace sees what it would have seen.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.errors import TargetError


class Interpreted(nn.Module):
    """A scripted module that runs its graph in Python, with other tensors for its parameters."""

    scripted: Any
    tensors: dict[str, object]
    parts: dict[str, Interpreted]

    def __init__(self, scripted: torch.jit.ScriptModule, tensors: Mapping[int, object]) -> None:
        super().__init__()
        self._modules.clear()
        self.training = scripted.training
        self.__dict__["scripted"] = scripted
        named = [*scripted.named_parameters(remove_duplicate=False), *scripted.named_buffers(remove_duplicate=False)]
        self.__dict__["tensors"] = {name: tensors.get(id(tensor), tensor) for name, tensor in named}
        self.__dict__["parts"] = {}
        for name, child in scripted.named_children():
            self.parts[name] = Interpreted(child, tensors)  # type: ignore[arg-type]

    @property
    def class_name(self) -> str:
        """The name of the class that was scripted."""
        return str(self.scripted.original_name)

    def inner(self) -> Iterator[tuple[str, Interpreted]]:
        """The modules inside under their dotted names."""
        for name, part in self.parts.items():
            yield name, part
            yield from ((f"{name}.{below}", deeper) for below, deeper in part.inner())

    def train(self, mode: bool = True) -> Interpreted:  # noqa: FBT001, FBT002 - nn.Module's own signature
        """Set the mode here and below; the scripted module stays as it is."""
        self.training = mode
        for part in self.parts.values():
            part.train(mode)
        return self

    def forward(self, *args: object) -> object:
        """Run the graph of the scripted forward."""
        return self.run("forward", args)

    def run(self, method: str, args: tuple[object, ...]) -> object:
        """Run the graph of a scripted method."""
        scripted = self.scripted
        graph = scripted.graph if method == "forward" else getattr(scripted, method).graph
        if any(_scripted_function(node) is None for node in graph.findAllNodes("prim::CallFunction")):
            # A module from a file does not give its functions away but inlined.
            graph = graph.copy()
            torch._C._jit_pass_inline(graph)  # noqa: SLF001
        return _run(graph, self, *args)

    def get(self, name: str) -> object:
        """An attribute as the graph reads it."""
        if name == "training":
            return self.training
        if name in self.parts:
            return self.parts[name]
        return self.tensors[name] if name in self.tensors else getattr(self.scripted, name)


class _Run:
    """The values of one call of a graph."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def block(self, block: Any) -> list[object]:
        for node in block.nodes():
            self._node(node)
        return [self.values[value.debugName()] for value in block.outputs()]

    def _node(self, node: Any) -> None:
        kind = node.kind()
        inputs = [self.values[value.debugName()] for value in node.inputs()]
        names = [value.debugName() for value in node.outputs()]
        if kind == "prim::If":
            results = self.block(list(node.blocks())[0 if inputs[0] else 1])
        elif kind == "prim::Loop":
            results = self._loop(node, inputs)
        else:
            results = _results(node, kind, inputs, len(names))
        self.values.update(zip(names, results, strict=True))

    def _loop(self, node: Any, inputs: list[Any]) -> list[object]:
        limit, going, *carried = inputs
        block = next(node.blocks())
        names = [value.debugName() for value in block.inputs()]
        step = 0
        while going and step < limit:
            self.values.update(zip(names, (step, *carried), strict=True))
            going, *carried = self.block(block)
            step += 1
        return carried


def _results(node: Any, kind: str, inputs: list[Any], count: int) -> list[object]:
    if kind in {"prim::TupleUnpack", "prim::ListUnpack"}:
        return list(inputs[0])
    if kind == "prim::Constant":
        return [_constant(node)]
    if kind == "prim::CallFunction":
        return [_scripted_function(node)(*inputs[1:])]  # type: ignore[misc]
    if kind == "prim::CallMethod":
        part, *args = inputs
        name = node.s("name")
        return [part(*args) if name == "forward" else part.run(name, tuple(args))]
    if kind == "prim::GetAttr":
        return [inputs[0].get(node.s("name"))]
    if kind == "prim::RaiseException":
        raise RuntimeError(str(inputs[0]))
    if kind in _PRIMITIVES:
        return [_PRIMITIVES[kind](inputs)]
    return _operator(node, kind, inputs, count)


def _operator(node: Any, kind: str, inputs: list[Any], count: int) -> list[object]:
    space, _, name = kind.partition("::")
    if space == "aten" and name in _ON_TENSORS and any(isinstance(value, Tensor) for value in inputs):
        result: object = _ON_TENSORS[name](*inputs)
    elif space == "aten" and hasattr(torch.ops.aten, name):
        result = getattr(torch.ops.aten, name)(*inputs)
    else:
        function: Callable[..., object] | None = torch._C._jit_get_operation(kind)[0]  # noqa: SLF001
        if function is None:
            where = str(node.sourceRange()).strip().splitlines()
            raise TargetError(f"the scripted op {kind} cannot be followed", where=where[0] if where else "")
        result = function(*inputs)
    if count == 0:
        return []
    return list(result) if count > 1 and isinstance(result, tuple | list) else [result]


def _constant(node: Any) -> object:
    output = node.output()
    return None if output.type().kind() == "FunctionType" else output.toIValue()


def _scripted_function(node: Any) -> Callable[..., object] | None:
    """What a node calls: torch's own function, or the graph of one of the user's; None where it cannot be found."""
    constant = next(iter(node.inputs())).node()
    function: Callable[..., object] | None = getattr(F, constant.s("name"), None)
    if function is not None:
        return function
    compiled: Any = torch.jit._state._python_cu.find_function(str(constant.output().type()))  # noqa: SLF001
    return None if compiled is None else partial(_run, compiled.graph)


def _run(graph: Any, *args: object) -> object:
    values = dict(zip((value.debugName() for value in graph.inputs()), args, strict=False))
    results = _Run(values).block(graph)
    return results[0] if len(results) == 1 else results


_ON_TENSORS: dict[str, Callable[..., object]] = {
    "size": lambda tensor, *axis: tensor.size(*axis),
    "dim": lambda tensor: tensor.dim(),
    "__getitem__": operator.getitem,
}

_PRIMITIVES: dict[str, Callable[[list[Any]], object]] = {
    "prim::TupleConstruct": tuple,
    "prim::ListConstruct": list,
    "prim::DictConstruct": lambda inputs: dict(zip(inputs[::2], inputs[1::2], strict=True)),
    "prim::TupleIndex": lambda inputs: inputs[0][inputs[1]],
    "prim::NumToTensor": lambda inputs: inputs[0],
    "prim::unchecked_cast": lambda inputs: inputs[0],
    "prim::unchecked_unwrap_optional": lambda inputs: inputs[0],
    "prim::Uninitialized": lambda _: None,
    "prim::dtype": lambda inputs: inputs[0].dtype,
    "prim::device": lambda inputs: inputs[0].device,
    "prim::Print": lambda _: None,
    "aten::Int": lambda inputs: int(inputs[0]),
    "aten::Float": lambda inputs: float(inputs[0]),
    "aten::Bool": lambda inputs: bool(inputs[0]),
    "aten::ScalarImplicit": lambda inputs: inputs[0],
    "aten::__is__": lambda inputs: inputs[0] is inputs[1],
    "aten::__isnot__": lambda inputs: inputs[0] is not inputs[1],
    "aten::__not__": lambda inputs: not inputs[0],
    "aten::len": lambda inputs: len(inputs[0]),
    "aten::append": lambda inputs: inputs[0].append(inputs[1]),
    "aten::list": lambda inputs: list(inputs[0]),
    "aten::__contains__": lambda inputs: inputs[1] in inputs[0],
    "aten::format": lambda inputs: str(inputs[0]).format(*inputs[1:]),
    "aten::warn": lambda _: None,
}
