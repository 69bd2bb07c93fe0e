"""The file of accepted differences, and the command line around it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnet_audit.acceptance import Acceptance
from gnet_audit.baseline import read, written
from gnet_audit.cli import main
from gnet_audit.errors import UsageError
from gnet_audit.report import Report, Verdict
from gnet_audit.rules import RULES
from tests.canonical_report import ACCEPTANCES, FINDINGS, REPORT
from tests.test_cli import Audit, audit

__all__ = ["audit"]
HEAD = "schema = 1\n[[accept]]\n"
ENTRY = 'rule = "GA202"\nslots = ["a"]\nattribute = "kernel"\nobserved = "3×3"\nreason = "so"\n'


def texts() -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)


@given(
    st.lists(
        st.builds(
            Acceptance,
            rule=st.sampled_from([rule.id for rule in RULES]),
            slots=st.lists(texts(), min_size=1, max_size=3).map(tuple),
            attribute=texts(),
            observed=texts(),
            reason=texts(),
            by=st.just("") | texts(),
            expires=st.none() | st.dates(),
        )
    )
)
def test_what_is_written_is_read_again(entries: list[Acceptance]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder) / "accepted.toml"
        file.write_text(written(entries), encoding="utf-8")
        assert [replace(one, where="") for one in read(file)] == entries


def test_an_entry_knows_its_line(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(f"# head\n{HEAD}{ENTRY}\n[[accept]]  # another\n{ENTRY}", encoding="utf-8")
    assert [one.where for one in read(file)] == [f"{file}:3", f"{file}:10"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a baseline; expected schema = 1"),
        ("schema = 2", "not a baseline"),
        ("schema = 1\nother = 3", "not a baseline"),
        ("schema = 1\naccept = 3", "not a baseline"),
        ("schema = ", "cannot be read as a baseline"),
        (HEAD + ENTRY.replace('reason = "so"\n', ""), "accepted.toml:2: reason is missing"),
        (HEAD + ENTRY.replace('"so"', '" "'), "accepted.toml:2: reason is empty"),
        (HEAD + ENTRY.replace("GA202", "GA999"), "no such rule; expected an id such as GA202; got 'GA999'"),
        (HEAD + ENTRY.replace('["a"]', "[]"), "slots are missing"),
        (HEAD + ENTRY.replace('["a"]', '"a"'), "slots are missing"),
        (HEAD + ENTRY + 'expires = "2030-01-01"', "not a date; expected expires = 2030-01-31, unquoted"),
        (HEAD + ENTRY + 'because = "x"', "unknown key 'because'"),
    ],
)
def test_every_mistake_in_the_file_is_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(message)) as failure:
        read(file)
    assert "\n" not in failure.value.line


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read as a baseline"):
        read(tmp_path / "nowhere.toml")


# --- on the command line ---------------------------------------------------------------------------------


def test_an_update_writes_what_is_found_and_the_next_run_is_clean(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "accepted.toml"
    words = ["check", "--baseline", str(file)]
    assert main([*words, "--baseline-update", "--reason", "old weights", "--by", "ann", "--expires", "2999-01-31"]) == 0
    entries = read(file)
    assert len(entries) == 5
    assert {(one.reason, one.by, one.expires) for one in entries} == {("old weights", "ann", date(2999, 1, 31))}
    capsys.readouterr()
    assert main([*words, "--fail-on", "warning"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("differs as accepted: ")
    assert not any("GA202" in line for line in lines)
    main([*words, "--show-accepted"])
    assert "(accepted: old weights (by ann, until 2999-01-31))" in capsys.readouterr().out


def test_what_is_not_found_any_more_fails_until_it_is_pruned(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(written(ACCEPTANCES), encoding="utf-8")
    mended: Report = replace(REPORT, findings=(FINDINGS[1], FINDINGS[2]))
    audit.answer = mended
    words = ["check", "--baseline", str(file)]
    assert main(words) == 1
    assert "accepted in vain: " in capsys.readouterr().out
    assert main([*words, "--baseline-prune"]) == 0
    assert [one.rule for one in read(file)] == ["GA202", "GA215"]
    assert main(words) == 0


@pytest.mark.parametrize(
    ("unseen", "why", "status"),
    [
        ({"error": "forward raised"}, "the model could not be run", 2),
        ({"verdict": Verdict.NOT_THIS_NETWORK}, "nets/net[1].py:Net is not Canonical", 1),
    ],
)
@pytest.mark.parametrize("option", [["--baseline-prune"], ["--baseline-update", "--reason", "x"]])
def test_a_baseline_is_left_alone_where_the_model_was_not_seen_whole(
    audit: Audit,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    unseen: dict[str, Any],
    why: str,
    status: int,
    option: list[str],
) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(written(ACCEPTANCES), encoding="utf-8")
    audit.answer = replace(REPORT, findings=(), **unseen)
    assert main(["check", "--baseline", str(file), *option]) == status
    assert capsys.readouterr().err.endswith(f"error: {file}: not written: {why}\n")
    assert file.read_text(encoding="utf-8") == written(ACCEPTANCES)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--baseline-update", "--reason", "x"], "--baseline-update: no baseline to write"),
        (["--baseline-prune"], "--baseline-prune: no baseline to write"),
        (["--baseline", "b.toml", "--baseline-update"], "--baseline-update: accepting needs a reason"),
        (["--baseline", "no/such.toml"], "expected a file that --baseline-update --reason TEXT has written"),
        (["--baseline", "b.toml", "--baseline-update", "--reason", "x", "--expires", "soon"], "--expires: not a date"),
    ],
)
def test_options_that_make_no_sense_are_told_before_the_audit(
    audit: Audit,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", *words]) == 2
    assert message in capsys.readouterr().err
    assert not audit.asked
