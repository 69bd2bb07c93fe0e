"""The paper's network with one hostile trait each; its layers are the paper's all the same."""

from __future__ import annotations

import gc
import locale
import logging
import os
import random
import signal
import sys
import threading
import time
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import BaseTorchFunctionMode

from gnet_audit.live.googlenet import GoogLeNet, Outputs

Result = Tensor | Outputs


class Plain(GoogLeNet):
    """The paper's network with something done in its constructor and before and after its forward."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def forward(self, image: Tensor) -> Any:
        self.before()
        result = super().forward(image)
        self.after()
        return result

    def begin(self) -> None: ...

    def before(self) -> None: ...

    def after(self) -> None: ...


class Prints(Plain):
    def before(self) -> None:
        print("to the standard output")
        sys.stdout.write("written\n")
        print("to the standard error", file=sys.stderr)

    begin = before


class WritesToTheDescriptor(Plain):
    def before(self) -> None:
        os.write(2, b"to the descriptor\n")


class Seeds(Plain):
    def before(self) -> None:
        torch.manual_seed(7)
        random.seed(7)
        np.random.seed(7)  # noqa: NPY002

    begin = before


class Draws(Plain):
    def before(self) -> None:
        torch.rand(3)
        random.random()
        np.random.rand()  # noqa: NPY002

    begin = before


class ChangesTheDefaultType(Plain):
    def after(self) -> None:
        torch.set_default_dtype(torch.float64)

    begin = after


class IsBuiltInDoublePrecision(Plain):
    def __init__(self) -> None:
        torch.set_default_dtype(torch.float64)
        super().__init__()


class ChangesTheDefaultDevice(Plain):
    def before(self) -> None:
        torch.set_default_device("meta")

    begin = before


class EntersADevice(Plain):
    def after(self) -> None:
        torch.device("meta").__enter__()


class LeavesAFunctionMode(Plain):
    def before(self) -> None:
        BaseTorchFunctionMode().__enter__()  # type: ignore[no-untyped-call]


class SwitchesGradientsOff(Plain):
    def after(self) -> None:
        torch.set_grad_enabled(False)

    begin = after


class EntersNoGrad(Plain):
    def after(self) -> None:
        torch.no_grad().__enter__()


class SwitchesAutocastOn(Plain):
    def after(self) -> None:
        torch.set_autocast_enabled("cpu", True)  # noqa: FBT003
        torch.set_anomaly_enabled(True)


class ChangesThreadsAndFlags(Plain):
    def before(self) -> None:
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
        torch.backends.cudnn.deterministic = not torch.backends.cudnn.deterministic

    begin = before


class SlowsDown(Plain):
    def after(self) -> None:
        torch.set_float32_matmul_precision("medium")
        sys.setprofile(lambda *_: None)
        gc.disable()
        gc.set_threshold(gc.get_threshold()[0] + 1)

    begin = after


class LeavesHooks(Plain):
    """Hooks that change nothing, on a module each time and on all modules."""

    def before(self) -> None:
        self.conv1.register_forward_hook(lambda _module, _args, result: result)
        self.conv1.register_forward_pre_hook(lambda _module, args: args)
        register_module_forward_hook(lambda _module, _args, result: result)
        register_module_forward_pre_hook(lambda _module, args: args)

    begin = before


class SwapsItsModules(Plain):
    """Two modules that are alike exchange their places, and one is made anew, at each forward."""

    def before(self) -> None:
        self.pool1, self.pool2 = self.pool2, self.pool1
        self.lrn1, self.lrn2 = self.lrn2, self.lrn1
        self.avgpool = nn.AvgPool2d(kernel_size=7, stride=1)
        self.count = getattr(self, "count", 0) + 1


def _own_relu(x: Tensor, inplace: bool = False) -> Tensor:  # noqa: FBT002 - torch's own signature
    return torch.clamp(x, min=0)


class ReplacesAFunction(Plain):
    """By an equal one."""

    def before(self) -> None:
        F.relu = _own_relu  # type: ignore[assignment]

    begin = before


class ReplacesAMethod(Plain):
    def before(self) -> None:
        forward = nn.Conv2d.forward
        nn.Conv2d.forward = lambda module, x: forward(module, x * 1)  # type: ignore[method-assign, assignment]
        nn.Conv2d.later = True  # type: ignore[attr-defined]
        nn.ReLU = nn.ReLU6  # type: ignore[misc, assignment]


class OpensFiles(Plain):
    def before(self) -> None:
        with open(__file__, encoding="utf-8") as file:
            file.read(1)
        self.file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        self.file.write("kept open")


class MovesElsewhere(Plain):
    def before(self) -> None:
        os.chdir("/")
        os.environ["HOSTILE"] = "1"
        os.environ.pop("PATH", None)
        sys.path.insert(0, "/nowhere")
        sys.argv.append("--hostile")

    begin = before


class FiltersWarnings(Plain):
    def before(self) -> None:
        warnings.simplefilter("always")
        warnings.warn("careful", stacklevel=1)

    begin = before


class ChangesTheLocale(Plain):
    def before(self) -> None:
        locale.setlocale(locale.LC_ALL, "C")
        logging.basicConfig(level=logging.DEBUG, force=True)

    begin = before


class ChangesSignals(Plain):
    def before(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 1000)

    begin = before


class ReplacesStreams(Plain):
    def after(self) -> None:
        sys.stdout = sys.stderr = sys.stdin = None
        sys.excepthook = lambda *_: None
        sys.setrecursionlimit(sys.getrecursionlimit() + 100)

    begin = after


class StartsThreads(Plain):
    """One that ends and one that outlives the forward."""

    def before(self) -> None:
        quick = threading.Thread(target=lambda: torch.zeros(3).relu())
        quick.start()
        threading.Thread(target=time.sleep, args=(0.2,), daemon=True).start()
        quick.join()


class DependsOnData(Plain):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image if image.sum() > -1e9 else -image)


class AnswersEverything(Plain):
    """A __getattr__ that lies, a length of nothing, falsehood, and no name."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return 3

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False


