"""Sums over the networks, and totals that agree with the paper only because errors cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gnet_audit import quantity
from gnet_audit.findings import Finding
from gnet_audit.messages import places
from gnet_audit.network import Layer, Mode, Network, Source, Unknown
from gnet_audit.report import SlotResult, Totals
from gnet_audit.rules import BY_ID
from gnet_audit.spec import Spec

CLOSE = 0.01
"""Two totals this near to each other (as a share) would be taken for the same by a reader."""
LEFT = 0.1
"""Errors cancel where no more than this share of what is to be taken back is left."""


def totals(expected: Mapping[Mode, Network], found: Mapping[Mode, Network], owned: int | None) -> Totals:
    """Parameters and multiply-accumulates of both networks in both modes; None where a mode could not be run."""
    one, two = expected.get(Mode.EVAL), found.get(Mode.EVAL)
    one_train, two_train = expected.get(Mode.TRAIN), found.get(Mode.TRAIN)
    return Totals(
        expected_params=one.params if one else None,
        params=two.params if two else None,
        expected_macs=one.macs if one else None,
        macs=two.macs if two else None,
        expected_params_train=one_train.params if one_train else None,
        params_train=two_train.params if two_train else None,
        expected_macs_train=one_train.macs if one_train else None,
        macs_train=two_train.macs if two_train else None,
        model_params=owned,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A total that a reader may hold the model's against."""

    text: str
    value: float
    low: float
    high: float
    source: Source | None = None

    def admits(self, value: int) -> bool:
        return self.low <= value < self.high

    def hides(self, value: int, derived: int) -> bool:
        """Whether a total meets it because the model's errors take back the claim's own, and not since it is coarse.

        What the paper's channels give is a claim without an error: it is met by errors that cancel among themselves.
        """
        cancelled = abs(value - self.value) <= LEFT * abs(derived - self.value)
        return cancelled and self.admits(value) and (self.value == derived or not self.admits(derived))


def cancelling(
    spec: Spec, rows: Sequence[SlotResult], sums: Totals, predicting: Mapping[str, Layer]
) -> Iterator[Finding]:
    """Totals of what predicts that agree with the paper although rows behind them do not.

    `predicting` are the model's layers that run in eval. An op that nobody knows may be what is missing at any row.
    """
    if any(isinstance(layer.op, Unknown) for layer in predicting.values()):
        return
    aside = {head.id for head in spec.heads}
    rows = [row for row in rows if row.row not in aside and (not row.layer or row.layer in predicting)]
    for attribute, total, derived, cell in (
        ("macs", sums.macs, sums.expected_macs, "ops"),
        ("params", sums.params, sums.expected_params, "params"),
    ):
        wrong = [row for row in rows if _value(row, attribute) != _value(row, f"expected_{attribute}")]
        if total is None or derived is None or not wrong:
            continue
        off = sum(_value(row, attribute) - _value(row, f"expected_{attribute}") for row in wrong)
        if off != total - derived:
            continue  # there is more in the total than in the rows: a layer that nothing reads
        claims = [claim for claim in _claims(spec, attribute, cell, derived) if claim.hides(total, derived)]
        if claims:
            yield _finding(attribute, total, derived, claims, wrong)


def _value(row: SlotResult, field: str) -> int:
    value = getattr(row, field)
    return value if isinstance(value, int) else 0


def _claims(spec: Spec, attribute: str, cell: str, derived: int) -> Iterator[_Claim]:
    yield _Claim(text=f"what its channels give ({derived:,})", value=derived, low=derived, high=derived + 1)
    for fact in spec.totals:
        if fact.of == attribute:
            low, high = fact.quantity.low, fact.quantity.high
            text, middle = f"the paper's {fact.printed}", (low + high) / 2
            yield _Claim(text=text, value=middle, low=low, high=high, source=fact.source)
    printed = [quantity.parse(text) for row in spec.rows if (text := row.cell(cell))]
    if printed:
        middle = sum((one.low + one.high) / 2 for one in printed)
        text = f"the sum of the printed column {cell} ({middle / 1e6:,.1f} M)"
        yield _Claim(text=text, value=middle, low=middle * (1 - CLOSE), high=middle * (1 + CLOSE))


def _finding(
    attribute: str, total: int, derived: int, claims: Sequence[_Claim], wrong: Sequence[SlotResult]
) -> Finding:
    word = {"macs": "MACs", "params": "parameters"}[attribute]
    rows = tuple(row.slot for row in wrong)
    off = sum(abs(_value(row, attribute) - _value(row, f"expected_{attribute}")) for row in wrong)
    agrees = " and ".join(claim.text for claim in claims)
    return Finding(
        rule="GA401",
        severity=BY_ID["GA401"].severity,
        rows=rows,
        attribute=attribute,
        expected=f"{derived:,} {word}, row by row",
        found=f"{total:,} {word}",
        message=(
            f"The model's total of {total:,} {word} agrees with {agrees}, but {places(rows)} differ by "
            f"{off:,} {word} in sum: the total proves nothing."
        ),
        source=next((claim.source for claim in claims if claim.source), None),
        cause="the rows differ, the total does not",
        cure=BY_ID["GA401"].cure,
    )
