"""Baselines, variants and `[tool.gnet-audit]`: made up, and real ones with mistakes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit import baseline, settings, variants
from gnet_audit.acceptance import Acceptance, accept, additions, pruned
from gnet_audit.rules import BY_ID
from tests import canonical_report as canonical
from tests.fuzz.bounds import answered, fuzzed
from tests.fuzz.mutants import mutants

BASELINE = f"""{baseline.HEAD}
[[accept]]
rule = "GA202"
slots = ["inception_3a.5x5", "inception_3b.5x5"]
attribute = "kernel"
observed = "3×3"
reason = "as torchvision has it"
by = "ann"
expires = 2030-01-31

[[accept]]
rule = "GA301"
slots = ["lrn1"]
attribute = "layer"
observed = "none"
reason = "no use" # [[accept]]
"""
SETTINGS = """[project]
name = "nets"
[tool.ruff]
line-length = 100
[tool.gnet-audit]
target = "nets/google.py:Net"
spec = "specs/mine.toml"
baseline = "accepted.toml"
fail-on = "warning"
ignore = ["GA2", "GA3"]
select = "GA"
accept = ["variant:torchvision"]
format = ["json:out.json", "text"]
input = "1x32x32"
"""
VARIANTS = tuple(file.read_text(encoding="utf-8") for file in sorted(Path("specs/variants").glob("*.toml")))
TEXTS = st.text(min_size=1).filter(str.strip)
ACCEPTANCES = st.builds(
    Acceptance,
    rule=st.sampled_from(sorted(BY_ID)),
    slots=st.lists(st.text(min_size=1), min_size=1, max_size=9).map(tuple),
    attribute=TEXTS, observed=TEXTS, reason=TEXTS, by=st.one_of(st.just(""), TEXTS), expires=st.one_of(st.none(), st.dates()),
)  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for a file, with the name that settings have."""
    return tmp_path_factory.mktemp("files") / settings.FILE


def bare(entries: tuple[Acceptance, ...]) -> list[tuple[object, ...]]:
    """Entries without where they are written."""
    return [(one.rule, one.slots, one.attribute, one.observed, one.reason, one.by, one.expires) for one in entries]


def accepted(entry: Acceptance) -> None:
    """What an entry must be."""
    assert entry.rule in BY_ID
    assert entry.slots
    assert all((*entry.slots, entry.attribute, entry.observed, entry.reason))
    assert {type(text) for text in (*entry.slots, entry.attribute, entry.observed, entry.reason)} == {str}
    assert entry.expires is None or type(entry.expires) is dt.date


@given(mutants(BASELINE))
@fuzzed
def test_a_baseline_with_mistakes_is_refused_or_written_as_it_was_read(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    entries = answered(lambda: baseline.read(file))
    event(f"read: {entries is not None}")
    if entries is not None:
        for entry in entries:
            accepted(entry)
        file.write_text(baseline.written(entries), encoding="utf-8", newline="\n")
        assert bare(baseline.read(file)) == bare(entries)


@given(mutants(baseline.written(canonical.ACCEPTANCES)))
@fuzzed
def test_what_a_baseline_accepts_holds_when_it_is_pruned_and_everything_does_when_it_is_updated(
    file: Path, content: bytes
) -> None:
    report, today = canonical.REPORT, canonical.TODAY
    file.write_bytes(content)
    entries = answered(lambda: baseline.read(file))
    if entries is None:
        return
    kept = pruned(entries, report, today)
    event(f"held: {len(kept)} of {len(entries)}")
    judged = accept(report, kept, today)
    assert judged.stale == report.stale
    assert {one.message: one.accepted for one in judged.findings}.items() >= {
        one.message: one.accepted for one in accept(report, entries, today).findings if one.accepted
    }.items()
    more = additions(kept, judged, reason="x", by="", expires=None)
    assert all(one.accepted or not one.grave for one in accept(report, (*kept, *more), today).findings)


@given(st.lists(ACCEPTANCES, max_size=4).map(tuple))
@fuzzed
def test_a_baseline_that_we_write_is_read_as_it_was(file: Path, entries: tuple[Acceptance, ...]) -> None:
    file.write_text(baseline.written(entries), encoding="utf-8", newline="\n")
    assert bare(baseline.read(file)) == bare(entries)


@given(mutants(*VARIANTS))
@fuzzed
def test_a_variant_with_mistakes_is_refused_or_is_one(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    variant = answered(lambda: variants.read(file))
    event(f"read: {variant is not None}")
    if variant is not None:
        assert all(isinstance(text, str) for text in (variant.title, variant.spec, variant.citation, variant.note))
        for entry in variant.differences:
            accepted(entry)


@given(mutants(SETTINGS))
@fuzzed
def test_settings_with_mistakes_are_refused_or_are_texts(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    read = answered(lambda: settings.read(file.parent))
    event(f"read: {bool(read and read.values)}")
    for name, value in read.values.items() if read else ():
        assert name in {*settings.TEXTS, *settings.LISTS}
        assert isinstance(value, str if name in settings.TEXTS else list)
        assert {type(text) for text in value} <= {str}
