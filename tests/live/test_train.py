"""A smoke training tells a healthy build from a broken one, and names what is broken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from gnet_audit.errors import TargetError
from gnet_audit.live import check_fit, check_gradient
from gnet_audit.live.subject import initialise, reached, subject
from gnet_audit.live.train import Control, training
from gnet_audit.rules import RULES
from gnet_audit.training import PAPER, Check, Optimizer, Outcome, Phase, Point, Recipe, Training, Verdict
from tests import broken_nets
from tests.training_faults import FAULTS, Fault, Line, failed, table
from tests.training_net import SIZE, Outputs, Small
from tests.training_setup import ENVIRONMENT, Setup, healthy


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """A small network is faster so, and the machine has other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def result() -> Training:
    """A healthy training."""
    torch.set_num_threads(1)
    return healthy().run()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_planted_fault_is_caught_by_its_rule(fault: Fault) -> None:
    assert fault.plant(healthy()).fails(fault.rule)


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_healthy_network_passes_with_any_seed(seed: int) -> None:
    assert failed(healthy(seed).run()) == ()


def test_the_healthy_network_learns(result: Training) -> None:
    assert failed(result) == ()
    assert result.verdict is Verdict.LEARNS


def test_all_rules_of_a_single_process_are_checked(result: Training) -> None:
    assert {check.rule for check in result.checks} == {f"GA5{number:02}" for number in range(1, 25) if number != 23}


def test_the_documentation_has_a_line_for_every_rule() -> None:
    text = (Path(__file__).parents[2] / "docs" / "smoke-train.md").read_text(encoding="utf-8")
    lines = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| GA5")]
    assert lines == [rule.id for rule in RULES if rule.id.startswith("GA5")]


def test_the_curve_has_a_point_for_every_step_and_a_loss_for_every_head(result: Training) -> None:
    assert [point.step for point in result.curve(Phase.REAL)] == list(range(1, 31))
    assert {len(point.losses) for point in result.points} == {3}
    for point in result.points:
        assert point.total == pytest.approx(point.losses[0] + 0.3 * (point.losses[1] + point.losses[2]), rel=1e-5)


def test_the_same_seed_gives_the_same_curve(result: Training) -> None:
    assert healthy().run().points == result.points


def test_the_reach_of_each_head_is_told_part_by_part(result: Training) -> None:
    reach = {entry.part: entry.reached for entry in result.reach}
    assert reach["a.five"] == (2, 2, 2)
    assert reach["b.five"] == (2, 0, 2)
    assert reach["c.five"] == (2, 0, 0)
    assert reach["aux1.fc1"] == (0, 2, 0)


def test_each_kind_of_branch_is_told_where_the_paper_s_slots_are_known() -> None:
    kinds = {"one": "1x1", "three_reduce": "3x3_reduce", "three": "3x3", "five_reduce": "5x5_reduce", "five": "5x5"}
    slots = {
        f"{module}.{layer}": f"inception_{module}.{slot}"
        for module in "abc"
        for layer, slot in {**kinds, "pool": "pool_proj"}.items()
    }
    job = replace(healthy(), make=broken_nets.Detached, slots=slots).job()
    records = check_gradient.gradients(job, job.subject.make())
    found = {record.part: record for record in records if isinstance(record, Check) and record.rule == "GA506"}
    expected = {"1x1": (6, 6), "3x3": (12, 12), "5x5": (8, 12), "pool": (6, 6)}
    for kind, (reached_, tensors) in expected.items():
        check = found[f"{kind} branches"]
        assert (check.value, check.threshold) == (reached_, f"all {tensors}")
        assert check.outcome is (Outcome.PASS if reached_ == tensors else Outcome.FAIL)
    assert found["inception_b.5x5"].outcome is Outcome.FAIL


def test_without_heads_their_checks_do_not_apply() -> None:
    class Headless(Small):
        def forward(self, x: Tensor) -> Tensor:
            return self.logits(self.trunk(x)[2])

    class Alone(Headless):
        def __init__(self) -> None:
            super().__init__()
            del self.aux1, self.aux2

    result = replace(healthy(), make=Alone).run()
    outcomes = {check.rule: check.outcome for check in result.checks if check.rule in {"GA507", "GA508", "GA522"}}
    assert set(outcomes.values()) == {Outcome.NOT_APPLICABLE}
    assert result.verdict is Verdict.LEARNS
    assert result.heads == ("main",)


def test_batch_normalisation_is_no_fault() -> None:
    class Normalised(Small):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(48)

        def logits(self, c: Tensor) -> Tensor:
            return super().logits(self.norm(c))

    assert failed(replace(healthy(), make=Normalised).run()) == ()


def test_the_papers_recipe_runs() -> None:
    setup = healthy()
    recipe = replace(PAPER, size=SIZE, steps=6, overfit_steps=3, shuffled_steps=1, batch_size=8)
    result = replace(setup, recipe=recipe).run()
    assert len(result.curve(Phase.REAL)) == 6
    assert result.accuracy is not None


