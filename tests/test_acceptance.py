"""What is accepted is the value found in these slots, for a reason, until a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gnet_audit.acceptance import Acceptance, accept, additions, pruned
from gnet_audit.errors import ExitStatus
from gnet_audit.formats.terse import verdict_line
from gnet_audit.policy import exit_status
from gnet_audit.report import Report, RowStatus
from gnet_audit.rules import Severity
from tests.canonical_report import ACCEPTANCES, ACCEPTED, FINDINGS, REPORT, TODAY

KERNEL = ACCEPTANCES[0]
THREE = ("inception_3a.5x5", "inception_3b.5x5", "inception_4a.5x5")
WIDE = replace(REPORT, findings=(replace(FINDINGS[1], rows=THREE),))


def reasons(report: Report) -> dict[str, str]:
    return {finding.rule: finding.accepted for finding in report.findings if finding.accepted}


def test_the_same_rule_attribute_and_value_in_the_slots_is_accepted_with_its_reason() -> None:
    assert reasons(ACCEPTED) == {
        "GA202": "as in the old weights (by ann)",
        "GA215": "trains faster (until 2030-01-31)",
        "GA301": "nobody uses it",
    }
    assert ACCEPTED.stale == ()


@pytest.mark.parametrize("field", ["rule", "attribute", "observed"])
def test_another_value_is_heard_again_and_the_acceptance_is_told(field: str) -> None:
    other = replace(KERNEL, **{field: "GA201" if field == "rule" else "other"})  # type: ignore[arg-type]
    report = accept(REPORT, (other,), TODAY)
    assert reasons(report) == {}
    assert len(report.stale) == 1
    assert report.stale[0].startswith("accepted.toml:6: not found any more: ")


def test_the_same_value_in_one_more_slot_is_heard_again() -> None:
    assert reasons(accept(WIDE, (replace(KERNEL, slots=THREE[:2]),), TODAY)) == {}
    assert reasons(accept(WIDE, (replace(KERNEL, slots=THREE),), TODAY)) != {}


def test_several_entries_may_share_the_slots_and_each_gives_its_reason() -> None:
    entries = (replace(KERNEL, slots=THREE[:1]), replace(KERNEL, slots=THREE[1:], reason="other", by=""))
    assert reasons(accept(WIDE, entries, TODAY)) == {"GA202": "as in the old weights (by ann); other"}


def test_a_slot_in_which_nothing_is_found_any_more_is_told() -> None:
    report = accept(REPORT, (replace(KERNEL, slots=("inception_3a.5x5", "pool9")),), TODAY)
    assert reasons(report) != {}
    assert report.stale == ("accepted.toml:6: not found any more: GA202 kernel = 3×3 pad 1 at pool9",)


def test_an_entry_holds_on_its_last_day_and_not_after_it() -> None:
    day = date(2026, 3, 1)
    entry = replace(KERNEL, expires=day)
    assert reasons(accept(REPORT, (entry,), day)) != {}
    late = accept(REPORT, (entry,), date(2026, 3, 2))
    assert reasons(late) == {}
    assert late.stale == ("accepted.toml:6: expired on 2026-03-01: GA202 kernel = 3×3 pad 1 at inception_3a.5x5",)


def test_a_stale_acceptance_fails_by_itself() -> None:
    clean = replace(REPORT, findings=FINDINGS[-1:])
    assert exit_status(clean) is ExitStatus.CLEAN
    assert exit_status(replace(clean, stale=("x",))) is ExitStatus.FINDINGS
    assert exit_status(replace(clean, stale=("x",)), exit_zero=True) is ExitStatus.CLEAN


def test_a_slot_is_accepted_where_every_grave_finding_that_names_it_is() -> None:
    statuses = {row.slot: row.status for row in ACCEPTED.rows}
    assert statuses["inception_3a.5x5"] is RowStatus.ACCEPTED
    assert statuses["lrn1"] is RowStatus.ACCEPTED
    assert statuses["pool2"] is RowStatus.DIFFERS
    half = accept(REPORT, (KERNEL,), TODAY)
    assert {row.slot: row.status for row in half.rows}["inception_3a.5x5"] is RowStatus.DIFFERS


def test_the_verdict_line_counts_what_is_accepted() -> None:
    assert verdict_line(ACCEPTED) == (
        "differs: 15 slots, 6 match, 1 equivalent, 2 differ, 2 accepted, 3 follow, 1 unverified; 1 extra layer; "
        "6 findings (4 errors, 1 warning, 1 note), 3 accepted"
    )
    everything = accept(REPORT, additions((), REPORT, reason="so", by="", expires=None), TODAY)
    assert verdict_line(everything).startswith("differs as accepted: ")
    assert exit_status(everything, fail_on=Severity.WARNING) is ExitStatus.CLEAN


def test_an_addition_is_every_finding_of_weight_that_has_none() -> None:
    new = additions((), REPORT, reason="so", by="ann", expires=None)
    assert [one.rule for one in new] == [one.rule for one in FINDINGS if one.severity is not Severity.NOTE]
    assert {one.reason for one in new} == {"so"}
    rest = additions((replace(KERNEL, slots=THREE[:1]),), WIDE, reason="so", by="", expires=None)
    assert [one.slots for one in rest] == [THREE[1:]]


def test_pruning_keeps_what_holds_and_only_the_slots_in_which_it_is_found() -> None:
    gone = replace(KERNEL, observed="1×1")
    old = replace(KERNEL, expires=date(2020, 1, 1))
    partly: Acceptance = replace(KERNEL, slots=("inception_3a.5x5", "pool9"))
    assert pruned((gone, old, partly), REPORT, TODAY) == (KERNEL,)
