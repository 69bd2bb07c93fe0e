"""A report for code scanning."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.report import Report, Verdict
from tests import golden
from tests.canonical_report import ACCEPTED, FINDINGS, REPORT, at
from tests.hostile import hostile

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "sarif-2.1.0-subset.schema.json").read_text("utf-8"))
VIEW = View(folder="/home/ann")


def log(report: Report) -> Any:
    """The parsed log, after the schema has accepted it."""
    value = json.loads(render(report, Format.SARIF, VIEW))
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
    return value


def results(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log(report)["runs"][0]["results"]
    return found


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/report.sarif", render(ACCEPTED, Format.SARIF, VIEW))


def test_every_kind_of_report_keeps_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for report in (
        REPORT,
        ACCEPTED,
        hostile(),
        replace(REPORT, rows=(), findings=(), verdict=Verdict.NOT_THIS_NETWORK),
        replace(REPORT, error="the forward raised"),
    ):
        log(report)


def test_a_result_stands_at_the_line_where_the_number_is_written() -> None:
    result = results(REPORT)[1]
    assert (result["ruleId"], result["level"]) == ("GA202", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "nets/net%5B1%5D.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 33}
    assert result["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "inception_3a.5x5", "kind": "member"}]


def test_a_file_outside_the_folder_is_named_in_full() -> None:
    value = json.loads(render(REPORT, Format.SARIF, View(folder="/somewhere/else")))
    place = value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "file:///home/ann/nets/net%5B1%5D.py"}


def test_what_is_missing_is_shown_at_the_layer_before_it_and_says_so() -> None:
    missing = results(REPORT)[3]
    assert missing["ruleId"] == "GA301"
    assert missing["locations"][0]["physicalLocation"]["region"] == {"startLine": 9}  # pool1, before lrn1
    assert missing["message"]["text"].endswith("(shown at the nearest line that is known)")


def test_every_line_that_must_change_is_a_location() -> None:
    many = replace(FINDINGS[1], locations=(at(33), at(35), at(37)))
    lines = [
        place["physicalLocation"]["region"]["startLine"]
        for place in results(replace(REPORT, findings=(many,)))[0]["locations"]
    ]
    assert lines == [33, 35, 37]


def test_the_text_leads_to_the_other_lines_since_viewers_show_the_first_alone() -> None:
    twice = replace(at(35), literals=())  # two calls in one line are one place
    many = replace(FINDINGS[1], locations=(at(33), at(35), twice, at(37)))
    (result,) = results(replace(REPORT, findings=(many,)))
    assert result["message"]["text"].endswith(" Also [line 35](1), [line 37](2).")
    related = [(one["id"], one["physicalLocation"]["region"]["startLine"]) for one in result["relatedLocations"]]
    assert related == [(1, 35), (2, 37)]


def test_a_line_of_another_file_is_told_with_that_file() -> None:
    other = replace(at(2), file="/home/ann/nets/parts.py")
    odd = replace(at(3), file="/home/ann/x[1](2).py")
    many = replace(FINDINGS[1], locations=(at(33), other, at(35), odd))
    (result,) = results(replace(REPORT, findings=(many,)))
    links = "[nets/parts.py line 2](1), [line 35](2), [x\\[1\\](2).py line 3](3)"
    assert result["message"]["text"].endswith(f" Also {links}.")


def test_a_result_of_one_line_leads_nowhere_else() -> None:
    assert all("relatedLocations" not in one and "Also" not in one["message"]["text"] for one in results(REPORT))


def test_fingerprints_survive_moved_lines_and_tell_two_differences_apart() -> None:
    moved = tuple(replace(one, location=at(99), locations=(at(99),)) for one in FINDINGS)
    before = [one["partialFingerprints"] for one in results(REPORT)]
    assert before == [one["partialFingerprints"] for one in results(replace(REPORT, findings=moved))]
    assert len({json.dumps(one) for one in before}) == len(FINDINGS)
    other = replace(FINDINGS[1], found="1×1")
    assert results(replace(REPORT, findings=(other,)))[0]["partialFingerprints"] not in before


def test_an_accepted_finding_is_suppressed_with_its_reason() -> None:
    told: dict[str, Any] = {one["ruleId"]: one.get("suppressions") for one in results(ACCEPTED)}
    assert told["GA202"] == [
        {"kind": "external", "status": "accepted", "justification": "as in the old weights (by ann)"}
    ]
    assert told["GA215"][0]["justification"] == "trains faster (until 2030-01-31)"
    assert told["GA209"] is None


def test_each_result_points_at_its_rule() -> None:
    run = log(REPORT)["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_what_was_not_checked_is_a_notification_and_a_stopped_forward_a_failure() -> None:
    (invocation,) = log(REPORT)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is True
    assert [one["message"]["text"] for one in invocation["toolExecutionNotifications"]] == [
        "not checked: dropout: the op my::drop is not known",
        "not checked: fc.mask: a parameter that no op of the forward uses",
    ]
    (stopped,) = log(replace(REPORT, error="sizes"))["runs"][0]["invocations"]
    assert stopped["executionSuccessful"] is False
