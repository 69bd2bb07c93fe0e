"""A model, traced and audited, with the networks that it was found to be: for whoever needs more than the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gnet_audit import pipeline
from gnet_audit.live import target as targets
from gnet_audit.live import trace as traces
from gnet_audit.live.target import Build
from gnet_audit.network import Mode, Network, Shape
from gnet_audit.options import InputSize
from gnet_audit.report import Report
from gnet_audit.spec import Spec, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an audit had in its hands, and its report; the claim is not executed."""

    paper: Spec
    build: Build
    shape: Shape
    networks: Mapping[Mode, Network]
    """Of the modes that could be run; up to where it raised if none could."""
    report: Report
    errors: Mapping[Mode, str]
    """Why a mode could not be run; empty where it could."""


def subject(target: object, spec: str, size: InputSize | None, args: Mapping[str, object]) -> Subject:
    """Build, trace in both modes, audit."""
    paper = load(spec)
    shape = size.shape if size else paper.input_shape
    build = targets.build(target, args)
    traced = {mode: traces.trace(build, mode, shape, size.batch if size else None) for mode in pipeline.MODES}
    report = pipeline.judge(paper, shape, traced, pipeline.Evidence(name=build.text, owned=build.params))
    whole = {mode: one.network for mode, one in traced.items() if not one.error}
    networks = whole or {mode: one.network for mode, one in traced.items()}
    errors = {mode: one.error for mode, one in traced.items()}
    return Subject(paper=paper, build=build, shape=shape, networks=networks, report=report, errors=errors)
