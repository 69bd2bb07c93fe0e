"""Spec files: made up, and the shipped ones with mistakes."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit import contradictions, expand, spec
from gnet_audit.errors import Problem, SpecError
from gnet_audit.formats import lint as lint_text
from gnet_audit.formats import paper as paper_text
from gnet_audit.network import Conv2d, Linear, Mode, Network
from gnet_audit.quantity import parse as quantity
from gnet_audit.spec import Spec, read, toml
from tests.fuzz.bounds import answered, fuzzed
from tests.fuzz.mutants import mutants
from tests.fuzz.papers import papers

FILES = (Path("specs/googlenet.toml"), *sorted(Path("tests/specs").glob("*.toml")))
TEXTS = tuple(file.read_text(encoding="utf-8") for file in FILES)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for a spec file."""
    return tmp_path_factory.mktemp("specs") / "made.toml"


def weighed(network: Network) -> None:
    """Every shape is positive, and counts follow from kernels and shapes."""
    for layer in network.layers:
        if layer.shape is None:
            continue
        assert layer.shape
        assert min(layer.shape) >= 1
        before = [network.by_name[name].shape for name in layer.inputs]
        match layer.op:
            case Conv2d(out_channels=out, kernel=kernel, groups=groups, bias=bias):
                assert before[0]
                each = before[0][0] // groups * kernel[0] * kernel[1]
                assert layer.params == out * each + out * bias
                assert layer.macs == prod(layer.shape) * each
            case Linear(out_features=out, bias=bias):
                assert before[0]
                assert (layer.params, layer.macs) == (out * prod(before[0]) + out * bias, out * prod(before[0]))
            case _:
                assert layer.macs == 0


def used(file: Path) -> Spec | None:
    """A spec file read and put to every use that needs no model; None where it is refused."""
    read = answered(lambda: spec.read_file(str(file)))
    if read is None:
        return None
    for mode in Mode:
        weighed(expand.network(read, mode))
    found = answered(lambda: contradictions.lint(read))
    assert found is not None
    assert answered(lambda: lint_text.text(found))
    assert answered(lambda: lint_text.to_json(found))
    assert answered(lambda: paper_text.table(read, width=100, source=True))
    assert answered(lambda: paper_text.row(read, read.rows[0].id, width=80, source=True))
    for total in read.totals:
        assert total.quantity == quantity(total.printed)
    return read


@given(mutants(*TEXTS))
@fuzzed
def test_a_spec_with_mistakes_is_refused_or_is_a_network(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    event(f"accepted: {used(file) is not None}")


@given(papers(), st.tuples(*[st.sampled_from([1, 2, 3, 7, 32, 224, 9_999_999])] * 3))
@fuzzed
def test_a_spec_made_up_is_refused_or_is_a_network_at_any_size(
    file: Path, text: str, size: tuple[int, int, int]
) -> None:
    file.write_text(text, encoding="utf-8")
    read = used(file)
    event(f"accepted: {read is not None}")
    if read is not None:
        network = answered(lambda: expand.network(read, Mode.TRAIN, size))
        event(f"fits: {network is not None}")
        if network is not None:
            weighed(network)


@given(mutants(*TEXTS))
@fuzzed
def test_each_mistake_stands_at_a_line_of_the_file(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    for problem in _problems(text):
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.where
        assert problem.what


def _problems(text: str) -> tuple[Problem, ...]:
    try:
        read.spec(toml.parse(text, "made.toml"), "")
    except SpecError as error:
        return error.problems
    return ()
