"""The assertion for anybody's test suite, on real models."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from gnet_audit import assert_matches
from gnet_audit.acceptance import Acceptance
from gnet_audit.baseline import written
from gnet_audit.live.googlenet import GoogLeNet


def rare() -> nn.Module:
    """The paper's network with another dropout."""
    model = GoogLeNet()
    model.dropout = nn.Dropout(0.2)
    return model


def test_a_difference_is_one_line_with_place_expected_and_found() -> None:
    with pytest.raises(AssertionError) as failure:
        assert_matches(rare())
    lines = str(failure.value).strip().splitlines()
    assert any("error GA212 dropout rate: dropout: expected 0.4, found 0.2" in line for line in lines)
    assert lines[-1].startswith("differs: ")


def test_what_a_baseline_accepts_passes(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    entry = Acceptance(rule="GA212", slots=("dropout",), attribute="rate", observed="0.2", reason="old weights")
    file.write_text(written([entry]), encoding="utf-8")
    assert_matches(rare(), baseline=file)
    with pytest.raises(AssertionError, match="accepted in vain"):
        assert_matches(GoogLeNet(), baseline=file)
