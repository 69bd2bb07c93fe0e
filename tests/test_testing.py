"""The assertion for anybody's test suite, on real models."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from gnet_audit import assert_matches
from gnet_audit.acceptance import Acceptance
from gnet_audit.baseline import written
from gnet_audit.errors import UsageError
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
    assert lines[0].startswith("differs: ")


def test_the_first_line_is_the_verdict_and_no_line_of_ours_is_shown() -> None:
    with pytest.raises(AssertionError, match=r"\Adiffers: ") as failure:
        assert_matches(rare(), prove=False)
    assert [entry.name for entry in failure.traceback.filter(failure)] == [
        "test_the_first_line_is_the_verdict_and_no_line_of_ours_is_shown"
    ]


def test_words_may_stand_alone_and_severities_are_words() -> None:
    assert_matches(rare(), prove=False, ignore="GA212")
    assert_matches(rare(), prove=False, ignore="GA3,GA212", fail_on="note", select="GA2")
    with pytest.raises(UsageError, match="fail_on"):
        assert_matches(rare(), fail_on="grave")
    with pytest.raises(UsageError, match=r"no such variant.*'vgg'"):
        assert_matches(rare(), accept="variant:vgg")


def test_what_a_baseline_accepts_passes(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    entry = Acceptance(rule="GA212", slots=("dropout",), attribute="rate", observed="0.2", reason="old weights")
    file.write_text(written([entry]), encoding="utf-8")
    assert_matches(rare(), baseline=file)
    with pytest.raises(AssertionError, match="accepted in vain"):
        assert_matches(GoogLeNet(), baseline=file)
