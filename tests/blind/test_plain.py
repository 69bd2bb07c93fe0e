"""The correct papers really compute the paper's function: against the examiner's own network, weights copied by hand."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.blind.correct import CORRECT, main_output, weights
from tests.blind.plain import drop, network, shapes

PAPERS = Path(__file__).parent / "papers"


def _marked_dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:  # noqa: FBT002
    return drop(x, p, training=training)


@pytest.fixture(autouse=True)
def papers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(PAPERS))
    monkeypatch.setattr(torch.nn.functional, "dropout", _marked_dropout)
    monkeypatch.setattr(torch, "dropout", _marked_dropout)
    before = set(sys.modules)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    for name in set(sys.modules) - before:
        if name.startswith(("c0", "c1", "s0")):
            del sys.modules[name]


@pytest.mark.parametrize("paper", CORRECT)
def test_a_correct_paper_computes_what_the_plain_network_computes(paper: str) -> None:
    file, name = paper.split(":")
    model = getattr(importlib.import_module(file), name)()
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        model.train()(x)  # lazy layers get their shapes, those of the heads too
        for parameter in model.parameters():
            scale = parameter[0].numel() ** -0.5 * 1.6 if parameter.ndim > 1 else 0.3
            parameter.copy_(torch.randn_like(parameter) * scale)
        model.double()
        x = x.double()
        held = weights(CORRECT[paper].modules(model))
        answer = main_output(model.eval()(x))
        trained = CORRECT[paper].outputs(model.train()(x))
        expected, heads = network(held, x, training=False), network(held, x, training=True)
    torch.testing.assert_close(answer, CORRECT[paper].answer(expected["main"]), rtol=1e-9, atol=1e-9)
    for got, wanted in zip(trained, (heads["main"], heads["aux1"], heads["aux2"]), strict=True):
        assert wanted.std() > 1e-3
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-9)


def test_the_plain_network_has_the_papers_number_of_parameters() -> None:
    counted = {slot: torch.Size(shape).numel() + shape[0] for slot, shape in shapes().items()}
    assert sum(n for slot, n in counted.items() if not slot.startswith("aux")) == 6_998_552
    assert sum(counted.values()) == 13_378_280
