"""Every form of the network in the examination paper is traced, in both modes, without a word unknown."""

from __future__ import annotations

import pytest

from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Mode, Unknown
from tests.mistakes import EQUIVALENTS, MISTAKES
from tests.mistakes.equivalents import Equivalent
from tests.mistakes.plan import Written, paper
from tests.mistakes.truth import Case

_UNKNOWN = {"group-norm-for-lrn1": "group_norm", "alpha-dropout": "alpha_dropout"}


@pytest.mark.parametrize("case", [*EQUIVALENTS, *MISTAKES], ids=lambda case: case.id)
def test_every_form_of_the_network_is_traced_without_an_unknown_op(case: Equivalent | Case) -> None:
    model = case.model if isinstance(case, Equivalent) else Written(case.edit(paper()))
    assert isinstance(model, Written)
    made = build(model)
    for mode in Mode:
        traced = trace(made, mode, model.plan.input_shape)
        assert (traced.error, traced.device) == ("", "meta")
        unknown = {layer.op.function for layer in traced.network.layers if isinstance(layer.op, Unknown)}
        assert unknown == ({_UNKNOWN[case.id]} if case.id in _UNKNOWN else set())
        assert all(layer.shape is not None for layer in traced.network.layers)
        assert traced.network.params <= sum(p.numel() for p in model.parameters())
