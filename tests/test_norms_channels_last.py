"""Normalisations across channels that stand last, by windows and by shifts, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from gnet_audit.network import LRN, Flatten
from tests.test_channels_last import SHAPE, Small, first, last, over, shifted, shifts, understood, windowed

Form = Callable[[Tensor], Tensor]
NORM = LRN(size=5, alpha=1e-4, beta=0.75, k=1.0)


NORMS: dict[str, Form] = {
    "windows": windowed,
    "windows of a power": lambda x: F.pad(x**2, (2, 2)).unfold(3, 5, 1).sum(dim=4),
    "windows by their mean": lambda x: 5 * F.pad(x**2, (2, 2, 0, 0)).unfold(3, 5, 1).mean(-1),
    "shifts": shifted,
    "stacked shifts": lambda x: torch.stack(shifts(x, 0, 1, 2, 3, 4), -1).sum(-1),
}


def normalised(total: Form) -> Small:
    """A normalisation of a map whose channels stand last meanwhile, by a total of its neighbours."""

    def run(x: Tensor, *_: Tensor) -> Tensor:
        y = last(x)
        return first(over(y, total(y)))

    return Small(run)


@pytest.mark.parametrize("form", NORMS)
def test_a_normalisation_along_channels_that_stand_last_is_one_across_channels(form: str) -> None:
    assert understood(normalised(NORMS[form])) == (NORM,)


OTHER_NORMS: dict[str, Form] = {
    "off centre": lambda x: windowed(x, 1, 3),
    "along the width": lambda x: F.pad(x * x, (0, 0, 2, 2)).unfold(2, 5, 1).sum(-1),
    "along the height": lambda x: F.pad(x * x, (0, 0, 0, 0, 2, 2)).unfold(1, 5, 1).sum(-1),
    "padded along the width": lambda x: F.pad(x * x, (0, 0, 2, 2))[:, :, :7].unfold(3, 1, 1).sum(-1),
    "padded with ones": lambda x: F.pad(x * x, (2, 2), value=1.0).unfold(-1, 5, 1).sum(-1),
    "mirrored": lambda x: F.pad(x * x, (2, 2, 0, 0), mode="reflect").unfold(-1, 5, 1).sum(-1),
    "two axes padded": lambda x: F.pad(x * x, (2, 2, 1, -1)).unfold(-1, 5, 1).sum(-1),
    "of another map": lambda x: windowed(x + 1),
    "not of the squares": lambda x: F.pad(x.abs(), (2, 2)).unfold(-1, 5, 1).sum(-1),
    "turned": lambda x: windowed(x).flip(-1),
    "a neighbour twice": lambda x: torch.stack(shifts(x, 0, 1, 1, 3, 4), -1).sum(-1),
    "neighbours of two axes": lambda x: F.pad(x * x, (2, 2))[..., 1:7] + F.pad(x * x, (0, 0, 2, 2))[:, :, :7],
}


@pytest.mark.parametrize("form", OTHER_NORMS)
def test_another_normalisation_is_not_taken_for_one_across_channels(form: str) -> None:
    ops = understood(normalised(OTHER_NORMS[form]))
    assert NORM not in ops or len([one for one in ops if isinstance(one, Flatten) and one.order]) == 2


def test_a_normalisation_along_the_width_keeps_the_orders_of_axes_around_it() -> None:
    ops = understood(Small(lambda x, *_: over(x, windowed(x))))
    there, back = (
        Flatten(shape=(7, 6, 5), of=SHAPE, order=(2, 0, 1)),
        Flatten(shape=SHAPE, of=(7, 6, 5), order=(1, 2, 0)),
    )
    assert ops == (there, NORM, back)


# --- channels that stand last for the window alone --------------------------------------------------------------

TURNED: dict[str, Form] = {
    "the squares": lambda x: first(F.pad(last(x**2), (2, 2)).unfold(-1, 5, 1).sum(-1)),
    "the map": lambda x: first(windowed(last(x))),
    "the map, shifts": lambda x: first(shifted(last(x))),
}


@pytest.mark.parametrize("form", TURNED)
def test_a_window_of_channels_that_stand_last_for_it_is_one_across_channels(form: str) -> None:
    assert understood(Small(lambda x, *_: over(x, TURNED[form](x)))) == (NORM,)


OTHERS_TURNED: dict[str, Form] = {
    "off centre": lambda x: first(windowed(last(x), 1, 3)),
    "never squared": lambda x: first(F.pad(last(x), (2, 2)).unfold(-1, 5, 1).sum(-1)),
    "squared twice": lambda x: first(windowed(last(x * x))),
    "and one": lambda x: first(windowed(last(x)) + 1),
    "doubled": lambda x: first(windowed(last(x)) * 2),
    "another map": lambda x: first(windowed(last(x + 1))),
    "the width last": lambda x: windowed(x.mT).mT,
    "channels first all along": windowed,
    "turned once, of a square": lambda x: first(windowed(x[..., :6].reshape(x.shape[0], 5, 6, 6)))[..., :1],
    "along the width": lambda x: first(F.pad(last(x * x), (0, 0, 2, 2)).unfold(2, 5, 1).sum(-1)),
    "along the height": lambda x: first(F.pad(last(x * x), (0, 0, 0, 0, 2, 2)).unfold(1, 5, 1).sum(-1)),
}


@pytest.mark.parametrize("form", OTHERS_TURNED)
def test_another_window_of_turned_channels_is_not_taken_for_one_across_channels(form: str) -> None:
    assert understood(Small(lambda x, *_: over(x, OTHERS_TURNED[form](x)))) != (NORM,)


def test_a_window_of_a_map_whose_height_and_width_changed_places_is_another() -> None:
    def run(x: Tensor, *_: Tensor) -> Tensor:
        square = x[..., :5]
        return over(square, first(windowed(square.permute(0, 3, 2, 1))))

    assert NORM not in understood(Small(run))
