"""Other input sizes: what coincides at the paper's size shows there, and what runs is proven."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from gnet_audit import audit
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats import Format, render
from gnet_audit.formats.view import View
from gnet_audit.options import sizes
from gnet_audit.policy import exit_status
from gnet_audit.report import Verdict
from tests.mistakes.plan import Plan, Written, paper


def at_any_size() -> Plan:
    """The paper's network without heads, with a global pooling, so that it runs at other sizes than its own."""
    return paper().without("aux1").without("aux2").become("avgpool", "adaptive_avg", output_size=1)


def test_the_reference_is_proven_up_to_where_its_size_stops_it() -> None:
    report = audit("reference", sizes=(96, 224), prove=False)
    small, own = report.sweep
    assert (small.size, small.reached, small.clean) == (96, "inception_5b.concat", True)
    assert (own.size, own.reached, own.clean) == (224, "linear", True)
    assert small.proof is not None
    assert small.proof.modes[0].outputs == 0


def test_a_padding_that_coincides_at_the_papers_size_shows_at_another() -> None:
    # Windows of 7 begin at -3 and every second row: of 224 rows the last one ends at row 225, so it reads two padded
    # rows, of 225 rows at row 227 and three. Padding by 2 below and to the right is enough for the first only.
    assert audit(Written(at_any_size()), sizes=(225,), prove=False).sweep[0].clean
    plan = at_any_size().add("padded", "do", "input", function=_three_and_two).rewire("conv1", "padded")
    report = audit(Written(plan.change("conv1", padding=0)), sizes=(225,), prove=False)
    assert not [finding for finding in report.findings if "conv1" in finding.rows and finding.severity.rank]
    assert not report.sweep[0].clean
    assert any("conv1" in finding.rows for finding in report.sweep[0].findings)
    assert exit_status(report) is ExitStatus.FINDINGS


def _three_and_two(image: Tensor) -> Tensor:
    return F.pad(image, (3, 2, 3, 2))


def test_the_last_line_does_not_say_that_all_is_well() -> None:
    report = audit("reference", sizes=(96,), prove=False)
    wrong = replace(report.sweep[0], proof=None)
    text = render(replace(report, sweep=(wrong,)), Format.TEXT, View(terse=True))
    assert report.verdict is Verdict.MATCHES
    assert text.splitlines()[-1].startswith("matches, but not at 96×96: ")


def test_sizes_are_read_each_once() -> None:
    assert sizes("96,160, 96", "--sweep") == (96, 160)
    assert sizes("96,", "--sweep") == (96,)


@pytest.mark.parametrize("text", ["", "x", "0", "-3", "1.5", "99999"])
def test_what_is_no_size_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        sizes(text, "--sweep")
