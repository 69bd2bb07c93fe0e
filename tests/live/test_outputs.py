"""Whatever a forward returns: its tensors and their paths."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from gnet_audit.live.outputs import tensors_in

A, B, C = torch.tensor(1.0), torch.tensor(2.0), torch.tensor(3.0)


class Named(NamedTuple):
    logits: Tensor
    aux: Tensor | None


@dataclass
class Data:
    logits: Tensor
    aux: object


@dataclass(slots=True)
class Slotted:
    logits: Tensor


Old = namedtuple("Old", ["logits", "aux1"])  # noqa: PYI024 - as old code has it


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (A, [("output", A)]),
        ((A, B), [("[0]", A), ("[1]", B)]),
        ([A, None, [B]], [("[0]", A), ("[2][0]", B)]),
        (Named(A, B), [("logits", A), ("aux", B)]),
        (Named(A, None), [("logits", A)]),
        (Old(A, B), [("logits", A), ("aux1", B)]),
        ({"logits": A, "aux": {"aux1": B, "aux2": C}}, [("logits", A), ("aux.aux1", B), ("aux.aux2", C)]),
        (OrderedDict(out=A), [("out", A)]),
        ({0: A}, [("[0]", A)]),
        (Data(A, (B, C)), [("logits", A), ("aux[0]", B), ("aux[1]", C)]),
        (Slotted(A), [("logits", A)]),
        (SimpleNamespace(logits=A, loss=None), [("logits", A)]),
        ((A, {"loss": B}), [("[0]", A), ("[1].loss", B)]),
        (None, []),
        ("text", []),
        (torch.nn.Linear(1, 1), []),
    ],
)
def test_tensors_come_with_their_paths(value: object, expected: list[tuple[str, Tensor]]) -> None:
    found = list(tensors_in(value))
    assert [path for path, _ in found] == [path for path, _ in expected]
    assert all(got is wanted for (_, got), (_, wanted) in zip(found, expected, strict=True))


def test_a_value_that_holds_itself_ends() -> None:
    loop: dict[str, object] = {"logits": A}
    loop["again"] = loop
    assert [path for path, _ in tensors_in(loop)] == ["logits"]
