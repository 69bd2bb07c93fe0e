"""A report as text: one pure function `render`, one module for each format."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from gnet_audit.garbage import uncollected

if TYPE_CHECKING:
    from gnet_audit.formats.view import View
    from gnet_audit.report import Report


class Format(StrEnum):
    """The forms in which a report can be had."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


MACHINE = frozenset({Format.JSON, Format.SARIF})
"""JSON for programs: never coloured, never cut, always UTF-8."""
MARKUP = frozenset({Format.HTML, Format.JUNIT})
"""Formats in which a character can be written as a reference to it."""


@uncollected()
def render(report: Report, format: Format, view: View | None = None) -> str:
    """The whole report in one format, with its last newline; the same report gives the same text."""
    from gnet_audit.formats import view as views

    view = view or views.View()
    match format:
        case Format.TEXT if view.terse:
            from gnet_audit.formats import terse

            return terse.render(report, view)
        case Format.TEXT:
            from gnet_audit.formats import text

            return text.render(report, view)
        case Format.JSON:
            from gnet_audit.formats import json

            return json.render(report)
        case Format.CSV:
            from gnet_audit.formats import csv

            return csv.render(report)
        case Format.MARKDOWN:
            from gnet_audit.formats import markdown

            return markdown.render(report, view)
        case Format.HTML:
            from gnet_audit.formats import html

            return html.render(report, view)
        case Format.SARIF:
            from gnet_audit.formats import sarif

            return sarif.render(report, view)
        case Format.JUNIT:
            from gnet_audit.formats import junit

            return junit.render(report, view)
        case Format.GITHUB:
            from gnet_audit.formats import github

            return github.render(report, view)
        case _:
            assert_never(format)
