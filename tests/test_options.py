"""The words of a command line as values."""

from __future__ import annotations

import pytest

from gnet_audit import options
from gnet_audit.errors import UsageError
from gnet_audit.formats import Format
from gnet_audit.formats.view import Column
from gnet_audit.options import Destination, InputSize


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("3x224x224", InputSize(shape=(3, 224, 224))),
        ("1x3x224x224", InputSize(shape=(3, 224, 224), batch=1)),
        ("8,1,28,28", InputSize(shape=(1, 28, 28), batch=8)),
        (" 3×96×64 ", InputSize(shape=(3, 96, 64))),
        ("3X32X32", InputSize(shape=(3, 32, 32))),
    ],
)
def test_an_input_size_is_channels_height_width_with_or_without_a_batch(text: str, size: InputSize) -> None:
    assert options.input_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "224", "224x224", "3x224x", "3x-1x5", "0x3x3", "1x2x3x4x5", "axbxc", "3x٣x3", "1e2x3x3"]
)
def test_anything_else_is_no_input_size(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--input: not an input size; expected channels x height x width .*; got '"):
        options.input_size(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-1", -1),
        ("0.4", 0.4),
        ("1e-4", 1e-4),
        ("True", True),
        ("true", True),
        ("FALSE", False),
        ("none", None),
        ("relu", "relu"),
        ("'10'", "10"),
        ("(3, 224)", (3, 224)),
        ("[1, 2]", [1, 2]),
        ("{'a': 1}", {"a": 1}),
        ("a=b", "a=b"),
        ("", ""),
        ("(" * 500, "(" * 500),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_an_argument_is_the_literal_it_spells_else_a_string(text: str, value: object) -> None:
    found = options.arguments([f"key={text}"])["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["num_classes", "=3", "a-b=3", "3=4", ""])
def test_an_argument_without_a_key_and_a_value_is_a_mistake(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--arg: not an argument; expected key=value .*; got '"):
        options.arguments([text])


def test_an_argument_given_twice_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="--arg: a is given twice"):
        options.arguments(["a=1", "a=2"])


def test_lists_may_be_repeated_and_separated_by_commas() -> None:
    assert options.words(["a, b", "c", ","]) == ("a", "b", "c")


def test_choices_keep_their_order_and_come_once() -> None:
    assert options.choices(["op,Slot", "op"], Column, "--columns") == (Column.OP, Column.SLOT)


def test_a_wrong_choice_is_told_with_all_right_ones() -> None:
    with pytest.raises(
        UsageError, match=r"^--format: no such choice; expected text, json, csv, .*, github; got 'yaml'$"
    ):
        options.choice("yaml", Format, "--format")


TEXT, JSON = Destination(format=Format.TEXT), Destination(format=Format.JSON)


@pytest.mark.parametrize(
    ("formats", "json", "output", "found"),
    [
        ([], False, "", (TEXT,)),
        ([], True, "", (JSON,)),
        (["json"], True, "", (JSON,)),
        (["json"], False, "-", (JSON,)),
        ([], False, "a.txt", (Destination(format=Format.TEXT, file="a.txt"),)),
        (["text", "json:a.json"], False, "", (TEXT, Destination(format=Format.JSON, file="a.json"))),
        (["json:a.json"], False, "", (Destination(format=Format.JSON, file="a.json"),)),
        (["json:-"], False, "", (JSON,)),
        (["json:a:b"], False, "", (Destination(format=Format.JSON, file="a:b"),)),
        (["json:a.json"], True, "", (Destination(format=Format.JSON, file="a.json"), JSON)),
        (
            ["text", "json:a.json"], False, "a.txt",
            (Destination(format=Format.TEXT, file="a.txt"), Destination(format=Format.JSON, file="a.json")),
        ),
    ],
)  # fmt: skip
def test_each_format_goes_to_its_file_else_to_the_output_else_to_stdout(
    formats: list[str], json: bool, output: str, found: tuple[Destination, ...]
) -> None:
    assert options.destinations(formats, json=json, output=output) == found


@pytest.mark.parametrize(
    ("formats", "json", "output", "message"),
    [
        (["text"], True, "", "text and json cannot share one output; give all but one a file"),
        (["text", "json"], False, "a", "cannot share one output"),
        (["json:a"], False, "b", "--output: every format has a file of its own; got 'b'"),
        (["json:a", "text:a"], False, "", "two formats go to the same file"),
        (["json:"], False, "", "--format: a file is missing after the colon; got 'json:'"),
        (["yaml"], False, "", "no such choice; expected text, json, .*; got 'yaml'"),
    ],
)
def test_outputs_that_cannot_be_told_apart_are_mistakes(
    formats: list[str], json: bool, output: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        options.destinations(formats, json=json, output=output)


def test_a_width_is_none_for_the_default_zero_for_endless_or_at_least_forty() -> None:
    assert [options.width(value, 100) for value in (None, 0, 40, 200)] == [100, 0, 40, 200]
    assert options.width(None, 10) == options.LEAST_WIDTH
    for value in (39, -1):
        with pytest.raises(UsageError, match="--width: too narrow; expected 0 for no limit, or at least 40"):
            options.width(value, 100)
