"""Second opinions: the counters of others, each run on a copy of its own; the only importer of torchinfo and fvcore."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

import torch
from torch import Tensor, nn

from gnet_audit.counts import Counted, Counter, Reconciled, reconcile
from gnet_audit.live.surroundings import undisturbed
from gnet_audit.live.target import Build
from gnet_audit.live.twin import twin_of
from gnet_audit.network import Network, Shape

LONGEST = 200
"""Characters of what a counter raised that are kept."""


def count(build: Build, network: Network, input_shape: Shape) -> Iterator[Reconciled]:
    """Each counter's opinion of the model in eval, on one image, held against the traced network."""
    for counter in Counter:
        yield reconcile(_ask(counter, build, input_shape), network)


def _ask(counter: Counter, build: Build, shape: Shape) -> Counted:
    home = "torch" if counter is Counter.FLOP_COUNTER_MODE else counter.value
    try:
        with undisturbed(), _silence(), build.importable():
            model = fresh(build, torch.device("cpu")).eval()
            image = torch.randn((1, *shape), generator=torch.Generator("cpu").manual_seed(0), device="cpu")
            total, ledger, skipped = _RUN[counter](model, image)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a counter that fails is reported, never fatal
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Counted(counter=counter, version=_version(home), failure=text[:LONGEST])
    return Counted(counter=counter, version=_version(home), total=total, ledger=ledger, skipped=skipped)


def fresh(build: Build, device: torch.device) -> nn.Module:
    """A copy of the model with real parameters that may be run and spoiled."""
    return twin_of(original(build), device).module


def original(build: Build) -> nn.Module:
    """The model with real parameters: itself, or built once more where it was built without data."""
    if build.again is not None and any(parameter.is_meta for parameter in build.module.parameters()):
        return build.again()
    return build.module


Opinion = tuple[int, tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]


def _torchinfo(model: nn.Module, image: Tensor) -> Opinion:
    import torchinfo

    summary = torchinfo.summary(model, input_data=image, verbose=0, mode="eval")
    ledger: dict[str, int] = {}
    for layer in summary.summary_list:
        if layer.is_leaf_layer and layer.macs:
            ledger[layer.class_name] = ledger.get(layer.class_name, 0) + layer.macs
    return summary.total_mult_adds, tuple(ledger.items()), ()


def _fvcore(model: nn.Module, image: Tensor) -> Opinion:
    import fvcore.nn

    analysis = fvcore.nn.FlopCountAnalysis(model, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)  # noqa: FBT003 - fvcore's own form
    ledger = tuple((name, int(amount)) for name, amount in analysis.by_operator().items())
    return int(analysis.total()), ledger, tuple(analysis.unsupported_ops().items())


def _flop_counter(model: nn.Module, image: Tensor) -> Opinion:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as mode:
        model(image)
    ledger = tuple((str(op), amount) for op, amount in mode.get_flop_counts().get("Global", {}).items())
    return mode.get_total_flops(), ledger, ()


_RUN: dict[Counter, Callable[[nn.Module, Tensor], Opinion]] = {
    Counter.TORCHINFO: _torchinfo,
    Counter.FVCORE: _fvcore,
    Counter.FLOP_COUNTER_MODE: _flop_counter,
}


def _version(package: str) -> str:
    return version(package)


@contextmanager
def _silence() -> Iterator[None]:
    """fvcore warns through a logger, its tracer through warnings."""
    logger = logging.getLogger("fvcore")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
