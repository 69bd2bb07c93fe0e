"""Texts of the command line, of the environment and of the paper's cells."""

from __future__ import annotations

import ast
from fractions import Fraction

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from gnet_audit import contradictions, conventions, options, policy, quantity, speed, variants
from gnet_audit.commands import flops
from gnet_audit.formats import Format
from gnet_audit.live import launch
from tests.fuzz.bounds import answered, fuzzed

# Hypothesis warns of a strategy whose own text is long, so the long numbers go in by name.
NAMED = {"nines": "9" * 5000, "ones": "1" * 100_000}
NUMBERS = st.one_of(
    st.integers(0, 400).map(str), st.sampled_from(["9999999", "10000000", "100000", *NAMED, "-1", "٣", "1_0", "1e9", "0x10", "", " ", "nan", "+3"]).map(lambda word: NAMED.get(word, word)),
)  # fmt: skip
SIDES = st.one_of(st.sampled_from(["1", "3", "32", "224", "99999", "100000"]), st.integers(1, 400).map(str))
SIZES_TEXT = st.builds(
    lambda numbers, mark: mark.join(numbers), st.one_of(st.lists(NUMBERS, max_size=6), st.lists(SIDES, min_size=3, max_size=4)),
    st.sampled_from(["x", "X", "×", ",", " x ", "x\n", "*"]),
)  # fmt: skip
LONG = st.builds(
    lambda text, times: text * times,
    st.sampled_from(["x", "(", "-", "[", "1,", "not ", "{0:"]),
    st.sampled_from([100, 5000, 100_000]),
)
JUNK = st.one_of(st.text(st.characters(exclude_categories=())), LONG, st.sampled_from(["\0", "\ud800", "1 if", "'\\d'", "1is 2", "{[]: 1}", "f'{1}'"]))  # fmt: skip
LITERALS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip


@given(st.one_of(SIZES_TEXT, JUNK))
@fuzzed
def test_an_input_size_is_refused_or_small_enough_to_be_tried(text: str) -> None:
    size = answered(lambda: options.input_size(text))
    event(f"read: {size is not None}")
    if size is not None:
        channels, height, width = size.shape
        assert min(channels, height, width, size.batch or 1) >= 1
        assert channels * height * width * (size.batch or 1) <= 100_000_000
        assert max(height, width) <= 100_000


@given(st.tuples(*[st.integers(1, 460)] * 3), st.sampled_from("xX×,"))
@fuzzed
def test_an_input_size_written_is_read_again(shape: tuple[int, int, int], mark: str) -> None:
    assert options.input_size(mark.join(map(str, shape))).shape == shape


ARGUMENTS = st.builds("{}={}".format, st.sampled_from(["a", "b", "né", "_", " c "]), st.one_of(LITERALS.map(repr), st.sampled_from(["relu", "a b", "nan", "1e400", "x=y"])))  # fmt: skip


@given(st.one_of(st.lists(ARGUMENTS, max_size=3), st.lists(st.one_of(JUNK, st.builds("{}={}".format, st.sampled_from(["a", "1", ""]), JUNK)), max_size=4)))  # fmt: skip
@example(["a=" + "-" * 100_000 + "1"])
@example(["a=" + "(" * 100_000])
@example(["a={[]: 1}"])
@example(["a=1", "a=2"])
@fuzzed
def test_arguments_are_refused_or_each_has_a_name(texts: list[str]) -> None:
    found = answered(lambda: options.arguments(texts))
    event(f"read: {found is not None}")
    if found is not None:
        assert len(found) == len(texts)
        assert all(name.isidentifier() for name in found)


@given(LITERALS)
@fuzzed
def test_an_argument_as_python_spells_it_is_itself(value: object) -> None:
    text = repr(value)
    assert options.literal(text) == (ast.literal_eval(text) if text else text)
    assert type(options.literal(f" {text} ")) is type(value)


FORMATS = st.builds("{}:{}".format, st.sampled_from([*Format]), st.sampled_from(["-", "a", "b/c", "é", "d.json", " e"]))


@given(st.one_of(st.lists(FORMATS, max_size=3), st.lists(st.one_of(JUNK, st.builds("{}{}{}".format, st.sampled_from([*Format, "JSON", "", "yaml"]), st.sampled_from(["", ":", "::"]), st.sampled_from(["", "-", "a", "\0"]))), max_size=4)), st.booleans(), st.sampled_from(["", "-", "a", "\0"]))  # fmt: skip
@example(texts=["text:-"], json=True, output="")
@example(texts=["json:a", "text:a"], json=False, output="")
@example(texts=["json:a", "text"], json=False, output="a")
@fuzzed
def test_formats_are_refused_or_each_has_a_place_of_its_own(texts: list[str], json: bool, output: str) -> None:
    found = answered(lambda: options.destinations(texts, json=json, output=output))
    event(f"read: {found is not None}")
    if found is not None:
        assert found
        assert len({destination.file for destination in found}) == len(found)
        assert not any("\0" in destination.file for destination in found)


