"""torchvision's GoogLeNet, the foreign build that everybody uses: its true differences and nothing else."""

from __future__ import annotations

import pytest

from gnet_audit import audit
from gnet_audit.network import Status
from gnet_audit.report import Report
from gnet_audit.rules import Severity
from tests.exam.foreign import declare
from tests.exam.marking import told, wrong_severities
from tests.mistakes.truth import CONVS, each, mark, serious, truth

pytestmark = pytest.mark.filterwarnings("ignore")  # torchvision announces another default initialisation

CAUSES = (
    truth("GA202", "kernel", *each("5x5"), severity=Severity.ERROR),
    truth("GA202", "kernel", "pool4", severity=Severity.ERROR),
    truth("GA215", "batch_norm", *CONVS, severity=Severity.ERROR),
    truth("GA301", "layer", "lrn1", "lrn2", severity=Severity.ERROR),
    truth("GA212", "rate", "dropout", severity=Severity.ERROR),
    truth("GA214", "adaptive", "aux1.pool", "aux2.pool", severity=Severity.ERROR),
)
TRANSFORM = truth("GA302", "layer", "input", severity=Severity.ERROR)


def _report(*, transform_input: bool) -> Report:
    return audit("torchvision:googlenet", args={"transform_input": transform_input, "init_weights": False})


@pytest.fixture(scope="module", autouse=True)
def torchvision() -> None:
    declare()


@pytest.fixture(scope="module")
def plain() -> Report:
    return _report(transform_input=False)


@pytest.fixture(scope="module")
def transforming() -> Report:
    return _report(transform_input=True)


def test_exactly_its_six_causes_are_found(plain: Report) -> None:
    result = mark(plain.findings, CAUSES)
    assert result.clean, f"{result}\n{told(plain)}"
    assert len(serious(plain.findings)) == len(CAUSES)
    assert wrong_severities(plain, CAUSES) == ()


def test_the_transformed_input_is_the_seventh_when_it_is_on(transforming: Report) -> None:
    result = mark(transforming.findings, (*CAUSES, TRANSFORM))
    assert result.clean, f"{result}\n{told(transforming)}"
    assert len(serious(transforming.findings)) == len(CAUSES) + 1


def test_a_cause_left_out_would_be_noticed(plain: Report) -> None:
    assert not mark(plain.findings, CAUSES[1:]).clean
    assert not mark(plain.findings, (*CAUSES, TRANSFORM)).clean


def test_a_total_that_agrees_although_the_rows_do_not_is_noted(plain: Report) -> None:
    (note,) = (finding for finding in plain.findings if finding.rule == "GA401")
    assert note.severity is Severity.NOTE


def test_what_the_paper_does_not_speak_of_is_no_printed_fact(plain: Report) -> None:
    norm = next(finding for finding in plain.findings if finding.rule == "GA215")
    assert norm.source
    assert norm.source.status is Status.INFERRED


def test_every_place_of_a_wrong_number_is_a_line_of_its_source(plain: Report) -> None:
    for finding in serious(plain.findings):
        if finding.rule != "GA301":
            assert finding.location
            lines = (finding.location, *finding.locations)
            assert all(line.file.endswith("torchvision/models/googlenet.py") and line.line > 0 for line in lines)


def test_its_totals_are_those_that_its_tracker_gives(plain: Report) -> None:
    # Its 5×5 with 3×3 kernels is worth 84,295,680 multiply-adds, which makes up for the paper's own first row.
    assert plain.totals.params == 6_624_904
    assert plain.totals.params_train == plain.totals.model_params == 13_004_888
    assert plain.totals.macs == 1_498_376_192
    assert plain.totals.expected_macs == 1_582_671_872
