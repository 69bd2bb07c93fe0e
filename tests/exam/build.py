"""A build of the exam: where it stands, how it is made and what is wrong with it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

import torch
from torch import nn

from tests.exam.faults import Fault
from tests.exam.twin import NoChance
from tests.mistakes.plan import Plan, Written, paper
from tests.mistakes.truth import Truth

TESTS = Path(__file__).resolve().parent.parent
Edit = Callable[[Plan], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One file of `tests/builds`, with the complete list of its faults."""

    file: str
    name: str
    faults: tuple[Fault, ...] = ()
    args: Mapping[str, object] = field(default_factory=dict)
    config: str = ""
    """The class in the same file whose instance the constructor wants as `config`."""
    input_shape: tuple[int, int, int] = (3, 224, 224)
    written: Edit = lambda plan: plan
    """How the build writes the same function in other layers, as an edit of the plan: no fault."""
    unused: int = 0
    """Parameters that no forward uses."""
    features: tuple[int, int] = (0, 0)
    """How many inner values are returned beside the logits, in eval and in training."""
    steady: bool = True
    """Whether the rate of its dropouts can be read from its outputs (not from TorchScript's)."""

    @property
    def target(self) -> str:
        """The model as on the command line."""
        return f"{TESTS / 'builds' / self.file}.py:{self.name}"

    @property
    def arguments(self) -> dict[str, object]:
        """What the constructor is given."""
        if self.config:
            return {**self.args, "config": getattr(self.source, self.config)()}
        return dict(self.args)

    @property
    def source(self) -> ModuleType:
        """The file, imported."""
        return imported(f"builds/{self.file}.py")

    @property
    def truths(self) -> tuple[Truth, ...]:
        """All true differences."""
        return tuple(truth for fault in self.faults for truth in fault.truths)

    @property
    def model(self) -> nn.Module:
        """The model on the CPU, without help of the auditor."""
        made = getattr(self.source, self.name)
        with NoChance():
            model = cast("nn.Module", made if isinstance(made, nn.Module) else made(**self.arguments))
        if any(isinstance(parameter, nn.UninitializedParameter) for parameter in model.parameters()):
            model(torch.zeros(1, *self.input_shape))  # lazy layers learn their inputs
        return model

    @property
    def batch(self) -> int:
        """How many pictures it is tried with: batch statistics need two."""
        return 2 if any(truth.rule == "GA215" for truth in self.truths) else 1

    def twin(self, *, without: Fault | None = None) -> nn.Module:
        """The paper's network with these faults (or all but one)."""
        plan = paper()
        for fault in self.faults:
            plan = plan if fault is without else fault.edit(plan)
        return Written(self.written(plan)).to_empty(device="cpu")


@cache
def imported(path: str) -> ModuleType:
    """A Python file below `tests`, imported."""
    location = TESTS / path
    spec = importlib.util.spec_from_file_location(f"exam_{location.stem}", location)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