CONFIGS = st.lists(st.sampled_from(["fp32", "bf16", "fp16", "tf32", "cast", "channels_last", "compile", "fused", " BF16 ", "graph"]), max_size=4).map("+".join)  # fmt: skip


@given(
    st.one_of(
        JUNK,
        SIZES_TEXT,
        CONFIGS,
        CONFIGS,
        st.text("bftfp1632+castchannels_lastfusedcompilegraph,:-. GA0123", max_size=12),
    )
)
@fuzzed
def test_other_words_of_the_command_line_are_refused_or_understood(text: str) -> None:
    for size in answered(lambda: options.sizes(text, "--sweep")) or options.SIZES:
        assert 1 <= size <= 9999
    for word in options.words([text])[:5]:
        batch = answered(lambda word=word: flops.batch_size(word))  # type: ignore[misc]
        assert batch is None or 1 <= batch <= 1_000_000
        config = answered(lambda word=word: speed.config(word))  # type: ignore[misc]
        assert config is None or speed.config(config.name) == config
    answered(lambda: options.choice(text, Format, "--format"))
    answered(lambda: policy.wanted([text], []))
    answered(lambda: variants.accepted([text], "googlenet"))


@given(st.fixed_dictionaries({}, optional={name: st.one_of(NUMBERS, NUMBERS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")}))  # fmt: skip
@fuzzed
def test_the_environment_of_torchrun_is_refused_or_a_rank_below_the_size(texts: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
            patched.delenv(name, raising=False)
        for name, text in texts.items():
            patched.setenv(name, text)
        found = answered(launch.launch)
    event(f"read: {found is not None}")
    if found is not None:
        assert 0 <= found.rank < found.size


# --- printed quantities --------------------------------------------------------------------------------------

UNITS = {
    "": 1,
    "K": 1000,
    "k": 1000,
    "thousand": 1000,
    "M": 10**6,
    "million": 10**6,
    "B": 10**9,
    "billion": 10**9,
    "G": 10**9,
}
KS = st.sampled_from([1000, 1024])


@given(st.one_of(JUNK, st.text("0123456789.,kKmMgGbB \n", max_size=12), NUMBERS), KS, st.booleans())
@example("0K", 1000, False)  # noqa: FBT003
@fuzzed
def test_a_printed_text_is_refused_or_an_interval(text: str, k: int, truncated: bool) -> None:
    found = answered(lambda: quantity.parse(text, k=k, truncated=truncated))
    event(f"read: {found is not None}")
    if found is not None:
        assert 0 <= found.low <= found.high
        assert found == quantity.parse(found.text, k=found.k, truncated=found.truncated)
        assert found.low >= found.high or (found.low in found and found.high not in found)
        assert found.cut().low >= found.low
        assert contradictions.unit_of(text, k) >= 1


@given(st.integers(0, 10**14), st.sampled_from(sorted(UNITS)), st.integers(0, 4), KS, st.booleans(), st.booleans())
@fuzzed
def test_a_count_lies_in_every_text_that_it_is_printed_as(
    count: int, suffix: str, digits: int, k: int, truncated: bool, commas: bool
) -> None:
    unit = k if suffix in {"k", "K"} else UNITS[suffix]
    digits = digits if suffix else 0
    scaled = Fraction(count * 10**digits, unit)
    shown = int(scaled) if truncated else int(scaled + Fraction(1, 2))
    whole, rest = divmod(shown, 10**digits)
    text = (f"{whole:,}" if commas else str(whole)) + (f".{rest:0{digits}}" if digits else "") + suffix
    read = quantity.parse(text, k=k, truncated=truncated)
    assert count in read
    # Two units away another text is printed.
    away = int(2 * Fraction(unit, 10**digits)) + 1
    assert count + away not in read
    assert count - away not in read
    assert contradictions.unit_of(text, k) == unit


@given(st.builds("{}{}{}".format, st.integers(0, 2000), st.sampled_from(["", ".0", ".5", ".25"]), st.sampled_from("KMG")), st.integers(0, 10**10), st.integers(0, 10**6))  # fmt: skip
@fuzzed
def test_a_convention_that_fits_gives_the_count(text: str, weights: int, biases: int) -> None:
    counts = conventions.Count(weights=weights, biases=biases)
    fits = conventions.fits(conventions.Cell.PARAMS, text, counts)
    event(f"fits: {bool(fits)}")
    for one in conventions.CONVENTIONS:
        unit = (one.k if "K" in text else {"M": 10**6, "G": 10**9}[text[-1]]) / Fraction(
            10 ** len(text[:-1].partition(".")[2])
        )
        scaled = Fraction(weights + biases * one.biases) / unit
        printed = int(scaled) if one.truncated else int(scaled + Fraction(1, 2))
        same = printed == int(text[:-1].replace(".", ""))
        assert same or one not in fits
        assert not same or one in fits or (one.k == 1024 and "K" not in text)
