"""Inputs that ask for too much: refused in one line, soon and in little memory, or done so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gnet_audit import contradictions, expand, options, spec
from gnet_audit.errors import GnetAuditError, SpecError
from gnet_audit.network import Mode
from tests.fuzz.bounds import NIGHTLY, bounded

MANY = 5_000 if NIGHTLY else 1_000
HEAD = """schema = 1
id = "large"
title = "Large"
citation = "nobody"
input = { shape = [3, 32, 32], source = "t" }
[source.t]
where = "Table"
status = "stated"
"""
ROW = '[[row]]\nid = "r{0}"\ntitle = "Row"\nsource = "t"\n'
CONV = '{{ op = "conv", kernel = 1, out_channels = {} }}'


def wide(channels: int) -> str:
    """A layer of so many channels, read by another one."""
    rows = "".join(ROW.format(number) + f"layers = [{CONV.format(channels)}]\n" for number in range(2))
    return HEAD + rows


def blocks(rows: int, layers: int) -> str:
    """A block of so many layers used by so many rows."""
    inner = ",".join(f'{{ slot = "s{number}", op = "dropout", rate = 0.5 }}' for number in range(layers))
    block = f'[block.b]\nsource = "t"\nmerge = "add"\n[[block.b.branch]]\nlayers = [{inner}]\n[[block.b.branch]]\nlayers = []\n'
    return HEAD + block + "".join(ROW.format(number) + 'block = "b"\n' for number in range(rows))


def one_row(layers: int) -> str:
    """So many layers in one row."""
    inner = ",".join(f'{{ slot = "s{number}", op = "dropout", rate = 0.5 }}' for number in range(layers))
    return HEAD + ROW.format(0) + f"layers = [{inner}]\n"


def strange_sources(count: int) -> str:
    """Many sources, and many facts that name others."""
    sources = "".join(f'[source.s{number}]\nwhere = "x"\nstatus = "stated"\n' for number in range(count))
    layers = ",".join(
        f'{{ slot = "a{number}", op = "dropout", rate = 0.5, source = "u{number}" }}' for number in range(count)
    )
    return HEAD + sources + ROW.format(0) + f"layers = [{layers}]\n"


def strange_cells(count: int) -> str:
    """Many printed cells of slots that are not there, and many that are."""
    cells = ",".join(f'"x.{number}" = "1"' for number in range(count))
    layers = ",".join(f'{{ slot = "a{number}", op = "dropout", rate = 0.5 }}' for number in range(count))
    return HEAD + ROW.format(0) + f"printed = {{ {cells} }}\nlayers = [{layers}]\n"


def printed_cells(count: int) -> str:
    """Many printed cells that no layer asks for beside as many layers."""
    return strange_cells(count).replace('"x.', '"x')


def misprinted(channels: int, rows: int) -> str:
    """Rows whose printed counts nothing explains, with reductions of many channels to try others for."""
    row = (
        'printed = { params = "7M", ops = "3K" }\nlayers = [{ slot = "r{0}a", op = "conv", kernel = 1, '
        f'out_channels = {channels} }}, {{ slot = "r{{0}}b", op = "conv", kernel = 1, out_channels = 2 }}]\n'
    )
    return HEAD + "".join(ROW.format(number) + row.replace("{0}", str(number)) for number in range(rows))


def refusal(text: str, file: Path) -> SpecError:
    """The error for a spec file."""
    file.write_text(text, encoding="utf-8")
    with bounded(seconds=10), pytest.raises(SpecError) as caught:
        spec.read_file(str(file))
    return caught.value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (wide(10**9), "expected a whole number from 1 to 1,000,000"),
        (wide(10**6), "too large; expected at most 10,000,000,000; got 1,000,001,000,000 values"),
        (wide(5).replace("[3, 32, 32]", "[1000000, 1000000, 1000000]"), "expected"),
        (HEAD + "[[row]]\n" * 10**7, "too long"),
        (blocks(1_000, 200), "too many layers; expected at most 100,000"),
        (HEAD + "x = " + "[" * 100_000, "nested too deep"),
        (HEAD + "x = " + "{a=" * 100_000, "nested too deep"),
        (HEAD + "x = " + "9" * 100_000, "digits"),
        (strange_sources(MANY), "unknown source"),
        (strange_cells(MANY), "no slot of this row"),
        (HEAD + "".join(f"k{number} = 1\n" for number in range(50_000)), "unknown key"),
    ],
    ids=["10^9 channels", "10^12 weights", "10^18 pixels", "10^7 rows", "blocks", "arrays", "tables", "digits", "sources", "cells", "keys"],
)  # fmt: skip
def test_a_spec_that_asks_for_too_much_is_refused(tmp_path: Path, text: str, told: str) -> None:
    error = refusal(text, tmp_path / "large.toml")
    assert any(told in line for line in error.lines), error.lines[:3]
    assert len(error.lines) <= 201
    assert all(len(line) <= 2_000 for line in error.lines)


@pytest.mark.parametrize(
    "text", [one_row(4 * MANY), blocks(MANY // 10, 100), printed_cells(MANY), misprinted(500_000, 20), misprinted(64, MANY // 2)],
    ids=["one row", "blocks", "cells", "wide reductions", "many reductions"],
)  # fmt: skip
def test_a_large_spec_is_read_held_against_itself_and_grown_in_bounded_time(tmp_path: Path, text: str) -> None:
    file = tmp_path / "large.toml"
    file.write_text(text, encoding="utf-8")
    with bounded(seconds=20):
        read = spec.read_file(str(file))
        expand.network(read, Mode.TRAIN)
        contradictions.lint(read)


@pytest.mark.parametrize(
    "call",
    [
        lambda: options.input_size("3x10000000x10000000"),
        lambda: options.input_size("3x9999999x9999999"),
        lambda: options.input_size("1x1x9999999"),
        lambda: options.input_size("9999999x3x224x224"),
    ],
)
def test_an_input_that_no_machine_holds_is_refused(call: Callable[[], object]) -> None:
    with bounded(seconds=1), pytest.raises(GnetAuditError, match="--input: "):
        call()
