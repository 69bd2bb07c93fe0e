"""Printed numbers as the counts that round to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit.errors import UsageError
from gnet_audit.quantity import parse


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2.7K", 2_650, 2_750),
        ("112K", 111_500, 112_500),
        ("1072K", 1_071_500, 1_072_500),
        ("34M", 33_500_000, 34_500_000),
        ("1M", 500_000, 1_500_000),
        ("1.5 billion", 1_450_000_000, 1_550_000_000),
        ("1.50G", 1_495_000_000, 1_505_000_000),
        ("6,998,552", 6_998_552, 6_998_553),
        ("156", 156, 157),
        ("0", 0, 1),
        ("0M", 0, 500_000),
    ],
)
def test_a_printed_number_stands_for_the_counts_that_round_to_it(text: str, low: int, high: int) -> None:
    quantity = parse(text)
    assert (quantity.low, quantity.high) == (low, high)
    assert low in quantity
    assert high not in quantity


def test_k_may_stand_for_1024_and_only_k_changes() -> None:
    # 2.65 x 1024 = 2713.6 and 2.75 x 1024 = 2816: the whole numbers between them.
    quantity = parse("2.7K").with_k(1024)
    assert (quantity.low, quantity.high) == (2_714, 2_816)
    million = parse("34M")
    assert million.with_k(1024).low == million.low


def test_a_cut_number_may_have_gone_on() -> None:
    # Row 3a has 163,328 weights: 159.5 x 1024, printed as 159K.
    assert 163_328 not in parse("159K").with_k(1024)
    assert 163_328 in parse("159K").with_k(1024).cut()
    # Row 4a takes 73,608,192 multiply-accumulates, printed as 73M.
    assert 73_608_192 not in parse("73M")
    assert 73_608_192 in parse("73M").cut()


@pytest.mark.parametrize("text", ["", "K", "2.7", "x", "-3", "1e6", "2.7 KB", "1,2", "1.", "9" * 40, "3×3"])
def test_other_texts_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="not a quantity"):
        parse(text)


@settings(deadline=None)
@given(count=st.integers(0, 10**12), digits=st.integers(0, 3), k=st.sampled_from([1000, 1024]))
def test_a_count_lies_in_what_is_printed_for_it(count: int, digits: int, k: int) -> None:
    scaled = (2 * count * 10**digits + k) // (2 * k)
    whole, rest = divmod(scaled, 10**digits)
    text = f"{whole}.{rest:0{digits}}K" if digits else f"{whole}K"
    assert count in parse(text, k=k)
