"""A report as a page, parsed; tests/formats/test_browser.py looks at it in a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gnet_audit.findings import Finding
from gnet_audit.formats import Format, render
from gnet_audit.formats.html import fragment
from gnet_audit.formats.view import View
from gnet_audit.report import Report, RowStatus, Verdict
from gnet_audit.rules import Severity
from tests import golden
from tests.canonical_report import ACCEPTED, FINDINGS, REPORT, ROWS
from tests.hostile import EVIL, hostile

VIEW = View(folder="/home/ann")
VOID = frozenset({"base", "meta", "link", "rect", "path", "br", "wbr"})


class Page(HTMLParser):
    """Tags with their attributes, and all that is read; fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.read: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.read.append(data)

    def values(self, name: str) -> list[str]:
        """Every value of an attribute."""
        return [value for _, attributes in self.tags if (value := attributes.get(name)) is not None]


def page(report: Report) -> Page:
    return Page(render(report, Format.HTML, VIEW))


ALL = (
    REPORT,
    ACCEPTED,
    hostile(),
    replace(REPORT, rows=(), findings=(), unverified=(), verdict=Verdict.NOT_THIS_NETWORK, reason="a ResNet"),
    replace(REPORT, findings=(), verdict=Verdict.MATCHES),
)


def test_the_layout_is_the_recorded_one() -> None:
    golden.check("formats/golden/report.html", render(ACCEPTED, Format.HTML, VIEW))


@pytest.mark.parametrize("report", ALL)
def test_the_page_needs_nothing_but_itself_and_no_script(report: Report) -> None:
    shown = page(report)
    assert not {"script", "iframe", "object", "embed", "img", "form"} & {tag for tag, _ in shown.tags}
    assert all(target.startswith(("#", "data:")) for name in ("href", "src") for target in shown.values(name))
    assert not any(name.startswith("on") or name == "style" for _, attributes in shown.tags for name in attributes)
    text = render(report, Format.HTML, VIEW)
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("report", ALL)
def test_every_link_has_its_place_and_every_place_one_name(report: Report) -> None:
    shown = page(report)
    names = shown.values("id")
    assert len(set(names)) == len(names)
    wanted = {target[1:] for target in shown.values("href") if target.startswith("#")}
    assert wanted <= set(names)
    assert set(shown.values("aria-labelledby")) <= set(names)


def test_names_from_the_users_code_stay_text() -> None:
    text = render(hostile(), Format.HTML, VIEW)
    assert "<script" not in text
    assert "49" not in "".join(page(hostile()).read).split("{{")[1][:8]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert EVIL.split("\x1b", maxsplit=1)[0] in "".join(page(hostile()).read)


def test_every_slot_is_a_box_with_a_mark_and_a_word_and_its_facts() -> None:
    shown = page(REPORT)
    boxes = [
        attributes
        for tag, attributes in shown.tags
        if tag == "a" and (attributes.get("class") or "").startswith("box ")
    ]
    assert len(boxes) == len(ROWS)
    for index, (box, row) in enumerate(zip(boxes, ROWS, strict=True)):
        assert box["class"] == f"box {row.status.value}"
        assert box["href"] == f"#slot-{index}"
        assert f"slot-{index}" in shown.values("id")
        assert row.slot in str(box["aria-label"])


def test_of_a_finding_without_a_line_the_page_says_that_it_has_none() -> None:
    def code(finding: Finding) -> list[str]:
        read = [text for text in page(replace(REPORT, findings=(finding,))).read if text.strip()]
        start = read.index("to change")
        here = read[read.index("found", read.index(finding.message)) : start]
        return here[here.index("code") + 1 :][:1] if "code" in here else []

    lost = replace(FINDINGS[1], location=None, locations=())
    assert code(lost) == ["its line is not known"]
    assert code(FINDINGS[1]) == ["nets/net[1].py:33"]
    assert code(replace(lost, layers=())) == code(replace(lost, severity=Severity.NOTE)) == []


