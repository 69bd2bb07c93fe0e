"""The documents say what the program says, and their links lead somewhere."""

from __future__ import annotations

import re

import pytest

from gnet_audit.errors import ExitStatus
from gnet_audit.rules import BY_ID, RULES
from tests import docs
from tests.docs import ROOT, filled, rules_page, stale

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_no_document_is_stale() -> None:
    assert [path.name for path in stale()] == []


def test_a_document_that_says_something_else_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "rules_page", lambda: "# The rules\n")
    assert ROOT / "docs" / "rules.md" in stale()


def test_every_rule_has_a_section_with_all_that_explain_says() -> None:
    page = rules_page()
    headings = re.findall(r"^### (GA\d{3}) ", page, re.MULTILINE)
    assert headings == [rule.id for rule in RULES]
    section = page.split("### GA203 stride\n")[1].split("\n### ")[0]
    stride = BY_ID["GA203"]
    assert section.split("\n\n")[0].strip() == f"Severity: {stride.severity}"
    for text in (stride.fails, stride.why, stride.causes, stride.cure, stride.sure):
        assert text in section


def test_only_marked_blocks_are_filled() -> None:
    document = "a\n<!-- $ say 1 -->\n```console\nold\n```\nb\n```console\nkept\n```\n"
    told = filled(document, lambda command: f"<{command}>\n")
    assert told == "a\n<!-- $ say 1 -->\n```console\n$ say 1\n<say 1>\n```\nb\n```console\nkept\n```\n"


def test_a_filled_document_stays_as_it_is() -> None:
    document = "<!-- $ say 1 -->\n\n```\n```\n"
    once = filled(document, lambda _: "1\n")
    assert filled(once, lambda _: "1\n") == once


def test_the_readme_names_every_exit_status() -> None:
    sentence = re.search(
        r"^Exit status (.*?)\n\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert sentence
    assert [int(number) for number in re.findall(r"(\d+):", sentence[1])] == [status.value for status in ExitStatus]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    here = ROOT / page
    links = [link for link in LINK.findall(here.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (here.parent / link).exists()] == []


def test_the_architecture_fits_in_150_lines() -> None:
    assert len((ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_decision_note_fits_in_30_lines() -> None:
    notes = (ROOT / "docs" / "decisions").glob("*.md")
    assert [note.name for note in notes if len(note.read_text(encoding="utf-8").splitlines()) > 30] == []
