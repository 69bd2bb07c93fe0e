"""Other networks are refused in one clear line."""

from __future__ import annotations

import pytest

from gnet_audit import audit
from gnet_audit.errors import ExitStatus
from gnet_audit.policy import exit_status
from gnet_audit.report import Verdict
from tests.exam.foreign import declare
from tests.exam.marking import told
from tests.exam.near_misses import NEAR_MISSES, NearMiss
from tests.mistakes.plan import Written, paper
from tests.mistakes.truth import serious

pytestmark = pytest.mark.filterwarnings("ignore")  # as the networks' authors leave it


@pytest.fixture(scope="module", autouse=True)
def torchvision() -> None:
    declare()


@pytest.mark.parametrize("other", NEAR_MISSES, ids=lambda other: other.id)
def test_another_network_is_refused_with_a_reason_instead_of_findings(other: NearMiss) -> None:
    report = audit(other.target, input_shape=other.input_shape, prove=False)
    assert report.verdict is Verdict.NOT_THIS_NETWORK, told(report)
    assert report.reason
    assert "\n" not in report.reason
    assert serious(report.findings) == ()
    assert exit_status(report) is ExitStatus.FINDINGS


def test_at_least_ten_other_networks_are_tried() -> None:
    assert len({other.target for other in NEAR_MISSES}) >= 10


def test_the_paper_network_with_a_whole_module_missing_is_not_refused() -> None:
    report = audit(Written(paper().without("inception_4c").without("aux1").without("aux2")), prove=False)
    assert report.verdict is Verdict.DIFFERS