def test_the_papers_recipe_learns_the_one_batch_with_adam() -> None:
    assert (PAPER.for_one_batch.optimizer, PAPER.for_one_batch.lr) == (Optimizer.ADAM, 3e-4)
    assert Recipe(lr=0.0).for_one_batch.lr == 0


def test_overfit_only_leaves_the_real_run_out() -> None:
    setup = healthy()
    result = replace(setup, recipe=replace(setup.recipe, overfit_only=True)).run()
    assert {point.phase for point in result.points} == {Phase.OVERFIT}
    assert result.accuracy is None
    assert result.verdict is Verdict.LEARNS


def test_a_deadline_in_the_past_leaves_out_what_was_not_done() -> None:
    *_, result = training(healthy().job(), ENVIRONMENT, Control(deadline=0.0))
    assert isinstance(result, Training)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.points == ()
    missing = {check.rule for check in result.checks if check.outcome is Outcome.NOT_RUN}
    assert missing == {"GA509", "GA511", "GA512", "GA514"}


def short(setup: Setup, steps: int) -> Setup:
    """So many real steps, and few of the others."""
    recipe = replace(setup.recipe, overfit_steps=3, steps=steps, shuffled_steps=1, batch_size=8)
    return replace(setup, recipe=recipe)


def test_a_real_run_that_was_cut_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("gnet_audit.live.train.time.monotonic", lambda: now[0])
    records = training(short(healthy(), 6).job(), ENVIRONMENT, Control(deadline=100.0))
    for record in records:
        if isinstance(record, Point) and (record.phase, record.step) == (Phase.REAL, 3):
            now[0] = 200.0
    assert isinstance(record, Training)
    found = {check.rule: (check.outcome, check.meaning) for check in record.checks if check.rule in {"GA511", "GA512"}}
    assert set(found.values()) == {(Outcome.NOT_RUN, "the time limit came after 3 of 6 steps")}
    assert found.keys() == {"GA511", "GA512"}


def test_one_step_is_said_to_be_too_few() -> None:
    checks = [check for check in short(healthy(), 1).run().checks if check.rule in {"GA511", "GA512"}]
    assert {check.outcome for check in checks} == {Outcome.NOT_RUN}
    assert {check.meaning for check in checks} == {"one step is too few to tell: give --steps 2 or more"}


def test_a_class_without_training_images_is_told_by_the_count() -> None:
    setup = short(healthy(), 2)
    train = setup.data.train
    kept = train.labels != 3
    fewer = replace(train, stored=train.stored[kept], labels=train.labels[kept])
    job = replace(setup, data=replace(setup.data, train=fewer)).job()
    assert sorted(job.data.train.labels[job.ten].tolist()) == [0, 0, 1, 2, 4, 5, 6, 7, 8, 9]
    result = replace(setup, data=replace(setup.data, train=fewer)).run()
    counts = {check.part: check for check in result.checks if check.rule == "GA501"}
    assert (counts["train"].outcome, counts["train"].value) == (Outcome.FAIL, 0.0)


def test_the_images_to_be_learned_by_heart_are_one_of_each_class() -> None:
    job = healthy().job()
    assert job.data.train.labels[job.ten].tolist() == list(range(10))


@pytest.mark.parametrize(("calls", "part"), [(3, "the untrained network"), (40, "one batch")])
def test_a_network_that_raises_later_is_told_with_the_part_of_the_run(calls: int, part: str) -> None:
    """`calls` forwards of every kind go well: the untrained network is asked fewer than 40 times."""
    made: list[None] = []

    class Late(Small):
        def forward(self, x: Tensor) -> Tensor | Outputs:
            made.append(None)
            if len(made) > calls:
                raise ValueError("two\nlines")
            return super().forward(x)

    with pytest.raises(TargetError) as caught:
        replace(healthy(), make=Late).run()
    assert caught.value.line == f"test: the network raises in training ({part}): ValueError: two lines"


def test_a_network_that_no_gradient_comes_through_is_told_as_such() -> None:
    class Overwritten(Small):
        def logits(self, c: Tensor) -> Tensor:
            pooled = c.mean(dim=(2, 3))
            logits: Tensor = self.linear(pooled)
            pooled.zero_()  # the linear layer needs it on the way back
            return logits

    with pytest.raises(
        TargetError, match=r"^test: the network raises in training \(.*modified by an inplace operation"
    ):
        replace(healthy(), make=Overwritten).run()


def test_a_mistake_that_is_not_the_networks_is_not_called_its_own() -> None:
    def broken(*_: object) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace(healthy(), loop={"total_loss": broken}).run()


def test_a_fault_that_is_missed_and_a_healthy_run_that_is_refused_are_shown() -> None:
    found = (
        Line(name="a", rule="GA506", found=("GA504", "GA506")),
        Line(name="b", rule="GA506", found=("GA504",)),
        Line(name="none", rule="", found=("GA504",)),
        Line(name="sound", rule="", found=()),
    )
    assert table(found).splitlines() == [
        "1 of 2 planted faults caught by the expected rule; 1 of 2 healthy runs refused.",
        "",
        "| planted fault | rule | caught |",
        "|---|---|---|",
        "| a | GA506 | yes |",
        "| b | GA506 | NO |",
        "| none | - | REFUSED |",
        "| sound | - | passes |",
    ]


