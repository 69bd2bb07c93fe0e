"""Spec files made up: most of them right or nearly so, with sizes at the edges of what is allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from gnet_audit.spec.words import ATTRIBUTES, REQUIRED, Kind

SMALL = st.sampled_from([1, 1, 1, 2, 2, 3, 3, 4, 5, 7])
SIZE = st.one_of(SMALL, st.sampled_from([6, 8, 16, 64, 1000, 999_983, 1_000_000]))
WRONG = st.sampled_from(
    [
        0,
        -1,
        1_000_001,
        10**30,
        1.5,
        float("nan"),
        float("inf"),
        True,
        "",
        "$",
        "$x",
        "relu",
        [],
        [1],
        [1, 2, 3],
        {},
        {"value": 1},
    ]
)
NUMBERS = st.one_of(st.floats(0, 2), st.sampled_from([0, 1, 1e-5, 5e-324, 999_999.9, 0.1]))
VALUES: Mapping[Kind, st.SearchStrategy[object]] = {
    Kind.SIZE: st.one_of(SIZE, st.just("$w")),
    Kind.PAIR: st.one_of(SMALL, SIZE, st.just("$w"), st.lists(SMALL, min_size=2, max_size=2)),
    Kind.PADDING: st.one_of(st.integers(0, 3), st.sampled_from(["same", 1_000_000]), st.lists(st.integers(0, 4), min_size=2, max_size=2), st.lists(st.integers(0, 4), min_size=4, max_size=4)),
    Kind.FLAG: st.booleans(),
    Kind.NUMBER: NUMBERS,
    Kind.RATE: st.sampled_from([0, 0.0, 0.4, 0.999_999]),
    Kind.ACTIVATION: st.sampled_from(["relu", "tanh", "gelu", "leaky_relu"]),
    Kind.PADDING_MODE: st.sampled_from(["zeros", "reflect", "circular"]),
    Kind.ACROSS: st.sampled_from(["channels", "space"]),
}  # fmt: skip
COUNTS = st.one_of(
    st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,2})?[KMGB]", fullmatch=True),
    st.integers(0, 10**9).map(str),
    st.sampled_from(["1.5 billion", "12 thousand", "0K"]),
)
OUTPUTS = st.one_of(st.builds("{}×{}×{}".format, SIZE, SIZE, SIZE), SIZE.map(str))


@st.composite
def layers(draw: st.DrawFn, slot: str | None, *, op: str | None = None) -> dict[str, object]:
    """One layer; one value in fifty is wrong."""
    op = op or draw(st.sampled_from(["conv", "conv", "conv", "maxpool", *ATTRIBUTES]))
    found: dict[str, object] = {"op": op} if slot is None else {"slot": slot, "op": op}
    for key, kind in ATTRIBUTES[op].items():
        if (
            key in REQUIRED.get(op, ())
            or (key not in {"global", "groups", "dilation"} and draw(st.integers(0, 3)) == 0)
            or draw(st.integers(0, 30)) == 0
        ):
            found[key] = draw(WRONG if draw(st.integers(0, 99)) == 0 else VALUES[kind])
    return found


@st.composite
def papers(draw: st.DrawFn) -> str:
    """A whole spec file of up to four rows, a block and a head."""
    lines = [
        "schema = 1",
        'id = "made"',
        'title = "Made"',
        'citation = "nobody"',
        "[source.t]",
        'where = "Table"',
        'status = "stated"',
    ]
    shape = draw(st.one_of(st.lists(SIZE, min_size=3, max_size=3), st.just([3, 32, 32]), st.just([8])))
    lines += ["[input]", 'source = "t"', f"shape = {toml(shape)}"]
    if draw(st.booleans()):
        lines += ["[default.conv]", 'source = "t"', 'padding = "same"', "bias = false"]
    width = draw(SMALL)
    merge = draw(st.sampled_from(["concat", "concat", "add"]))
    lines += ["[block.b]", 'source = "t"', f'merge = "{merge}"']
    for number in range(draw(st.integers(2, 3))):
        inner = [draw(layers(f"s{number}{index}", op="conv")) for index in range(draw(st.integers(0, 2)))]
        for layer in inner:
            layer.update(
                {"kernel": 3, "padding": 1, "stride": 1, "out_channels": "$w"} if draw(st.integers(0, 5)) else {}
            )
        lines += ["[[block.b.branch]]", f"layers = {toml(inner)}"]
    for number in range(draw(st.integers(1, 4))):
        lines += ["[[row]]", f'id = "r{number}"', 'title = "Row"', 'source = "t"']
        printed: dict[str, object] = {"w": str(width)}
        for name, cells in {"params": COUNTS, "ops": COUNTS, "output": OUTPUTS, "depth": SMALL.map(str)}.items():
            if draw(st.booleans()):
                printed[name] = draw(cells)
        lines.append(f"printed = {toml(printed)}")
        if draw(st.integers(0, 2)) == 0:
            lines.append('block = "b"')
        else:
            amount = draw(st.integers(1, 3))
            inner = [draw(layers(f"r{number}_{index}" if amount > 1 else None)) for index in range(amount)]
            lines.append(f"layers = {toml(inner)}")
    if draw(st.booleans()):
        tap, rate = draw(st.sampled_from(["r0", "r0", "r1", "input", "r9"])), draw(NUMBERS)
        lines += [
            "[[head]]",
            'id = "h"',
            'title = "Head"',
            'source = "t"',
            f'tap = "{tap}"',
            'mode = "train"',
            f"loss_weight = {toml(rate)}",
        ]
        lines.append(f"layers = {toml([draw(layers('a')), draw(layers('b', op='linear'))])}")
    if draw(st.booleans()):
        lines += ["[[total]]", 'of = "params"', f"printed = {toml(draw(COUNTS))}", 'source = "t"']
    return "\n".join(lines) + "\n"


def toml(value: object) -> str:
    """A value as TOML spells it, all on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case str() | bool():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return repr(value)
