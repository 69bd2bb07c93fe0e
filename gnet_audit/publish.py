"""A report in every format asked for, and in GitHub Actions as the summary of the job."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gnet_audit import options
from gnet_audit.formats import MACHINE, MARKUP, render
from gnet_audit.formats.view import View
from gnet_audit.output import Document, colored
from gnet_audit.report import Report


def documents(
    report: Report, destinations: tuple[options.Destination, ...], view: View, *, summary: bool
) -> tuple[Document, ...]:
    """The report in every format asked for; in GitHub Actions also as the summary of the job."""
    page = job_summary(report, view) if summary else None
    shown = replace(view, summary=page is not None)
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
    )


def job_summary(report: Report, view: View) -> Document | None:
    """The report as the summary of the job in GitHub Actions; None elsewhere."""
    environment: Mapping[str, str] = os.environ
    file = environment.get("GITHUB_STEP_SUMMARY", "")
    if environment.get("GITHUB_ACTIONS") != "true" or not file:
        return None
    from gnet_audit.formats import github

    used = Path(file).stat().st_size if Path(file).is_file() else 0
    text = github.summary(report, view, used=used)
    return Document(text=text, file=file, append=True) if text else None
