"""A file that was right, after somebody (or something) has been at it."""

from __future__ import annotations

import re

from hypothesis import strategies as st

HOSTILE = (
    "nan", "inf", "-inf", "-1", "0", "1", "2", "-0.0", "1e400", "1e-400", "1000000", "1000001", "1000000000", "10" * 10,
    "9" * 400, "9" * 5000, "0x" + "f" * 5000, "true", "false", '""', '" "', '"$"', '"$1x1"', '"$$"', '"same"', '"\\u0000"', '"\\ud800"', '"\\n"',
    '"\\u001b[2J"', '"é×\u202e"', "''", '"""a\nb"""', "'''\n'''", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z",
    "[]", "[[]]", "{}", "[1]", "[1, 2]", "[1, 2, 3]", "[1000000, 1000000, 1000000]", "[0, 0, 0]", "[-1, 3]", "[1, 2, 3, 4]",
    "[true, false]", '["a", 1]', "[{}]", "[{}, 1]", '{ value = 1, source = "table1" }', '{ value = "relu" }', "{ source = 3 }", '"table1"', '"relu"',
    '"conv"', '"input"', '"1.5 billion"', '"9999999×9999999×9999999"', '"7K"', '"' + "x" * 10_000 + '"', "[" * 200, "[" * 3000, "{a=" * 900, "a.b.c",
    '"' + "é" * 300 + '"', '"GA202"', '"variant:torchvision"', "2030-01-31", "2030-13-31",
)  # fmt: skip
"""Values, right and wrong ones, of every type and size."""
LINES = (
    "[x]", "[[x]]", "[row]", "[[row]]", "[[row.x]]", "[input]", "[[total]]", "[default.conv]", "[block.x]", "[[block.x.branch]]", "[[head]]", "[source.table1]",
    "[[accept]]", "[[difference]]", "[slots]", "[tool]", "[tool.gnet-audit]", "schema = 1", "x = 1", "=", "[", "]]", "#", "\ufeff", '"" = 1', '"a b" = 2', "a.b.c.d = 1", "x" * 5000 + " = 1",
    "[" + ".".join("a" * 500) + "]", ".".join("b" * 500) + " = 1", "id = 1", "tool = 3", "title = []", "\x00", "\x7f", "\r", "a = 1\ra = 2", "\u2028",
)  # fmt: skip
"""Lines to put in between."""
BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r\n",
    b'"',
    b"'''",
    b"[",
    b"{",
    b"\\",
    b"\xf4\x90\x80\x80",
    b"",
)
_TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z0-9_.+-]+|[=\[\]{},]')
_VALUE = re.compile(r"=[ \t]*([^\n]*?)[ \t]*(?:,|\}|$)", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d{1,9}(?![\w.])")

Step = tuple[str, int, int, str, bytes]
_PLACE = st.integers(0, 1 << 16)
_NEW = st.one_of(st.sampled_from(HOSTILE), st.sampled_from(LINES), st.text(max_size=8))
_KINDS = (
    "line",
    "lines",
    "line_in",
    "swap",
    "token",
    "token_in",
    "token_to",
    "value",
    "value",
    "value",
    "bytes",
    "cut",
    "deep",
)
_ANY = st.lists(
    st.tuples(st.sampled_from(_KINDS), _PLACE, _PLACE, _NEW, st.sampled_from(BYTES)), min_size=1, max_size=4
)
_NUDGES = st.lists(st.tuples(st.just("nudge"), _PLACE, _PLACE, st.just(""), st.just(b"")), min_size=1, max_size=4)  # fmt: skip


def mutants(*texts: str) -> st.SearchStrategy[bytes]:
    """One of the texts, changed in one to four places; a third of the changes are of the kind that often does no harm."""
    return st.builds(_changed, st.sampled_from(texts), st.one_of(_ANY, _ANY, _NUDGES))


def _changed(text: str, steps: list[Step]) -> bytes:
    content = text.encode()
    for step in steps:
        content = _one(content, *step)
    return content


def _one(content: bytes, kind: str, place: int, other: int, new: str, raw: bytes) -> bytes:
    match kind:
        case "bytes":
            at = place % (len(content) + 1)
            return content[:at] + raw + content[at + other % 3 :]
        case "cut":
            return content[: place % (len(content) + 1)]
    text = content.decode("utf-8", "surrogateescape")
    if kind == "deep":
        changed = text + "\nq = " + ("[" * (other % 5000))
    elif kind in {"line", "lines", "line_in", "swap"}:
        changed = "\n".join(_lines(text.split("\n"), kind, place, other, new))
    elif kind == "value":
        changed = _within(text, _VALUE, 1, place, new)
    elif kind == "nudge":
        changed = _nudged(text, place, other)
    else:
        changed = _token(text, kind, place, other, new)
    return changed.encode("utf-8", "surrogateescape")


def _lines(lines: list[str], kind: str, place: int, other: int, new: str) -> list[str]:
    """Lines gone, twice there, another one in between, two swapped."""
    at, with_ = place % len(lines), other % len(lines)
    if kind == "line":
        return lines[:at] + lines[at + 1 + other % 4 :]
    if kind == "lines":
        return lines[:at] + lines[at : at + 1 + other % 12] * 2 + lines[at + 1 + other % 12 :]
    if kind == "line_in":
        return [*lines[:at], new, *lines[at:]]
    lines[at], lines[with_] = lines[with_], lines[at]
    return lines


def _token(text: str, kind: str, place: int, other: int, new: str) -> str:
    """A word gone, another one in its place, or one from elsewhere in the file."""
    tokens = _TOKEN.findall(text) or [""]
    word = {"token": "", "token_in": new, "token_to": tokens[other % len(tokens)]}[kind]
    return _within(text, _TOKEN, 0, place, word)


def _nudged(text: str, place: int, other: int) -> str:
    """A number a little larger or smaller: often as good as the one that stood there."""
    numbers = _NUMBER.findall(text)
    if not numbers:
        return text
    old = int(numbers[place % len(numbers)])
    return _within(text, _NUMBER, 0, place, str((old + 1, max(old - 1, 0), old * 2, old // 2)[other % 4]))


def _within(text: str, pattern: re.Pattern[str], group: int, place: int, new: str) -> str:
    """The text with one of the places that a pattern finds written anew."""
    found = list(pattern.finditer(text))
    if not found:
        return text
    match = found[place % len(found)]
    return text[: match.start(group)] + new + text[match.end(group) :]
