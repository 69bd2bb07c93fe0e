"""A report as text: one pure function `render`, one module for each format."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from gnet_audit.formats.view import View
from gnet_audit.report import Report


class Format(StrEnum):
    """The forms in which a report can be had."""

    TEXT = "text"
    JSON = "json"


MACHINE = frozenset({Format.JSON})
"""Formats for programs: never coloured, never cut, always UTF-8."""


def render(report: Report, format: Format, view: View | None = None) -> str:
    """The whole report in one format, with its last newline; the same report gives the same text."""
    view = view or View()
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
        case _:
            assert_never(format)
