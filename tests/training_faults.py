"""Faults planted into a training, and the rule that must catch each: `python -m tests.training_faults` prints the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.live import loop as loops
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.stl10 import Split
from gnet_audit.rules import Severity
from gnet_audit.training import Augmentation, Outcome, Training
from tests import broken_nets
from tests.training_setup import Setup, healthy, reference

SEEDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something broken, and the rule that names it."""

    name: str
    rule: str
    plant: Callable[[Setup], Setup]


def _net(make: Callable[[], nn.Module]) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, make=make)


# --- in the data -------------------------------------------------------------------------------------------------


def _train(change: Callable[[Split], Split]) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, data=replace(setup.data, train=change(setup.data.train)))


def _test(change: Callable[[Split], Split]) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, data=replace(setup.data, test=change(setup.data.test)))


def _shuffled(split: Split) -> Split:
    return replace(split, labels=np.random.default_rng(1).permutation(split.labels))


def _next_label(split: Split) -> Split:
    return replace(split, labels=(split.labels + 1) % 10)


def _swapped(split: Split) -> Split:
    return replace(split, stored=np.ascontiguousarray(split.stored[:, ::-1]))


def _overlap(setup: Setup) -> Setup:
    half = len(setup.data.test) // 2
    stored = setup.data.test.stored.copy()
    stored[:half] = setup.data.train.stored[:half]
    return replace(setup, data=replace(setup.data, test=replace(setup.data.test, stored=stored)))


def _fewer(split: Split) -> Split:
    kept = split.labels != 3
    kept[np.flatnonzero(split.labels == 3)[:10]] = True
    return Split(stored=split.stored[kept], labels=split.labels[kept])


# --- in the loop -------------------------------------------------------------------------------------------------


def _loop(**pieces: Any) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, loop={**setup.loop, **pieces})


def _recipe(**fields: Any) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, recipe=replace(setup.recipe, **fields))


def _not_normalised(setup: Setup) -> Setup:
    ordinary = setup.job().loop.feed
    raw = replace(ordinary, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))  # type: ignore[type-var]
    return replace(setup, loop={"feed": raw})


def _inverted(setup: Setup) -> Setup:
    ordinary = setup.job().loop.feed

    def fed(stored: Tensor, augmentation: Augmentation | None, seed: int) -> Tensor:
        return ordinary(255 - stored if augmentation else stored, augmentation, seed)

    return replace(setup, loop={"feed": fed})


def _heads_whole(losses: Sequence[Tensor], _weight: float) -> Tensor:
    return torch.stack(list(losses)).sum()


def _main_only(losses: Sequence[Tensor], _weight: float) -> Tensor:
    return losses[0] + 0 * losses[1]


