"""Many audits at once, and audits beside other work: the same results as alone, and nothing left patched."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit import audit
from gnet_audit.errors import TargetError
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.live.googlenet import GoogLeNet
from gnet_audit.live.lines import Construction
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode
from gnet_audit.proof import ProofStatus
from gnet_audit.report import Report
from tests.hostile_targets import traits
from tests.hostile_targets.world import changed, world
from tests.live.test_prove import SMALL, small


class Fails(GoogLeNet):
    """Stops in the midst of its forward, with torch left in a mess."""

    def forward(self, image: Tensor) -> Tensor:
        F.relu = F.tanh  # type: ignore[assignment]
        torch.set_default_dtype(torch.float64)
        os.environ["HOSTILE"] = "1"
        raise ValueError(str(self.conv1(image).shape))


class Wide(GoogLeNet):
    """A network with one difference."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2.conv = nn.Conv2d(64, 192, 5, padding=2)


TARGETS: tuple[object, ...] = (
    "reference", GoogLeNet, Fails, Wide, traits.Prints, traits.ReplacesAFunction, traits.MovesElsewhere,
    traits.LeavesHooks, traits.FiltersWarnings, "reference",
)  # fmt: skip


def _told(target: object) -> str:
    return render(audit(target, prove=False), Format.JSON, View())


def test_ten_audits_at_once_in_threads_are_the_same_as_alone() -> None:
    alone = [_told(target) for target in TARGETS]
    before = world()
    barrier = threading.Barrier(len(TARGETS))

    def together(target: object) -> str:
        barrier.wait()
        return _told(target)

    with ThreadPoolExecutor(len(TARGETS)) as pool:
        found = list(pool.map(together, TARGETS))
    assert found == alone
    assert changed(before, world()) == set()
    assert len(set(alone)) >= 4


def test_proofs_at_once_are_the_same_as_alone() -> None:
    def proven(_: int) -> Report:
        return audit(small, input_shape=SMALL)

    alone = proven(0)
    assert alone.proof is not None
    assert alone.proof.status is ProofStatus.PROVEN
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(proven, range(2))) == [alone] * 2


def test_audits_at_once_in_processes_are_the_same_as_alone() -> None:
    words = [sys.executable, "-m", "gnet_audit", "check", "reference", "--no-prove", "--json"]
    alone = subprocess.run(words, capture_output=True, check=True).stdout
    together = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[0] for process in together] == [alone] * 3


def test_a_process_forked_beside_an_audit_can_audit() -> None:
    if sys.platform != "linux":
        pytest.skip("forks are for Linux")
    alone = _told("reference")
    waits, goes_on = threading.Event(), threading.Event()

    class Waits(GoogLeNet):
        def forward(self, image: Tensor) -> object:  # type: ignore[override]
            waits.set()
            goes_on.wait(0.5)
            return super().forward(image)

    beside = threading.Thread(target=_told, args=(Waits,))
    beside.start()
    waits.wait()
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python, on forks beside threads
        child = context.Process(target=lambda: sender.send(_told("reference")), daemon=True)
        child.start()
    goes_on.set()
    assert receiver.poll(60)
    assert receiver.recv() == alone
    child.join()
    beside.join()


def test_under_pytest_in_several_workers_the_results_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "test_many.py").write_text(
        "import pytest\n"
        "from gnet_audit import assert_matches\n"
        "from gnet_audit.live.googlenet import GoogLeNet\n"
        "@pytest.mark.parametrize('number', range(4))\n"
        "def test_it(number):\n"
        "    assert_matches(GoogLeNet, prove=False)\n",
        encoding="utf-8",
    )
    words = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", str(tmp_path)]
    found = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "4 passed" in found.stdout, found.stdout


# --- beside other work -------------------------------------------------------------------------------------------


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(F.relu(self.conv(x)).mean((2, 3)))  # type: ignore[no-any-return]