# --- the network -------------------------------------------------------------------------------------------------


class Named(NamedTuple):
    """Heads before the main output."""

    early: Tensor
    late: Tensor
    main: Tensor


class Backwards(Small):
    """Returns its heads first."""

    def forward(self, x: Tensor) -> Tensor | Named:  # type: ignore[override]
        a, b, c = self.trunk(x)
        return Named(self.aux1(a), self.aux2(b), self.logits(c)) if self.training else self.logits(c)


def test_the_main_output_is_the_one_that_most_of_the_network_feeds() -> None:
    found = subject("t", Backwards, SIZE, 10)
    assert (found.heads, found.order) == (("main", "aux1", "aux2"), (2, 0, 1))
    assert found.classifiers == ("linear.weight", "aux1.fc2.weight", "aux2.fc2.weight")


def test_another_number_of_classes_is_refused_with_both_numbers() -> None:
    with pytest.raises(TargetError) as caught:
        subject("net.py:Small", lambda: Small(7), SIZE, 10)
    assert (caught.value.expected, caught.value.got) == ("10 classes", "7 classes")


@pytest.mark.parametrize(("output", "got"), [(torch.zeros(2, 3, 4), "an output of shape (2, 3, 4)"), (None, "")])
def test_an_output_that_is_no_vector_is_refused(output: Tensor | None, got: str) -> None:
    class Odd(Small):
        def forward(self, _x: Tensor) -> Tensor:
            return output  # type: ignore[return-value]

    with pytest.raises(TargetError) as caught:
        subject("t", Odd, SIZE, 10)
    assert caught.value.got == got


def test_a_forward_that_raises_is_one_line() -> None:
    with pytest.raises(TargetError, match="the forward raises in training: RuntimeError") as caught:
        subject("t", Small, (4, 40, 40), 10)
    assert "\n" not in caught.value.line


def test_a_forward_that_raises_in_eval_only_is_one_line() -> None:
    class Unbound(Small):
        def forward(self, x: Tensor) -> Tensor | Outputs:
            if not self.training:
                raise UnboundLocalError("aux1")
            return super().forward(x)

    with pytest.raises(TargetError, match="the forward raises in eval: UnboundLocalError: aux1"):
        subject("t", Unbound, SIZE, 10)


def test_parts_are_the_papers_slots_where_they_are_known() -> None:
    slots = {
        "a.three": "inception_3a.3x3",
        "a.three_reduce": "inception_3a.3x3_reduce",
        "a.pool": "inception_3a.pool_proj",
    }
    found = subject("t", Small, SIZE, 10, slots)
    names = ("a.three.weight", "a.three_reduce.bias", "a.pool.weight", "b.one.weight")
    assert list(map(found.part, names)) == ["inception_3a.3x3", "inception_3a.3x3", "inception_3a.pool", "b.one"]


def test_the_recipes_first_weights_are_kaimings_and_small_at_the_end() -> None:
    torch.manual_seed(0)
    net = Small()
    initialise(net, ("linear.weight", "aux1.fc2.weight", "aux2.fc2.weight"))
    assert float(net.linear.weight.detach().std()) == pytest.approx(0.001, rel=0.1)
    assert float(net.c.five.weight.detach().std()) == pytest.approx(math.sqrt(2 / (12 * 25)), rel=0.1)
    assert not any(bool(bias.any()) for name, bias in net.named_parameters() if name.endswith("bias"))


def test_what_an_output_was_computed_from_is_found_nearest_first() -> None:
    layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Linear(5, 5))
    names = {id(parameter): name for name, parameter in layers.named_parameters()}
    found = [names[id(weight)] for weight in reached(layers[:3](torch.ones(1, 3)))]
    assert set(found) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert {*found[:2]} == {"2.weight", "2.bias"}


# --- arithmetic --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("images", "chance", "level"), [(100, 0.1, 0.01), (800, 0.1, 0.01), (10, 0.5, 0.05)])
def test_the_bound_is_the_binomial_one(images: int, chance: float, level: float) -> None:
    def tail(least: int) -> float:
        terms = (
            math.exp(
                math.log(math.comb(images, k)) + k * math.log(chance) + (images - k) * math.log(1 - chance)
            )
            for k in range(least, images + 1)
        )  # fmt: skip
        return math.fsum(terms)

    bound = check_fit.least_above_chance(images, chance, level)
    assert tail(bound) <= level < tail(bound - 1)


def test_two_wild_values_do_not_turn_the_robust_slope() -> None:
    values = [5.0 - 0.25 * step for step in range(20)]
    values[3], values[17] = 100.0, -50.0
    assert check_fit.robust_slope(values) == pytest.approx(-0.25)