def test_every_status_has_a_color_of_its_own_in_light_and_dark() -> None:
    text = render(REPORT, Format.HTML)
    light, dark = (text.split(":root {")[part].split("}")[0] for part in (1, 2))
    for status in set(RowStatus) - {RowStatus.MISSING}:
        for scheme in (light, dark):
            assert f"--{status.value}:" in scheme
            assert f"--{status.value}-bg:" in scheme


def _contrast(one: str, two: str) -> float:
    """The contrast ratio of two colours, as WCAG 2 defines it."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [1, 2])
def test_every_text_can_be_read_on_its_ground(scheme: int) -> None:
    rules = render(REPORT, Format.HTML).split(":root {")[scheme].split("}")[0]
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rules))
    for name in ("text", "soft", "link"):
        for ground in ("page", "card"):
            assert _contrast(colors[name], colors[ground]) >= 4.5, (name, ground)
    for status in (name for name in colors if f"{name}-bg" in colors):
        assert _contrast(colors[status], colors[f"{status}-bg"]) >= 4.5, status
        assert _contrast(colors["text"], colors[f"{status}-bg"]) >= 4.5, status
        assert _contrast(colors["soft"], colors[f"{status}-bg"]) >= 4.5, status


def facts(text: str, slot: str) -> str:
    """What the page says of a slot, as read."""
    index = next(number for number, row in enumerate(ROWS) if row.slot == slot)
    part = text.split(f'<section class="facts" id="slot-{index}">')[1].partition("</section>")[0]
    return " ".join(" ".join(Page(part).read).split())


def test_the_facts_of_a_slot_name_the_papers_cell_and_how_sure_it_is() -> None:
    read = facts(render(REPORT, Format.HTML, VIEW), "inception_3a.5x5")
    assert "paper printed: Table 1 out channels 32 printed: Table 1: 5x5 of inception (3a)" in read
    assert "2 more that the paper says padding 2 stated: Figure 3" in read
    assert (
        "paper" not in facts(render(REPORT, Format.HTML, VIEW), "+inception3a.branch3[pool].1.bn").split("finding")[0]
    )


def test_the_facts_of_a_slot_name_each_line_that_a_finding_names_for_it() -> None:
    read = facts(render(REPORT, Format.HTML, VIEW), "inception_3a.5x5")
    assert "code nets/net[1].py:33 nets/net[1].py:34 finding 3" in read


STOPPED = replace(
    REPORT,
    rows=tuple(replace(row, status=RowStatus.UNVERIFIED, note="the forward stopped before it") for row in ROWS[:8]),
    unverified=(),
    verdict=Verdict.UNPROVEN,
)


@pytest.mark.parametrize(
    ("report", "amount", "told"),
    [
        (STOPPED, "8", "8 slots (conv1 … inception_3a.5x5_reduce): the forward stopped before it"),
        (ALL[3], "everything", "every slot of the paper: the model is another network: nothing was compared"),
        (REPORT, "2", "dropout: the op my::drop is not known"),
        (replace(REPORT, rows=ROWS[:1], unverified=()), "0", "Nothing was left out."),
    ],
)
def test_what_was_not_checked_is_told_and_counted(report: Report, amount: str, told: str) -> None:
    read = " ".join("".join(page(report).read).split())
    assert f"Not checked ({amount})" in read
    assert told in read
    assert ("Nothing was left out" in read) == (amount == "0")


def test_every_finding_is_told_in_full() -> None:
    read = " ".join("".join(page(ACCEPTED).read).split())
    for finding in FINDINGS:
        for part in (finding.rule, finding.message, finding.expected, finding.found, finding.cure):
            assert part in read
    assert "nobody uses it" in read


def test_a_notebook_gets_the_page_in_a_frame_that_may_do_nothing() -> None:
    (frame,) = Page(fragment(REPORT)).tags
    assert frame[0] == "iframe"
    assert frame[1]["sandbox"] is None
    assert Page(str(frame[1]["srcdoc"])).values("id")