class CannotBeShown(Plain):
    def __repr__(self) -> str:
        raise RuntimeError("no name")

    __str__ = __repr__


class GoesRound(Plain):
    """References to itself that are no submodules: as attributes, in a list, in its own children."""

    def begin(self) -> None:
        self.__dict__["itself"] = self
        self.all = [self, [self]]
        self.inception_3a.__dict__["parent"] = self


class IsItsOwnChild(Plain):
    def begin(self) -> None:
        self.inception_3a.parent = self


class HasTwoNames(Plain):
    """A parameter and a module registered again under other names."""

    def begin(self) -> None:
        self.alias = self.conv1.conv.weight
        self.again = self.inception_4c


class CountsItself(Plain):
    """Buffers, attributes of the class, gradients and modes changed in the forward."""

    calls = 0

    def begin(self) -> None:
        self.register_buffer("seen", torch.zeros(1))

    def before(self) -> None:
        type(self).calls += 1
        GoogLeNet.later = 1  # type: ignore[attr-defined]
        self.seen += 1  # type: ignore[operator, assignment]
        self.inception_3a.eval()
        self.conv1.conv.weight.requires_grad_(False)  # noqa: FBT003
        self.linear.weight.data.zero_()
        self.extra = nn.Linear(2, 2)


class ReturnsADictionary(Plain):
    def forward(self, image: Tensor) -> Any:
        result = super().forward(image)
        return {"outputs": list(result) if isinstance(result, tuple) else result, "none": None, "text": "so"}


class Box:
    def __init__(self, value: object) -> None:
        self.value = value
        self.itself = self

    def __repr__(self) -> str:
        raise RuntimeError("no name")

    def __len__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]


class ReturnsAnObject(Plain):
    def forward(self, image: Tensor) -> Any:
        return Box(super().forward(image))


TRAITS: tuple[type[Plain], ...] = tuple(
    value for value in list(vars().values()) if isinstance(value, type) and issubclass(value, Plain)
)


PROVEN = (
    SlowsDown,
    IsBuiltInDoublePrecision, ChangesTheDefaultDevice, SwitchesAutocastOn, LeavesHooks, SwapsItsModules,
    ReplacesAFunction, DependsOnData, CountsItself, ReturnsAnObject,
)  # fmt: skip
"""Those that reach into numbers: their claim is executed as well."""
