"""From what was asked for on the command line to a run: the data, the device, the network, the job."""

from __future__ import annotations

import copy
import inspect
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from gnet_audit.errors import TargetError, UnavailableError, UsageError
from gnet_audit.live import stl10, synthetic
from gnet_audit.live.feed import feed
from gnet_audit.live.job import Job
from gnet_audit.live.launch import launch
from gnet_audit.live.loop import Loop
from gnet_audit.live.ranks import Ranks, joined
from gnet_audit.live.stl10 import CLASSES, Dataset, split_facts
from gnet_audit.live.subject import Subject, subject
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.target import Build, build
from gnet_audit.live.train import Control, training
from gnet_audit.live.twin import twin_of
from gnet_audit.network import Shape
from gnet_audit.report import Environment
from gnet_audit.training import DataFacts, Recipe, Record

AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A smoke training as asked for."""

    target: object = "reference"
    args: Mapping[str, object] = field(default_factory=dict)
    data: Path | None = None
    """Where STL-10 lies; None for the embedded set."""
    device: str = AUTO
    recipe: Recipe = field(default_factory=Recipe)
    epochs: int | None = None
    """In place of the recipe's steps."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """The paper's slot for each layer that is known to be one."""
    control: Control = field(default_factory=Control)


def run(request: Request) -> Iterator[Record]:
    """Run it; the last record is the result. Under torchrun every process yields it, and rank 0's alone has all checks."""
    device = device_of(request.device)
    data = dataset(request.data)
    with joined(device) as ranks:
        built = _built(request)
        with built.importable():
            yield from training(_job(request, built, data, device, ranks), _environment(device), request.control)


def must_be_possible(folder: Path | None, device: str) -> None:
    """Raise, before anything slow is done, where the device or the data is not there."""
    device_of(device)
    if folder is not None:
        stl10.load(folder)


def dataset(folder: Path | None) -> Dataset:
    """STL-10 in a folder, or the embedded set."""
    return synthetic.dataset() if folder is None else stl10.load(folder)


def facts(folder: Path | None) -> DataFacts:
    """What can be said of a data set without training."""
    return stl10.facts(dataset(folder))


def device_of(asked: str) -> torch.device:
    """The device asked for; `auto` takes a GPU where there is one, and under torchrun each process its own."""
    local = launch().local
    gpu = torch.cuda.is_available()
    if asked == AUTO:
        return torch.device("cuda", local % torch.cuda.device_count()) if gpu else torch.device("cpu")
    try:
        device = torch.device(asked)
    except RuntimeError:
        raise UsageError("no such device", where="--device", expected="auto, cpu, cuda or cuda:0", got=asked) from None
    if device.type not in {"cpu", "cuda"}:
        raise UsageError("not a device we train on", where="--device", expected="auto, cpu, cuda or cuda:0", got=asked)
    if asked == "cuda":
        device = torch.device("cuda", local)
    if device.type == "cuda" and (not gpu or (device.index or 0) >= torch.cuda.device_count()):
        count = torch.cuda.device_count() if gpu else 0
        raise UnavailableError("no such GPU here", where="--device", expected=f"one of {count}", got=asked)
    return device


# --- the job ---------------------------------------------------------------------------------------------------


def _built(request: Request) -> Build:
    args = dict(request.args)
    if request.target == "reference":
        args.setdefault("num_classes", len(CLASSES))
    return build(request.target, args)


def _job(request: Request, built: Build, data: Dataset, device: torch.device, ranks: Ranks) -> Job:
    recipe = request.recipe
    if request.epochs is not None:
        images = len(data.train)
        recipe = replace(recipe, steps=-(-request.epochs * images // (recipe.batch_size * ranks.size)))
    size = (recipe.size[1], recipe.size[2])
    return Job(
        subject=_subject(request, built, recipe),
        data=data,
        recipe=recipe,
        loop=Loop(feed=feed(size, split_facts("train", data.train), device)),
        device=device,
        ranks=ranks,
    )


def _subject(request: Request, built: Build, recipe: Recipe) -> Subject:
    try:
        found = subject(built.text, _maker(built, recipe.size), recipe.size, len(CLASSES), request.slots)
        return replace(found, args={name: repr(value) for name, value in sorted(request.args.items())})
    except TargetError as error:
        if error.expected != f"{len(CLASSES)} classes":
            raise
        cure = _class_argument(built, error.got)
        raise TargetError(error.what, where=error.where, expected=f"{error.expected}; {cure}", got=error.got) from error


def _maker(built: Build, size: Shape) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        module = built.again() if built.again is not None else _copy(built.module)
        if any(isinstance(parameter, UninitializedParameter) for parameter in module.parameters()):
            with torch.no_grad(), undisturbed():
                module.train()(torch.zeros(2, *size))  # lazy layers learn their sizes
        return module

    return make


def _copy(module: nn.Module) -> nn.Module:
    """A copy of an instance whose hooks reach the copy; what has no numbers or no code of its own is copied as it is."""
    scripted = any(isinstance(part, torch.jit.ScriptModule) for part in module.modules())
    if scripted or any(parameter.is_meta for parameter in module.parameters()):
        return copy.deepcopy(module)
    return twin_of(module, torch.device("cpu")).module


def _class_argument(built: Build, found: str) -> str:
    """Which argument of the target would give it ten classes."""
    if built.again is None:
        return "it is an instance: build it with ten"
    parameters = inspect.signature(type(built.module)).parameters
    known = [name for name, _ in built.guessed] + list(parameters)
    named = [name for name in known if "class" in name.lower() or "cls" in name.lower()]
    equal = [name for name, parameter in parameters.items() if f"{parameter.default} classes" == found]
    if not named and not equal:
        return "none of its arguments sets them: the number is written in its code"
    return f"give it --arg {(named or equal)[0]}={len(CLASSES)}"


def _environment(device: torch.device) -> Environment:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu(torch.get_num_threads())
    return Environment(
        gnet_audit=version("gnet-audit"),
        python=platform.python_version(),
        torch=torch.__version__,
        platform=f"{platform.system()} {platform.machine()}",
        device=name,
    )


def _cpu(threads: int) -> str:
    return f"cpu, {threads} threads" if threads > 1 else "cpu, 1 thread"
