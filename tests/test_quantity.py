"""Printed numbers as the counts that round to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit.errors import UsageError
from gnet_audit.quantity import Quantity, parse


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


def test_only_the_letter_k_may_stand_for_1024() -> None:
    assert parse("2k", k=1024).low == parse("2K", k=1024).low == 1_536
    assert parse("2 thousand", k=1024).low == 1_500


def test_a_cut_number_may_have_gone_on() -> None:
    # Row 3a has 163,328 weights: 159.5 x 1024, printed as 159K.
    assert 163_328 not in parse("159K").with_k(1024)
    assert 163_328 in parse("159K").with_k(1024).cut()
    # Row 4a takes 73,608,192 multiply-accumulates, printed as 73M.
    assert 73_608_192 not in parse("73M")
    assert 73_608_192 in parse("73M").cut()


def test_cutting_and_another_k_are_remembered_together_in_any_order() -> None:
    # 159 x 1024 = 162,816 and 160 x 1024 = 163,840.
    both = Quantity(text="159K", low=162_816, high=163_840, k=1024, truncated=True)
    assert parse("159K").cut().with_k(1024) == parse("159K").with_k(1024).cut() == both
    assert parse("159K") == Quantity(text="159K", low=158_500, high=159_500, k=1000, truncated=False)


def test_a_count_printed_in_full_is_that_count_however_it_is_read() -> None:
    whole = parse("156").with_k(1024).cut()
    assert whole == Quantity(text="156", low=156, high=157, k=1024, truncated=True)


@pytest.mark.parametrize("text", ["", "K", "2.7", "x", "-3", "1e6", "2.7 KB", "27 KB", "1,2", "1.", "9" * 40, "3×3"])
def test_other_texts_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as stop:
        parse(text)
    assert stop.value.line == f"not a quantity; expected a number such as 2.7K, 34M or 1.5 billion; got {text!r}"


@settings(deadline=None)
@given(count=st.integers(0, 10**12), digits=st.integers(0, 3), k=st.sampled_from([1000, 1024]))
def test_a_count_lies_in_what_is_printed_for_it(count: int, digits: int, k: int) -> None:
    scaled = (2 * count * 10**digits + k) // (2 * k)
    whole, rest = divmod(scaled, 10**digits)
    text = f"{whole}.{rest:0{digits}}K" if digits else f"{whole}K"
    assert count in parse(text, k=k)
