"""Reports of models that differ from the paper's network in counts only, made by arithmetic."""

from __future__ import annotations

from collections.abc import Mapping

from gnet_audit import expand
from gnet_audit.network import Conv2d, Input, Linear, Mode, SpecOrigin
from gnet_audit.notation import op_text
from gnet_audit.report import Environment, Report, RowStatus, SlotResult, SpecId, Totals, Verdict
from gnet_audit.spec import Spec

ENVIRONMENT = Environment(gnet_audit="0", python="3.11", torch="2", platform="here")
Counts = Mapping[str, tuple[int, int]]
"""Parameters and MACs of single slots."""


def report(paper: Spec, other: Counts | None = None, *, verdict: Verdict = Verdict.MATCHES) -> Report:
    """A model like the paper's network but for the counts of some slots."""
    other = other or {}
    network = expand.network(paper, Mode.TRAIN)
    rows = []
    for layer in network.layers:
        origin = layer.origin
        assert isinstance(origin, SpecOrigin)
        if isinstance(layer.op, Input) or layer.name.endswith(".relu"):
            continue
        params, macs = other.get(layer.name, (layer.params, layer.macs))
        rows.append(
            SlotResult(
                row=origin.row,
                slot=layer.name,
                layer=layer.name,
                expected_op=op_text(layer.op),
                found_op=op_text(layer.op),
                printed="",
                derived=layer.shape,
                measured=layer.shape,
                expected_params=layer.params,
                params=params,
                expected_macs=layer.macs,
                macs=macs,
                status=RowStatus.MATCH,
            )
        )
    return Report(
        spec=SpecId(id=paper.id, title=paper.title, sha256=paper.sha256),
        target="made up",
        input_shape=paper.input_shape,
        verdict=verdict,
        reason="",
        rows=tuple(rows),
        findings=(),
        unverified=(),
        totals=Totals(expected_params=None, params=None, expected_macs=None, macs=None),
        environment=ENVIRONMENT,
    )


def smaller_kernels(paper: Spec) -> Counts:
    """Every 5×5 as a 3×3 with the same bias: 9 of 25 weights."""
    network = expand.network(paper, Mode.EVAL)
    found = {}
    for layer in network.layers:
        if isinstance(layer.op, Conv2d) and layer.op.kernel == (5, 5):
            found[layer.name] = (
                (layer.params - layer.op.out_channels) * 9 // 25 + layer.op.out_channels,
                layer.macs * 9 // 25,
            )
    assert len(found) == 9
    return found


def weighted(paper: Spec) -> int:
    """How many slots have weights."""
    network = expand.network(paper, Mode.TRAIN)
    return sum(isinstance(layer.op, Conv2d | Linear) for layer in network.layers)
