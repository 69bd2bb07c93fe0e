"""Plain values as a JSON document that a terminal may show: exact integers, the same bytes for the same values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gnet_audit.formats.words import UNSAFE

Plain: TypeAlias = "str | int | float | bool | Sequence[Plain] | Mapping[str, Plain] | None"


def dumped(value: Plain) -> str:
    """The document, UTF-8, indented by two; characters that a terminal would obey are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text) + "\n"