def _trained(until: Callable[[int], bool]) -> tuple[int, list[Tensor]]:
    """A small training without random numbers; modules are made and called in every step."""
    model = Small()
    for number, weight in enumerate(model.parameters()):
        nn.init.constant_(weight, 0.01 * (number + 1))
    optimiser, steps = torch.optim.SGD(model.parameters(), lr=0.1), 0
    while not until(steps):
        nn.Sequential(nn.ReLU(), nn.Identity())(torch.ones(2))
        images = torch.arange(2 * 3 * 6 * 6, dtype=torch.float32).reshape(2, 3, 6, 6) / 216
        loss = model(images).pow(2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steps += 1
    return steps, [weight.detach().clone() for weight in model.parameters()]


def test_a_training_beside_audits_is_neither_disturbed_nor_seen() -> None:
    networks = [trace(build(GoogLeNet), mode, (3, 224, 224)).network for mode in Mode]
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(_trained, lambda steps: over.is_set() and steps >= 5)
        try:
            made = [build(GoogLeNet) for _ in range(5)]
            seen = [[trace(one, mode, (3, 224, 224)).network for mode in Mode] for one in made]
        finally:
            over.set()
        steps, weights = training.result()
    for found in seen:
        for network, alone in zip(found, networks, strict=True):
            assert [layer for layer in network.layers if layer not in alone.layers] == []
            assert network == alone
    assert all(map(torch.equal, _trained(lambda done: done >= steps)[1], weights))


def test_a_layer_belongs_to_the_module_of_its_own_thread() -> None:
    inside, over = threading.Event(), threading.Event()

    class Foreign(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            inside.set()
            over.wait(10)
            return x

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(Foreign(), torch.zeros(1))
                inside.wait(10)
                result = F.relu(self.linear(x) * 2)
                over.set()
            return result

    network = trace(build(Net), Mode.EVAL, (4,)).network
    assert [layer.name for layer in network.layers] == ["input", "linear", "mul", "relu"]


def test_numpy_half_imported_by_another_thread_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy.random", ModuleType("numpy.random"))
    assert trace(build(Small), Mode.EVAL, (3, 6, 6)).error == ""


def test_another_thread_s_modules_are_not_remembered_while_a_model_is_built() -> None:
    construction, made = Construction(), []
    with construction.recording(_trained.__code__):
        with ThreadPoolExecutor(1) as pool:
            made.append(pool.submit(Small).result())
        made.append(Small())
    assert dict(construction.of(made[0])) == {}
    assert set(construction.of(made[1])) == {"", "conv", "linear"}


def test_another_thread_prints_and_warns_as_ever_while_a_model_runs(capfd: pytest.CaptureFixture[str]) -> None:
    def beside() -> None:
        print("beside")
        warnings.warn("beside", UserWarning, stacklevel=1)

    def within() -> None:
        with undisturbed(), ThreadPoolExecutor(1) as pool:
            print("within")
            warnings.warn("within", stacklevel=1)
            pool.submit(beside).result()

    with pytest.warns(UserWarning, match="beside") as caught:
        within()
    out, error = capfd.readouterr()
    assert (out, error) == ("beside\n", "within\n")
    assert [str(one.message) for one in caught] == ["beside"]


def test_an_exception_in_one_thread_leaves_nothing_patched() -> None:
    before = world()
    errors: list[BaseException] = []

    def fails(error: BaseException) -> None:
        class Raises(GoogLeNet):
            def forward(self, image: Tensor) -> Tensor:  # noqa: ARG002
                F.relu = F.tanh  # type: ignore[assignment]
                raise error

        try:
            report = audit(Raises, prove=False)
        except BaseException as problem:  # noqa: BLE001 - also what is no Exception
            errors.append(problem)
        else:
            errors.append(TargetError(report.error))

    threads = [
        threading.Thread(target=fails, args=(error,))
        for error in (ValueError("so"), KeyboardInterrupt(), SystemExit(1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert changed(before, world()) == set()
    assert sorted(type(error).__name__ for error in errors) == ["KeyboardInterrupt", "TargetError", "TargetError"]
    assert audit("reference", prove=False).error == ""


def test_a_second_audit_waits_for_the_first() -> None:
    """One at a time: what the first changes in torch while it runs is not seen by the second."""
    running, order = threading.Event(), list[str]()

    class Slow(GoogLeNet):
        def forward(self, image: Tensor) -> object:  # type: ignore[override]
            F.relu, relu = F.tanh, F.relu  # type: ignore[assignment]
            running.set()
            time.sleep(0.2)
            order.append("first")
            F.relu = relu
            return super().forward(image)

    first = threading.Thread(target=audit, args=(Slow,), kwargs={"prove": False})
    first.start()
    running.wait()
    report = audit("reference", prove=False)
    first.join()
    assert order == ["first", "first"]
    assert not report.error
