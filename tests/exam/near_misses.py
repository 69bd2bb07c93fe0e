"""Other networks, near or far: each must be refused with a reason, not with a thousand findings."""

from __future__ import annotations

from dataclasses import dataclass

from tests.exam.build import TESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A network that is not the paper's."""

    id: str
    target: str
    input_shape: tuple[int, int, int] = (3, 224, 224)


def _foreign(name: str, *, size: int = 224, id: str = "") -> NearMiss:
    return NearMiss(id=id or name, target=f"torchvision:{name}", input_shape=(3, size, size))


def _ours(file: str, name: str) -> NearMiss:
    return NearMiss(id=name, target=f"{TESTS / 'near_misses' / file}.py:{name}")


NEAR_MISSES = (
    _foreign("inception_v3", size=299),
    # In training its head needs a larger picture; the look in eval is enough to refuse it.
    _foreign("inception_v3", id="inception_v3 at 224"),
    _foreign("resnet18"),
    _foreign("vgg11"),
    _foreign("densenet121"),
    _foreign("squeezenet1_1"),
    _foreign("alexnet"),
    _foreign("mobilenet_v2"),
    _ours("bn_inception", "BNInception"),
    # Its trunk is the paper's, but it answers with a map of scores: it classifies no picture.
    _ours("fcn", "GoogLeNetFCN"),
    _ours("one_dimensional", "GoogLeNet1d"),
    _ours("three_dimensional", "I3D"),
    _ours("toys", "TenthGoogLeNet"),
    _ours("toys", "TwoBlocks"),
    _ours("toys", "mlp"),
)
