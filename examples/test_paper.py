"""How a test suite holds its own network against the paper: `pytest examples/test_paper.py`."""

from __future__ import annotations

import pytest
from torch import nn

from gnet_audit import assert_matches
from gnet_audit.live.googlenet import GoogLeNet


def without_lrn() -> nn.Module:
    """The reference build as most people build it: no local response normalisation."""
    model = GoogLeNet()
    model.lrn1, model.lrn2 = nn.Identity(), nn.Identity()
    return model


def test_the_network_is_the_papers() -> None:
    assert_matches(GoogLeNet())


def test_the_network_is_the_papers_but_for_the_normalisation() -> None:
    assert_matches(without_lrn(), accept=["variant:no-lrn"])


def test_a_difference_is_told() -> None:
    with pytest.raises(AssertionError, match="GA301 layer missing: lrn1, lrn2"):
        assert_matches(without_lrn())
