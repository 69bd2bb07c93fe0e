"""A report in every format asked for, and in GitHub Actions as the summary of the job."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gnet_audit import options
from gnet_audit.formats import MACHINE, MARKUP, Format, render
from gnet_audit.formats.view import View
from gnet_audit.output import Document, colored
from gnet_audit.report import Report


def documents(
    report: Report, destinations: tuple[options.Destination, ...], view: View, *, summary: bool
) -> tuple[Document, ...]:
    """The report in every format asked for; in GitHub Actions also as the summary of the job."""
    page, whole = job_summary(report, view) if summary else (None, False)
    shown = replace(view, summary=whole, root=checkout())
    made = tuple(document(report, destination, shown) for destination in destinations)
    return (*made, page) if page else made


def document(report: Report, destination: options.Destination, view: View) -> Document:
    """The report in one format; colour only where it is text for a terminal."""
    plain = destination.format not in MACHINE | MARKUP
    shown = replace(view, color=plain and not destination.file and colored(sys.__stdout__, os.environ))
    return Document(
        text=render(report, destination.format, shown),
        file=destination.file,
        machine=destination.format in MACHINE,
        markup=destination.format in MARKUP,
        commands=destination.format is Format.GITHUB,
    )


def checkout() -> str:
    """Where a job of GitHub Actions has its checkout: the paths of its annotations begin there."""
    return os.environ.get("GITHUB_WORKSPACE", "") if os.environ.get("GITHUB_ACTIONS") == "true" else ""


def job_summary(report: Report, view: View) -> tuple[Document | None, bool]:
    """The report as the summary of the job in GitHub Actions, None elsewhere; whether it has the findings."""
    environment: Mapping[str, str] = os.environ
    file = environment.get("GITHUB_STEP_SUMMARY", "")
    if environment.get("GITHUB_ACTIONS") != "true" or not file:
        return None, False
    from gnet_audit.formats import github

    used = Path(file).stat().st_size if Path(file).is_file() else 0
    text, whole = github.summary(report, view, used=used)
    return Document(text=text, file=file, append=True) if text else None, whole