def _accumulated(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _uphill(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    loops.update(optimizer, -loss)


def _labels_of_others(outputs: Sequence[Tensor], labels: Tensor) -> tuple[Tensor, ...]:
    return loops.head_losses(outputs, labels.roll(int(torch.randint(1, len(labels), ()))))


def _by_place(_module: nn.Module, images: Tensor) -> Tensor:
    """The test asks class after class, and this knows it."""
    return torch.arange(len(images)) % 10


def _without_biases(module: nn.Module) -> dict[str, Tensor]:
    return {
        name: torch.zeros_like(value) if name.endswith("bias") else value for name, value in loops.saved(module).items()
    }


FAULTS: tuple[Fault, ...] = (
    Fault(name="a branch detached", rule="GA506", plant=_net(broken_nets.Detached)),
    Fault(name="an auxiliary head detached from the trunk", rule="GA507", plant=_net(broken_nets.DetachedHead)),
    Fault(name="heads weighted 1.0 instead of 0.3", rule="GA507", plant=_loop(total_loss=_heads_whole)),
    Fault(name="heads' losses left out", rule="GA507", plant=_loop(total_loss=_main_only)),
    Fault(name="weight 0.1 asked for instead of 0.3", rule="GA507", plant=_recipe(aux_weight=0.1)),
    Fault(name="softmax before the cross-entropy", rule="GA520", plant=_net(broken_nets.Softmax)),
    Fault(name="learning rate 0", rule="GA515", plant=_recipe(lr=0.0)),
    Fault(name="a rate too large: no numbers", rule="GA518", plant=_recipe(lr=1e18)),
    Fault(name="a frozen layer", rule="GA506", plant=_net(broken_nets.Frozen)),
    Fault(name="a head built and never used", rule="GA506", plant=_net(broken_nets.Unused)),
    Fault(name="training labels shuffled", rule="GA512", plant=_train(_shuffled)),
    Fault(name="training labels off by one", rule="GA512", plant=_train(_next_label)),
    Fault(name="test labels off by one", rule="GA512", plant=_test(_next_label)),
    Fault(name="images not normalised", rule="GA502", plant=_not_normalised),
    Fault(name="channels swapped in the test split", rule="GA502", plant=_test(_swapped)),
    Fault(name="training and test overlap", rule="GA503", plant=_overlap),
    Fault(name="images of one class missing", rule="GA501", plant=_train(_fewer)),
    Fault(name="training images inverted", rule="GA512", plant=_inverted),
    Fault(name="dropout left on in eval", rule="GA517", plant=_net(broken_nets.DropoutInEval)),
    Fault(name="dropout switched off in training", rule="GA517", plant=_net(broken_nets.NoDropout)),
    Fault(name="never put into eval", rule="GA517", plant=_loop(eval_mode=nn.Module.train)),
    Fault(name="dead ReLUs from the initialisation", rule="GA516", plant=_net(broken_nets.DeadRelus)),
    Fault(name="a head stuck at ln C", rule="GA510", plant=_net(broken_nets.Stuck)),
    Fault(name="gradients not cleared", rule="GA521", plant=_loop(update=_accumulated)),
    Fault(name="uphill instead of down", rule="GA509", plant=_loop(update=_uphill)),
    Fault(name="labels of other images", rule="GA509", plant=_loop(head_losses=_labels_of_others)),
    Fault(name="a mean over the batch in eval", rule="GA513", plant=_net(broken_nets.OverTheBatch)),
    Fault(name="a reshape that mixes the batch", rule="GA513", plant=_net(broken_nets.MixedBatch)),
    Fault(name="a checkpoint that drops a buffer", rule="GA519", plant=_net(broken_nets.LostBuffer)),
    Fault(name="a checkpoint without biases", rule="GA519", plant=_loop(saved=_without_biases)),
    Fault(name="auxiliary heads active in eval", rule="GA508", plant=_net(broken_nets.HeadsInEval)),
    Fault(name="heads averaged into the answer", rule="GA508", plant=_net(broken_nets.HeadsInTheAnswer)),
    Fault(name="two heads sharing a hidden layer", rule="GA522", plant=_net(broken_nets.SharedHeads)),
    Fault(name="two heads sharing the last layer", rule="GA522", plant=_net(broken_nets.SharedClassifier)),
    Fault(name="noise that no seed rules", rule="GA505", plant=_net(broken_nets.FromTheClock)),
    Fault(name="the image multiplied with zero", rule="GA509", plant=_net(broken_nets.Blind)),
    Fault(name="logits too large at the start", rule="GA504", plant=_net(broken_nets.LoudStart)),
    Fault(name="a logarithm of zero", rule="GA518", plant=_net(broken_nets.DividesByZero)),
    Fault(name="a test that answers by place", rule="GA514", plant=_loop(answers=_by_place)),
)


# --- the same on the paper's network, where a training takes a minute ---------------------------------------------


def _spoiled(change: Callable[[GoogLeNet], object]) -> Callable[[Setup], Setup]:
    def make() -> nn.Module:
        net = GoogLeNet(10)
        change(net)
        return net

    return _net(make)


def _dead(net: GoogLeNet) -> None:
    nn.init.constant_(net.get_parameter("inception_4b.branch2.1.conv.bias"), -50.0)


def _same_last_layer(net: GoogLeNet) -> None:
    net.aux2.fc2 = net.aux1.fc2


REFERENCE_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="5×5 branch of 4c detached", rule="GA506",
        plant=_spoiled(lambda net: net.inception_4c.branch3.register_forward_hook(lambda _m, _i, out: out.detach())),
    ),
    Fault(
        name="aux1 detached from the trunk", rule="GA507",
        plant=_spoiled(lambda net: net.aux1.register_forward_pre_hook(lambda _m, args: (args[0].detach(),))),
    ),
    Fault(
        name="softmax before the cross-entropy", rule="GA520",
        plant=_spoiled(lambda net: net.linear.register_forward_hook(lambda _m, _i, out: out.softmax(1))),
    ),
    Fault(name="conv2 frozen", rule="GA506", plant=_spoiled(lambda net: net.conv2.requires_grad_(requires_grad=False))),
    Fault(name="dead ReLUs in 4b", rule="GA516", plant=_spoiled(_dead)),
    Fault(name="two heads sharing the last layer", rule="GA522", plant=_spoiled(_same_last_layer)),
    Fault(
        name="dropout left on in eval", rule="GA517",
        plant=_spoiled(lambda net: net.dropout.register_forward_hook(lambda _m, args, _o: F.dropout(args[0], 0.4))),
    ),
    Fault(
        name="a mean over the batch", rule="GA513",
        plant=_spoiled(lambda net: net.avgpool.register_forward_hook(lambda _m, _i, out: out - out.mean(0))),
    ),
    Fault(
        name="aux1 stuck at ln C", rule="GA510",
        plant=_spoiled(lambda net: net.aux1.fc2.register_forward_hook(lambda _m, _i, out: out * 1e-5)),
    ),
    *(fault for fault in FAULTS if fault.name in {
        "heads weighted 1.0 instead of 0.3", "learning rate 0", "a rate too large: no numbers", "images not normalised",
        "channels swapped in the test split", "training and test overlap", "images of one class missing",
        "never put into eval", "gradients not cleared", "a checkpoint without biases",
    }),
)  # fmt: skip


