"""Other ways to write the paper's network: an auditor that objects to one of these cries wolf."""

from __future__ import annotations

import pytest

from gnet_audit import audit
from gnet_audit.report import Verdict
from tests.exam.marking import told
from tests.mistakes import EQUIVALENTS
from tests.mistakes.equivalents import Equivalent
from tests.mistakes.plan import Plan
from tests.mistakes.truth import serious


@pytest.mark.parametrize("equivalent", EQUIVALENTS, ids=lambda equivalent: equivalent.id)
def test_another_way_to_write_the_paper_network_matches(equivalent: Equivalent) -> None:
    report = audit(equivalent.model, prove=False)
    assert serious(report.findings) == (), told(report)
    assert report.verdict is Verdict.MATCHES, told(report)
    assert not report.error


def test_a_rewriting_that_is_not_quite_the_same_is_noticed() -> None:
    def lossy(plan: Plan) -> Plan:
        # A mean over the height alone, then the first column: nearly a global average.
        return plan.become("avgpool", "do", function=lambda x: x.mean(2)[:, :, 0])

    report = audit(Equivalent(id="lossy", edit=lossy).model, prove=False)
    assert report.verdict is not Verdict.MATCHES
