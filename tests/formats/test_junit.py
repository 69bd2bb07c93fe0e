"""A report as JUnit XML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import xmlschema
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.report import Report, Verdict
from gnet_audit.rules import Severity
from tests import golden
from tests.canonical_report import ACCEPTED, REPORT, ROWS
from tests.hostile import hostile

XSD = Path(__file__).parents[1] / "schemas" / "junit.xsd"
VIEW = View(folder="/home/ann")
Outcome = Failure | Error | Skipped


def cases(report: Report, view: View = VIEW) -> dict[str, Outcome | None]:
    """Each case with its outcome, after the schema and the library have read the document."""
    text = render(report, Format.JUNIT, view)
    xmlschema.XMLSchema(XSD).validate(text)
    document = JUnitXml.fromstring(text.encode())
    (suite,) = document
    assert isinstance(suite, TestSuite)
    found: dict[str, Outcome | None] = {}
    for case in suite:
        assert isinstance(case, TestCase)
        outcomes = [one for one in case.result if isinstance(one, Outcome)]
        found[str(case.name)] = outcomes[0] if outcomes else None
    assert (suite.tests, suite.failures) == (
        len(found),
        sum(isinstance(one, Failure) and not isinstance(one, Error) for one in found.values()),
    )
    return found


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/report.junit.xml", render(ACCEPTED, Format.JUNIT, VIEW))


def test_every_slot_is_a_case_and_the_verdict_is_one() -> None:
    assert list(cases(REPORT)) == [*(row.slot for row in ROWS), "verdict"]


def test_a_slot_fails_by_the_findings_that_name_it() -> None:
    failure = cases(REPORT)["inception_3a.5x5"]
    assert isinstance(failure, Failure)
    assert failure.type == "GA202"
    assert [line.partition(": ")[0] for line in str(failure.text).splitlines()] == [
        "nets/net[1].py:33",
        "nets/net[1].py:34",
    ]


def test_what_weighs_too_little_passes_until_it_is_asked_for() -> None:
    assert cases(REPORT)["pool1"] is None
    assert isinstance(cases(REPORT, replace(VIEW, fail_on=Severity.WARNING))["pool1"], Failure)


def test_a_consequence_passes_and_what_was_not_checked_is_skipped() -> None:
    found = cases(REPORT)
    assert found["inception_3a.1x1"] is None
    skipped = found["dropout"]
    assert isinstance(skipped, Skipped)
    assert skipped.message == "not checked: an op that we do not know"


def test_what_is_accepted_is_skipped_with_its_reason() -> None:
    skipped = cases(ACCEPTED)["lrn1"]
    assert isinstance(skipped, Skipped)
    assert skipped.message == "accepted: nobody uses it"


def test_the_verdict_fails_as_the_process_does() -> None:
    assert isinstance(cases(REPORT)["verdict"], Failure)
    assert cases(replace(REPORT, findings=(), verdict=Verdict.MATCHES))["verdict"] is None
    assert isinstance(cases(replace(REPORT, findings=(), verdict=Verdict.UNPROVEN))["verdict"], Failure)
    assert isinstance(cases(replace(REPORT, error="it raised"))["verdict"], Error)


def test_names_that_are_no_xml_are_escaped() -> None:
    assert any("<script>" in name for name in cases(hostile()))