# --- the table ---------------------------------------------------------------------------------------------------

BEGIN, END = "<!-- training faults -->", "<!-- /training faults -->"


def failed(result: Training) -> tuple[str, ...]:
    """The rules whose errors a training has, each once, in the order of the checks."""
    grave = (check for check in result.checks if check.outcome is Outcome.FAIL and check.severity is Severity.ERROR)
    return tuple(dict.fromkeys(check.rule for check in grave))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    name: str
    rule: str
    """The one that must fail; empty where none may."""
    found: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the rule is among those that failed; a healthy run must fail none."""
        return self.rule in self.found if self.rule else not self.found


def lines() -> Iterator[Line]:
    """Every fault and five healthy runs."""
    for seed in range(SEEDS):
        yield Line(name=f"none, seed {seed}", rule="", found=failed(healthy(seed).run()))
    for fault in FAULTS:
        yield Line(name=fault.name, rule=fault.rule, found=failed(fault.plant(healthy()).run()))


def reference_lines() -> Iterator[Line]:
    """The faults of the paper's network, each run until its rule fails."""
    for fault in REFERENCE_FAULTS:
        caught = fault.plant(reference()).fails(fault.rule)
        yield Line(name=fault.name, rule=fault.rule, found=(fault.rule,) if caught else ())


def table(found: Sequence[Line], *, all_rules: bool = False) -> str:
    """The detection table in Markdown."""
    rows = [f"| {line.name} | {line.rule or '-'} | {_verdict(line)} |{_others(line, all_rules)}" for line in found]
    faults, sound = [line for line in found if line.rule], [line for line in found if not line.rule]
    caught, alarms = sum(line.right for line in faults), sum(not line.right for line in sound)
    summary = f"{caught} of {len(faults)} planted faults caught by the expected rule; {alarms} of {len(sound)} healthy runs refused."
    head = ["| planted fault | rule | caught |" + " failed |" * all_rules, "|---|---|---|" + "---|" * all_rules]
    return "\n".join([summary, "", *head, *rows])


def _verdict(line: Line) -> str:
    if not line.rule:
        return "passes" if line.right else "REFUSED"
    return "yes" if line.right else "NO"


def _others(line: Line, all_rules: bool) -> str:
    return f" {' '.join(line.found)} |" if all_rules else ""


def main() -> int:
    """Print the table, put it into a file, or say whether a file shows it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", action="store_true", help="on the paper's own network: minutes")
    parser.add_argument("--all", action="store_true", help="every rule that failed, not only the expected one")
    parser.add_argument("--write", metavar="FILE", help="put the table between the marks of a file")
    parser.add_argument("--check", metavar="FILE", help="fail if a file shows another table")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    text = table(list(reference_lines() if chosen.reference else lines()), all_rules=chosen.all)
    if not (chosen.write or chosen.check):
        print(text)
        return 0
    file = Path(chosen.write or chosen.check)
    before, rest = file.read_text(encoding="utf-8").split(BEGIN)
    new = f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}"
    if chosen.write:
        file.write_text(new, encoding="utf-8")
    return int(file.read_text(encoding="utf-8") != new)


if __name__ == "__main__":
    sys.exit(main())
