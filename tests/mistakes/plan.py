"""A GoogLeNet written as data, so that a student's mistake is one small edit of it.

Typed in from the paper's Table 1, figure 3 and section 5, by hand: it shares nothing with the spec
file or with the reference build, so that a slip there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from random import Random
from typing import TypeAlias

import torch
from torch import Tensor, nn

from tests.mistakes.parts import PARTS, Part

Values: TypeAlias = Mapping[str, Tensor]
Pack: TypeAlias = Callable[[Values, bool], object]

TABLE = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection."""

HEADS = ("aux1", "aux2")


def logits_and_heads(values: Values, training: bool) -> object:
    """Logits alone in eval; a tuple of the logits and those of the heads in training."""
    heads = [values[f"{head}.fc2"] for head in HEADS if f"{head}.fc2" in values]
    return (values["out"], *heads) if training and heads else values["out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One op: its kind, what it reads, and the arguments of its constructor."""

    kind: str
    reads: tuple[str, ...]
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole network; every method returns an edited copy."""

    steps: Mapping[str, Step]
    input_shape: tuple[int, ...] = (3, 224, 224)
    ties: Mapping[str, str] = field(default_factory=dict)
    """Steps that use another step's module."""
    heads_in_eval: bool = False
    pack: Pack = logits_and_heads

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The steps whose name matches; at least one, else the edit is a slip of the test."""
        names = tuple(name for name in self.steps if fnmatchcase(name, pattern))
        if not names:
            raise LookupError(pattern)
        return names

    def change(self, pattern: str, **settings: object) -> Plan:
        """Give the steps other arguments."""
        edited = {
            name: replace(self.steps[name], settings={**self.steps[name].settings, **settings})
            for name in self.matching(pattern)
        }
        return replace(self, steps={**self.steps, **edited})

    def become(self, pattern: str, kind: str, **settings: object) -> Plan:
        """Make the steps another op."""
        edited = {name: replace(self.steps[name], kind=kind, settings=settings) for name in self.matching(pattern)}
        return replace(self, steps={**self.steps, **edited})

    def rewire(self, name: str, *reads: str) -> Plan:
        """Let one step read others."""
        return replace(self, steps={**self.steps, name: replace(self.steps[name], reads=reads)})

    def readers_of(self, name: str) -> tuple[str, ...]:
        """The steps that read one."""
        return tuple(reader for reader, step in self.steps.items() if name in step.reads)

    def redirect(self, old: str, new: str) -> Plan:
        """Let whoever reads one step read another."""
        edited = {
            reader: replace(step, reads=tuple(new if read == old else read for read in step.reads))
            for reader, step in self.steps.items()
        }
        return replace(self, steps=edited)

    def drop(self, pattern: str) -> Plan:
        """Take steps out; their readers read what they read first."""
        plan = self
        for name in self.matching(pattern):
            plan = plan.redirect(name, plan.steps[name].reads[0])
            plan = replace(plan, steps={key: step for key, step in plan.steps.items() if key != name})
        return plan

    def insert(self, pattern: str, suffix: str, kind: str, **settings: object) -> Plan:
        """Put a step named `NAME.suffix` after each matching one; all its readers read the new one."""
        plan = self
        for name in self.matching(pattern):
            plan = plan.redirect(name, f"{name}.{suffix}").add(f"{name}.{suffix}", kind, name, **settings)
        return plan

    def add(self, name: str, kind: str, *reads: str, **settings: object) -> Plan:
        """Add a step that nobody reads yet."""
        return replace(self, steps={**self.steps, name: Step(kind=kind, reads=reads, settings=settings)})

    def move(self, name: str, *, after: str) -> Plan:
        """Take a step out and put it elsewhere."""
        step = self.steps[name]
        plan = self.drop(name).redirect(after, name)
        return replace(plan, steps={**plan.steps, name: replace(step, reads=(after,))})

    def without(self, prefix: str) -> Plan:
        """Take out everything of a head, or of a module whose readers then read what it read."""
        plan = self
        if f"{prefix}.concat" in self.steps:
            plan = plan.redirect(f"{prefix}.concat", self.steps[f"{prefix}.1x1"].reads[0])
        return replace(plan, steps={name: step for name, step in plan.steps.items() if not inside(name, prefix)})

    def tie(self, name: str, to: str) -> Plan:
        """Let one step use another's module."""
        return replace(self, ties={**self.ties, name: to})


def inside(name: str, prefix: str) -> bool:
    """Whether a step belongs to a module or head."""
    return name == prefix or name.startswith(f"{prefix}.")


def paper() -> Plan:
    """The paper's network."""
    plan = Plan(steps={})
    plan = _conv(plan, "conv1", "input", 64, 7, stride=2, padding=3)
    plan = _pool(plan, "pool1", "conv1.relu")
    plan = _lrn(plan, "lrn1", "pool1")
    plan = _conv(plan, "conv2_reduce", "lrn1", 64, 1)
    plan = _conv(plan, "conv2", "conv2_reduce.relu", 192, 3, padding=1)
    plan = _lrn(plan, "lrn2", "conv2.relu")
    plan = _pool(plan, "pool2", "lrn2")
    last = "pool2"
    for module, widths in TABLE.items():
        plan = inception(plan, f"inception_{module}", last, widths)
        last = f"inception_{module}.concat"
        if module in ("3b", "4e"):
            pool = "pool3" if module == "3b" else "pool4"
            plan, last = _pool(plan, pool, last), pool
    plan = plan.add("avgpool", "avgpool", last, kernel_size=7, stride=1)
    plan = plan.add("dropout", "dropout", "avgpool", p=0.4)
    plan = plan.add("linear", "linear", "dropout", out_features=1000)
    plan = plan.add("out", "identity", "linear")
    return _head(_head(plan, "aux1", "inception_4a.concat"), "aux2", "inception_4d.concat")


def inception(plan: Plan, name: str, reads: str, widths: tuple[int, ...]) -> Plan:
    """Figure 2(b)."""
    one, three_reduce, three, five_reduce, five, projection = widths
    plan = _conv(plan, f"{name}.1x1", reads, one, 1)
    plan = _conv(plan, f"{name}.3x3_reduce", reads, three_reduce, 1)
    plan = _conv(plan, f"{name}.3x3", f"{name}.3x3_reduce.relu", three, 3, padding=1)
    plan = _conv(plan, f"{name}.5x5_reduce", reads, five_reduce, 1)
    plan = _conv(plan, f"{name}.5x5", f"{name}.5x5_reduce.relu", five, 5, padding=2)
    plan = plan.add(f"{name}.pool", "maxpool", reads, kernel_size=3, stride=1, padding=1)
    plan = _conv(plan, f"{name}.pool_proj", f"{name}.pool", projection, 1)
    branches = (f"{name}.{branch}.relu" for branch in ("1x1", "3x3", "5x5", "pool_proj"))
    return plan.add(f"{name}.concat", "concat", *branches)


def _conv(plan: Plan, name: str, reads: str, out: int, kernel: int, *, stride: int = 1, padding: int = 0) -> Plan:
    plan = plan.add(name, "conv", reads, out_channels=out, kernel_size=kernel, stride=stride, padding=padding)
    return plan.add(f"{name}.relu", "relu", name)


def _pool(plan: Plan, name: str, reads: str) -> Plan:
    return plan.add(name, "maxpool", reads, kernel_size=3, stride=2, ceil_mode=True)


def _lrn(plan: Plan, name: str, reads: str) -> Plan:
    return plan.add(name, "lrn", reads, size=5, alpha=1e-4, beta=0.75, k=1.0)


def _head(plan: Plan, name: str, reads: str) -> Plan:
    plan = plan.add(f"{name}.pool", "avgpool", reads, kernel_size=5, stride=3)
    plan = _conv(plan, f"{name}.conv", f"{name}.pool", 128, 1)
    plan = plan.add(f"{name}.fc1", "linear", f"{name}.conv.relu", out_features=1024)
    plan = plan.add(f"{name}.fc1.relu", "relu", f"{name}.fc1")
    plan = plan.add(f"{name}.dropout", "dropout", f"{name}.fc1.relu", p=0.7)
    return plan.add(f"{name}.fc2", "linear", f"{name}.dropout", out_features=1000)


class Written(nn.Module):
    """A plan as a model; parameters on meta.

    `names` renames the modules; `shuffle` picks another order in which the plan can be executed.
    """

    def __init__(self, plan: Plan, *, names: Callable[[str], str] | None = None, shuffle: Random | None = None) -> None:
        super().__init__()
        self.plan = plan
        self.order = _order(plan, shuffle)
        self.attributes = {name: names(name) if names else name.replace(".", "_") for name in plan.steps}
        with torch.device("meta"):
            self._construct()

    def _construct(self) -> None:
        """Run the plan once on meta, so that each module learns how many channels reach it."""
        values = {"input": torch.empty(2, *self.plan.input_shape)}
        made: dict[str, Part] = {}
        for name in self.order:
            step, read = self.plan.steps[name], tuple(values[read] for read in self.plan.steps[name].reads)
            tied = self.plan.ties.get(name)
            made[name] = made[tied] if tied else PARTS[step.kind](read, dict(step.settings))
            setattr(self, self.attributes[name], made[name])
            values[name] = made[name](*read)

    def forward(self, image: Tensor) -> object:
        values = {"input": image}
        for name in self.order:
            if self.training or self.plan.heads_in_eval or not any(inside(name, head) for head in HEADS):
                part = getattr(self, self.attributes[name])
                values[name] = part(*(values[read] for read in self.plan.steps[name].reads))
        return self.plan.pack(values, self.training)


def _order(plan: Plan, shuffle: Random | None) -> tuple[str, ...]:
    """The steps so that each comes after what it reads; as listed where that leaves a choice."""
    done, left, order = {"input"}, list(plan.steps), list[str]()
    while left:
        ready = [name for name in left if all(read in done for read in plan.steps[name].reads)]
        if not ready:
            raise LookupError(f"cannot be ordered: {left}")
        name = shuffle.choice(ready) if shuffle else ready[0]
        left.remove(name)
        order.append(name)
        done.add(name)
    return tuple(order)
